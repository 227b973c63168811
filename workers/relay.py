"""The relay: facts get their places; then a job is made for each reaction, and a delivery for each webhook.

The order depends on nobody but the relay: what is made of facts is made afterwards, from places of its own, by those
who know what is to be made of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.database import Database
from core.events import Reaction
from core.jobs import JobKind
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from resolvers import events, followers, jobs
from resolvers.webhooks import placing
from workers.actors import Actor, Work

BATCH = 500
_PASS_OVER = followers.passing(placing.TOLD)


def kind_of(reaction: Reaction[Any]) -> JobKind:
    """The kind of job that a reaction is."""
    return JobKind(reaction.name)


def actor_of(reaction: Reaction[Any]) -> Actor:
    """The actor that has a reaction follow its fact."""

    async def react(work: Work, fact_id: str) -> None:
        await reaction.act(work.tx, await events.find(work.tx, fact_id))

    return Actor(kind_of(reaction), react)


async def settle(database: Database, reactions: Sequence[Reaction[Any]]) -> None:
    """Has all that is known here follow the log, from where it stands."""
    async with transaction(database, SERVICE) as tx:
        await _settle(tx, reactions)


async def _settle(tx: Transaction, reactions: Sequence[Reaction[Any]]) -> None:
    await followers.settle(tx, [placing.FOLLOWER, *(each.name for each in reactions)])


async def place(database: Database, reactions: Sequence[Reaction[Any]]) -> list[str]:
    """Places a batch of facts; answers their types."""
    placed = await events.place(database, BATCH)
    if placed is None:
        # The first fact of all has its place the next time.
        async with transaction(database, SERVICE) as tx:
            await events.begin(tx)
            await _settle(tx, reactions)
    return placed or []


async def pass_over(database: Database, reactions: Sequence[Reaction[Any]]) -> set[str]:
    """Has all that is known here come past the facts that are nothing to it; answers who has something to follow.

    Most facts are something to nobody: to come past them is one statement for all.
    """
    names, types = [each.name for each in reactions], [each.fact.type for each in reactions]
    statement = _PASS_OVER(names=names, types=types, known=[placing.FOLLOWER, *names])
    (found,) = await database.run(SERVICE, statement)
    return {name for name, is_more in found if is_more}


async def react(database: Database, reactions: Sequence[Reaction[Any]]) -> bool:
    """Calls for a job per reaction for some of the facts that it has not followed; answers whether there was any."""
    async with transaction(database, SERVICE) as tx:
        behind = await followers.behind(tx, [each.name for each in reactions])
        if not behind:
            return False
        came = {each.name: each.position for each in behind}
        position = min(came.values())
        until = min(position + BATCH, behind[0].last)
        mine = [each for each in reactions if each.name in came]
        facts = await followers.facts_between(tx, position, until, [each.fact.type for each in mine])
        wanted = [
            (kind_of(each), {"fact_id": fact.id}, None)
            for fact in facts
            for each in mine
            if each.fact.type == fact.type and fact.position > came[each.name]
        ]
        for start in range(0, len(wanted), BATCH):
            await jobs.enqueue_all(tx, wanted[start : start + BATCH])
        await followers.move(tx, behind, until)
    return True


async def tell(database: Database) -> bool:
    """Makes the deliveries of some of the facts that webhooks were not told of; answers whether there was any."""
    async with transaction(database, SERVICE) as tx:
        return await placing.follow(tx)


async def step(database: Database, reactions: Sequence[Reaction[Any]] = ()) -> int:
    """Once all of it, to the end of the log; answers how many facts were placed."""
    placed = await place(database, reactions)
    await pass_over(database, reactions)
    while await react(database, reactions):
        pass
    while await tell(database):
        pass
    return len(placed)
