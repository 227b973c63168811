"""`cairn inbox …`: looking after what came in from the machine itself."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa

from core.errors import NotFound
from core.ids import tag_of
from core.rows import Row
from core.writing import Transaction
from models.inbox import ProviderEvent, ProviderEventState
from resolvers import audit
from resolvers.inbox import events
from resolvers.jobs import JOB

_EVENT = events.EVENT
_COLUMNS = (
    *(_EVENT.c[name] for name in ("id", "source", "external_id", "type", "state", "note", "created_at", "handled_at")),
    JOB.c.state.label("job_state"),
    sa.func.coalesce(JOB.c.parked_reason, JOB.c.last_error).label("reason"),
)
_EVENTS_WITH_JOBS = _EVENT.outerjoin(JOB, JOB.c.id == _EVENT.c.job_id)


async def listed(tx: Transaction, state: ProviderEventState | None, source: str, type: str, most: int) -> str:
    """The newest events, one a line, with the reason where one is not handled."""
    rows = await tx.rows(_chosen(state, source, type, _COLUMNS).limit(most))
    return "\n".join(map(_line, rows)) or "There are no events."


async def shown(tx: Transaction, event_id: str) -> str:
    """All that is known of one event, and what was sent."""
    found = None
    if tag_of(event_id) == ProviderEvent.__tag__:
        query = sa.select(*_COLUMNS, _EVENT.c.body).select_from(_EVENTS_WITH_JOBS).where(_EVENT.c.id == event_id)
        found = await tx.row(query)
    if found is None:
        raise NotFound("event")
    payload = orjson.dumps(orjson.loads(found.body), option=orjson.OPT_INDENT_2).decode()
    return f"{_line(found)}\nexternal id: {found.external_id}\n{payload}"


async def replay(tx: Transaction, event_id: str) -> str:
    """Has an event handled again; answers so."""
    await events.replay(tx, event_id)
    await audit.record(tx, "provider_event_replay", event_id, {})
    return f"{event_id} is handled again."


async def replay_ignored(tx: Transaction, source: str, type: str) -> str:
    """Has all events handled again that were ignored, of a source and a type where they are named; answers how many."""
    rows = await tx.rows(_chosen(ProviderEventState.IGNORED, source, type, (_EVENT.c.id,)))
    for each in rows:
        await events.replay(tx, each.id)
    await audit.record(tx, "provider_events_replay", None, {"source": source, "type": type, "count": len(rows)})
    return f"{len(rows)} events are handled again."


def _chosen(
    state: ProviderEventState | None, source: str, type: str, columns: tuple[sa.ColumnElement[Any], ...]
) -> sa.Select[Any]:
    conditions = [
        column == value
        for column, value in ((_EVENT.c.state, state and state.value), (_EVENT.c.source, source), (_EVENT.c.type, type))
        if value
    ]
    return sa.select(*columns).select_from(_EVENTS_WITH_JOBS).where(*conditions).order_by(_EVENT.c.id.desc())


def _line(event: Row) -> str:
    is_stuck = event.state == ProviderEventState.RECEIVED.value
    why = event.note or (f"{event.job_state}: {event.reason}" if is_stuck and event.reason else "")
    at = f"{event.created_at:%Y-%m-%d %H:%M:%S}"
    return f"{event.id}  {event.state:9}  {at}  {event.source}  {event.type}  {why}".rstrip()
