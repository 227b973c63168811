"""Figures of jobs: how many stand how, and what workers have counted since the beginning."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.jobs import JobTally
from resolvers.jobs import JOB, PARKED, QUEUED, RUNNING

TALLY = table_of(JobTally)


async def figures(tx: Transaction) -> list[Row]:
    """Per queue: how many jobs are `due`, `waiting`, `running`, `parked`; the `age` of the oldest due, in seconds."""
    is_due = JOB.c.run_at <= sa.func.now()
    count, nothing = sa.func.count, sa.literal_column("0", sa.Integer)
    age = sa.func.extract("epoch", sa.func.now() - sa.func.min(JOB.c.run_at).filter(is_due))
    # State by state, so that each part is read from its own small index, however many jobs are over.
    queued = sa.select(
        JOB.c.queue,
        count().filter(is_due).label("due"),
        count().filter(~is_due).label("waiting"),
        nothing.label("running"),
        nothing.label("parked"),
        sa.cast(sa.func.coalesce(age, 0), sa.Float).label("age"),
    ).where(_stands(QUEUED))
    running = sa.select(JOB.c.queue, nothing, nothing, count(), nothing, nothing).where(_stands(RUNNING))
    parked = sa.select(JOB.c.queue, nothing, nothing, nothing, count(), nothing).where(_stands(PARKED))
    found = sa.union_all(*(each.group_by(JOB.c.queue) for each in (queued, running, parked))).subquery("found")
    sums = [
        sa.cast(sa.func.sum(found.c[name]), sa.Integer).label(name) for name in ("due", "waiting", "running", "parked")
    ]
    summed = sa.select(found.c.queue, *sums, sa.func.max(found.c.age).label("age"))
    return await tx.rows(summed.group_by(found.c.queue).order_by(found.c.queue))


def _stands(state: str) -> sa.ColumnElement[bool]:
    return JOB.c.state == sa.literal_column(f"'{state}'")


# (queue, actor, outcome) to the number of attempts that ended so, and the seconds that they took.
Tallied = Mapping[tuple[str, str, str], tuple[int, float]]


async def add_tallies(tx: Transaction, tallied: Tallied) -> None:
    """Adds what a worker has counted to what all have counted since the beginning."""
    # In one order, so that workers wait for each other and never in a circle.
    for (queue, actor, outcome), (number, seconds) in sorted(tallied.items()):
        statement = insert(TALLY).values(
            id=JobTally.new_id(), queue=queue, actor=actor, outcome=outcome, number=number, seconds=seconds
        )
        more = {"number": TALLY.c.number + number, "seconds": TALLY.c.seconds + seconds, "updated_at": sa.func.now()}
        await tx.execute(statement.on_conflict_do_update(index_elements=["queue", "actor", "outcome"], set_=more))


async def tallies(tx: Transaction) -> list[Row]:
    """All that was counted: `queue`, `actor`, `outcome`, `number`, `seconds`."""
    names = ("queue", "actor", "outcome", "number", "seconds")
    return await tx.rows(sa.select(*(TALLY.c[name] for name in names)).order_by(TALLY.c.queue, TALLY.c.actor))
