"""Every fact of the system, those of assessment and groups on pages of their own; `models.events.log` keeps them.

A fact says what happened to one object, in ids and small plain values. It holds no personal data: who wants to know a
name reads it from where it stands, as far as they may. Names and versions stand in the log for ever. The page is below
every domain, which all record what happens in them, so it knows none of their enums: their values are texts here.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import pydantic

from core.events import Fact
from core.tables import Table, table_of
from models.events import assessment, groups
from models.events.log import FactCounter as FactCounter
from models.events.log import FactEntry as FactEntry
from models.events.log import Follower as Follower
from models.events.log import Release as Release

_say = pydantic.Field

# What facts have in common -------------------------------------------------------------------------------------------


class Editorial(Fact):
    """Something happened to an editorial object."""

    root_id: str = _say(
        description="The theme, course or assessment that it is published with; its own id where it is one."
    )


class Created(Editorial):
    """A draft object came to be."""

    copied_from: str | None = _say(None, description="The object that it is a copy of.")


class Updated(Editorial):
    """Fields of a draft object were saved."""

    revision: int = _say(description="The draft's revision from here on.")
    fields: list[str] = _say(description="The fields that were given.")


class Moved(Editorial):
    """A draft object has another place."""

    parent_id: str = _say(description="What it stands below now.")


class Published(Fact):
    """Readers see a draft."""

    revision: int = _say(description="The number of the sealed revision.")


class Planned(Fact):
    """The clock is to publish or unpublish something."""

    schedule_id: str = _say(description="The entry in the list of what is planned.")
    action: str = _say(description="publish or unpublish.")
    run_at: datetime = _say(description="When.")


class PlanCancelled(Fact):
    """What was planned will not happen."""

    schedule_id: str = _say(description="The entry in the list of what is planned.")


# Themes --------------------------------------------------------------------------------------------------------------


class ThemeCreated(Created, type="theme.created", subject="theme"):
    """A draft theme was made."""


class ThemeUpdated(Updated, type="theme.updated", subject="theme"):
    """Fields of a draft theme were saved."""


class ThemeTrashed(Editorial, type="theme.trashed", subject="theme"):
    """A draft theme was put into the trash."""


class ThemeRestored(Editorial, type="theme.restored", subject="theme"):
    """A theme was taken out of the trash."""


class ThemePublished(Published, type="theme.published", subject="theme"):
    """Readers see the theme's draft as it stands now."""


class ThemeUnpublished(Fact, type="theme.unpublished", subject="theme"):
    """Readers no longer see the theme."""


class ThemeReverted(Published, type="theme.reverted", subject="theme"):
    """A sealed revision was loaded into the theme's draft."""


class ThemePlanned(Planned, type="theme.planned", subject="theme"):
    """The theme is to be published or unpublished at a set time, or at another than before."""


class ThemePlanCancelled(PlanCancelled, type="theme.plan_cancelled", subject="theme"):
    """What was planned for the theme will not happen."""


# Courses -------------------------------------------------------------------------------------------------------------


class CourseCreated(Created, type="course.created", subject="course"):
    """A draft course was made; with a copy comes all that is below it."""


class CourseUpdated(Updated, type="course.updated", subject="course"):
    """Fields of a draft course, its milestones among them, were saved."""


class CourseTrashed(Editorial, type="course.trashed", subject="course"):
    """A draft course was put into the trash, with all below it."""


class CourseRestored(Editorial, type="course.restored", subject="course"):
    """A course was taken out of the trash, with all that was trashed along with it."""


class CoursePublished(Published, type="course.published", subject="course"):
    """Readers see the course's whole draft as it stands now."""


class CourseUnpublished(Fact, type="course.unpublished", subject="course"):
    """Readers no longer see the course."""


class CourseReverted(Published, type="course.reverted", subject="course"):
    """A sealed revision was loaded into the course's draft."""


class CoursePlanned(Planned, type="course.planned", subject="course"):
    """The course is to be published or unpublished at a set time, or at another than before."""


