"""Jobs: called for by actions, claimed by workers, looked after by operators.

Every comparison of instants is made by the database, whose clock is the only one. Whoever finishes a job has to hold
its lease: the worker's name and the number of the attempt. A worker that lost the lease while it was stopped changes
nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from psycopg.errors import DivisionByZero
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.database import Compiled, Database, compiled, ready
from core.errors import DomainError, NotFound
from core.ids import tag_of
from core.jobs import JobKind, Priority
from core.reading import read_at_once
from core.redaction import without_people
from core.relations import Relation, Sort, equals
from core.rows import Row
from core.tables import id_type, insert_of_arrays, table_of
from core.viewer import SERVICE
from core.writing import Transaction
from models.jobs import Job, JobState, ScheduledJob

JOB = table_of(Job)
SCHEDULED = table_of(ScheduledJob)
# Heard by workers when something is due.
DUE = "cairn_jobs"
LEASE = timedelta(seconds=30)
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=5), timedelta(hours=1)
QUEUED, RUNNING, DONE = JobState.QUEUED.value, JobState.RUNNING.value, JobState.DONE.value
PARKED, CANCELLED = JobState.PARKED.value, JobState.CANCELLED.value

# What is visible -----------------------------------------------------------------------------------------------------

JOBS = Relation(
    Job,
    sorts={"NEWEST": Sort("id", descending=True), "DUE": Sort("run_at")},
    filters={"state": equals(JOB.c.state), "queue": equals(JOB.c.queue), "actor": equals(JOB.c.actor)},
)
JOB_BY_ID = Relation(Job, "id")


@dataclass(frozen=True)
class Claimed:
    """A job that is a worker's to do, as long as the lease is this one."""

    owner: str
    id: str
    actor: str
    queue: str
    arguments: dict[str, Any]
    attempt: int
    max_attempts: int
    requested_by: str | None
    acted_by: str | None

    @property
    def lease(self) -> dict[str, Any]:
        """The values that `_IS_HELD` is about."""
        return {"held_id": self.id, "held_by": self.owner, "held_attempt": self.attempt}


# That the lease of a claimed job is still the one that it was claimed with.
_IS_HELD = sa.and_(
    JOB.c.id == sa.bindparam("held_id"),
    JOB.c.lease_owner == sa.bindparam("held_by"),
    JOB.c.attempts == sa.bindparam("held_attempt"),
    JOB.c.state == RUNNING,
)


class LeaseLost(Exception):
    """The job was cancelled, or is another worker's by now: nothing of what was done here may stay."""


@dataclass(frozen=True)
class Standing:
    """How a job stands, as far as whoever watches it cares."""

    state: str
    progress: int
    note: str | None

    @property
    def is_over(self) -> bool:
        """Whether it will not change any more."""
        return self.state in (DONE, CANCELLED)


async def standings(database: Database, job_ids: Sequence[str]) -> dict[str, Standing]:
    """How jobs stand, by id, whoever may see them; those that are gone are left out."""
    found = await read_at_once(database, SERVICE, _standings(), {"ids": list(job_ids)})
    return {row.id: Standing(row.state, row.progress, row.note) for row in found}


@lru_cache(maxsize=1)
def _standings() -> Compiled:
    ids = sa.bindparam("ids", type_=ARRAY(JOB.c.id.type))
    return compiled(sa.select(JOB.c.id, JOB.c.state, JOB.c.progress, JOB.c.note).where(JOB.c.id == sa.any_(ids)))


# Actions: calling for work -------------------------------------------------------------------------------------------


async def enqueue(
    tx: Transaction,
    kind: JobKind,
    arguments: Mapping[str, Any],
    *,
    at: datetime | None = None,
    unique_key: str | None = None,
) -> str | None:
    """Calls for a job, with the change that needs it; answers its id.

    With a key it answers None, and calls for nothing, while another job with this key is unfinished.
    """
    (made,) = await enqueue_all(tx, [(kind, arguments, unique_key)], at)
    return made


