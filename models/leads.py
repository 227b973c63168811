"""Leads: people who took a scorecard, left an address, and have no account yet."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from core.policies import StaffRead
from core.tables import Table, id_column, instant_column
from models.identity import Scope


class Lead(Table, table=True):
    """Somebody who left an address with a scorecard."""

    __tablename__ = "lead"
    __tag__ = 0x0A0
    __policies__ = (StaffRead(Scope.LEADS_READ),)
    __personal__ = ("email", "first_name", "score")
    __table_args__ = (
        sa.ForeignKeyConstraint(["converted_user_id"], ["user.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("email"),
        sa.CheckConstraint("email = lower(email)", name="email"),
        # HIGH_PRIORITY, in resolvers/leads.py.
        sa.Index("ix_lead_high_priority", "id", postgresql_where=sa.text("score >= 25 AND converted_at IS NULL")),
        sa.Index(None, "converted_user_id"),
    )

    id: str = id_column(primary=True)
    email: str = Field(max_length=254, description="Their address, as they wrote it, in small letters; not confirmed.")
    first_name: str | None = Field(default=None, max_length=100, description="What they are called.")
    utm_source: str | None = Field(default=None, max_length=200, description="Where they came from at first.")
    utm_medium: str | None = Field(default=None, max_length=200, description="By what sort of way.")
    utm_campaign: str | None = Field(default=None, max_length=200, description="By which campaign.")
    utm_term: str | None = Field(default=None, max_length=200, description="What they looked for.")
    utm_content: str | None = Field(default=None, max_length=200, description="Which of several links it was.")
    consent_version: str | None = Field(
        default=None, max_length=60, description="Which text about mails they agreed to; null where they did not."
    )
    consented_at: datetime | None = instant_column(description="When they agreed to that.")
    first_seen_at: datetime = instant_column(nullable=False, description="When they left their address first.")
    score: float | None = Field(default=None, description="How promising they are, by their newest scorecard.")
    converted_user_id: str | None = id_column(nullable=True, description="The account that they have by now.")
    converted_at: datetime | None = instant_column(description="When they had it.")


class LeadCapture(Table, table=True):
    """That an address was left with one attempt."""

    __tablename__ = "lead_capture"
    __tag__ = 0x0A1
    __policies__ = (StaffRead(Scope.LEADS_READ),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("attempt_id"),
        sa.Index(None, "lead_id"),
        sa.Index(None, "user_id"),
    )

    id: str = id_column(primary=True)
    lead_id: str = id_column(description="Whose address it is.")
    attempt_id: str = id_column(description="The attempt.")
    user_id: str = id_column(description="Who made the attempt.")
    score: float | None = Field(default=None, description="How promising the attempt makes them.")