class CoursePlanCancelled(PlanCancelled, type="course.plan_cancelled", subject="course"):
    """What was planned for the course will not happen."""


class CourseImported(Fact, type="course.imported", subject="course"):
    """An import from elsewhere built or updated the draft course."""

    is_new: bool = _say(description="Whether the import made the course.")
    counts: dict[str, int] = _say(description="How many objects were created, updated, moved and so on.")


# Modules, lessons, blocks --------------------------------------------------------------------------------------------


class ModuleCreated(Created, type="module.created", subject="module"):
    """A draft module was made."""


class ModuleUpdated(Updated, type="module.updated", subject="module"):
    """Fields of a draft module were saved."""


class ModuleMoved(Moved, type="module.moved", subject="module"):
    """A draft module has another place in its course."""


class ModuleTrashed(Editorial, type="module.trashed", subject="module"):
    """A draft module was put into the trash, with all below it."""


class ModuleRestored(Editorial, type="module.restored", subject="module"):
    """A module was taken out of the trash, with all that was trashed along with it."""


class LessonCreated(Created, type="lesson.created", subject="lesson"):
    """A draft lesson was made."""


class LessonUpdated(Updated, type="lesson.updated", subject="lesson"):
    """Fields of a draft lesson were saved."""


class LessonMoved(Moved, type="lesson.moved", subject="lesson"):
    """A draft lesson has another place in its course."""


class LessonTrashed(Editorial, type="lesson.trashed", subject="lesson"):
    """A draft lesson was put into the trash, with its blocks."""


class LessonRestored(Editorial, type="lesson.restored", subject="lesson"):
    """A lesson was taken out of the trash, with all that was trashed along with it."""


class AssessmentCreated(Created, type="assessment.created", subject="assessment"):
    """A draft assessment was made."""


class AssessmentUpdated(Updated, type="assessment.updated", subject="assessment"):
    """Fields of a draft assessment were saved."""


class AssessmentMoved(Moved, type="assessment.moved", subject="assessment"):
    """A draft assessment has another place in its course."""


class AssessmentTrashed(Editorial, type="assessment.trashed", subject="assessment"):
    """A draft assessment was put into the trash, with its questions."""


class AssessmentRestored(Editorial, type="assessment.restored", subject="assessment"):
    """An assessment was taken out of the trash, with all that was trashed along with it."""


class AssessmentPublished(Published, type="assessment.published", subject="assessment"):
    """Readers see the draft of an assessment that stands by itself as it is now."""


class AssessmentUnpublished(Fact, type="assessment.unpublished", subject="assessment"):
    """Readers no longer see an assessment that stands by itself."""


class AssessmentReverted(Published, type="assessment.reverted", subject="assessment"):
    """A sealed revision was loaded into the draft of an assessment that stands by itself."""


class AssessmentPlanned(Planned, type="assessment.planned", subject="assessment"):
    """An assessment by itself is to be published or unpublished at a set time, or at another than before."""


class AssessmentPlanCancelled(PlanCancelled, type="assessment.plan_cancelled", subject="assessment"):
    """What was planned for an assessment that stands by itself will not happen."""


class BlockCreated(Created, type="block.created", subject="block"):
    """A draft block was made."""


class BlockUpdated(Updated, type="block.updated", subject="block"):
    """Fields of a draft block were saved."""


class BlockMoved(Moved, type="block.moved", subject="block"):
    """A draft block has another place in its course."""


class BlockTrashed(Editorial, type="block.trashed", subject="block"):
    """A draft block was put into the trash."""


class BlockRestored(Editorial, type="block.restored", subject="block"):
    """A block was taken out of the trash."""


class ScaleCreated(Created, type="scale.created", subject="scale"):
    """A draft assessment measures something more."""


class ScaleUpdated(Updated, type="scale.updated", subject="scale"):
    """Fields of a draft scale were saved."""


class ScaleMoved(Moved, type="scale.moved", subject="scale"):
    """A draft scale has another place."""


class ScaleTrashed(Editorial, type="scale.trashed", subject="scale"):
    """A draft scale was put into the trash."""


