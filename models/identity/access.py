"""What people may do: permissions, the roles that bundle them, and who holds which role."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from core.policies import VIEWER_ID, OwnRows, StaffRead, StaffWrite, has_scope
from core.tables import Table, enum_column, id_column, instant_column


class Scope(StrEnum):
    """A single permission. Roles are bundles of these; API tokens carry a subset of their owner's."""

    CONTENT_EDIT = "content:edit"
    CONTENT_PUBLISH = "content:publish"
    CONTENT_IMPORT = "content:import"
    ANSWER_GRADE = "answer:grade"
    ACCOMMODATION_GRANT = "accommodation:grant"
    USER_MANAGE = "user:manage"
    USER_IMPERSONATE = "user:impersonate"
    ROLE_GRANT = "role:grant"
    ROLE_GRANT_KEEPERS = "role:grant_keepers"
    AUDIT_READ = "audit:read"
    SCHEMA_READ = "schema:read"
    EVENTS_READ = "events:read"
    JOBS_MANAGE = "jobs:manage"
    INBOX_MANAGE = "inbox:manage"
    WEBHOOKS_MANAGE = "webhooks:manage"
    GROUP_READ = "group:read"
    GROUP_MODERATE = "group:moderate"
    GROUP_MANAGE = "group:manage"
    RESULTS_READ = "results:read"
    WELLBEING_READ = "wellbeing:read"
    AGGREGATES_READ = "aggregates:read"
    LEADS_READ = "leads:read"


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


class RoleGrant(Table, table=True):
    """One role of one person, within a scope, until it expires."""

    __tablename__ = "role_grant"
    __tag__ = 0x011
    __policies__ = (
        OwnRows(),
        StaffRead(Scope.USER_MANAGE),
        StaffRead(Scope.ROLE_GRANT),
        # Nobody changes what they may do themselves, whatever else they may do.
        StaffWrite(
            Scope.ROLE_GRANT,
            f"user_id <> {VIEWER_ID}"
            f" AND (role NOT IN ('admin', 'super_admin') OR {has_scope(Scope.ROLE_GRANT_KEEPERS)})",
        ),
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["granted_by"], ["user.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("user_id", "role", "scope_type", "scope_id", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("(scope_type = 'global') = (scope_id IS NULL)", name="scope_id"),
        sa.Index(None, "role"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column(description="Whose role it is.")
    role: Role = enum_column(Role, description="What the person is.")
    scope_type: ScopeType = enum_column(ScopeType, ScopeType.GLOBAL, description="How far the role reaches.")
    scope_id: str | None = id_column(nullable=True, description="The course or group that it is limited to.")
    granted_by: str | None = id_column(nullable=True, description="Who gave it; none for the command line.")
    expires_at: datetime | None = instant_column(description="When it ends by itself; null when it does not.")
