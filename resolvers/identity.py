"""Identity: who may what, and how a credential becomes a viewer."""

from __future__ import annotations

import hashlib
import secrets
import zlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.clock import now
from core.errors import DomainError, InvalidInput
from core.rows import Row
from core.tables import table_of
from core.viewer import Viewer, ViewerKind
from core.writing import Transaction
from models.identity import ApiToken, AuthSession, LoginToken, Role, RoleGrant, Scope, ScopeType, User, UserStatus

# Who may -------------------------------------------------------------------------------------------------------------

_EDITOR = frozenset({Scope.CONTENT_EDIT, Scope.CONTENT_PUBLISH, Scope.CONTENT_IMPORT})
_ADMIN = _EDITOR | {Scope.USER_MANAGE, Scope.AUDIT_READ}

# The one table of roles and what they may. A role without an entry of its own may what any signed-in person may.
SCOPES_OF_ROLE: dict[Role, frozenset[Scope]] = {
    Role.LEARNER: frozenset(),
    Role.CHAMPION: frozenset(),
    Role.MODERATOR: frozenset(),
    Role.COACH: frozenset(),
    Role.HOST: frozenset(),
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _ADMIN,
    Role.SUPER_ADMIN: _ADMIN,
}

SESSION_LIFE = timedelta(days=14)
LOGIN_LINK_LIFE = timedelta(minutes=30)
TOKEN_PREFIX = "cairn_"  # noqa: S105 - the recognisable start of every token, not a secret
MAX_TOKEN_DAYS = 3650


def scopes_of(roles: Sequence[Role]) -> frozenset[str]:
    """Everything that somebody with these roles may do."""
    return frozenset(scope.value for role in roles for scope in SCOPES_OF_ROLE[role])


# What is visible -----------------------------------------------------------------------------------------------------


def token_hash(token: str) -> str:
    """What is kept of a secret: tokens carry 256 random bits, so one fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """A secret with a prefix and a checksum, so that secret scanners recognise it and typing errors fail early."""
    body = secrets.token_urlsafe(32)
    return f"{TOKEN_PREFIX}{body}{_checksum(body)}"


def looks_like_token(text: str) -> bool:
    """Whether the prefix and the checksum are right."""
    body = text.removeprefix(TOKEN_PREFIX)
    return text.startswith(TOKEN_PREFIX) and len(body) > 8 and body[-8:] == _checksum(body[:-8])


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


# Batches -------------------------------------------------------------------------------------------------------------


async def viewer_of_token(tx: Transaction, token: str) -> Viewer | None:
    """The viewer behind an API token, or None when it is unknown, expired, revoked or its owner is not active."""
    if not looks_like_token(token):
        return None
    found = await _credential(tx, table_of(ApiToken), token)
    if found is None:
        return None
    allowed = frozenset(found.scopes) & await _scopes(tx, found.user_id)
    return Viewer(ViewerKind.API_TOKEN, found.user_id, found.display_name, allowed)


async def viewer_of_session(tx: Transaction, cookie: str) -> Viewer | None:
    """The viewer behind a session cookie, or None when the session is over."""
    found = await _credential(tx, table_of(AuthSession), cookie)
    if found is None:
        return None
    return Viewer(ViewerKind.USER, found.user_id, found.display_name, await _scopes(tx, found.user_id))


async def _credential(tx: Transaction, table: sa.Table, secret: str) -> Row | None:
    user = table_of(User)
    return await tx.row(
        sa.select(table, user.c.display_name)
        .join(user, user.c.id == table.c.user_id)
        .where(
            table.c.token_hash == token_hash(secret),
            table.c.expires_at > sa.func.now(),
            table.c.revoked_at.is_(None),
            user.c.status == UserStatus.ACTIVE.value,
        )
    )


async def _scopes(tx: Transaction, user_id: str) -> frozenset[str]:
    """Scopes of the person's global grants that have not expired."""
    grant = table_of(RoleGrant)
    rows = await tx.rows(
        sa.select(grant.c.role).where(
            grant.c.user_id == user_id,
            grant.c.scope_type == ScopeType.GLOBAL.value,
            sa.or_(grant.c.expires_at.is_(None), grant.c.expires_at > sa.func.now()),
        )
    )
    return scopes_of([Role(row.role) for row in rows])


