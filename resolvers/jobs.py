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
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.errors import DomainError, NotFound
from core.ids import tag_of
from core.jobs import JobKind, Priority
from core.redaction import redacted
from core.relations import Relation, Sort, equals
from core.rows import Row
from core.tables import id_type, table_of
from core.writing import Transaction
from models.jobs import Job, JobState, ScheduledJob

JOB = table_of(Job)
SCHEDULED = table_of(ScheduledJob)
# Heard by workers when something is due.
DUE = "cairn_jobs"
LEASE = timedelta(seconds=30)
FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=5), timedelta(hours=1)
# After this long a broker is told again of a job that nobody has begun.
TOLD_AGAIN = timedelta(seconds=30)
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

    id: str
    actor: str
    queue: str
    arguments: dict[str, Any]
    attempt: int
    max_attempts: int
    requested_by: str | None
    owner: str

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
    rows = [
        {
            "id": Job.new_id(),
            "actor": kind.name,
            "arguments": dict(arguments),
            "queue": kind.queue,
            "priority": int(kind.priority),
            "state": QUEUED,
            "run_at": at or sa.func.now(),
            "attempts": 0,
            "max_attempts": kind.max_attempts,
            "unique_key": key,
            "progress": 0,
            "requested_by": tx.viewer.user_id,
        }
        for kind, arguments, key in wanted
    ]
    tx.wake(DUE)
    statement = insert(JOB).values(rows)
    if not any(key for *_, key in wanted):
        await tx.execute(statement)
        return [str(row["id"]) for row in rows]
    made = {each.id for each in await tx.rows(statement.on_conflict_do_nothing().returning(JOB.c.id))}
    return [str(row["id"]) if row["id"] in made else None for row in rows]


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


async def claim(tx: Transaction, owner: str, queue: str, actors: Sequence[str], most: int) -> list[Claimed]:
    """Takes due jobs of a queue that nobody else is taking, the most urgent first; they are the owner's for a lease."""
    levels = sa.func.unnest(sa.literal([int(each) for each in Priority], ARRAY(sa.Integer)))
    level = levels.table_valued("priority", name="level").render_derived()
    # Level by level, so that a great many jobs of the future are never walked through.
    due = (
        sa.select(JOB.c.id)
        .where(JOB.c.queue == queue, JOB.c.priority == level.c.priority, JOB.c.state == QUEUED)
        .where(JOB.c.run_at <= sa.func.now(), JOB.c.actor == sa.any_(_texts(actors)))
        .order_by(JOB.c.run_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=JOB)
        .lateral("due")
    )
    found = sa.select(due.c.id).select_from(level.join(due, sa.true())).limit(most).cte("found")
    return await _taken(tx, owner, JOB.c.id == found.c.id)


async def claim_one(tx: Transaction, owner: str, job_id: str) -> Claimed | None:
    """Takes one due job; None when it is not due, or not there, or somebody else's: a wake-up may well be stale."""
    chosen = sa.select(JOB.c.id).where(JOB.c.id == job_id, JOB.c.state == QUEUED, JOB.c.run_at <= sa.func.now())
    found = chosen.with_for_update(skip_locked=True).cte("found")
    taken = await _taken(tx, owner, JOB.c.id == found.c.id)
    return taken[0] if taken else None


_CLAIMED = ("id", "actor", "queue", "arguments", "attempts", "max_attempts", "requested_by")


async def _taken(tx: Transaction, owner: str, condition: sa.ColumnElement[bool]) -> list[Claimed]:
    taken = await tx.rows(
        sa.update(JOB)
        .where(condition)
        .values(
            state=RUNNING,
            attempts=JOB.c.attempts + 1,
            lease_owner=owner,
            lease_until=sa.func.now() + LEASE,
            started_at=sa.func.now(),
        )
        .returning(*(JOB.c[name] for name in _CLAIMED))
    )
    return [Claimed(owner=owner, attempt=each.attempts, **_of(each)) for each in taken]


def _of(row: Row) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name != "attempts"}


# Made once: there is one for each job.
_COMPLETE = (
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
)


async def complete(tx: Transaction, job: Claimed, note: str | None = None) -> None:
    """Notes, in the transaction of the job's effect, that it is done. Raises `LeaseLost` when it is not ours now."""
    if not await tx.execute(_COMPLETE, {**job.lease, "note_left": note}):
        raise LeaseLost(job.id)


