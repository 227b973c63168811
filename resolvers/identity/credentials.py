"""How a credential becomes a viewer, and how the command line and the sign-in page hand credentials out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.clock import now
from core.database import Compiled, Database, compiled
from core.errors import InvalidInput, NotFound
from core.ids import tag_of
from core.proving import Proof
from core.reading import filled, look_up, read_at_once
from core.removing import remove_some
from core.rows import Row
from core.tables import table_of
from core.viewer import SERVICE, Viewer, ViewerKind
from core.writing import Transaction, checked
from models.events import ApiTokenCreated, ApiTokenRevoked, RoleGranted, UserSignedUp
from models.groups import MemberRole, Membership, MembershipStatus
from models.identity import (
    ApiToken,
    AuthSession,
    LoginPurpose,
    LoginToken,
    RefreshToken,
    Role,
    RoleGrant,
    Scope,
    ScopeType,
    User,
    UserStatus,
)
from resolvers import events
from resolvers.identity import profiles
from resolvers.identity.rights import HeldWithin, scopes_of, scopes_within
from resolvers.identity.tokens import TokenKind, kind_of, new_token, token_hash

LINK_LIFE = timedelta(minutes=30)
MAX_TOKEN_DAYS = 3650
# How a role in a group is told from one that was granted.
_MEMBER = "member:"
# How stale `last_active_at` may be: seeing somebody must not cost a write each time.
_SEEN_EVERY = timedelta(hours=1)

# Batches -------------------------------------------------------------------------------------------------------------


class Identified(NamedTuple):
    """Who is behind a credential. `is_stale`: that they were here has not been written down for a while."""

    viewer: Viewer
    is_stale: bool
    row: Row


@dataclass(frozen=True)
class Recalled:
    """Who was behind a credential when it was last looked up, and what has to be found for it to be so still."""

    viewer: Viewer
    proof: Proof


class Memory:
    """Who was behind the credentials that were used last, by their hashes."""

    def __init__(self, most: int = 1000) -> None:
        self._most = most
        self._known: OrderedDict[tuple[TokenKind, str], Identified] = OrderedDict()

    def keep(self, kind: TokenKind, secret: str, found: Identified) -> None:
        """Remembers what was found."""
        key = kind, token_hash(secret)
        self._known[key] = found
        self._known.move_to_end(key)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def forget(self, kind: TokenKind, secret: str) -> None:
        """Forgets what is not so any more."""
        self._known.pop((kind, token_hash(secret)), None)

    def recall(self, kind: TokenKind, secret: str) -> Recalled | None:
        """Who that was, to be proven; None where it has to be looked up: not known, or not seen for a while."""
        key = kind, token_hash(secret)
        found = self._known.get(key)
        if found is None or (found.viewer.kind is ViewerKind.USER and _is_stale(found.row.last_active_at)):
            return None
        self._known.move_to_end(key)
        looking_up = filled(_statement(kind), {"hash": key[1]})
        return Recalled(found.viewer, Proof(looking_up, tuple(vars(found.row).values())))


async def viewer_of_bearer(database: Database, token: str) -> Identified | None:
    """Who is behind a bearer token of ours, be it an API token or the access token of an app; else None.

    None as well when it is unknown, expired or revoked, or its owner is not active.
    """
    kind = kind_of(token)
    if kind not in (TokenKind.API, TokenKind.ACCESS):
        return None
    found = await _found(database, kind, token)
    return None if found is None else _identified(kind, found)


async def viewers_now(database: Database, kind: TokenKind, secrets: Sequence[str]) -> list[Viewer | None]:
    """Who is behind each of these API tokens, access tokens or session cookies at this instant, in one statement."""
    hashes = [token_hash(each) for each in secrets]
    found = await read_at_once(database, SERVICE, _statement(kind, several=True), {"hashes": hashes})
    known = {row.secret_hash: _identified(kind, row).viewer for row in found}
    return [known.get(each) for each in hashes]


def _identified(kind: TokenKind, found: Row) -> Identified:
    if kind is not TokenKind.API:
        return _person(found)
    given, within = frozenset(found.scopes), scopes_within(map(held_within, found.within))
    viewer = Viewer(
        ViewerKind.API_TOKEN,
        found.user_id,
        found.display_name,
        given & scopes_of(map(Role, found.roles)),
        within=frozenset(held for held in within if held.partition("@")[0] in given),
        token_id=found.id,
    )
    return Identified(viewer, is_stale=False, row=found)


async def viewer_of_session(database: Database, cookie: str) -> Identified | None:
    """Who is behind a session cookie, or None when the session is over."""
    found = await _found(database, TokenKind.SESSION, cookie)
    return None if found is None else _person(found)


async def viewer_of_user(
    tx: Transaction, user_id: str, session_id: str | None = None, *, notes: bool = True
) -> Viewer | None:
    """An active person as a viewer, or None. With `notes` they are here, which is written down now and then."""
    user = table_of(User)
    statement = sa.select(user.c.display_name, user.c.last_active_at, *standing(user.c.id)).where(
        user.c.id == user_id, user.c.status == UserStatus.ACTIVE.value
    )
    found = await tx.row(statement)
    if found is None:
        return None
    if notes and _is_stale(found.last_active_at):
        await seen(tx, user_id)
    scopes, within = scopes_of(map(Role, found.roles)), scopes_within(map(held_within, found.within))
    return Viewer(ViewerKind.USER, user_id, found.display_name, scopes, session_id, within=within)


async def _found(database: Database, kind: TokenKind, secret: str) -> Row | None:
    """The credential with its owner and their roles, all as of one instant, in one round trip."""
    found = await look_up(database, SERVICE, _statement(kind), {"hash": token_hash(secret)})
    return found[0] if found else None


@lru_cache(maxsize=2 * len(TokenKind))
def _statement(kind: TokenKind, *, several: bool = False) -> Compiled:
    """What finds a credential of this kind that is neither over nor taken back, with its owner, who must be active."""
    user, table = table_of(User), table_of(ApiToken if kind is TokenKind.API else AuthSession)
    secret: Any = sa.bindparam("hash", type_=sa.Text)
    if several:
        secret = sa.any_(sa.bindparam("hashes", type_=ARRAY(sa.Text)))
    found = sa.select(
        table.c.user_id,
        table.c.id,
        *([table.c.scopes] if kind is TokenKind.API else []),
        user.c.display_name,
        user.c.last_active_at,
        *standing(user.c.id),
    ).join(user, user.c.id == table.c.user_id)
    if kind is TokenKind.ACCESS:
        pair = table_of(RefreshToken)
        found = found.join(pair, pair.c.session_id == table.c.id)
        kept, fresh = pair.c.access_hash, pair.c.access_expires_at > sa.func.now()
    else:
        kept, fresh = table.c.token_hash, sa.true()
    if several:
        found = found.add_columns(kept.label("secret_hash"))
    return compiled(
        found.where(
            kept == secret,
            fresh,
            table.c.expires_at > sa.func.now(),
            table.c.revoked_at.is_(None),
            user.c.status == UserStatus.ACTIVE.value,
        )
    )


def _person(found: Row) -> Identified:
    scopes, within = scopes_of(map(Role, found.roles)), scopes_within(map(held_within, found.within))
    viewer = Viewer(ViewerKind.USER, found.user_id, found.display_name, scopes, found.id, within=within)
    return Identified(viewer, _is_stale(found.last_active_at), found)


def _is_stale(last_active_at: datetime | None) -> bool:
    return last_active_at is None or last_active_at < now() - _SEEN_EVERY


def standing(user_id: Any) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    """Two columns for a statement about a person: their standing `roles`, and what holds `within` roots."""
    # In order, so that who holds the same is found the same.
    roles = standing_roles(user_id).order_by(table_of(RoleGrant).c.role).scalar_subquery()
    within = standing_roles_within(user_id).order_by("held").scalar_subquery()
    return sa.func.array(roles).label("roles"), sa.func.array(within).label("within")


def standing_roles(user_id: Any) -> sa.Select[Any]:
    """The roles of global grants that have not expired at this instant."""
    return sa.select(table_of(RoleGrant).c.role).where(
        *_standing(user_id, table_of(RoleGrant).c.scope_type == ScopeType.GLOBAL.value)
    )


def standing_roles_within(user_id: Any) -> sa.CompoundSelect[Any]:
    """What holds within single courses and groups at this instant: `role@root` of a grant, `member:role@group`."""
    grant, member = table_of(RoleGrant), table_of(Membership)
    at: sa.ColumnElement[str] = sa.literal_column("'@'")
    prefix: sa.ColumnElement[str] = sa.literal_column(f"'{_MEMBER}'")
    given = sa.func.concat(grant.c.role, at, grant.c.scope_id, type_=sa.Text).label("held")
    joined = sa.func.concat(prefix, member.c.role, at, member.c.group_id, type_=sa.Text).label("held")
    return sa.union_all(
        sa.select(given).where(*_standing(user_id, grant.c.scope_type != ScopeType.GLOBAL.value)),
        sa.select(joined).where(
            member.c.user_id == user_id,
            member.c.left_at.is_(None),
            member.c.status == MembershipStatus.ACTIVE.value,
        ),
    )


def held_within(held: str) -> HeldWithin:
    """What `standing_roles_within` finds, taken apart."""
    role, _, root_id = held.partition("@")
    if role.startswith(_MEMBER):
        return MemberRole(role.removeprefix(_MEMBER)), root_id
    return Role(role), root_id


def _standing(user_id: Any, reach: sa.ColumnElement[bool]) -> tuple[sa.ColumnElement[bool], ...]:
    grant = table_of(RoleGrant)
    return (
        grant.c.user_id == user_id,
        reach,
        sa.or_(grant.c.expires_at.is_(None), grant.c.expires_at > sa.func.now()),
    )


async def roles_of(tx: Transaction, user_id: str) -> list[Role]:
    """The roles that a person holds everywhere, at this instant."""
    return [Role(row.role) for row in await tx.rows(standing_roles(user_id))]


async def roles_within_of(tx: Transaction, user_id: str) -> list[HeldWithin]:
    """What a person holds within single courses and groups, at this instant."""
    return [held_within(row.held) for row in await tx.rows(standing_roles_within(user_id))]


# Actions -------------------------------------------------------------------------------------------------------------


async def seen(tx: Transaction, user_id: str) -> None:
    """Writes down that a person was here just now."""
    user = table_of(User)
    await tx.execute(sa.update(user).where(user.c.id == user_id).values(last_active_at=sa.func.now()))


async def ensure_user(tx: Transaction, email: str, name: str, role: Role) -> str:
    """The id of the person with this e-mail address, made if need be, holding the role globally. Safe to repeat."""
    found = await user_of_email(tx, email)
    user_id: str = found.id if found else User.new_id()
    if found is None:
        await tx.insert(
            User, [{"id": user_id, "email": email, "display_name": name, "status": UserStatus.ACTIVE.value}]
        )
        await profiles.create(tx, user_id)
        events.record(tx, UserSignedUp(subject_id=user_id, is_anonymous=False))
    await grant(tx, user_id, role)
    return user_id


async def user_of_email(tx: Transaction, email: str) -> Row | None:
    """Id, status and display name of the person with this address, whatever its case."""
    user = table_of(User)
    return await tx.row(
        sa.select(user.c.id, user.c.status, user.c.display_name, user.c.is_anonymous).where(
            sa.func.lower(user.c.email) == email.lower()
        )
    )


async def grant(tx: Transaction, user_id: str, role: Role) -> None:
    """Gives a person a role everywhere, in nobody's name: for the command line. Safe to repeat."""
    values = {"id": RoleGrant.new_id(), "user_id": user_id, "role": role.value, "scope_type": ScopeType.GLOBAL.value}
    if await tx.execute(insert(table_of(RoleGrant)).values(**values).on_conflict_do_nothing()):
        events.record(tx, RoleGranted(subject_id=user_id, role=role, scope_type=ScopeType.GLOBAL))