# Actions -------------------------------------------------------------------------------------------------------------


async def ensure_user(tx: Transaction, email: str, name: str, role: Role) -> str:
    """The id of the person with this e-mail address, made if need be, holding the role globally. Safe to repeat."""
    user = table_of(User)
    found = await tx.row(sa.select(user.c.id).where(sa.func.lower(user.c.email) == email.lower()))
    user_id: str = found.id if found else User.new_id()
    if found is None:
        await tx.insert(
            User, [{"id": user_id, "email": email, "display_name": name, "status": UserStatus.ACTIVE.value}]
        )
    await grant(tx, user_id, role)
    return user_id


async def grant(tx: Transaction, user_id: str, role: Role) -> None:
    """Gives a person a role everywhere. Safe to repeat."""
    values = {"id": RoleGrant.new_id(), "user_id": user_id, "role": role.value, "scope_type": ScopeType.GLOBAL.value}
    await tx.execute(insert(table_of(RoleGrant)).values(**values).on_conflict_do_nothing())


async def create_api_token(tx: Transaction, user_id: str, name: str, scopes: frozenset[str], days: int) -> str:
    """A new API token for a person, valid for so many days. The answer is the only time it is seen."""
    if not 1 <= days <= MAX_TOKEN_DAYS:
        raise InvalidInput(f"A token lasts between 1 and {MAX_TOKEN_DAYS} days.", "INVALID", ("days",))
    token = new_token()
    await tx.insert(
        ApiToken,
        [
            {
                **_secret(ApiToken, user_id, token, timedelta(days=days)),
                "name": name,
                "hint": token[-4:],
                "scopes": sorted(scopes),
            }
        ],
    )
    return token


async def create_login_token(tx: Transaction, user_id: str) -> str:
    """A one-time sign-in secret for a person."""
    token = new_token()
    await tx.insert(LoginToken, [_secret(LoginToken, user_id, token, LOGIN_LINK_LIFE)])
    return token


async def sign_in(tx: Transaction, token: str) -> str:
    """Trades a one-time sign-in secret for a session cookie. Raises `DomainError` when it is used up or too old."""
    table = table_of(LoginToken)
    used = await tx.row(
        sa.update(table)
        .where(table.c.token_hash == token_hash(token), table.c.used_at.is_(None), table.c.expires_at > sa.func.now())
        .values(used_at=sa.func.now())
        .returning(table.c.user_id)
    )
    if used is None:
        raise DomainError(
            "This sign-in link was used already or is too old. Ask for a new one.", "LINK_EXPIRED", ("token",)
        )
    cookie = new_token()
    await tx.insert(AuthSession, [_secret(AuthSession, used.user_id, cookie, SESSION_LIFE)])
    return cookie


async def sign_out(tx: Transaction, cookie: str) -> None:
    """Ends a session at once. Safe to repeat."""
    table = table_of(AuthSession)
    await tx.execute(
        sa.update(table)
        .where(table.c.token_hash == token_hash(cookie), table.c.revoked_at.is_(None))
        .values(revoked_at=now())
    )


def _secret(model: Any, user_id: str, token: str, life: timedelta) -> dict[str, Any]:
    return {"id": model.new_id(), "user_id": user_id, "token_hash": token_hash(token), "expires_at": now() + life}


async def delete_expired(tx: Transaction) -> int:
    """Removes sign-in links and sessions that ended more than a day ago; answers how many rows went."""
    gone = 0
    for model in (LoginToken, AuthSession):
        table = table_of(model)
        gone += await tx.execute(sa.delete(table).where(table.c.expires_at < now() - timedelta(days=1)))
    return gone
