"""The audit log: who did what to what, appended and never changed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Field

from core.policies import Ledger, StaffRead
from core.tables import Table, id_column, json_column
from models.identity import Scope


class AuditLog(Table, table=True):
    """One act of one principal, written in the transaction of the act itself."""

    __tablename__ = "audit_log"
    __tag__ = 0x020
    __policies__ = (Ledger(), StaffRead(Scope.AUDIT_READ))
    __table_args__ = (sa.Index(None, "subject_id", "id"), sa.Index(None, "actor_id", "id"))

    id: str = id_column(primary=True)
    actor_id: str | None = id_column(nullable=True, description="The person behind the act; none for the system.")
    actor_kind: str = Field(max_length=20)
    action: str = Field(max_length=80, description="The mutation or command.")
    subject_id: str | None = id_column(nullable=True, description="The object acted upon.")
    details: dict[str, object] = json_column(description="The input of the act, without secrets.")
