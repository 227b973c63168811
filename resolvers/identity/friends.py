"""Becoming friends, ceasing to be, and blocking people."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.errors import DomainError, NotFound
from core.ids import tag_of
from core.relations import Relation, Sort
from core.rows import Row
from core.tables import table_of
from core.viewer import Viewer
from core.writing import Transaction
from models.events import FriendshipAccepted, FriendshipBlocked, FriendshipEnded, FriendshipRequested
from models.identity import Connection, ConnectionStatus, User, UserStatus
from resolvers import events
from resolvers.identity import profiles

# What is visible -----------------------------------------------------------------------------------------------------

# Row-level security lets each through to the two people that it is about.
FRIENDSHIPS = Relation(Connection, sorts={"NEWEST": Sort("id", descending=True)})


def other_of(row: Any, viewer_id: str | None) -> str:
    """The one of the two who is not the viewer."""
    found: str = row.user_low if row.user_high == viewer_id else row.user_high
    return found


# Who may -------------------------------------------------------------------------------------------------------------


async def require_known(tx: Transaction, viewer: Viewer) -> None:
    """Raises for anonymous accounts, of which anybody has as many as they like: what comes to people has a sender."""
    user = table_of(User)
    known = sa.select(user.c.id).where(user.c.id == viewer.user_id, user.c.is_anonymous.is_(False))
    if viewer.user_id is not None and await tx.row(known) is None:
        raise DomainError("Claim your account first, so that it is known who sends this.", "ANONYMOUS")


# Actions -------------------------------------------------------------------------------------------------------------


async def request(tx: Transaction, viewer: Viewer, user_id: str) -> str:
    """Asks somebody to be friends, or accepts if they have asked; answers the connection's id.

    Raises `NotFound` for somebody who does not exist, and for somebody who has blocked the viewer: both look alike.
    """
    await require_known(tx, viewer)
    standing, is_new = await _standing(tx, viewer, user_id, ConnectionStatus.PENDING)
    if standing.status == ConnectionStatus.BLOCKED.value:
        if standing.requested_by != viewer.user_id:
            raise NotFound("user", ("userId",))
        raise DomainError("You have blocked this person.", "BLOCKED", ("userId",))
    if is_new:
        events.record(tx, FriendshipRequested(subject_id=standing.id), viewer)
    elif standing.status == ConnectionStatus.PENDING.value and standing.requested_by != viewer.user_id:
        await _accept(tx, viewer, standing.id)
    return str(standing.id)


async def accept(tx: Transaction, viewer: Viewer, connection_id: str) -> None:
    """Accepts what somebody else asked. Raises `NotFound` when nobody did."""
    found = await _own(tx, viewer, connection_id)
    if found.status == ConnectionStatus.BLOCKED.value or found.requested_by == viewer.user_id:
        raise NotFound("friendship")
    if found.status != ConnectionStatus.ACCEPTED.value:
        await _accept(tx, viewer, connection_id)


async def _accept(tx: Transaction, viewer: Viewer, connection_id: str) -> None:
    await _set(tx, connection_id, status=ConnectionStatus.ACCEPTED.value)
    events.record(tx, FriendshipAccepted(subject_id=connection_id), viewer)


async def end(tx: Transaction, viewer: Viewer, connection_id: str) -> None:
    """Ends a friendship, takes a request back, declines one, or unblocks. Raises `NotFound` when there is none."""
    found = await _own(tx, viewer, connection_id)
    if found.status == ConnectionStatus.BLOCKED.value and found.requested_by != viewer.user_id:
        raise NotFound("friendship")
    table = table_of(Connection)
    await tx.execute(sa.delete(table).where(table.c.id == connection_id))
    if found.status == ConnectionStatus.BLOCKED.value:
        await profiles.write_blocks(tx, str(viewer.user_id))
    events.record(tx, FriendshipEnded(subject_id=connection_id), viewer)


async def block(tx: Transaction, viewer: Viewer, user_id: str) -> str:
    """Blocks somebody, who is a friend no more and sees the viewer's cards no more; answers the connection's id.

    Raises `NotFound` for somebody who has blocked the viewer, who is not there for them.
    """
    standing, is_new = await _standing(tx, viewer, user_id, ConnectionStatus.BLOCKED)
    if standing.requested_by != viewer.user_id and standing.status == ConnectionStatus.BLOCKED.value:
        raise NotFound("user", ("userId",))
    if standing.status != ConnectionStatus.BLOCKED.value:
        await _set(tx, standing.id, status=ConnectionStatus.BLOCKED.value, requested_by=viewer.user_id)
    if is_new or standing.status != ConnectionStatus.BLOCKED.value:
        await profiles.write_blocks(tx, str(viewer.user_id))
        events.record(tx, FriendshipBlocked(subject_id=standing.id), viewer)
    return str(standing.id)


async def _standing(tx: Transaction, viewer: Viewer, user_id: str, status: ConnectionStatus) -> tuple[Row, bool]:
    """(the row of these two, locked; whether it was made here, in this status, because there was none)."""
    user, table = table_of(User), table_of(Connection)
    if user_id == viewer.user_id:
        raise DomainError("This is you.", "INVALID", ("userId",))
    active = sa.select(user.c.id).where(user.c.id == user_id, user.c.status == UserStatus.ACTIVE.value)
    if tag_of(user_id) != User.__tag__ or await tx.row(active) is None:
        raise NotFound("user", ("userId",))
    low, high = sorted((str(viewer.user_id), user_id))
    row = {
        "id": Connection.new_id(),
        "user_low": low,
        "user_high": high,
        "status": status.value,
        "requested_by": viewer.user_id,
    }
    made = await tx.execute(
        insert(table).values(**row).on_conflict_do_nothing(index_elements=["user_low", "user_high"])
    )
    found = await tx.row(sa.select(table).where(table.c.user_low == low, table.c.user_high == high).with_for_update())
    if found is None:
        raise DomainError("Somebody else is changing this at the moment. Try again.", "BUSY")
    return found, bool(made)


async def _own(tx: Transaction, viewer: Viewer, connection_id: str) -> Row:
    table = table_of(Connection)
    if tag_of(connection_id) != Connection.__tag__:
        raise NotFound("friendship")
    found = await tx.row(
        sa.select(table)
        .where(
            table.c.id == connection_id,
            sa.or_(table.c.user_low == viewer.user_id, table.c.user_high == viewer.user_id),
        )
        .with_for_update()
    )
    if found is None:
        raise NotFound("friendship")
    return found


async def _set(tx: Transaction, connection_id: str, **values: Any) -> None:
    table = table_of(Connection)
    await tx.execute(sa.update(table).where(table.c.id == connection_id).values(**values, updated_at=sa.func.now()))
