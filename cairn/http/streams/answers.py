"""Answers to events: operations that are alike, asked by viewers who are equal, run once for all who wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from cairn.http.streams.patience import patiently
from core.database import Database
from core.rows import Row
from core.viewer import Viewer
from graph.running import Operations
from graph.subscribing import Subscription, answer_of
from resolvers import events
from resolvers.identity import Origin


@dataclass(frozen=True)
class Alike:
    """What makes two operations the same: the document, which of its operations, and the variables."""

    hash: str
    name: str | None
    variables: bytes


def alike(subscription: Subscription) -> Alike:
    """What a subscription is known by."""
    operation = subscription.prepared.operation
    name = operation.name.value if operation.name else None
    variables = orjson.dumps(subscription.variables, option=orjson.OPT_SORT_KEYS)
    return Alike(subscription.prepared.hash, name, variables)


class Delivery(NamedTuple):
    """The answer to one event as JSON, and the cursor to go on after; None where there is nothing to miss.

    `happened_at` is known where the event was waited for: who catches up is late by itself.
    """

    payload: str
    cursor: str | None
    happened_at: datetime | None = None


class Answers:
    """Runs subscriptions for events, only so many at a time: requests need the database too."""

    def __init__(self, operations: Operations, database: Database, at_once: int) -> None:
        self._operations = operations
        self._database = database
        self._room = asyncio.Semaphore(at_once)
        self._under_way: dict[Hashable, list[asyncio.Future[Delivery]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, subscription: Subscription, known_by: Alike, event: Row, viewer: Viewer) -> Delivery:
        """The response to an event as JSON. Where the database is away, it is waited for."""
        key = (known_by, viewer, event.position)
        waiting = self._under_way.get(key)
        if waiting is None:
            waiting = self._under_way[key] = []
            task = asyncio.create_task(self._run(key, subscription, event, viewer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        future: asyncio.Future[Delivery] = asyncio.get_running_loop().create_future()
        waiting.append(future)
        return await future

    async def alone(self, subscription: Subscription, event: Any, viewer: Viewer, origin: Origin) -> dict[str, Any]:
        """The response to an event that nobody else is told of."""

        async def ask() -> dict[str, Any]:
            async with self._room:
                return await answer_of(
                    self._operations,
                    subscription,
                    event,
                    viewer,
                    self._database,
                    request_id=origin.request_id or "",
                    origin=origin,
                )

        return await patiently(ask)

    async def _run(self, key: Hashable, subscription: Subscription, event: Row, viewer: Viewer) -> None:
        answer: Delivery | Exception
        try:
            response = await self.alone(subscription, event, viewer, Origin(request_id=event.id))
            answer = Delivery(orjson.dumps(response, default=str).decode(), events.cursor_of(event))
        except Exception as error:
            answer = error
        for future in self._under_way.pop(key):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