class ScaleRestored(Editorial, type="scale.restored", subject="scale"):
    """A scale was taken out of the trash."""


# People --------------------------------------------------------------------------------------------------------------


class UserSignedUp(Fact, type="user.signed_up", subject="user"):
    """A person has an account."""

    is_anonymous: bool = _say(description="Whether they have not said yet who they are.")


class UserClaimed(Fact, type="user.claimed", subject="user"):
    """An anonymous person said who they are; the account and all in it stays."""


class UserSignedIn(Fact, type="user.signed_in", subject="user"):
    """A person signed in somewhere."""

    session_id: str = _say(description="The session that began.")
    kind: str = _say(description="browser or app.")


class UserUpdated(Fact, type="user.updated", subject="user"):
    """A person changed their settings or their profile."""

    fields: list[str] = _say(description="The fields that were given; not what they hold.")


class UserPasswordChanged(Fact, type="user.password_changed", subject="user"):
    """A person has another password."""


class UserEmailChanged(Fact, type="user.email_changed", subject="user"):
    """A person has another e-mail address, and has confirmed it."""


class ConsentGranted(Fact, type="consent.granted", subject="user"):
    """A person agreed to one version of a text."""

    purpose: str = _say(description="What it is about.")
    consent_version: str = _say(description="Which edition of the text was shown.")
    course_id: str | None = _say(None, description="The course whose coaches it is for, if it is for one.")


class ConsentWithdrawn(Fact, type="consent.withdrawn", subject="user"):
    """A person took back what they agreed to."""

    purpose: str = _say(description="What it is about.")
    course_id: str | None = _say(None, description="The course whose coaches it is for, if it is for one.")


class RoleGranted(Fact, type="role.granted", subject="user"):
    """A person holds a role, or holds it until another end."""

    role: str = _say(description="What the person is.")
    scope_type: str = _say(description="How far it reaches.")
    scope_id: str | None = _say(None, description="The course or group that it is limited to.")
    expires_at: datetime | None = _say(None, description="When it ends by itself.")


class RoleRevoked(Fact, type="role.revoked", subject="user"):
    """A role was taken back from a person."""

    role: str = _say(description="What the person was.")
    scope_type: str = _say(description="How far it reached.")
    scope_id: str | None = _say(None, description="The course or group that it was limited to.")


class ApiTokenCreated(Fact, type="api_token.created", subject="user"):
    """A program may act for a person."""

    token_id: str = _say(description="The id of the token; not the token itself.")


class ApiTokenRevoked(Fact, type="api_token.revoked", subject="user"):
    """A program may no longer act for a person."""

    token_id: str = _say(description="The id of the token.")


# Friends -------------------------------------------------------------------------------------------------------------

# Who the two are stands in the friendship, for those who may see it.


class FriendshipRequested(Fact, type="friendship.requested", subject="connection"):
    """A person asked another to be friends."""


class FriendshipAccepted(Fact, type="friendship.accepted", subject="connection"):
    """Two people are friends."""


class FriendshipEnded(Fact, type="friendship.ended", subject="connection"):
    """A friendship, a request or a block is no more."""


class FriendshipBlocked(Fact, type="friendship.blocked", subject="connection"):
    """A person wants nothing to do with another, who is not told."""


# What comes in -------------------------------------------------------------------------------------------------------


class InboundHookCreated(Fact, type="inbound_hook.created", subject="inbound_hook"):
    """Another system may tell of something by an address of its own."""


class InboundHookUpdated(Fact, type="inbound_hook.updated", subject="inbound_hook"):
    """An inbound hook works otherwise from here on."""

    revision: int = _say(description="The hook's revision from here on.")
    fields: list[str] = _say(description="The fields that were given.")


class InboundHookRotated(Fact, type="inbound_hook.rotated", subject="inbound_hook"):
    """An inbound hook has another token."""


class InboundHookDeleted(Fact, type="inbound_hook.deleted", subject="inbound_hook"):
    """An inbound hook is gone, and takes nothing any more."""


