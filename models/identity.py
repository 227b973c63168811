"""Identity and access: people, what they may do, and how they prove who they are."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from core.policies import OwnRows, ServiceOnly, StaffRead
from core.tables import Table, enum_column, id_column, instant_column


class Scope(StrEnum):
    """A single permission. Roles are bundles of these; API tokens carry a subset of their owner's."""

    CONTENT_EDIT = "content:edit"
    CONTENT_PUBLISH = "content:publish"
    CONTENT_IMPORT = "content:import"
    USER_MANAGE = "user:manage"
    AUDIT_READ = "audit:read"


class Role(StrEnum):
    """What a person is in the organisation."""

    LEARNER = "learner"
    CHAMPION = "champion"
    MODERATOR = "moderator"
    COACH = "coach"
    HOST = "host"
    EDITOR = "editor"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class ScopeType(StrEnum):
    """How far a role grant reaches."""

    GLOBAL = "global"
    COURSE = "course"
    GROUP = "group"


class UserStatus(StrEnum):
    """Whether a person may use their account."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class User(Table, table=True):
    """A person. E-mail may be absent: some sign in by other means."""

    __tablename__ = "user"
    __tag__ = 0x010
    __policies__ = (OwnRows("id"), StaffRead(Scope.USER_MANAGE))
    __table_args__ = (sa.Index("uq_user_email", sa.text("lower(email)"), unique=True),)

    id: str = id_column(primary=True)
    email: str | None = Field(default=None, max_length=320)
    display_name: str = Field(min_length=1, max_length=50, description="The name that others see.")
    status: UserStatus = enum_column(UserStatus, UserStatus.ACTIVE, description="Whether the account may be used.")


class RoleGrant(Table, table=True):
    """One role of one person, within a scope, until it expires."""

    __tablename__ = "role_grant"
    __tag__ = 0x011
    __policies__ = (OwnRows(), StaffRead(Scope.USER_MANAGE))
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["granted_by"], ["user.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("user_id", "role", "scope_type", "scope_id", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("(scope_type = 'global') = (scope_id IS NULL)", name="scope_id"),
        sa.Index(None, "role"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    role: Role = enum_column(Role)
    scope_type: ScopeType = enum_column(ScopeType, ScopeType.GLOBAL)
    scope_id: str | None = id_column(nullable=True)
    granted_by: str | None = id_column(nullable=True)
    expires_at: datetime | None = instant_column()


class ApiToken(Table, table=True):
    """A bearer token of a programme or a person. Only its hash is kept; the token is shown once."""

    __tablename__ = "api_token"
    __tag__ = 0x012
    __policies__ = (OwnRows(), StaffRead(Scope.USER_MANAGE))
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
        sa.Index(None, "user_id"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    name: str = Field(min_length=1, max_length=100)
    token_hash: str = Field(max_length=64)
    hint: str = Field(max_length=16, description="The last characters, to tell tokens apart.")
    scopes: list[str] = Field(sa_type=ARRAY(sa.Text))
    expires_at: datetime = instant_column(nullable=False)
    revoked_at: datetime | None = instant_column()


class LoginToken(Table, table=True):
    """A one-time sign-in link."""

    __tablename__ = "login_token"
    __tag__ = 0x013
    __policies__ = (ServiceOnly(),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
        sa.Index(None, "user_id"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    token_hash: str = Field(max_length=64)
    expires_at: datetime = instant_column(nullable=False)
    used_at: datetime | None = instant_column()


class AuthSession(Table, table=True):
    """A signed-in browser. Only the hash of its cookie is kept."""

    __tablename__ = "auth_session"
    __tag__ = 0x014
    __policies__ = (ServiceOnly(),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("token_hash"),
        sa.Index(None, "user_id"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    token_hash: str = Field(max_length=64)
    expires_at: datetime = instant_column(nullable=False)
    revoked_at: datetime | None = instant_column()