async def enqueue_all(
    tx: Transaction,
    wanted: Sequence[tuple[JobKind, Mapping[str, Any], str | None]],
    at: datetime | None = None,
) -> list[str | None]:
    """Calls for several jobs in one statement; answers their ids, None for each that there is already."""
    ids, keys = [Job.new_id() for _ in wanted], [key for *_, key in wanted]
    values = {
        "id": ids,
        "actor": [kind.name for kind, *_ in wanted],
        "arguments": [dict(arguments) for _, arguments, _ in wanted],
        "queue": [kind.queue for kind, *_ in wanted],
        "priority": [int(kind.priority) for kind, *_ in wanted],
        "max_attempts": [kind.max_attempts for kind, *_ in wanted],
        "unique_key": keys,
        "at": at,
        "by": tx.viewer.user_id,
        "acted_by": tx.viewer.actor_id,
    }
    tx.wake(DUE)
    if not any(keys):
        await tx.execute(_ENQUEUE, values)
        return [*ids]
    made = {each.id for each in await tx.rows(_ENQUEUE_UNIQUE, values)}
    return [each if each in made else None for each in ids]


_GIVEN = ("id", "actor", "arguments", "queue", "priority", "max_attempts", "unique_key")
_SAME = {
    "state": sa.literal_column(f"'{QUEUED}'"),
    "run_at": sa.func.coalesce(sa.bindparam("at", type_=JOB.c.run_at.type), sa.func.now()),
    "attempts": sa.literal_column("0"),
    "progress": sa.literal_column("0"),
    "requested_by": sa.bindparam("by", type_=id_type()),
    "acted_by": sa.bindparam("acted_by", type_=id_type()),
}
# Made ready once: actions call for jobs all the time.
_ENQUEUE = compiled(insert_of_arrays(JOB, _GIVEN, _SAME))
_ENQUEUE_UNIQUE = compiled(insert_of_arrays(JOB, _GIVEN, _SAME).on_conflict_do_nothing().returning(JOB.c.id))


async def tick(tx: Transaction, kinds: Iterable[JobKind]) -> int:
    """Calls for the jobs whose time has come by their schedules; answers how many.

    The row of a schedule is locked, and its next instant set along with the job: one job per tick, whoever looks.
    Ticks that nobody was there for are made up for by one.
    """
    scheduled = {kind.name: kind for kind in kinds if kind.schedule}
    due = await tx.rows(
        sa.select(SCHEDULED.c.id, SCHEDULED.c.name, sa.func.now().label("now"))
        .where(SCHEDULED.c.next_run_at <= sa.func.now(), SCHEDULED.c.name == sa.any_(_texts(scheduled)))
        .with_for_update(skip_locked=True)
    )
    for each in due:
        kind = scheduled[each.name]
        await enqueue(tx, kind, {}, unique_key=f"schedule:{kind.name}")
        following = sa.update(SCHEDULED).where(SCHEDULED.c.id == each.id)
        await tx.execute(following.values(next_run_at=kind.next_run(each.now), updated_at=sa.func.now()))
    return len(due)


async def settle_schedules(tx: Transaction, kinds: Iterable[JobKind]) -> None:
    """Makes the rows of the schedules what the code says they are. Safe to repeat."""
    (clock,) = await tx.rows(sa.select(sa.func.now().label("now")))
    for kind in kinds:
        if kind.schedule is not None:
            values = {"schedule": kind.schedule, "next_run_at": kind.next_run(clock.now)}
            statement = insert(SCHEDULED).values(id=ScheduledJob.new_id(), name=kind.name, **values)
            changed = SCHEDULED.c.schedule != statement.excluded.schedule
            await tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values, where=changed))


# Actions: doing it ---------------------------------------------------------------------------------------------------


_CLAIMED = ("id", "actor", "queue", "arguments", "attempts", "max_attempts", "requested_by", "acted_by")


def _due(columns: Sequence[Any], queue: Any) -> Any:
    """(the levels of urgency, the first due jobs of a queue on each), so that jobs of the future, which may be a great
    many, are never walked through."""
    levels = sa.func.unnest(sa.literal([int(each) for each in Priority], ARRAY(sa.Integer)))
    level = levels.table_valued("priority", name="level").render_derived()
    due = (
        sa.select(*columns)
        .where(JOB.c.queue == queue, JOB.c.priority == level.c.priority, JOB.c.state == QUEUED)
        .where(JOB.c.run_at <= sa.func.now(), JOB.c.actor == sa.any_(sa.bindparam("actors", type_=ARRAY(sa.Text))))
        .limit(_MOST)
    )
    return level, due


