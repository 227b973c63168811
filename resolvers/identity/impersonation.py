"""Acting as somebody else: who may, for how long, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

import sqlalchemy as sa

from core.clock import now
from core.database import Compiled, Database, compiled
from core.errors import DomainError, NotFound
from core.ids import tag_of
from core.reading import look_up
from core.tables import table_of
from core.viewer import SERVICE, Viewer, ViewerKind, require_signed_in
from core.writing import Transaction, checked
from models.identity import AuthSession, Impersonation, Role, User, UserStatus
from resolvers.identity.credentials import (
    held_within,
    roles_of,
    roles_within_of,
    standing,
    standing_roles,
)
from resolvers.identity.rights import may_act_as, scopes_of, scopes_within
from resolvers.identity.tokens import TokenKind, new_token, token_hash

LIFE = timedelta(minutes=30)

# Batches -------------------------------------------------------------------------------------------------------------


async def viewer_of_impersonation(database: Database, token: str) -> Viewer | None:
    """The person as whom the bearer of a token acts, with the person's rights and none besides; else None.

    None as soon as either of them is not active any more, the bearer has signed out, or may not act as them any more.
    """
    found = await look_up(database, SERVICE, _statement(), {"hash": token_hash(token)})
    if not found:
        return None
    (row,) = found
    theirs, own = [Role(each) for each in row.roles], [Role(each) for each in row.impersonator_roles]
    within = [held_within(each) for each in row.within]
    if not may_act_as(own, theirs, within):
        return None
    return Viewer(
        ViewerKind.USER,
        row.user_id,
        row.display_name,
        scopes_of(theirs),
        row.id,
        actor_id=row.impersonator_id,
        within=scopes_within(within),
    )


@lru_cache(maxsize=1)
def _statement() -> Compiled:
    table, session = table_of(Impersonation), table_of(AuthSession)
    user, impersonator = table_of(User).alias("person"), table_of(User).alias("impersonator")
    session_goes_on = sa.exists().where(
        session.c.id == table.c.session_id, session.c.revoked_at.is_(None), session.c.expires_at > sa.func.now()
    )
    return compiled(
        sa.select(
            table.c.id,
            table.c.user_id,
            table.c.impersonator_id,
            user.c.display_name,
            *standing(table.c.user_id),
            sa.func.array(standing_roles(table.c.impersonator_id).scalar_subquery()).label("impersonator_roles"),
        )
        .join(user, user.c.id == table.c.user_id)
        .join(impersonator, impersonator.c.id == table.c.impersonator_id)
        .where(
            table.c.token_hash == sa.bindparam("hash", type_=sa.Text),
            table.c.expires_at > sa.func.now(),
            table.c.ended_at.is_(None),
            user.c.status == UserStatus.ACTIVE.value,
            impersonator.c.status == UserStatus.ACTIVE.value,
            sa.or_(table.c.session_id.is_(None), session_goes_on),
        )
    )


# Actions -------------------------------------------------------------------------------------------------------------


async def start(tx: Transaction, viewer: Viewer, user_id: str, reason: str) -> tuple[str, str]:
    """Lets the viewer act as a person for half an hour; answers (id, token). Raises `DomainError` where they may not.

    Who may is asked of the database and not of the viewer, whose roles may have ended since the request began.
    """
    require_signed_in(viewer, in_person=True)
    values = checked(Impersonation, {"reason": reason})
    user = table_of(User)
    active = sa.select(user.c.id).where(user.c.id == user_id, user.c.status == UserStatus.ACTIVE.value)
    if tag_of(user_id) != User.__tag__ or await tx.row(active) is None:
        raise NotFound("user", ("userId",))
    if viewer.user_id == user_id:
        raise DomainError("You are this person already.", "INVALID", ("userId",))
    own, theirs = await roles_of(tx, str(viewer.user_id)), await roles_of(tx, user_id)
    if not may_act_as(own, theirs, await roles_within_of(tx, user_id)):
        raise DomainError("Nobody acts as somebody who may do more, or who runs the place.", "FORBIDDEN", ("userId",))
    token = new_token(TokenKind.IMPERSONATION)
    row = {
        **values,
        "id": Impersonation.new_id(),
        "user_id": user_id,
        "impersonator_id": viewer.user_id,
        "session_id": viewer.session_id,
        "token_hash": token_hash(token),
        "expires_at": now() + LIFE,
    }
    await tx.insert(Impersonation, [row])
    return row["id"], token


async def end(tx: Transaction, viewer: Viewer, impersonation_id: str | None) -> str:
    """Ends what the viewer began, by default that by which the request came; answers the id. Safe to repeat."""
    table = table_of(Impersonation)
    ended = impersonation_id or (viewer.session_id if viewer.actor_id else None)
    if ended is None or tag_of(ended) != Impersonation.__tag__:
        raise NotFound("impersonation")
    own = viewer.actor_id or viewer.user_id
    touched = await tx.execute(
        sa.update(table)
        .where(table.c.id == ended, table.c.impersonator_id == own)
        .values(ended_at=sa.func.coalesce(table.c.ended_at, sa.func.now()))
    )
    if not touched:
        raise NotFound("impersonation")
    return ended
