"""The log of facts, and their one order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from core.policies import Log, ServiceOnly, StaffRead
from core.tables import Table, enum_column, id_column, instant_column, json_column
from core.viewer import ViewerKind


class FactEntry(Table, table=True):
    """One fact, written in the transaction of what it tells of. Only its place in the order is added later."""

    __tablename__ = "fact"
    __tag__ = 0x00D
    __policies__ = (
        Log(
            place="position",
            own=("user.updated", "consent.granted", "consent.withdrawn"),
            causes=(
                (
                    ("assessment", "block", "course", "lesson", "module", "scale", "theme"),
                    ("content:edit", "content:publish"),
                ),
                (("answer",), ("answer:grade",)),
                (("group", "group_invitation", "membership"), ("group:manage", "group:moderate")),
                (("inbound_hook",), ("inbox:manage",)),
                (("role",), ("role:grant",)),
                (("webhook",), ("webhooks:manage",)),
            ),
        ),
        StaffRead("events:read", "position IS NOT NULL"),
    )
    __table_args__ = (
        sa.Index("ix_fact_unplaced", "recorded", postgresql_where=sa.text("position IS NULL")),
        sa.Index("ix_fact_position", "position", unique=True, postgresql_where=sa.text("position IS NOT NULL")),
        sa.Index(None, "subject_id", "position"),
        sa.Index(None, "type", "position"),
    )

    id: str = id_column(primary=True)
    # Counts up as facts are recorded: what one transaction saw of another is recorded after it, on whatever clock.
    recorded: int = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(), nullable=False))
    position: int | None = Field(
        default=None, sa_type=sa.BigInteger, description="Its place in the one order, counted from 1, without gaps."
    )
    type: str = Field(max_length=60, description="What happened.")
    version: int = Field(default=1, ge=1, description="Which edition of the fact's description its payload follows.")
    subject_id: str = id_column(description="The object that it happened to.")
    actor_id: str | None = id_column(nullable=True, description="Who brought it about; none for the system.")
    acted_as_id: str | None = id_column(
        nullable=True, description="As whom, where one person acted as another; null where people act as themselves."
    )
    actor_kind: ViewerKind = enum_column(ViewerKind, description="What kind of principal that was.")
    payload: dict[str, Any] = json_column(description="What is known of it.")


class FactCounter(Table, table=True):
    """The place of the fact that was placed last. Its one row is the lock of whoever places facts.

    Up to the place that is `forgotten`, facts may have been removed; after it, none ever was.
    """

    __tablename__ = "fact_counter"
    __tag__ = 0x00E
    __policies__ = (ServiceOnly(),)

    id: str = id_column(primary=True)
    last_position: int = Field(default=0, sa_type=sa.BigInteger, ge=0)
    forgotten: int = Field(default=0, sa_type=sa.BigInteger, ge=0, sa_column_kwargs={"server_default": "0"})


class Follower(Table, table=True):
    """How far somebody who follows the log has come: each reaction, and the making of deliveries.

    Whoever knows it moves it on. Whoever does not, such as a worker of another release, leaves it where it is.
    """

    __tablename__ = "follower"
    __tag__ = 0x06D
    __policies__ = (ServiceOnly(),)
    __table_args__ = (sa.UniqueConstraint("name"),)

    id: str = id_column(primary=True)
    name: str = Field(max_length=80)
    position: int = Field(default=0, sa_type=sa.BigInteger, ge=0)


class Release(Table, table=True):
    """A release of the code that runs, or ran lately: `name` stands for what it knows. The newest began last."""

    __tablename__ = "release"
    __tag__ = 0x06E
    __policies__ = (ServiceOnly(),)
    __table_args__ = (sa.UniqueConstraint("name"),)

    id: str = id_column(primary=True)
    name: str = Field(max_length=80)
    seen_at: datetime = instant_column(nullable=False)
