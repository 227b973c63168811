"""What is remembered of requests for a while: how often something was tried, and what was done under which key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from core.policies import OwnRows, ServiceOnly
from core.tables import Table, id_column, instant_column, json_column


class RateLimit(Table, table=True):
    """How often one thing was tried by one somebody within a window of time.

    Unlogged: after a crash of the database everybody may try afresh, and no try costs a write to the log.
    """

    __tablename__ = "rate_limit"
    __tag__ = 0x009
    __policies__ = (ServiceOnly(),)
    __table_args__ = (sa.UniqueConstraint("key"), sa.Index(None, "ends_at"), {"prefixes": ["UNLOGGED"]})

    id: str = id_column(primary=True)
    key: str = Field(max_length=120, description="What is tried, and by whom, as a hash.")
    hits: int = Field(description="How often it was tried in this window.")
    ends_at: datetime = instant_column(nullable=False, description="When the window ends.")


class IdempotencyKey(Table, table=True):
    """What was done under a key that a client chose: written in the transaction of the act itself."""

    __tablename__ = "idempotency_key"
    __tag__ = 0x00A
    # An answer is the server's to repeat: whoever else may see the row sees that it was given, and not what it said.
    __hidden__ = ("answer",)
    __policies__ = (OwnRows(commands=("SELECT", "INSERT", "UPDATE"), columns=("outcomes", "updated_at")),)
    __table_args__ = (
        sa.UniqueConstraint("owner", "key_hash"),
        sa.CheckConstraint("user_id IS NULL OR owner = user_id::text", name="owner"),
        sa.Index(None, "expires_at"),
    )

    id: str = id_column(primary=True)
    user_id: str | None = id_column(nullable=True, description="Who chose the key; none for somebody not signed in.")
    owner: str = Field(max_length=100, description="Among whose keys it is one: a person's, or an address's.")
    key_hash: str = Field(max_length=64)
    fingerprint: str = Field(max_length=64, description="A hash of what was asked, and with which rights.")
    outcomes: dict[str, Any] = json_column(description="What each field of the request came to, by its name there.")
    expires_at: datetime = instant_column(nullable=False, description="Until when it is remembered.")
    answer: bytes | None = Field(
        default=None,
        sa_type=sa.LargeBinary,
        description="The whole answer, once it was given; none where it is secret.",
    )
