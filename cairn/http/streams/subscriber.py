"""Whoever is behind one connection, and the operations that run for them, whichever way their answers go out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Protocol

import orjson
from graphql import OperationType

from cairn.http.calls import BadRequest, Call
from cairn.http.credentials import InvalidCredentials, Presented
from cairn.http.idempotency import HEADER
from cairn.http.streams.counting import TransportKind
from cairn.http.streams.endings import BROKEN, SIGNED_OUT, TOO_MANY_OPERATIONS, Ended, Ending
from cairn.http.streams.following import deliveries, require_admitted
from cairn.http.streams.hub import REFUSALS, Accepted, Streams, errors_of
from cairn.http.streams.patience import patiently
from core.reading import Budget
from core.telemetry import WORK
from core.viewer import Viewer
from graph.context import Context
from graph.subscribing import Subscription
from resolvers.identity import Origin

log = logging.getLogger("cairn.streams")


class Transport(Protocol):
    """The way out: what is said of an operation, and that everything is over."""

    kind: TransportKind

    async def next(self, operation_id: str, payload: str, cursor: str | None) -> None:
        """One answer, as JSON."""

    async def fail(self, operation_id: str, errors: list[dict[str, Any]]) -> None:
        """The operation is over, because of these errors."""

    async def complete(self, operation_id: str) -> None:
        """The operation is over."""

    def end(self, ending: Ending) -> None:
        """The connection is over, for a reason."""


class Rejected(Exception):
    """An operation does not run; why, as GraphQL errors, and as it was raised."""

    def __init__(self, errors: list[dict[str, Any]], refusal: Exception) -> None:
        super().__init__(errors[0]["message"])
        self.errors, self.refusal = errors, refusal


class Running:
    """An operation under way; `subscription` once it is known to be one."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.subscription: Subscription | None = None


