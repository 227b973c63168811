"""What people want to be told about, and by which way."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from core.policies import OwnRows
from core.tables import Table, enum_column, id_column


class NotificationTopic(StrEnum):
    """What a notification is about."""

    COURSES = "courses"
    SESSIONS = "sessions"
    COMMUNITY = "community"
    CHALLENGES = "challenges"
    REFERRALS = "referrals"
    FAMILY = "family"
    NEWS = "news"


class NotificationChannel(StrEnum):
    """By which way a notification comes."""

    EMAIL = "email"
    SMS = "sms"
    TELEGRAM = "telegram"
    PUSH = "push"
    IN_APP = "in_app"


class Digest(StrEnum):
    """Whether notifications come one by one or gathered."""

    OFF = "off"
    DAILY = "daily"
    WEEKLY = "weekly"


class NotificationPreference(Table, table=True):
    """What a person chose for one topic and channel. What they never chose is on, one by one."""

    __tablename__ = "notification_preference"
    __tag__ = 0x01D
    __policies__ = (
        OwnRows(commands=("SELECT", "INSERT")),
        OwnRows(commands=("UPDATE",), columns=("is_enabled", "digest", "updated_at")),
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("user_id", "topic", "channel"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    topic: NotificationTopic = enum_column(NotificationTopic, description="What it is about.")
    channel: NotificationChannel = enum_column(NotificationChannel, description="By which way it comes.")
    is_enabled: bool = Field(
        default=True, sa_column_kwargs={"server_default": sa.true()}, description="Whether it comes at all."
    )
    digest: Digest = enum_column(Digest, Digest.OFF, description="Whether it comes one by one or gathered.")
