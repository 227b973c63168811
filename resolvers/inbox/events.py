"""Events that came in: each kept once, answered at once, and handled by a job; those nobody handles are kept, too.

    @handles("stripe", "invoice.paid")
    async def settle_invoice(tx: Transaction, event: Received) -> None: ...

A handler is named in its domain's `HANDLERS`, and these in `workers/inbox.py`. What it does with `tx` is committed with
the event's state: once, however often the event is sent. It may be called again where somebody has an event replayed,
so it has to be safe to repeat.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.errors import DomainError, NotFound
from core.ids import tag_of
from core.jobs import JobKind
from core.relations import Filter, Relation, Sort, equals
from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.inbox import ProviderEvent, ProviderEventState
from models.jobs import Job, JobState
from resolvers import jobs
from resolvers.inbox import hooks

EVENT = table_of(ProviderEvent)
HANDLE = JobKind("handle_provider_event", queue="inbox", max_attempts=10)
RECEIVED, HANDLED, IGNORED = (each.value for each in ProviderEventState)
_UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value)

# What is visible -----------------------------------------------------------------------------------------------------

EVENTS = Relation(
    ProviderEvent,
    sorts={"NEWEST": Sort("id", descending=True)},
    filters={
        "source": equals(EVENT.c.source),
        "type": equals(EVENT.c.type),
        "state": equals(EVENT.c.state),
        "hook": equals(EVENT.c.hook_id),
        "parked": Filter(
            lambda value: sa.exists().where(jobs.JOB.c.id == EVENT.c.job_id, jobs.JOB.c.state == "parked") == value
        ),
    },
)
EVENT_BY_ID = Relation(ProviderEvent, "id")
JOB_OF_EVENT = Relation(Job, "id", "job_id")


@dataclass(frozen=True)
class Received:
    """An event as handlers get it; `external_id` is its id at the sender."""

    id: str
    source: str
    external_id: str
    type: str
    payload: Any
    received_at: datetime


Act = Callable[[Transaction, Received], Awaitable[None]]


@dataclass(frozen=True)
class Handler:
    """What is done about one type of events of one source."""

    source: str
    type: str
    act: Act


def handles(source: str, type: str) -> Callable[[Act], Handler]:
    """Makes an async function `(tx, event)` the handler of a type of events."""
    return lambda act: Handler(source, type, act)


# Actions -------------------------------------------------------------------------------------------------------------


async def take(tx: Transaction, source: str, external_id: str, type: str, body: bytes) -> bool:
    """Keeps an event, and calls for the job that handles it; answers whether it is new. Safe to repeat."""
    event_id = ProviderEvent.new_id()
    row = {"id": event_id, "source": source, "external_id": external_id, "type": type, "body": body, "state": RECEIVED}
    statement = insert(EVENT).values(row).on_conflict_do_nothing(index_elements=["source", "external_id"])
    if not await tx.execute(statement):
        return False
    await _call(tx, event_id)
    return True


async def take_by_hook(
    tx: Transaction, hook: hooks.Known, payload: Any, body: bytes, delivery: str | None
) -> tuple[str, bool]:
    """Keeps what came in by a hook, unless it is the same as before; answers (id of the event, whether it is new).

    `delivery` is what the sender calls this delivery, and each repetition of it.
    """
    event_id = ProviderEvent.new_id()
    before = await hooks.seen_before(tx, hook, payload, delivery, event_id)
    if before is not None:
        return before, False
    row = {
        "id": event_id,
        "source": "hook",
        "external_id": event_id,
        "type": hooks.type_of(hook, payload),
        "hook_id": hook.id,
        "body": body,
        "state": RECEIVED,
    }
    await tx.insert(ProviderEvent, [row])
    await _call(tx, event_id)
    return event_id, True


async def _call(tx: Transaction, event_id: str) -> None:
    """Calls for the job that handles an event."""
    job_id = await jobs.enqueue(tx, HANDLE, {"event_id": event_id})
    await tx.execute(sa.update(EVENT).where(EVENT.c.id == event_id).values(job_id=job_id))


async def handle(tx: Transaction, event_id: str, handlers: Sequence[Handler]) -> str:
    """Does what is to be done about an event, once; answers in a few words what that was."""
    event = await tx.row(sa.select(EVENT).where(EVENT.c.id == event_id).with_for_update())
    if event is None or event.state != RECEIVED:
        return "There is nothing to do any more."
    note = await _handled(tx, event, handlers)
    values = {"state": HANDLED if note is None else IGNORED, "note": note, "handled_at": sa.func.now()}
    await tx.execute(sa.update(EVENT).where(EVENT.c.id == event_id).values(**values, updated_at=sa.func.now()))
    return note or "Handled."


async def _handled(tx: Transaction, event: Row, handlers: Sequence[Handler]) -> str | None:
    """None where it was handled, else why it is of no interest."""
    payload = orjson.loads(event.body)
    if event.source == "hook":
        return await hooks.record(tx, event.hook_id, event.id, payload)
    received = Received(event.id, event.source, event.external_id, event.type, payload, event.created_at)
    found = [each for each in handlers if (each.source, each.type) == (event.source, event.type)]
    for each in found:
        await each.act(tx, received)
    return None if found else "Nobody handles this type."


async def replay(tx: Transaction, event_id: str) -> None:
    """Has an event handled again, from the beginning. Raises `DomainError` while it is still being handled."""
    event = None
    if tag_of(event_id) == ProviderEvent.__tag__:
        query = sa.select(EVENT.c.job_id).where(EVENT.c.id == event_id).with_for_update()
        event = await tx.row(query)
    if event is None:
        raise NotFound("event")
    job = await tx.row(sa.select(jobs.JOB.c.state).where(jobs.JOB.c.id == event.job_id).with_for_update())
    if job is not None and job.state in _UNFINISHED:
        raise DomainError("This event is still being handled.", "WRONG_STATE", ("id",))
    values = {"state": RECEIVED, "note": None, "handled_at": None, "updated_at": sa.func.now()}
    await tx.execute(sa.update(EVENT).where(EVENT.c.id == event_id).values(values))
    if job is not None and job.state != JobState.DONE.value:
        await jobs.retry(tx, event.job_id)
    else:
        await _call(tx, event_id)


async def delete_old(tx: Transaction, days: int, most: int = 1_000) -> int:
    """Removes events that were handled or ignored, and came in so many days ago, at most so many; answers how many."""
    old = (
        sa.select(EVENT.c.id)
        .where(EVENT.c.state != RECEIVED, EVENT.c.created_at < sa.func.now() - timedelta(days=days))
        .limit(most)
    )
    return await tx.execute(sa.delete(EVENT).where(EVENT.c.id.in_(old)))