_MOST = sa.bindparam("most", type_=sa.Integer)


def _claiming() -> sa.Update:
    """The most urgent jobs of a queue that nobody else is taking become the owner's for a lease."""
    level, due = _due([JOB.c.id], sa.bindparam("in_queue"))
    first = due.order_by(JOB.c.run_at).with_for_update(skip_locked=True, of=JOB).lateral("due")
    found = sa.select(first.c.id).select_from(level.join(first, sa.true())).limit(_MOST).cte("found")
    return (
        sa.update(JOB)
        .where(JOB.c.id == found.c.id)
        .values(
            state=RUNNING,
            attempts=JOB.c.attempts + 1,
            lease_owner=sa.bindparam("owner", type_=sa.Text),
            lease_until=sa.func.now() + LEASE,
            started_at=sa.func.now(),
        )
        .returning(*(JOB.c[name] for name in _CLAIMED))
    )


def _counting() -> sa.Select[Any]:
    asked = sa.func.unnest(sa.bindparam("queues", type_=ARRAY(sa.Text)))
    queue = asked.table_valued("name", name="asked").render_derived()
    level, due = _due([sa.literal(1).label("one")], queue.c.name)
    each = due.lateral("due")
    found = queue.join(level, sa.true()).join(each, sa.true())
    return sa.select(queue.c.name, sa.func.count().label("due")).select_from(found).group_by(queue.c.name)


# Made ready once: they are sent for every job, or for every few.
_CLAIM, _COUNT = ready(_claiming()), compiled(_counting())


async def claim(database: Database, owner: str, queue: str, actors: Sequence[str], most: int) -> list[Claimed]:
    """Takes due jobs of a queue that nobody else is taking, the most urgent first; they are the owner's for a lease.

    That is one statement and a transaction of its own.
    """
    statement = _CLAIM(owner=owner, in_queue=queue, actors=actors, most=most)
    (found,) = await database.run(SERVICE, statement)
    return [Claimed(owner, *values) for values in found]


def _completion() -> sa.Select[Any]:
    done = (
        sa.update(JOB)
        .where(_IS_HELD)
        .values(
            state=DONE,
            progress=100,
            note=sa.bindparam("note_left"),
            finished_at=sa.func.now(),
            lease_until=None,
            lease_owner=None,
            last_error=None,
        )
        .returning(JOB.c.id)
        .cte("done")
    )
    return sa.select(sa.literal_column("1 / count(*)")).select_from(done)


_COMPLETE = ready(_completion())


async def complete(tx: Transaction, job: Claimed, note: str | None = None) -> None:
    """Notes that a job is done, and ends the transaction of its effect with that. Raises `LeaseLost` when it is not
    ours now: then the statement divides by zero, so that it fails on the way and the commit behind it with it."""
    try:
        await tx.finish(_COMPLETE(**job.lease, note_left=note))
    except DivisionByZero as error:
        raise LeaseLost(job.id) from error


async def fail(tx: Transaction, job: Claimed, reason: str, *, final: bool = False) -> str | None:
    """Notes why an attempt failed; answers how the job stands: queued for later, or parked after the last attempt.

    What looks like a secret is left out of the reason, and so are e-mail addresses.

    Where the lease is lost, or the attempt was committed after all and only its answer lost, nothing changes, and the
    answer is None.
    """
    reason = without_people(reason)
    is_over = final or job.attempt >= job.max_attempts
    values: dict[str, Any] = {"state": PARKED, "parked_reason": reason[:2000]} if is_over else {"state": QUEUED}
    is_noted = await tx.execute(
        sa.update(JOB)
        .where(_IS_HELD)
        .values(
            **values,
            last_error=reason[:2000],
            run_at=sa.func.now() + retry_delay(job.attempt),
            lease_until=None,
            lease_owner=None,
        ),
        job.lease,
    )
    return str(values["state"]) if is_noted else None


def retry_delay(attempt: int) -> timedelta:
    """How long to wait after a failed attempt: twice as long each time, and never quite the same."""
    pause: timedelta = min(FIRST_RETRY * 2 ** min(attempt - 1, 20), LONGEST_RETRY)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - nobody has to be unable to guess it


