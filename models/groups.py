"""Groups: cohorts, pods, pairs, families and circles of friends, who is in them, and how one is asked in."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import sqlalchemy as sa
from pydantic import StringConstraints
from sqlmodel import Field

from core.policies import (
    VIEWER_ID,
    InsideRead,
    InsideWrite,
    OwnRows,
    PublicRead,
    RelatedRead,
    StaffRead,
    StaffWrite,
    roots_of,
)
from core.tables import Table, enum_column, id_column, instant_column
from models.curriculum import Slug
from models.identity import Scope

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
ShortName = Annotated[str, StringConstraints(min_length=1, max_length=50, strip_whitespace=True)]


class GroupKind(StrEnum):
    """What sort of group it is."""

    COHORT = "cohort"
    POD = "pod"
    PAIR = "pair"
    FAMILY = "family"
    BUDDY_GROUP = "buddy_group"


class GroupStatus(StrEnum):
    """How far a group is."""

    FORMING = "forming"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    DISBANDED = "disbanded"


class GroupPrivacy(StrEnum):
    """Who may know that there is the group; who is in it know its members alone."""

    PUBLIC = "public"
    PRIVATE = "private"


class MemberRole(StrEnum):
    """What somebody is in a group."""

    OWNER = "owner"
    ADMIN = "admin"
    MODERATOR = "moderator"
    MEMBER = "member"
    CHILD = "child"
    GUEST = "guest"


class MembershipStatus(StrEnum):
    """How somebody stands to a group."""

    INVITED = "invited"
    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"
    REMOVED = "removed"


class InvitationStatus(StrEnum):
    """What became of an invitation."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"


# What those who run a group may set of it, and of a membership; whose that is and of which group stays as it is.
_OF_GROUP = (
    *("name", "slug", "description", "status", "starts_on", "ends_on", "max_members", "member_count"),
    *("privacy_level", "revision", "updated_at"),
)
_SETTABLE = ("role", "status", "joined_at", "left_at", "updated_at")
_OTHERS = f"user_id <> {VIEWER_ID}"
_PLAIN = "role IN ('member', 'child', 'guest')"
_SEATED = "status IN ('active', 'paused')"
_PUBLIC = "privacy_level = 'public' AND status IN ('forming', 'active', 'paused')"
_ASKED = (
    "SELECT membership.group_id FROM membership"  # noqa: S608 - our own words
    f" WHERE membership.user_id = {VIEWER_ID} AND membership.left_at IS NULL"
    " AND membership.status IN ('invited', 'paused')"
)
# What the policies let through for whoever may not see all groups, put so that it is found by indexes: PostgreSQL would
# walk through everybody's groups, as among the policies there are some that no index answers.
GROUPS_OF_VIEWER = f"(({_PUBLIC}) OR id = ANY ({roots_of(Scope.GROUP_READ)}) OR id = ANY (ARRAY({_ASKED})))"


class Group(Table, table=True):
    """People who go some way together."""

    __tablename__ = "group"
    __tag__ = 0x080
    __policies__ = (
        PublicRead(_PUBLIC),
        StaffRead(Scope.GROUP_READ),
        StaffWrite(Scope.GROUP_MANAGE, commands=("UPDATE",), columns=_OF_GROUP),
        InsideRead(Scope.GROUP_READ, "id = ANY (ROOTS)"),
        InsideWrite(Scope.GROUP_MANAGE, "id = ANY (ROOTS)", commands=("UPDATE",), columns=_OF_GROUP),
        # Who is asked in, or takes a break, sees the group, and nobody in it.
        RelatedRead(f"id IN ({_ASKED})"),
    )
    __table_args__ = (
        sa.UniqueConstraint("slug"),
        sa.Index("ix_group_public", "id", postgresql_where=sa.text(_PUBLIC)),
        sa.CheckConstraint("member_count >= 0 AND member_count <= COALESCE(max_members, 10000)", name="member_count"),
        sa.CheckConstraint(
            "(max_members IS NULL OR max_members BETWEEN 1 AND 10000) AND (kind <> 'pair' OR max_members = 2)",
            name="max_members",
        ),
        sa.CheckConstraint("kind <> 'pair' OR status <> 'active' OR member_count = 2", name="status"),
        sa.CheckConstraint("ends_on >= starts_on", name="ends_on"),
    )

    id: str = id_column(primary=True)
    kind: GroupKind = enum_column(GroupKind, description="What sort of group it is.")
    name: Name = Field(max_length=200, description="What it is called.")
    slug: Slug = Field(max_length=100, description="The name in addresses: lower-case words joined by hyphens.")
    description: str = Field(
        default="", max_length=5000, sa_column_kwargs={"server_default": ""}, description="What it is about."
    )
    status: GroupStatus = enum_column(GroupStatus, GroupStatus.FORMING, description="How far it is.")
    starts_on: date | None = Field(default=None, description="The first day, where one is set.")
    ends_on: date | None = Field(default=None, description="The last day, where one is set.")
    max_members: int | None = Field(
        default=None, ge=1, le=10000, description="How many it has room for; 10,000 where nothing is set."
    )
    member_count: int = Field(
        default=0, sa_column_kwargs={"server_default": "0"}, description="How many are in it, those on a break too."
    )
    privacy_level: GroupPrivacy = enum_column(
        GroupPrivacy, GroupPrivacy.PRIVATE, description="Who may know that there is the group."
    )
    revision: int = Field(
        default=1,
        ge=1,
        sa_column_kwargs={"server_default": "1"},
        description="How often it was saved. Send it as expectedRevision.",
    )


