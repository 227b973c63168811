"""People, and what happened to them once."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import sqlalchemy as sa
from pydantic import AfterValidator, StringConstraints
from sqlmodel import Field

from core.policies import OwnRows, StaffRead
from core.tables import Table, enum_column, id_column, instant_column
from core.zones import known_locale, known_zone
from models.identity.access import Scope

Name = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)]
DisplayName = Annotated[str, StringConstraints(min_length=1, max_length=50, strip_whitespace=True)]
Username = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9._-]{1,28}[a-z0-9])$")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(known_zone)]
Locale = Annotated[str, StringConstraints(max_length=35), AfterValidator(known_locale)]

# What a person sets without anybody's leave; all else about them changes through an act of its own.
OWN_SETTINGS = (
    "first_name",
    "last_name",
    "username",
    "nickname",
    "display_name",
    "phone_e164",
    "timezone",
    "day_start_hour",
    "quiet_from_hour",
    "quiet_to_hour",
    "locale",
    "revision",
    "updated_at",
)


class UserStatus(StrEnum):
    """Whether a person may use their account."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class User(Table, table=True):
    """A person. E-mail may be absent: some sign in by other means, and some have not said who they are yet."""

    __tablename__ = "user"
    __tag__ = 0x010
    __personal__ = ("email", "first_name", "last_name", "nickname", "phone_e164")
    __policies__ = (
        OwnRows("id"),
        OwnRows("id", commands=("UPDATE",), columns=OWN_SETTINGS),
        StaffRead(Scope.USER_MANAGE),
    )
    __table_args__ = (
        sa.Index("uq_user_email", sa.text("lower(email)"), unique=True),
        sa.UniqueConstraint("username"),
        sa.CheckConstraint("day_start_hour BETWEEN 0 AND 23", name="day_start_hour"),
        sa.CheckConstraint("quiet_from_hour BETWEEN 0 AND 23", name="quiet_from_hour"),
        sa.CheckConstraint("quiet_to_hour BETWEEN 0 AND 23 AND quiet_to_hour <> quiet_from_hour", name="quiet_to_hour"),
        sa.CheckConstraint("(quiet_from_hour IS NULL) = (quiet_to_hour IS NULL)", name="quiet_to_hour_given"),
        sa.CheckConstraint("email_confirmed_at IS NULL OR email IS NOT NULL", name="email_confirmed_at"),
        sa.Index(None, "status"),
        sa.Index(None, "timezone"),
    )

    id: str = id_column(primary=True)
    email: str | None = Field(default=None, max_length=320, description="The address that was confirmed.")
    email_confirmed_at: datetime | None = instant_column(description="When the address was confirmed.")
    first_name: Name | None = Field(default=None, max_length=100, description="The given name.")
    last_name: Name | None = Field(default=None, max_length=100, description="The family name.")
    username: Username | None = Field(default=None, max_length=30, description="A short name that nobody else has.")
    nickname: Name | None = Field(default=None, max_length=100, description="What friends say.")
    display_name: DisplayName = Field(max_length=50, description="The name that others see.")
    phone_e164: Phone | None = Field(
        default=None, max_length=16, description="A telephone number, such as +4915112345678."
    )
    timezone: Zone = Field(
        default="UTC",
        max_length=64,
        sa_column_kwargs={"server_default": "UTC"},
        description="The IANA time zone in which the person's days begin and end.",
    )
    day_start_hour: int = Field(
        default=0,
        ge=0,
        le=23,
        sa_column_kwargs={"server_default": "0"},
        description="The hour at which the person's day begins: with 4, what happens at 3 belongs to the day before.",
    )
    quiet_from_hour: int | None = Field(
        default=None, ge=0, le=23, description="The hour from which nobody disturbs the person; null for no such hours."
    )
    quiet_to_hour: int | None = Field(
        default=None,
        ge=0,
        le=23,
        description="The hour until which nobody disturbs the person; on the next day where it is earlier.",
    )
    locale: Locale = Field(
        default="en",
        max_length=35,
        sa_column_kwargs={"server_default": "en"},
        description="The language the person reads, as a BCP 47 tag.",
    )
    is_anonymous: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": sa.false()},
        description="Whether the person has not said yet who they are.",
    )
    status: UserStatus = enum_column(UserStatus, UserStatus.ACTIVE, description="Whether the account may be used.")
    last_active_at: datetime | None = instant_column(description="When the person was last seen, to the hour.")
    revision: int = Field(
        default=1,
        ge=1,
        sa_column_kwargs={"server_default": "1"},
        description="How often the settings were saved. Send it as expectedRevision.",
    )


class UserMilestone(Table, table=True):
    """Something that happened to a person for the first time: written once, never overwritten."""

    __tablename__ = "user_milestone"
    __tag__ = 0x01B
    __policies__ = (OwnRows(), StaffRead(Scope.USER_MANAGE))
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("user_id", "key"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    key: str = Field(max_length=60, description="What happened, such as account_confirmed.")
    occurred_at: datetime = instant_column(nullable=False, description="When it happened.")