async def release(tx: Transaction, job: Claimed) -> None:
    """Gives back a job that was not begun, or was stopped because its worker is to stop: that is no attempt."""
    await tx.execute(
        sa.update(JOB)
        .where(_IS_HELD)
        .values(
            state=QUEUED,
            attempts=JOB.c.attempts - 1,
            run_at=sa.func.now(),
            lease_until=None,
            lease_owner=None,
        ),
        job.lease,
    )
    tx.wake(DUE)


async def sweep(tx: Transaction, most: int = 500) -> list[Row]:
    """Puts jobs whose worker was not heard of for a lease back into their queue, or parks them.

    Answers them: `queue` and `actor`.
    """
    expired = (
        sa.select(JOB.c.id)
        .where(JOB.c.state == RUNNING, JOB.c.lease_until < sa.func.now())
        .order_by(JOB.c.lease_until)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("expired")
    )
    reason = sa.literal("The worker that did it was lost.")
    is_over = JOB.c.attempts >= JOB.c.max_attempts
    swept = await tx.rows(
        sa.update(JOB)
        .where(JOB.c.id == expired.c.id)
        .values(
            state=sa.case((is_over, PARKED), else_=QUEUED),
            parked_reason=sa.case((is_over, reason)),
            last_error=reason,
            run_at=sa.func.now(),
            lease_until=None,
            lease_owner=None,
        )
        .returning(JOB.c.queue, JOB.c.actor)
    )
    if swept:
        tx.wake(DUE)
    return swept


async def due(tx: Transaction, queues: Sequence[str], actors: Sequence[str], most: int) -> dict[str, int]:
    """How many jobs are due in these queues, those without any left out; it is not counted far beyond `most`."""
    return {row.name: row.due for row in await tx.rows(_COUNT, {"queues": queues, "actors": actors, "most": most})}


# Actions: looking after it -------------------------------------------------------------------------------------------


async def retry(tx: Transaction, job_id: str) -> None:
    """Puts a parked or cancelled job into its queue again, with all its attempts before it."""
    await _change(
        tx,
        job_id,
        (PARKED, CANCELLED),
        "Only a parked or cancelled job can be tried again.",
        {"state": QUEUED, "attempts": 0, "run_at": sa.func.now(), "parked_reason": None, "finished_at": None},
    )
    tx.wake(DUE)


async def cancel(tx: Transaction, job_id: str) -> None:
    """Sees to it that a job is not done. One that is being done cannot commit what it did."""
    await _change(
        tx,
        job_id,
        (QUEUED, RUNNING, PARKED),
        "This job is over already.",
        {"state": CANCELLED, "finished_at": sa.func.now()},
    )


async def park(tx: Transaction, job_id: str, reason: str) -> None:
    """Puts a job that waits aside, until somebody has it tried again."""
    await _change(
        tx, job_id, (QUEUED,), "Only a job that waits can be parked.", {"state": PARKED, "parked_reason": reason}
    )


async def _change(tx: Transaction, job_id: str, states: Sequence[str], refusal: str, values: Mapping[str, Any]) -> None:
    found = None
    if tag_of(job_id) == Job.__tag__:
        found = await tx.row(sa.select(JOB.c.state).where(JOB.c.id == job_id).with_for_update())
    if found is None:
        raise NotFound("job")
    if found.state not in states:
        raise DomainError(refusal, "WRONG_STATE", ("id",))
    settled = {"lease_until": None, "lease_owner": None, "updated_at": sa.func.now()}
    await tx.execute(sa.update(JOB).where(JOB.c.id == job_id).values(**settled, **values))


def waits_for(fact_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """That a job is still to be done which is about this fact: its reaction, or one that somebody may try again."""
    is_about = JOB.c.arguments["fact_id"].astext == sa.cast(fact_id, sa.Text)
    return sa.exists().where(JOB.c.finished_at.is_(None), is_about)


async def delete_old(tx: Transaction, days: int, most: int = 5_000) -> int:
    """Removes jobs that were done or cancelled so many days ago, at most so many; answers how many. Parked stay."""
    old = sa.select(JOB.c.id).where(JOB.c.finished_at < sa.func.now() - timedelta(days=days)).limit(most)
    return await tx.execute(sa.delete(JOB).where(JOB.c.id.in_(old)))


def _texts(words: Iterable[str]) -> Any:
    return sa.literal(list(words), ARRAY(sa.Text))
