"""Friends in the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

import models.events as facts
import models.identity as models
from core.rows import Row
from graph.door import Act, Gate, described_as, mutation
from graph.engine import BatchInfo
from graph.fields import batched, column, entity
from graph.identity.types import User
from graph.paging import Connection, connection
from models.identity import ConnectionStatus
from resolvers.identity import friends, visible
from resolvers.requests import limits

FriendshipId = Annotated[strawberry.ID, described_as("The friendship's id.")]
UserId = Annotated[strawberry.ID, described_as("The person.")]


async def _others(rows: Sequence[Any], info: BatchInfo) -> Sequence[Any]:
    viewer_id = info.context.viewer.user_id
    people = [Row({"id": friends.other_of(row, viewer_id)}) for row in rows]
    found = await info.context.reader.children(visible.CARD_OF_USER, people, info.columns)
    return [cards[0] if cards else None for cards in found]


async def _other_ids(rows: Sequence[Any], info: BatchInfo) -> Sequence[strawberry.ID]:
    return [strawberry.ID(friends.other_of(row, info.context.viewer.user_id)) for row in rows]


@entity(models.Connection)
class Friendship:
    """How one stands to somebody else."""

    id: strawberry.ID = column("The friendship's id.")
    status: ConnectionStatus
    requested_by: strawberry.ID
    created_at: datetime = column("When somebody asked first.")
    user_id: strawberry.ID = batched(_other_ids, "The other person's id.", needs=("user_low", "user_high"))
    user: User | None = batched(
        _others, "The other person, as far as one may see them.", needs=("user_low", "user_high")
    )


@strawberry.type
class FriendsQuery:
    """Root fields about friends."""

    friendships: Connection[Friendship] = connection(
        friends.FRIENDSHIPS, "One's friends, those who asked, those one asked and those one has blocked, newest first."
    )


@mutation(
    Gate.PERSON,
    Friendship,
    trusted=True,
    limit=limits.FRIEND,
    records=(facts.FriendshipRequested, facts.FriendshipAccepted),
)
async def friendship_request(act: Act, user_id: UserId) -> str:
    """Asks somebody to be friends. Whoever was asked by them already accepts with this."""
    return await friends.request(act.tx, act.viewer, user_id)


@mutation(Gate.PERSON, Friendship, trusted=True, records=(facts.FriendshipAccepted,))
async def friendship_accept(act: Act, id: FriendshipId) -> str:
    """Accepts what somebody asked."""
    await friends.accept(act.tx, act.viewer, id)
    return id


@mutation(Gate.PERSON, Friendship, trusted=True, records=(facts.FriendshipEnded,))
async def friendship_end(act: Act, id: FriendshipId) -> str:
    """Ends a friendship, takes a request back, declines one, or unblocks."""
    await friends.end(act.tx, act.viewer, id)
    return id


@mutation(Gate.PERSON, Friendship, trusted=True, records=(facts.FriendshipBlocked,))
async def friendship_block(act: Act, user_id: UserId) -> str:
    """Blocks somebody: they are a friend no more, cannot ask again, and are not told."""
    return await friends.block(act.tx, act.viewer, user_id)


MUTATIONS = (friendship_request, friendship_accept, friendship_end, friendship_block)
