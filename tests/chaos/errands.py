"""Doing jobs one at a time and by hand, with everything that a worker does about them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from core.database import Database
from resolvers import jobs
from resolvers.jobs import LEASE
from workers import relay
from workers.actors import Actor, Held, Tools, carry_out
from workers.registry import ACTORS, REACTIONS
from workers.running import AWAY

EVERY_ACTOR: dict[str, Actor] = {each.kind.name: each for each in (*ACTORS, *map(relay.actor_of, REACTIONS))}


def do_due(url: str, tools: Tools, queues: Sequence[str]) -> int:
    """Does all jobs of these queues that are due; answers how many that were."""
    return asyncio.run(_with_database(url, tools, queues))


async def _with_database(url: str, tools: Tools, queues: Sequence[str]) -> int:
    database = Database(url, pool_size=2)
    await database.open()
    try:
        return sum([await do_queue(database, tools, queue) for queue in queues])
    finally:
        await database.close()


async def do_queue(database: Database, tools: Tools, queue: str, actors: Sequence[str] = tuple(EVERY_ACTOR)) -> int:
    """Does the due jobs of these actors in a queue until there are none, as `workers.running` does them."""
    done = 0
    while True:
        found = await jobs.claim(database, "errands", queue, list(actors), 50)
        if not found:
            return done
        for job in found:
            # As in a worker: what cannot even be noted is done again when its lease has run out.
            with suppress(AWAY):
                await carry_out(database, tools, EVERY_ACTOR[job.actor], Held(job, time.monotonic() + LEASE.seconds))
        done += len(found)