async def create_api_token(
    tx: Transaction,
    user_id: str,
    name: str,
    scopes: frozenset[Scope] | frozenset[str],
    days: int,
    actor_id: str | None = None,
) -> str:
    """A new API token for a person, valid for so many days. The answer is the only time it is seen.

    `actor_id` is the person who asked for it, where it was not the command line.
    """
    if not 1 <= days <= MAX_TOKEN_DAYS:
        raise InvalidInput(f"A token lasts between 1 and {MAX_TOKEN_DAYS} days.", "INVALID", ("days",))
    token, token_id = new_token(), ApiToken.new_id()
    row = {
        "id": token_id,
        "user_id": user_id,
        "token_hash": token_hash(token),
        "expires_at": now() + timedelta(days=days),
        "name": name,
        "hint": token[-4:],
        "scopes": sorted(scopes),
    }
    await tx.insert(ApiToken, [row])
    events.record(tx, ApiTokenCreated(subject_id=user_id, token_id=token_id), actor_id)
    return token


async def create_own_api_token(tx: Transaction, viewer: Viewer, name: str, scopes: frozenset[Scope], days: int) -> str:
    """A new API token for the viewer, who gives it no more than they may do themselves; answers the token.

    Who they are was proven before: see `accounts.require_proof`.
    """
    values = checked(ApiToken, {"name": name})
    beyond = sorted(scope.value for scope in scopes if not viewer.may_somewhere(scope))
    if beyond:
        raise InvalidInput(f"You may not do this yourself: {', '.join(beyond)}.", "INVALID", ("scopes",))
    return await create_api_token(tx, str(viewer.user_id), values["name"], scopes, days, viewer.user_id)