async def fail(tx: Transaction, job: Claimed, reason: str, *, final: bool = False) -> str | None:
    """Notes why an attempt failed; answers how the job stands: queued for later, or parked after the last attempt.

    What looks like a secret is left out of the reason.

    Where the lease is lost, or the attempt was committed after all and only its answer lost, nothing changes, and the
    answer is None.
    """
    reason = redacted(reason)
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
            woken_at=None,
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
            woken_at=None,
        ),
        job.lease,
    )
    tx.wake(DUE)


async def sweep(tx: Transaction, most: int = 500) -> int:
    """Puts jobs whose worker was not heard of for a lease back into their queue, or parks them; answers how many."""
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
    swept = await tx.execute(
        sa.update(JOB)
        .where(JOB.c.id == expired.c.id)
        .values(
            state=sa.case((is_over, PARKED), else_=QUEUED),
            parked_reason=sa.case((is_over, reason)),
            last_error=reason,
            run_at=sa.func.now(),
            lease_until=None,
            lease_owner=None,
            woken_at=None,
        )
    )
    if swept:
        tx.wake(DUE)
    return swept


async def untold(tx: Transaction, queues: Sequence[str] | None, most: int) -> list[Row]:
    """Due jobs that a broker was not told of lately, noted as told from now on: `id`, `actor`, `queue`."""
    stale = sa.or_(JOB.c.woken_at.is_(None), JOB.c.woken_at < sa.func.now() - TOLD_AGAIN)
    chosen = sa.select(JOB.c.id).where(JOB.c.state == QUEUED, JOB.c.run_at <= sa.func.now(), stale)
    if queues is not None:
        chosen = chosen.where(JOB.c.queue == sa.any_(_texts(queues)))
    found = chosen.order_by(JOB.c.priority, JOB.c.run_at).limit(most).with_for_update(skip_locked=True).cte("found")
    told = sa.update(JOB).where(JOB.c.id == found.c.id).values(woken_at=sa.func.now())
    return await tx.rows(told.returning(JOB.c.id, JOB.c.actor, JOB.c.queue))


async def forget_told(tx: Transaction, job_ids: Sequence[str]) -> None:
    """Notes that a broker could not be told of these jobs."""
    chosen = JOB.c.id == sa.any_(sa.literal(list(job_ids), ARRAY(id_type())))
    await tx.execute(sa.update(JOB).where(chosen).values(woken_at=None))


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
    settled = {"lease_until": None, "lease_owner": None, "woken_at": None, "updated_at": sa.func.now()}
    await tx.execute(sa.update(JOB).where(JOB.c.id == job_id).values(**settled, **values))


async def delete_old(tx: Transaction, days: int, most: int = 5_000) -> int:
    """Removes jobs that were done or cancelled so many days ago, at most so many; answers how many. Parked stay."""
    old = sa.select(JOB.c.id).where(JOB.c.finished_at < sa.func.now() - timedelta(days=days)).limit(most)
    return await tx.execute(sa.delete(JOB).where(JOB.c.id.in_(old)))


async def figures(tx: Transaction) -> list[Row]:
    """Per queue: how many jobs are `due`, `waiting`, `running`, `parked`; the `age` of the oldest due, in seconds."""
    is_due = sa.and_(JOB.c.state == QUEUED, JOB.c.run_at <= sa.func.now())
    count = sa.func.count
    age = sa.func.extract("epoch", sa.func.now() - sa.func.min(JOB.c.run_at).filter(is_due))
    return await tx.rows(
        sa.select(
            JOB.c.queue,
            count().filter(is_due).label("due"),
            count().filter(sa.and_(JOB.c.state == QUEUED, ~is_due)).label("waiting"),
            count().filter(JOB.c.state == RUNNING).label("running"),
            count().filter(JOB.c.state == PARKED).label("parked"),
            sa.cast(sa.func.coalesce(age, 0), sa.Float).label("age"),
        )
        .where(JOB.c.finished_at.is_(None))
        .group_by(JOB.c.queue)
        .order_by(JOB.c.queue)
    )


def _texts(words: Iterable[str]) -> Any:
    return sa.literal(list(words), ARRAY(sa.Text))
