"""What is visible of people: relations from a person to what is theirs, and the names of what can be hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.relations import Relation, Sort
from core.writing import camel
from models.identity import (
    ApiToken,
    Audience,
    AuthSession,
    Consent,
    Impersonation,
    NotificationPreference,
    Profile,
    ProfileCard,
    RoleGrant,
    User,
    UserMilestone,
)
from resolvers.identity.profiles import DEFAULT_AUDIENCE, SHOWABLE

_NEWEST = {"NEWEST": Sort("id", descending=True)}
_OLDEST = {"OLDEST": Sort("id")}

ACCOUNT_OF_VIEWER = Relation(User, "id")
PROFILE_OF_USER = Relation(Profile, "user_id", sorts=_OLDEST)
ROLES_OF_USER = Relation(RoleGrant, "user_id", sorts=_OLDEST)
SESSIONS_OF_USER = Relation(AuthSession, "user_id", sorts=_NEWEST)
API_TOKENS_OF_USER = Relation(ApiToken, "user_id", sorts=_NEWEST)
IMPERSONATIONS_OF_USER = Relation(Impersonation, "user_id", sorts=_NEWEST)
NOTIFICATIONS_OF_USER = Relation(NotificationPreference, "user_id", sorts=_OLDEST)
CONSENTS_OF_USER = Relation(Consent, "user_id", sorts=_NEWEST)
MILESTONES_OF_USER = Relation(UserMilestone, "user_id", sorts=_OLDEST)
# Who may see several cards of a person gets the fullest: friends see no less than everybody.
CARD_OF_USER = Relation(ProfileCard, "user_id", sorts={"FULLEST": Sort("audience", descending=True)})


def audiences(kept: Mapping[str, str]) -> Iterator[tuple[str, Audience]]:
    """(field as the API names it, who may see it) of every field that can be shown to others."""
    for name in SHOWABLE:
        yield camel(name), Audience(kept.get(name, DEFAULT_AUDIENCE))


def showable(name: str) -> str | None:
    """The column behind a field that the API names like this, if it can be shown to others."""
    return next((each for each in SHOWABLE if camel(each) == name), None)
