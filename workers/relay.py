"""The relay: facts get their places, a job for each reaction, and a delivery for each webhook, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.database import Database
from core.events import Reaction
from core.jobs import JobKind
from core.viewer import SERVICE
from core.writing import transaction
from resolvers import events, jobs
from resolvers.webhooks import placing
from workers.actors import Actor, Work

BATCH = 500


def kind_of(reaction: Reaction[Any]) -> JobKind:
    """The kind of job that a reaction is."""
    return JobKind(reaction.name)


def actor_of(reaction: Reaction[Any]) -> Actor:
    """The actor that has a reaction follow its fact."""

    async def react(work: Work, fact_id: str) -> None:
        await reaction.act(work.tx, await events.find(work.tx, fact_id))

    return Actor(kind_of(reaction), react)


def by_type(reactions: Sequence[Reaction[Any]]) -> dict[str, list[JobKind]]:
    """Type of fact to the jobs that follow from it."""
    found: dict[str, list[JobKind]] = {}
    for each in reactions:
        found.setdefault(each.fact.type, []).append(kind_of(each))
    return found


async def place(database: Database, following: Mapping[str, Sequence[JobKind]]) -> int:
    """Places a batch of facts and calls for what follows from them; answers how many facts that were."""
    async with transaction(database, SERVICE) as tx:
        placed = await events.place(tx, BATCH)
        wanted = [(kind, {"fact_id": each.id}, None) for each in placed for kind in following.get(each.type, ())]
        for start in range(0, len(wanted), BATCH):
            await jobs.enqueue_all(tx, wanted[start : start + BATCH])
        await placing.take(tx, placed)
    return len(placed)
