"""Being signed in: browsers with a cookie, apps with a pair of tokens that is renewed and never used twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.clock import now
from core.errors import DomainError, NotFound
from core.ids import tag_of
from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.events import UserSignedIn
from models.identity import (
    AuthSession,
    Impersonation,
    LoginPurpose,
    LoginToken,
    RefreshToken,
    SessionKind,
    User,
    UserStatus,
)
from resolvers import events
from resolvers.identity.credentials import revoke_api_tokens
from resolvers.identity.tokens import TokenKind, derived_token, kind_of, new_token, token_hash

SESSION_LIFE = timedelta(days=14)
APP_LIFE = timedelta(days=60)
ACCESS_LIFE = timedelta(minutes=15)
# An access token lasts a quarter of an hour; renewing it more often than each minute is no app's need.
MOST_RENEWALS, PER = 60, timedelta(hours=1)
# For how long having signed in proves who one is, where there is no password to ask for.
FRESH = timedelta(minutes=15)
# How long an answer that was lost on the way is given again.
GRACE = timedelta(seconds=10)


@dataclass(frozen=True)
class Origin:
    """Where a request came from, as far as the edge knows, and what its answer calls it."""

    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Started:
    """A session that has begun, with the secrets that are seen only now: a cookie, or a pair of tokens."""

    id: str
    user_id: str
    cookie: str | None = None
    access_token: str | None = None
    refresh_token: str | None = None
    access_expires_at: datetime | None = None


class SessionOver(DomainError):
    """The session cannot be renewed: it ended, or its token was used before, which ends it."""

    def __init__(self) -> None:
        super().__init__("This session is over. Sign in again.", "SESSION_OVER", ("refreshToken",))


class TooManyRenewals(DomainError):
    """The session is renewed more often than any app needs; it goes on."""

    def __init__(self) -> None:
        message = f"A session is renewed at most {MOST_RENEWALS} times an hour. Use the tokens that you have."
        super().__init__(message, "TOO_MANY_RENEWALS", ("refreshToken",))


class LinkExpired(DomainError):
    """A link that was mailed is not good, or no longer."""

    def __init__(self) -> None:
        super().__init__("This link was used already or is too old. Ask for a new one.", "LINK_EXPIRED", ("token",))


async def start(tx: Transaction, user_id: str, kind: SessionKind, origin: Origin) -> Started:
    """Signs an active person in. Raises `DomainError` for anybody else."""
    user = table_of(User)
    active = await tx.row(sa.select(user.c.id).where(user.c.id == user_id, user.c.status == UserStatus.ACTIVE.value))
    if active is None:
        raise DomainError("This account cannot be used. Ask those who run this place.", "ACCOUNT_CLOSED")
    cookie = new_token(TokenKind.SESSION) if kind is SessionKind.BROWSER else None
    session_id = AuthSession.new_id()
    row = {
        "id": session_id,
        "user_id": user_id,
        "kind": kind.value,
        "token_hash": token_hash(cookie) if cookie else None,
        "expires_at": now() + (SESSION_LIFE if cookie else APP_LIFE),
        "ip": (origin.ip or "")[:45] or None,
        "user_agent": (origin.user_agent or "")[:300] or None,
    }
    await tx.insert(AuthSession, [row])
    events.record(tx, UserSignedIn(subject_id=user_id, session_id=session_id, kind=kind), user_id)
    if cookie:
        return Started(session_id, user_id, cookie)
    access, refresh = new_token(TokenKind.ACCESS), new_token(TokenKind.REFRESH)
    until = await _keep_pair(tx, session_id, access, refresh)
    return Started(session_id, user_id, None, access, refresh, until)


async def refresh(tx: Transaction, token: str) -> Started | None:
    """The next pair of tokens of an app's session.

    None when the token had been used before: then somebody else has it too, and the session is ended, which the caller
    must let happen. Within a few seconds of its first use, while what came of that is unused, the answer was merely
    lost and is given again. Raises `SessionOver` when there is nothing to renew.
    """
    found = await _locked_pair(tx, token)
    if found is None:
        raise SessionOver()
    access = derived_token(TokenKind.ACCESS, token, found.salt)
    following = derived_token(TokenKind.REFRESH, token, found.salt)
    pair = table_of(RefreshToken)
    if found.used_at is None:
        await _require_seldom(tx, found.session_id)
        await tx.execute(sa.update(pair).where(pair.c.id == found.id).values(used_at=sa.func.now()))
        until = await _keep_pair(tx, found.session_id, access, following)
    else:
        next_pair = await tx.row(sa.select(pair).where(pair.c.token_hash == token_hash(following)))
        if not found.within_grace or next_pair is None or next_pair.used_at is not None:
            await end(tx, found.user_id, found.session_id)
            return None
        until = next_pair.access_expires_at
    return Started(found.session_id, found.user_id, None, access, following, until)


async def _locked_pair(tx: Transaction, token: str) -> Row | None:
    """The pair that this refresh token belongs to, if its session goes on; who else wants to renew it has to wait."""
    if kind_of(token) is not TokenKind.REFRESH:
        return None
    pair, session, user = table_of(RefreshToken), table_of(AuthSession), table_of(User)
    columns = (pair.c.id, pair.c.session_id, pair.c.salt, pair.c.used_at, session.c.user_id)
    # The clock on the wall: the transaction may have waited for its turn.
    within_grace = (pair.c.used_at > sa.func.clock_timestamp() - GRACE).label("within_grace")
    return await tx.row(
        sa.select(*columns, within_grace)
        .join(session, session.c.id == pair.c.session_id)
        .join(user, user.c.id == session.c.user_id)
        .where(
            pair.c.token_hash == token_hash(token),
            session.c.expires_at > sa.func.now(),
            session.c.revoked_at.is_(None),
            user.c.status == UserStatus.ACTIVE.value,
        )
        .with_for_update(of=[pair, session])
    )


async def _require_seldom(tx: Transaction, session_id: str) -> None:
    """Raises where a session was renewed very often of late: each renewal leaves a row for as long as it goes on."""
    pair = table_of(RefreshToken)
    lately = sa.select(sa.func.count().label("many")).where(
        pair.c.session_id == session_id, pair.c.created_at > sa.func.now() - PER
    )
    found = await tx.row(lately)
    assert found is not None
    if found.many > MOST_RENEWALS:
        raise TooManyRenewals()


async def _keep_pair(tx: Transaction, session_id: str, access: str, refresh_token: str) -> datetime:
    until = now() + ACCESS_LIFE
    row = {
        "id": RefreshToken.new_id(),
        "session_id": session_id,
        "token_hash": token_hash(refresh_token),
        "access_hash": token_hash(access),
        "access_expires_at": until,
        "salt": new_token()[-40:],
    }
    await tx.insert(RefreshToken, [row])
    return until


async def end(tx: Transaction, user_id: str, session_id: str) -> None:
    """Ends one session of a person at once. Safe to repeat; raises `NotFound` when it is not theirs."""
    table = table_of(AuthSession)
    if tag_of(session_id) != AuthSession.__tag__:
        raise NotFound("session")
    ended = await tx.execute(
        sa.update(table)
        .where(table.c.id == session_id, table.c.user_id == user_id)
        .values(revoked_at=sa.func.coalesce(table.c.revoked_at, sa.func.now()))
    )
    if not ended:
        raise NotFound("session")


async def end_all(tx: Transaction, user_id: str, besides: str | None = None) -> None:
    """Ends everything by which somebody acts as a person: sessions, but for the one that is named, and API tokens.

    So ends what the person does as somebody else, where no session carries it.
    """
    table, acting = table_of(AuthSession), table_of(Impersonation)
    others: Any = sa.true() if besides is None else table.c.id != besides
    await tx.execute(
        sa.update(table)
        .where(table.c.user_id == user_id, table.c.revoked_at.is_(None), others)
        .values(revoked_at=now())
    )
    await tx.execute(
        sa.update(acting)
        .where(acting.c.impersonator_id == user_id, acting.c.session_id.is_(None), acting.c.ended_at.is_(None))
        .values(ended_at=sa.func.now())
    )
    await revoke_api_tokens(tx, user_id)


async def redeem(tx: Transaction, token: str, purpose: LoginPurpose) -> Row:
    """Uses up a one-time secret; answers its `user_id` and `details`. Raises `LinkExpired` when it is not good."""
    table, user = table_of(LoginToken), table_of(User)
    used = None
    if kind_of(token) is TokenKind.ONE_TIME:
        good = sa.and_(
            table.c.token_hash == token_hash(token),
            table.c.purpose == purpose.value,
            table.c.used_at.is_(None),
            table.c.expires_at > sa.func.now(),
        )
        # The person first: what follows may make their other links worthless, and two such acts must not wait for
        # each other.
        owner = sa.select(table.c.user_id).where(good).scalar_subquery()
        await tx.rows(sa.select(user.c.id).where(user.c.id == owner).with_for_update())
        used = await tx.row(
            sa.update(table).where(good).values(used_at=sa.func.now()).returning(table.c.user_id, table.c.details)
        )
    if used is None:
        raise LinkExpired()
    return used


async def forget_links(tx: Transaction, user_id: str) -> None:
    """Makes every link that was mailed to a person worthless."""
    table = table_of(LoginToken)
    await tx.execute(
        sa.update(table).where(table.c.user_id == user_id, table.c.used_at.is_(None)).values(used_at=sa.func.now())
    )


async def is_fresh(tx: Transaction, session_id: str) -> bool:
    """Whether somebody signed in by this session a few minutes ago."""
    table = table_of(AuthSession)
    began = sa.select(table.c.id).where(table.c.id == session_id, table.c.created_at > sa.func.now() - FRESH)
    return await tx.row(began) is not None


async def sign_in(tx: Transaction, token: str, origin: Origin = Origin()) -> str:
    """Trades a one-time sign-in secret for a session cookie. Raises `DomainError` when it is used up or too old."""
    used = await redeem(tx, token, LoginPurpose.SIGN_IN)
    started = await start(tx, used.user_id, SessionKind.BROWSER, origin)
    assert started.cookie is not None
    return started.cookie


async def session_of(tx: Transaction, cookie: str) -> Row | None:
    """(id, user_id) of the session that a browser's cookie belongs to, unless it was ended."""
    table = table_of(AuthSession)
    return await tx.row(
        sa.select(table.c.id, table.c.user_id).where(
            table.c.token_hash == token_hash(cookie), table.c.revoked_at.is_(None)
        )
    )


async def sign_out(tx: Transaction, cookie: str) -> None:
    """Ends a browser's session at once. Safe to repeat."""
    table = table_of(AuthSession)
    await tx.execute(
        sa.update(table)
        .where(table.c.token_hash == token_hash(cookie), table.c.revoked_at.is_(None))
        .values(revoked_at=now())
    )
