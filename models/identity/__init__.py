"""Identity and access: people, what they may do, and how they prove who they are."""

from models.identity.access import Role, RoleGrant, Scope, ScopeType
from models.identity.credentials import (
    ApiToken,
    AuthIdentity,
    AuthSession,
    LoginPurpose,
    LoginToken,
    RefreshToken,
    SessionKind,
)
from models.identity.friends import Connection, ConnectionStatus
from models.identity.impersonation import Impersonation
from models.identity.notifications import Digest, NotificationChannel, NotificationPreference, NotificationTopic
from models.identity.people import User, UserMilestone, UserStatus
from models.identity.profiles import (
    Audience,
    Consent,
    ConsentPurpose,
    ExperienceLevel,
    MeetingStyle,
    PrivacyLevel,
    Profile,
    ProfileCard,
)

__all__ = [
    "ApiToken",
    "Audience",
    "AuthIdentity",
    "AuthSession",
    "Connection",
    "ConnectionStatus",
    "Consent",
    "ConsentPurpose",
    "Digest",
    "ExperienceLevel",
    "Impersonation",
    "LoginPurpose",
    "LoginToken",
    "MeetingStyle",
    "NotificationChannel",
    "NotificationPreference",
    "NotificationTopic",
    "PrivacyLevel",
    "Profile",
    "ProfileCard",
    "RefreshToken",
    "Role",
    "RoleGrant",
    "Scope",
    "ScopeType",
    "SessionKind",
    "User",
    "UserMilestone",
    "UserStatus",
]
