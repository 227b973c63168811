"""Identity's types: what people see of themselves, and what they see of each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

import models.identity as models
from graph.context import Info
from graph.fields import column, computed, editable, entity, related
from graph.identity import enums
from models.identity import (
    Audience,
    ConsentPurpose,
    Digest,
    ExperienceLevel,
    MeetingStyle,
    NotificationChannel,
    NotificationTopic,
    PrivacyLevel,
    Scope,
    ScopeType,
    SessionKind,
)
from models.identity import Role as RoleName
from resolvers.identity import visible

assert enums  # the enums have to be described before a type names them


@entity(models.RoleGrant)
class Role:
    """A role that a person holds: everywhere or within one course or group, for good or until it ends."""

    id: strawberry.ID = column("The id of this grant of the role.")
    user_id: strawberry.ID
    role: RoleName
    scope_type: ScopeType
    scope_id: strawberry.ID | None
    granted_by: strawberry.ID | None
    expires_at: datetime | None
    created_at: datetime = column("When it was given.")


@entity(models.AuthSession)
class Session:
    """A place where one is signed in."""

    id: strawberry.ID = column("The session's own id.")
    kind: SessionKind
    created_at: datetime = column("When it began.")
    expires_at: datetime
    revoked_at: datetime | None
    ip: str | None
    user_agent: str | None

    @computed(("id",), "Whether this request came by it.")
    def is_current(self: Any, info: Info) -> bool:
        """Compared with the viewer's own."""
        return bool(self.id == info.context.viewer.session_id)


@entity(models.ApiToken)
class ApiToken:
    """A token with which a program acts for one."""

    id: strawberry.ID = column("The id of the token; not the token itself.")
    name: str
    hint: str
    scopes: list[Scope]
    created_at: datetime = column("When it was made.")
    expires_at: datetime
    revoked_at: datetime | None


@entity(models.Consent)
class Consent:
    """That a person agreed to one version of a text."""

    id: strawberry.ID = column("The consent's own id.")
    purpose: ConsentPurpose
    version: str
    course_id: strawberry.ID | None
    granted_at: datetime
    withdrawn_at: datetime | None


@entity(models.UserMilestone)
class UserMilestone:
    """Something that happened for the first time."""

    key: str
    occurred_at: datetime


@entity(models.Impersonation)
class Impersonation:
    """That somebody acted, or acts, as somebody else."""

    id: strawberry.ID = column("The impersonation's own id.")
    user_id: strawberry.ID
    impersonator_id: strawberry.ID
    reason: str
    created_at: datetime = column("When it began.")
    expires_at: datetime
    ended_at: datetime | None


@entity(models.User)
class Account:
    """One's own account."""

    id: strawberry.ID = column("The person's id.")
    email: str | None
    email_confirmed_at: datetime | None
    is_anonymous: bool
    created_at: datetime = column("When the account was made.")
    roles: list[Role] = related(visible.ROLES_OF_USER, "The roles one holds, those that have ended included.")
    sessions: list[Session] = related(visible.SESSIONS_OF_USER, "Where one is signed in, newest first.")
    api_tokens: list[ApiToken] = related(visible.API_TOKENS_OF_USER, "One's API tokens, newest first.")
    consents: list[Consent] = related(visible.CONSENTS_OF_USER, "What one agreed to, newest first.")
    milestones: list[UserMilestone] = related(visible.MILESTONES_OF_USER, "What happened for the first time.")


@entity(models.NotificationPreference)
class NotificationPreference:
    """What one chose for one topic and channel."""

    id: strawberry.ID = column("The choice's own id.")
    topic: NotificationTopic
    channel: NotificationChannel
    is_enabled: bool
    digest: Digest


@entity(models.User)
class Settings:
    """How the system is to treat one."""

    id: strawberry.ID = column("The person's id.")
    display_name: str = editable()
    first_name: str | None = editable()
    last_name: str | None = editable()
    username: str | None = editable()
    nickname: str | None = editable()
    phone_e164: str | None = editable()
    timezone: str = editable()
    day_start_hour: int = editable()
    quiet_from_hour: int | None = editable()
    quiet_to_hour: int | None = editable()
    locale: str = editable()
    revision: int
    notification_preferences: list[NotificationPreference] = related(
        visible.NOTIFICATIONS_OF_USER, "What one chose to be told about; all that is not here is on."
    )


@strawberry.type(description="Who may see one field of a profile.")
class FieldVisibility:
    """A field and its audience."""

    field: str = strawberry.field(description="The field's name in the API.")
    audience: Audience = strawberry.field(description="Who may see it.")


@entity(models.Profile)
class Profile:
    """What one tells about oneself. Others see of it what `visibility` and `privacyLevel` let through."""

    id: strawberry.ID = column("The profile's own id.")
    bio: str = editable()
    location: str | None = editable()
    goals_category: str | None = editable()
    experience_level: ExperienceLevel | None = editable()
    meeting_style: MeetingStyle | None = editable()
    strengths: list[str] = editable()
    help_needed: list[str] = editable()
    love_language_primary: str | None = editable()
    love_language_secondary: str | None = editable()
    relationship_preferences: str | None = editable()
    privacy_level: PrivacyLevel = editable()
    social_sharing_enabled: bool = editable()
    revision: int

    @computed(("visibility",), "Who may see which field, for every field that can be shown to others.")
    def visibility(self: Any) -> list[FieldVisibility]:
        """Every showable field with its audience."""
        kept: Mapping[str, str] = self.visibility
        return [FieldVisibility(field=name, audience=audience) for name, audience in visible.audiences(kept)]


@entity(models.ProfileCard)
class User:
    """A person as others see them: what they hide is null, and who hides everything is not there."""

    id: strawberry.ID = column("The person's id.", needs="user_id")
    display_name: str
    bio: str | None
    location: str | None
    goals_category: str | None
    experience_level: ExperienceLevel | None
    meeting_style: MeetingStyle | None
    strengths: list[str] | None
    help_needed: list[str] | None