class Subscriber:
    """Somebody with a connection. `standing` says who that is by now.

    `checked_at` is when all that runs for them was last looked at: whoever asks for one busy operation who they are has
    not looked at the others.
    """

    def __init__(
        self,
        streams: Streams,
        transport: Transport,
        presented: Presented | None,
        viewer: Viewer,
        origin: Origin,
        headers: Mapping[str, str],
    ) -> None:
        self.streams, self.transport, self.presented, self.viewer = streams, transport, presented, viewer
        self.origin, self.headers = origin, headers
        self.checked_at = time.monotonic()
        self.idle_since = self.checked_at
        self.running: dict[str, Running] = {}
        self._farewells: set[asyncio.Task[None]] = set()

    async def standing(self) -> Viewer:
        """Who it is at this instant; raises `Ended` when what they signed in with is over."""
        presented = self.presented
        if presented is not None:
            try:
                found = await patiently(lambda: self.streams.standings.viewer(presented))
            except InvalidCredentials:
                found = None
            if found is None:
                raise Ended(SIGNED_OUT)
            self.viewer = found
        return self.viewer

    async def check(self) -> None:
        """Ends what they may not have any more; raises what the database raises when that is away."""
        if self.presented is None:
            self.checked_at = time.monotonic()
            return
        try:
            found = await self.streams.standings.viewer(self.presented)
        except InvalidCredentials:
            found = None
        if found is None:
            self.transport.end(SIGNED_OUT)
            return
        self.viewer, self.checked_at = found, time.monotonic()
        for operation_id, running in list(self.running.items()):
            if running.subscription is not None:
                await self._check_admitted(operation_id, running.subscription, found)

    async def _check_admitted(self, operation_id: str, subscription: Subscription, viewer: Viewer) -> None:
        try:
            require_admitted(self.streams.operations, subscription, viewer)
        except Ended as ended:
            if self.stop(operation_id):
                # Whoever does not read is not waited for: others are to be looked at.
                farewell = asyncio.create_task(self._fail(operation_id, ended.ending))
                self._farewells.add(farewell)
                farewell.add_done_callback(self._farewells.discard)

    # Operations ------------------------------------------------------------------------------------------------------

    def accept(self, call: Call) -> Accepted:
        """The operation that is asked for; raises `Rejected`. What came of it is noted."""
        operation = self.streams.watch.begin(self.headers)
        try:
            accepted = self.streams.accept(call, self.viewer, operation)
            if HEADER in self.headers and accepted.prepared.operation.operation is OperationType.MUTATION:
                # Passed over in silence, it would be done again for whoever trusts in the key.
                raise BadRequest(400, "Send mutations with an Idempotency-Key over plain HTTP.", "KEY_NOT_TAKEN_HERE")
            operation.answer = {"data": {}}
            return accepted
        except REFUSALS as refusal:
            errors = errors_of(refusal, operation.request_id)
            operation.answer = {"errors": errors}
            raise Rejected(errors, refusal) from refusal
        finally:
            self.streams.watch.end(operation)
            WORK.set(None)

    def start(self, operation_id: str, accepted: Accepted) -> None:
        """Runs an operation beside others; raises `Ended` where there are too many."""
        running = self._reserve(operation_id)
        running.subscription = accepted.subscription
        running.task = asyncio.create_task(self._run(operation_id, accepted))

    def begin(self, operation_id: str, call: Call) -> None:
        """Runs what a call asks for, or says why not, in the background; raises `Ended` where too much runs."""
        running = self._reserve(operation_id)
        running.task = asyncio.create_task(self._accept_and_run(operation_id, call, running))

    def _reserve(self, operation_id: str) -> Running:
        if len(self.running) >= self.streams.settings.max_operations:
            raise Ended(TOO_MANY_OPERATIONS)
        running = self.running[operation_id] = Running()
        return running

    def stop(self, operation_id: str) -> bool:
        """Ends an operation without a word; answers whether there was one."""
        running = self.running.pop(operation_id, None)
        if running is None:
            return False
        if running.task is not None and running.task is not asyncio.current_task():
            running.task.cancel()
        if not self.running:
            self.idle_since = time.monotonic()
        return True

    def close(self) -> None:
        """Ends all operations without a word."""
        for operation_id in list(self.running):
            self.stop(operation_id)
        for farewell in list(self._farewells):
            farewell.cancel()

    async def _accept_and_run(self, operation_id: str, call: Call, running: Running) -> None:
        try:
            accepted = self.accept(call)
        except Rejected as rejected:
            if self.stop(operation_id):
                await self.transport.fail(operation_id, rejected.errors)
            return
        except Exception:
            await self._break_off(operation_id)
            return
        running.subscription = accepted.subscription
        await self._run(operation_id, accepted)

    async def _run(self, operation_id: str, accepted: Accepted) -> None:
        try:
            if accepted.subscription is None:
                await self.transport.next(operation_id, await self._answered(accepted), None)
            else:
                async with aclosing(deliveries(self.streams.sources, accepted.subscription, self)) as found:
                    async for payload, cursor, happened_at in found:
                        await self.transport.next(operation_id, payload, cursor)
                        lag = None if happened_at is None else time.time() - happened_at.timestamp()
                        self.streams.counting.delivered(self.transport.kind, lag)
        except Ended as ended:
            if ended.ending.close is not None:
                self.transport.end(ended.ending)
            elif self.stop(operation_id):
                await self._fail(operation_id, ended.ending)
        except ConnectionError:
            self.stop(operation_id)
        except Exception:
            await self._break_off(operation_id)
        else:
            if self.stop(operation_id):
                await self.transport.complete(operation_id)

    async def _break_off(self, operation_id: str) -> None:
        """Ends an operation that failed because of us."""
        log.exception("a stream failed")
        if self.stop(operation_id):
            await self._fail(operation_id, BROKEN)

    async def _fail(self, operation_id: str, ending: Ending) -> None:
        self.streams.counting.ended(ending.code)
        await self.transport.fail(operation_id, [ending.error()])

    async def _answered(self, accepted: Accepted) -> str:
        """The answer to a query or a mutation, which a stream may carry too."""
        streams, limits = self.streams, self.streams.operations.limits
        operation = streams.watch.begin(self.headers)
        try:
            operation.prepared, operation.variables = accepted.prepared, accepted.variables
            viewer = operation.viewer = await self.standing()
            context = operation.context = Context(
                streams.database,
                viewer,
                budget=Budget(limits.max_objects, limits.max_statements),
                origin=Origin(self.origin.ip, self.origin.user_agent, operation.request_id),
                tallies=streams.tallies,
                hooks=streams.hooks,
                files=streams.files,
            )
            answer = operation.answer = await streams.operations.run(
                accepted.prepared, accepted.variables, context, operation.request_id
            )
        finally:
            streams.watch.end(operation)
            WORK.set(None)
        return orjson.dumps(answer, default=str).decode()
