"""People: mutations of profile, settings and consents, each of one's own, and of roles, which are others'."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import models.events as facts
from core.errors import InvalidInput
from graph.door import Act, Done, Fields, Gate, described_as, mutation
from graph.identity.types import Consent, NotificationPreference, Profile, Role, Settings
from models.identity import Audience, ConsentPurpose, Digest, NotificationChannel, NotificationTopic, Scope, ScopeType
from models.identity import Role as RoleName
from resolvers.identity import notifications, profiles, roles
from resolvers.identity.visible import showable

Expected = Annotated[int, described_as("The revision you started from; another one now is a conflict.")]
Purpose = Annotated[ConsentPurpose, described_as("What it is about.")]
Version = Annotated[str, described_as("Which edition of the text was shown.")]
ForCourse = Annotated[
    strawberry.ID | None, described_as("Of wellbeing data: the course whose coaches may see it; nobody else's.")
]
Topic = Annotated[NotificationTopic, described_as("What it is about.")]
Channel = Annotated[NotificationChannel, described_as("By which way it comes.")]
IsEnabled = Annotated[bool, described_as("Whether it comes at all; true when absent.")]
How = Annotated[Digest, described_as("Whether it comes one by one or gathered; OFF when absent.")]
UserId = Annotated[strawberry.ID, described_as("The person.")]
GrantId = Annotated[strawberry.ID, described_as("The id of the role as the person holds it.")]
WhichRole = Annotated[RoleName, described_as("What the person is to be.")]
Reach = Annotated[ScopeType, described_as("How far it reaches; everywhere when absent.")]
Within = Annotated[strawberry.ID | None, described_as("The course or group, where it does not reach everywhere.")]
Until = Annotated[datetime | None, described_as("When it ends by itself; never when absent.")]


@strawberry.input(description="Who may see one field of a profile.")
class FieldVisibilityInput:
    """A field and its audience."""

    field: str = strawberry.field(description="The field's name in the API, such as helpNeeded.")
    audience: Audience = strawberry.field(description="Who may see it.")


Visibility = Annotated[
    list[FieldVisibilityInput] | None, described_as("Who may see which field; what is not named stays as it is.")
]


@mutation(Gate.SIGNED_IN, Profile, updates=True, records=(facts.UserUpdated,))
async def profile_update(act: Act, expected_revision: Expected, fields: Fields, visibility: Visibility = None) -> str:
    """Saves changed fields of one's own profile, and who may see which. What is absent stays as it is."""
    chosen: dict[str, Audience] = {}
    for each in visibility or []:
        name = showable(each.field)
        if name is None:
            raise InvalidInput(f"{each.field} is no field that others can see.", "INVALID", ("visibility",))
        chosen[name] = each.audience
    return await profiles.update_profile(act.tx, act.viewer, expected_revision, fields, chosen)


@mutation(Gate.SIGNED_IN, Settings, updates=True, records=(facts.UserUpdated,))
async def settings_update(act: Act, expected_revision: Expected, fields: Fields) -> str:
    """Saves changed settings of one's own. What is absent stays as it is."""
    return await profiles.update_settings(act.tx, act.viewer, expected_revision, fields)


@mutation(Gate.SIGNED_IN, NotificationPreference)
async def notification_preference_choose(
    act: Act, topic: Topic, channel: Channel, is_enabled: IsEnabled = True, digest: How = Digest.OFF
) -> str:
    """Chooses whether and how one is told about a topic by a channel. Mail about the account itself always comes."""
    return await notifications.choose(act.tx, act.viewer, topic, channel, is_enabled, digest)


@mutation(Gate.PERSON, Consent, records=(facts.ConsentGranted,))
async def consent_grant(act: Act, purpose: Purpose, version: Version, course_id: ForCourse = None) -> str:
    """Agrees to one version of a text, in place of an older one."""
    return await profiles.grant_consent(act.tx, act.viewer, purpose, version, course_id)


@mutation(Gate.PERSON, Consent, records=(facts.ConsentWithdrawn,))
async def consent_withdraw(act: Act, purpose: Purpose, course_id: ForCourse = None) -> str:
    """Takes back what one agreed to."""
    return await profiles.withdraw_consent(act.tx, act.viewer, purpose, course_id)


@mutation(Scope.ROLE_GRANT, Role, records=(facts.RoleGranted,))
async def role_grant(
    act: Act,
    user_id: UserId,
    role: WhichRole,
    scope_type: Reach = ScopeType.GLOBAL,
    scope_id: Within = None,
    expires_at: Until = None,
) -> str:
    """Gives a person a role, or another end to one they hold.

    One's own role decides which, and nobody changes their own.
    """
    return await roles.give(act.tx, user_id, role, scope_type, scope_id, expires_at)


@mutation(Scope.ROLE_GRANT, Role, records=(facts.RoleRevoked,))
async def role_revoke(act: Act, id: GrantId) -> Done:
    """Takes a role back at once. The last who keeps the place for good cannot lose that."""
    await roles.take(act.tx, id)
    return Done(id)


MUTATIONS = (
    profile_update,
    settings_update,
    notification_preference_choose,
    consent_grant,
    consent_withdraw,
    role_grant,
    role_revoke,
)