class InboundReceived(Fact, type="inbound.received", subject="inbound_hook"):
    """Another system told by an inbound hook that something happened there."""

    event_id: str = _say(description="The event as it was kept.")
    action: str = _say(description="What happened, in the words of the hook.")
    kind: str = _say(description="Of which type it is, in the sender's words; the action where it does not say.")
    user_id: str | None = _say(None, description="The person whom it is about.")
    values: dict[str, str | int | float | bool] = _say(
        default_factory=dict, description="What the hook's mapping takes from the body."
    )


# Webhooks ------------------------------------------------------------------------------------------------------------


class WebhookCreated(Fact, type="webhook.created", subject="webhook"):
    """An address elsewhere is told of facts from here on."""


class WebhookUpdated(Fact, type="webhook.updated", subject="webhook"):
    """A webhook has another address, query, choice of facts, or name."""

    fields: list[str] = _say(description="The fields that were given; not what they hold.")


class WebhookDeleted(Fact, type="webhook.deleted", subject="webhook"):
    """A webhook was removed, with the log of its deliveries."""


class WebhookPaused(Fact, type="webhook.paused", subject="webhook"):
    """A webhook sends nothing until it is resumed. What happens meanwhile waits for that."""

    cause: str = _say(description="by_hand, failing, or owner.")


class WebhookDisabled(Fact, type="webhook.disabled", subject="webhook"):
    """The receiver said that it is gone for good. What happens from here on is not kept for it."""


class WebhookResumed(Fact, type="webhook.resumed", subject="webhook"):
    """A webhook sends again, what waited first."""


class WebhookSecretRotated(Fact, type="webhook.secret_rotated", subject="webhook"):
    """A webhook has a new signing secret; the one before signs along with it for a while."""


FACTS: tuple[type[Fact], ...] = (
    ThemeCreated, ThemeUpdated, ThemeTrashed, ThemeRestored, ThemePublished, ThemeUnpublished, ThemeReverted,
    ThemePlanned, ThemePlanCancelled,
    CourseCreated, CourseUpdated, CourseTrashed, CourseRestored, CoursePublished, CourseUnpublished, CourseReverted,
    CoursePlanned, CoursePlanCancelled, CourseImported,
    ModuleCreated, ModuleUpdated, ModuleMoved, ModuleTrashed, ModuleRestored,
    LessonCreated, LessonUpdated, LessonMoved, LessonTrashed, LessonRestored,
    AssessmentCreated, AssessmentUpdated, AssessmentMoved, AssessmentTrashed, AssessmentRestored, AssessmentPublished,
    AssessmentUnpublished, AssessmentReverted, AssessmentPlanned, AssessmentPlanCancelled,
    BlockCreated, BlockUpdated, BlockMoved, BlockTrashed, BlockRestored,
    ScaleCreated, ScaleUpdated, ScaleMoved, ScaleTrashed, ScaleRestored,
    *assessment.FACTS,
    UserSignedUp, UserClaimed, UserSignedIn, UserUpdated, UserPasswordChanged, UserEmailChanged,
    ConsentGranted, ConsentWithdrawn, RoleGranted, RoleRevoked, ApiTokenCreated, ApiTokenRevoked,
    FriendshipRequested, FriendshipAccepted, FriendshipEnded, FriendshipBlocked,
    *groups.FACTS,
    InboundHookCreated, InboundHookUpdated, InboundHookRotated, InboundHookDeleted, InboundReceived,
    WebhookCreated, WebhookUpdated, WebhookDeleted, WebhookPaused, WebhookDisabled, WebhookResumed,
    WebhookSecretRotated,
)  # fmt: skip
BY_TYPE: dict[str, type[Fact]] = {each.type: each for each in FACTS}
FactType = StrEnum("FactType", {each.type.replace(".", "_").upper(): each.type for each in FACTS})  # type: ignore[misc]


def editorial(model: type[Table], verb: str) -> type[Fact]:
    """The fact that an editorial object of this model was created, updated, moved, trashed, published and so on."""
    return BY_TYPE[f"{table_of(model).name}.{verb}"]
