"""The audit log: who did what to what, appended and never changed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Field

from core.policies import FilledOnce, Ledger, StaffRead
from core.tables import Table, id_column, json_column
from models.identity import Scope


class AuditLog(Table, table=True):
    """One act of one principal, written in the transaction of the act itself."""

    __tablename__ = "audit_log"
    __tag__ = 0x020
    __policies__ = (Ledger(), StaffRead(Scope.AUDIT_READ))
    __table_args__ = (
        sa.Index(None, "subject_id", "id"),
        sa.Index(None, "actor_id", "id"),
        sa.Index(None, "action", "id"),
        sa.Index(None, "created_at"),
    )

    id: str = id_column(primary=True)
    actor_id: str | None = id_column(
        nullable=True, description="The person who acted; none for the system and for whoever had not signed in."
    )
    acted_as_id: str | None = id_column(
        nullable=True, description="The person as whom they acted, where somebody acted as somebody else."
    )
    actor_kind: str = Field(max_length=20, description="What sort of principal acted.")
    action: str = Field(max_length=80, description="The mutation or command.")
    subject_id: str | None = id_column(nullable=True, description="The object acted upon.")
    details: dict[str, object] = json_column(description="The input of the act, without secrets.")
    before: dict[str, object] | None = json_column(
        nullable=True, description="What the act changed of the object, as it was before."
    )
    after: dict[str, object] | None = json_column(
        nullable=True, description="What the act changed of the object, as it was after that."
    )
    request_id: str | None = Field(default=None, max_length=40, description="The request, as its answer names it.")
    ip: str | None = Field(default=None, max_length=45, description="The address that the request came from.")


class AuditSeal(Table, table=True):
    """The place of an entry in the chain: empty when the entry is written, filled in once that is committed.

    It names the entry without being bound to it: an entry that somebody removes leaves its seal behind.
    """

    __tablename__ = "audit_seal"
    __tag__ = 0x021
    __policies__ = (FilledOnce(("number", "hash")), StaffRead(Scope.AUDIT_READ))
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.CheckConstraint("(number IS NULL) = (hash IS NULL)", name="number"),
        sa.Index("ix_audit_seal_open", "id", postgresql_where=sa.text("hash IS NULL")),
    )

    id: str = id_column(primary=True, description="The entry's id.")
    number: int | None = Field(default=None, sa_type=sa.BigInteger, description="Its place, from 1 and without gaps.")
    hash: str | None = Field(default=None, max_length=64, description="SHA-256 over the hash before it and the entry.")
