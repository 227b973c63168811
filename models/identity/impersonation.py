"""That somebody of the staff acted as somebody else: for how long, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from pydantic import StringConstraints
from sqlmodel import Field

from core.policies import PairRows, StaffRead
from core.tables import Table, id_column, instant_column
from models.identity.access import Scope

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class Impersonation(Table, table=True):
    """A stretch of time in which somebody may act as a person. Both see it, and it is kept."""

    __tablename__ = "impersonation"
    __tag__ = 0x01C
    __hidden__ = ("token_hash", "session_id")
    __policies__ = (PairRows("user_id", "impersonator_id"), StaffRead(Scope.AUDIT_READ))
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["impersonator_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
        sa.CheckConstraint("user_id <> impersonator_id", name="user_id"),
        sa.Index(None, "user_id"),
        sa.Index(None, "impersonator_id"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column(description="The person as whom somebody acted.")
    impersonator_id: str = id_column(description="Who acted.")
    # The session in which it was begun, and with which it ends.
    session_id: str | None = id_column(nullable=True)
    reason: Reason = Field(max_length=500, description="What for, in their words.")
    token_hash: str = Field(max_length=64)
    expires_at: datetime = instant_column(nullable=False, description="When it ends by itself.")
    ended_at: datetime | None = instant_column(description="When it was ended.")
