"""Webhooks: who is told of which facts, what they are told, and what became of each telling.

A delivery is one fact for one webhook. The deliveries of one webhook about one object stand in a lane: they go out one
after the other, and the lane's row is what whoever sends them holds.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from core.policies import VIEWER_ID, StaffRead, StaffWrite, Trail
from core.tables import Table, enum_column, id_column, id_type, instant_column
from models.identity import Scope


class WebhookState(StrEnum):
    """How a webhook stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class DeliveryState(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    SKIPPED = "skipped"
    PARKED = "parked"


class AttemptOutcome(StrEnum):
    """What came of one attempt."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    FORBIDDEN = "forbidden"
    NOT_MADE = "not_made"
    LOST = "lost"


class Webhook(Table, table=True):
    """An address elsewhere that is sent what happens here, as its query selects it."""

    __tablename__ = "webhook"
    __tag__ = 0x068
    __policies__ = (
        StaffRead(Scope.WEBHOOKS_MANAGE),
        # A webhook answers to who made it.
        StaffWrite(Scope.WEBHOOKS_MANAGE, f"owner_id = {VIEWER_ID}", commands=("INSERT",)),
        StaffWrite(Scope.WEBHOOKS_MANAGE, commands=("UPDATE", "DELETE")),
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], ondelete="SET NULL"),
        sa.Index(None, "owner_id"),
        sa.Index(None, "token_id"),
    )

    id: str = id_column(primary=True)
    token_id: str | None = id_column(nullable=True, description="The API token that its owner set it up with, if any.")
    owner_id: str | None = id_column(nullable=True, description="Who answers for it, and without whom it stops.")
    name: str = Field(min_length=1, max_length=100, description="A word to recognise it by.")
    url: str = Field(max_length=2000, description="Where deliveries are sent.")
    events: list[str] = Field(sa_type=ARRAY(sa.Text), description="The types of facts that it is told of.")
    query: str = Field(max_length=20_000, description="The subscription whose answer is sent.")
    about: list[str] = Field(
        default_factory=list,
        sa_type=ARRAY(id_type()),
        sa_column_kwargs={"nullable": False},
        description="Only what happens to these objects, or to parts of these courses; everything if empty.",
    )
    filter: str | None = Field(
        default=None, max_length=1000, description="A condition over what a fact says; without one, all are told."
    )
    scopes: list[str] = Field(
        sa_type=ARRAY(sa.Text), description="What it may read, as far as its owner may: the permissions of its query."
    )
    state: WebhookState = enum_column(WebhookState, WebhookState.ACTIVE, description="How it stands.")
    reason: str | None = Field(default=None, max_length=1000, description="Why it is not active.")
    failing_since: datetime | None = instant_column(description="Since when nothing got through; null if all is well.")
    not_before: datetime | None = instant_column(description="Until when the receiver asked to be left alone.")
    revision: int = Field(default=1, ge=1, description="Counts up with every change.")


class WebhookSecret(Table, table=True):
    """A signing secret of a webhook, sealed. The newest signs; the one before it does too, for a while."""

    __tablename__ = "webhook_secret"
    __tag__ = 0x069
    __hidden__ = ("sealed",)
    __policies__ = (StaffWrite(Scope.WEBHOOKS_MANAGE, commands=("INSERT",)),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], ondelete="CASCADE"),
        sa.Index(None, "webhook_id", "id"),
    )

    id: str = id_column(primary=True)
    webhook_id: str = id_column()
    sealed: str = Field(max_length=500)
    # Until when the secret before this one signs as well.
    overlap_until: datetime | None = instant_column()


class WebhookLane(Table, table=True):
    """The deliveries of one webhook about one object, which go out in order. Whoever sends the next holds the row."""

    __tablename__ = "webhook_lane"
    __tag__ = 0x06A
    __policies__ = (
        StaffRead(Scope.WEBHOOKS_MANAGE),
        StaffWrite(Scope.WEBHOOKS_MANAGE, commands=("INSERT", "UPDATE")),
    )
    __table_args__ = (
        # No foreign key to the webhook: what a removed one leaves behind goes in batches, and nobody waits for that.
        sa.UniqueConstraint("webhook_id", "subject_id"),
        sa.Index("ix_webhook_lane_due", "webhook_id", "next_at", postgresql_where=sa.text("next_at IS NOT NULL")),
        sa.Index(
            "ix_webhook_lane_trial",
            "webhook_id",
            "next_at",
            postgresql_where=sa.text("is_trial AND next_at IS NOT NULL"),
        ),
        sa.Index("ix_webhook_lane_tried", "created_at", postgresql_where=sa.text("is_trial")),
        sa.Index("ix_webhook_lane_lease", "webhook_id", postgresql_where=sa.text("lease_until IS NOT NULL")),
    )

    id: str = id_column(primary=True)
    webhook_id: str = id_column()
    subject_id: str = id_column()
    # Trials are sent although their webhook is paused.
    is_trial: bool = Field(default=False)
    last_sequence: int = Field(default=0, sa_type=sa.BigInteger)
    # When the first of its pending deliveries is due; null where there is none.
    next_at: datetime | None = instant_column()
    lease_until: datetime | None = instant_column()
    lease_owner: str | None = Field(default=None, max_length=80)


class WebhookDelivery(Table, table=True):
    """One fact for one webhook."""

    __tablename__ = "webhook_delivery"
    __tag__ = 0x06B
    __policies__ = (
        StaffRead(Scope.WEBHOOKS_MANAGE),
        StaffWrite(Scope.WEBHOOKS_MANAGE, commands=("INSERT", "UPDATE")),
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["lane_id"], ["webhook_lane.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("webhook_id", "fact_id"),
        sa.UniqueConstraint("lane_id", "sequence"),
        sa.Index(None, "webhook_id", "state", "id"),
        sa.Index(None, "webhook_id", "position"),
        sa.Index("ix_webhook_delivery_pending", "lane_id", "sequence", postgresql_where=sa.text("state = 'pending'")),
        sa.Index("ix_webhook_delivery_parked", "webhook_id", postgresql_where=sa.text("state = 'parked'")),
        sa.Index("ix_webhook_delivery_finished", "finished_at", postgresql_where=sa.text("finished_at IS NOT NULL")),
    )

    id: str = id_column(primary=True, description="The delivery's own id, which receivers find in `webhook-id`.")
    webhook_id: str = id_column(description="The webhook.")
    lane_id: str = id_column()
    fact_id: str | None = id_column(nullable=True, description="The fact; none for a trial.")
    type: str = Field(max_length=60, description="What happened.")
    subject_id: str = id_column(description="The object that it happened to.")
    position: int | None = Field(
        default=None, sa_type=sa.BigInteger, description="The fact's place in the one order; none for a trial."
    )
    sequence: int = Field(
        sa_type=sa.BigInteger, description="Counts the webhook's deliveries about the object, from 1."
    )
    occurred_at: datetime = instant_column(nullable=False, description="When it happened.")
    state: DeliveryState = enum_column(DeliveryState, DeliveryState.PENDING, description="How it stands.")
    attempts: int = Field(default=0, ge=0, description="How often it was tried.")
    max_attempts: int = Field(default=10, ge=1, description="How often it is tried before it is parked.")
    next_at: datetime | None = instant_column(description="Not before this, where it was tried in vain.")
    reason: str | None = Field(default=None, max_length=2000, description="Why it was parked, or failed the last time.")
    finished_at: datetime | None = instant_column(description="When it was delivered, skipped or parked.")


class DeliveryAttempt(Table, table=True):
    """One try of a delivery: what was sent in outline, and what came back."""

    __tablename__ = "delivery_attempt"
    __tag__ = 0x06C
    __policies__ = (StaffRead(Scope.WEBHOOKS_MANAGE), Trail())
    __table_args__ = (
        sa.ForeignKeyConstraint(["delivery_id"], ["webhook_delivery.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("delivery_id", "number"),
        sa.Index(None, "created_at"),
    )

    id: str = id_column(primary=True)
    delivery_id: str = id_column(description="The delivery.")
    number: int = Field(ge=1, description="Counted from 1.")
    outcome: AttemptOutcome = enum_column(AttemptOutcome, description="What came of it.")
    url: str = Field(max_length=2000, description="Where it was sent.")
    address: str | None = Field(default=None, max_length=60, description="The address that the name stood for.")
    status: int | None = Field(default=None, description="The status of the answer.")
    reason: str | None = Field(default=None, max_length=2000, description="What went wrong.")
    answer: str | None = Field(default=None, description="The beginning of the answer's body, as text.")
    duration_ms: int = Field(default=0, ge=0, description="How long it took, in milliseconds.")
    body_bytes: int = Field(default=0, ge=0, description="How long the sent body was, in bytes.")
    body_sha256: str | None = Field(default=None, max_length=64, description="The SHA-256 of the sent body, in hex.")
