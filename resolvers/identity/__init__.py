"""Identity: who may what, and how people and programs prove who they are."""

from resolvers.identity.credentials import (
    Identified,
    Memory,
    Recalled,
    create_api_token,
    create_login_token,
    delete_expired,
    ensure_user,
    grant,
    seen,
    viewer_of_bearer,
    viewer_of_session,
    viewer_of_user,
    viewers_now,
)
from resolvers.identity.impersonation import viewer_of_impersonation
from resolvers.identity.rights import SCOPES_OF_ROLE, scopes_of
from resolvers.identity.sessions import SESSION_LIFE, Origin, session_of, sign_in, sign_out
from resolvers.identity.tokens import TokenKind, kind_of, looks_like_jwt, looks_like_token, new_token

__all__ = [
    "SCOPES_OF_ROLE",
    "SESSION_LIFE",
    "Identified",
    "Memory",
    "Origin",
    "Recalled",
    "TokenKind",
    "create_api_token",
    "create_login_token",
    "delete_expired",
    "ensure_user",
    "grant",
    "kind_of",
    "looks_like_jwt",
    "looks_like_token",
    "new_token",
    "scopes_of",
    "seen",
    "session_of",
    "sign_in",
    "sign_out",
    "viewer_of_bearer",
    "viewer_of_impersonation",
    "viewer_of_session",
    "viewer_of_user",
    "viewers_now",
]
