"""All streams of one process: what they are fed from, how many there may be, and who looks after them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLError, OperationType

from cairn.http.budgets import TOO_MANY, RequestBudget
from cairn.http.calls import BadRequest, Call
from cairn.http.credentials import Credentials
from cairn.http.streams.answers import Answers
from cairn.http.streams.caps import Caps
from cairn.http.streams.counting import NOBODY, Counting
from cairn.http.streams.endings import SHUTTING_DOWN, Ended, Ending
from cairn.http.streams.following import Sources
from cairn.http.streams.jobs import JobWatch
from cairn.http.streams.log import Log
from cairn.http.streams.patience import is_away
from cairn.http.streams.standing import Standings
from cairn.observability.operations import Operation, Watch
from cairn.settings import HttpSettings, StreamSettings
from core.addresses import counted_as, is_this_machine
from core.database import Database
from core.errors import DomainError, RequestError
from core.viewer import Viewer
from gateways.tallies import Tallies
from graph.documents.accepting import Refused
from graph.documents.prepared import Prepared
from graph.errors import shown
from graph.running import Operations
from graph.subscribing import Subscription, admit, open_subscription
from models.identity import Scope
from resolvers.uploads import Files
from resolvers.webhooks.kit import Hooks

TICK_SECONDS = 1.0
LAST_WORDS_SECONDS = 2.0
# Whoever cannot be looked at in this time must not keep the others waiting.
CHECK_SECONDS = 4.0
log = logging.getLogger("cairn.streams")


class Looked(Protocol):
    """A connection, as whoever looks after all of them sees it."""

    @property
    def checked_at(self) -> float:
        """When it was last asked whether its subscriber may still be here."""

    def look(self, now: float) -> None:
        """Ends what has taken too long, by the clock of `time.monotonic`."""

    async def check(self) -> None:
        """Ends what its subscriber may not have any more."""

    def end(self, ending: Ending) -> None:
        """Ends all of it, for a reason."""


@dataclass(frozen=True)
class Accepted:
    """An operation that may run; a subscription has been opened."""

    prepared: Prepared
    variables: dict[str, Any] | None
    subscription: Subscription | None


class Streams:
    """Made once for each process. Connections enter and leave by themselves."""

    def __init__(
        self,
        database: Database,
        credentials: Credentials,
        operations: Operations,
        settings: StreamSettings,
        http: HttpSettings,
        watch: Watch,
        tallies: Tallies | None,
        budget: RequestBudget | None,
        answers_at_once: int,
        hooks: Hooks | None,
        files: Files | None,
        counting: Counting = NOBODY,
    ) -> None:
        self.database, self.credentials, self.operations = database, credentials, operations
        self.settings, self.http, self.watch, self.tallies = settings, http, watch, tallies
        self.hooks, self.files, self.counting = hooks, files, counting
        self.caps = Caps(settings.max_connections, settings.max_per_address, settings.max_per_user)
        self.standings = Standings(credentials)
        self.sources = Sources(
            database,
            operations,
            Log(database, settings.backlog),
            JobWatch(database),
            Answers(operations, database, answers_at_once),
            settings.lag_seconds,
        )
        self.is_closing = False
        self._budget = budget
        self._connections: set[Looked] = set()
        self._is_empty = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    # Connections -----------------------------------------------------------------------------------------------------

    def enter(self, connection: Looked) -> None:
        """Looks after a connection from now on."""
        self._connections.add(connection)
        self._is_empty.clear()
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_after_all())
        if self.is_closing:
            # It was let in a moment before.
            connection.end(SHUTTING_DOWN)

    def leave(self, connection: Looked) -> None:
        """A connection is over."""
        self._connections.discard(connection)
        if not self._connections:
            self._is_empty.set()

    async def close(self) -> None:
        """Ends all streams with a word that the server restarts, and takes no more."""
        self.is_closing = True
        for each in list(self._connections):
            each.end(SHUTTING_DOWN)
        if self._connections:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_SECONDS):
                    await self._is_empty.wait()
        await self.sources.log.close()

    async def _look_after_all(self) -> None:
        checking: asyncio.Task[None] | None = None
        try:
            while self._connections:
                now = time.monotonic()
                for each in list(self._connections):
                    each.look(now)
                due = [each for each in self._connections if now - each.checked_at > self.settings.check_seconds]
                if due and (checking is None or checking.done()):
                    checking = asyncio.create_task(_check(due))
                await asyncio.sleep(TICK_SECONDS)
        finally:
            self._looking = None
            if checking is not None:
                checking.cancel()

    # Operations ------------------------------------------------------------------------------------------------------

    def spend(self, address: str | None) -> int | None:
        """Takes one message from an address's budget; answers the seconds to wait where there is none left."""
        if self._budget is None or address is None or is_this_machine(address):
            return None
        return self._budget.spend(counted_as(address))

    def accept(self, call: Call, viewer: Viewer, operation: Operation) -> Accepted:
        """The operation that a call asks for, if the viewer may run it.

        Raises `BadRequest`, `Refused`, `RequestError` or `DomainError`, which `errors_of` puts into words.
        """
        operation.text, operation.variables, operation.viewer = call.query or "", call.variables, viewer
        wait = None if self._budget is None or viewer.user_id is None else self._budget.spend(viewer.user_id)
        if wait is not None:
            raise BadRequest(429, TOO_MANY, "RATE_LIMITED", {"retry-after": str(wait)}, {"retryAfter": wait})
        prepared = operation.prepared = self._prepared(call, viewer)
        if prepared.operation.operation is not OperationType.SUBSCRIPTION:
            return Accepted(prepared, call.variables, None)
        opened = open_subscription(self.operations, prepared, call.variables)
        admit(self.operations, opened, viewer)
        return Accepted(prepared, call.variables, opened)

    def _prepared(self, call: Call, viewer: Viewer) -> Prepared:
        if call.document_id is not None:
            found = self.operations.find(call.document_id, call.operation_name)
            if found is None:
                raise BadRequest(404, "There is no document with this documentId.", "PERSISTED_DOCUMENT_NOT_FOUND")
            return found
        if not self.operations.allows(call.query or "") and not viewer.may(Scope.CONTENT_EDIT):
            only = "Only the documents of known apps are run here. Send the documentId of one."
            raise BadRequest(400, only, "PERSISTED_DOCUMENT_REQUIRED")
        return self.operations.prepare(call.query or "", call.operation_name)


async def _check(due: list[Looked]) -> None:
    for answer in await asyncio.gather(*map(_check_in_time, due), return_exceptions=True):
        if isinstance(answer, Exception) and not is_away(answer):
            log.error("a stream could not be looked at", exc_info=answer)


async def _check_in_time(each: Looked) -> None:
    async with asyncio.timeout(CHECK_SECONDS):
        await each.check()


REFUSALS = (BadRequest, Refused, RequestError, DomainError, Ended)


def errors_of(refusal: Exception, request_id: str) -> list[dict[str, Any]]:
    """Why an operation does not run, or no longer: as GraphQL errors."""
    if isinstance(refusal, Refused):
        return [shown(each, request_id) for each in refusal.errors]
    if isinstance(refusal, Ended):
        return [refusal.ending.error()]
    if isinstance(refusal, BadRequest):
        extensions = {"code": refusal.code, "requestId": request_id, **refusal.extensions}
        return [{"message": refusal.message, "extensions": extensions}]
    return [shown(GraphQLError(str(refusal), original_error=refusal), request_id)]