async def revoke_api_token(tx: Transaction, viewer: Viewer, token_id: str) -> None:
    """Takes one of the viewer's API tokens back at once. Safe to repeat; raises `NotFound` when it is not theirs."""
    table = table_of(ApiToken)
    if tag_of(token_id) != ApiToken.__tag__:
        raise NotFound("API token")
    revoked = await tx.execute(
        sa.update(table)
        .where(table.c.id == token_id, table.c.user_id == viewer.user_id)
        .values(revoked_at=sa.func.coalesce(table.c.revoked_at, sa.func.now()))
    )
    if not revoked:
        raise NotFound("API token")
    owner = str(viewer.user_id)
    events.record(tx, ApiTokenRevoked(subject_id=owner, token_id=token_id), owner)


async def revoke_api_tokens(tx: Transaction, user_id: str) -> None:
    """Takes all API tokens of a person back at once."""
    table = table_of(ApiToken)
    standing_ones = sa.update(table).where(
        table.c.user_id == user_id, table.c.revoked_at.is_(None), table.c.expires_at > sa.func.now()
    )
    for row in await tx.rows(standing_ones.values(revoked_at=sa.func.now()).returning(table.c.id)):
        events.record(tx, ApiTokenRevoked(subject_id=user_id, token_id=row.id), user_id)