class Membership(Table, table=True):
    """How one person stands to one group. Who comes back has the same row again."""

    __tablename__ = "membership"
    __tag__ = 0x081
    __policies__ = (
        OwnRows(),
        StaffRead(Scope.GROUP_READ),
        InsideRead(Scope.GROUP_READ, f"group_id = ANY (ROOTS) AND {_SEATED}"),
        InsideRead(Scope.GROUP_MANAGE, "group_id = ANY (ROOTS)"),
        StaffWrite(Scope.GROUP_MANAGE, commands=("UPDATE",), columns=_SETTABLE),
        # Nobody changes their own standing, and nobody below the staff that of the owner.
        InsideWrite(
            Scope.GROUP_MANAGE, "group_id = ANY (ROOTS)", f"role <> 'owner' AND {_OTHERS}", ("UPDATE",), _SETTABLE
        ),
        InsideWrite(
            Scope.GROUP_MODERATE,
            "group_id = ANY (ROOTS)",
            f"{_PLAIN} AND {_SEATED} AND {_OTHERS}",
            ("UPDATE",),
            _SETTABLE,
        ),
    )
    __personal__ = ("relationship_label", "display_name")
    __table_args__ = (
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["invited_by"], ["user.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("group_id", "user_id"),
        sa.CheckConstraint("(status IN ('left', 'removed')) = (left_at IS NOT NULL)", name="left_at"),
        sa.CheckConstraint("role <> 'owner' OR status IN ('active', 'left')", name="role"),
        # However many hand it over at once: a group has one owner at most.
        sa.Index(
            "uq_membership_owner",
            "group_id",
            unique=True,
            postgresql_where=sa.text("role = 'owner' AND left_at IS NULL"),
        ),
        # What every request of somebody who signed in asks: one look into the index, and not at the table.
        sa.Index(
            "ix_membership_standing",
            "user_id",
            "id",
            postgresql_include=["group_id", "role", "status"],
            postgresql_where=sa.text("left_at IS NULL"),
        ),
        sa.Index("ix_membership_members", "group_id", "id", postgresql_where=sa.text("left_at IS NULL")),
        sa.Index(None, "invited_by"),
    )

    id: str = id_column(primary=True)
    group_id: str = id_column(description="The group.")
    user_id: str = id_column(description="The person.")
    role: MemberRole = enum_column(MemberRole, MemberRole.MEMBER, description="What the person is in the group.")
    status: MembershipStatus = enum_column(MembershipStatus, description="How the person stands to the group.")
    relationship_label: Label | None = Field(
        default=None, max_length=100, description="What the person is to the others, as they put it, such as daughter."
    )
    display_name: ShortName | None = Field(
        default=None, max_length=50, description="What the person is called in this group; null for their usual name."
    )
    joined_at: datetime | None = instant_column(description="When the person came in last; null before that.")
    left_at: datetime | None = instant_column(description="When the person went, or was made to go.")
    invited_by: str | None = id_column(nullable=True, description="Who asked the person in, if somebody did.")


class GroupInvitation(Table, table=True):
    """A secret that lets one person into a group, once. Of the secret a hash is kept."""

    __tablename__ = "group_invitation"
    __tag__ = 0x082
    __policies__ = (
        StaffRead(Scope.GROUP_MANAGE),
        InsideRead(Scope.GROUP_MANAGE, "group_id = ANY (ROOTS)"),
        StaffWrite(Scope.GROUP_MANAGE, commands=("UPDATE",), columns=("status", "updated_at")),
        InsideWrite(
            Scope.GROUP_MANAGE,
            "group_id = ANY (ROOTS)",
            "status <> 'accepted'",
            commands=("UPDATE",),
            columns=("status", "updated_at"),
        ),
    )
    __hidden__ = ("token_hash",)
    __personal__ = ("email",)
    __table_args__ = (
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["invited_by"], ["user.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["accepted_by"], ["user.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("token_hash"),
        sa.CheckConstraint("status = 'accepted' OR accepted_by IS NULL", name="accepted_by"),
        sa.Index(None, "group_id", "id"),
        sa.Index(None, "expires_at"),
        sa.Index(None, "invited_by"),
        sa.Index(None, "accepted_by"),
    )

    id: str = id_column(primary=True)
    group_id: str = id_column(description="The group that it leads into.")
    # None until the mail that carries the secret is written.
    token_hash: str | None = Field(default=None, max_length=64)
    email: str | None = Field(default=None, max_length=320, description="Where it was sent; null for a mere link.")
    role: MemberRole = enum_column(MemberRole, MemberRole.MEMBER, description="What whoever accepts is to be.")
    invited_by: str | None = id_column(nullable=True, description="Who made it.")
    status: InvitationStatus = enum_column(
        InvitationStatus, InvitationStatus.PENDING, description="What became of it; one that is too old stays pending."
    )
    expires_at: datetime = instant_column(nullable=False, description="When it is over by itself.")
    accepted_by: str | None = id_column(nullable=True, description="Who came in by it.")