async def id_of_token(tx: Transaction, token: str) -> str:
    """The id of an API token that has just been made."""
    table = table_of(ApiToken)
    found = await tx.row(sa.select(table.c.id).where(table.c.token_hash == token_hash(token)))
    assert found is not None
    return str(found.id)


async def create_login_token(
    tx: Transaction,
    user_id: str | None,
    purpose: LoginPurpose = LoginPurpose.SIGN_IN,
    details: dict[str, Any] | None = None,
) -> str:
    """A one-time secret that is good for one purpose, for half an hour."""
    token = new_token(TokenKind.ONE_TIME)
    row = {
        "id": LoginToken.new_id(),
        "user_id": user_id,
        "purpose": purpose.value,
        "details": details or {},
        "token_hash": token_hash(token),
        # Mostly made by a worker, whose clock is not to matter.
        "expires_at": sa.func.now() + LINK_LIFE,
    }
    await tx.insert(LoginToken, [row])
    return token


async def delete_expired(tx: Transaction) -> int:
    """Removes one-time secrets and sessions that ended more than a day ago; answers how many rows went.

    Used refresh tokens are kept for as long as their session goes on, however old: when one comes back, two have it.
    """
    gone, a_day_ago = 0, sa.func.now() - timedelta(days=1)
    for model in (LoginToken, AuthSession):
        gone += await remove_some(tx, model, table_of(model).c.expires_at < a_day_ago)
    pair, session = table_of(RefreshToken), table_of(AuthSession)
    ended = sa.select(session.c.id).where(session.c.revoked_at < a_day_ago)
    return gone + await remove_some(tx, RefreshToken, pair.c.session_id.in_(ended))
