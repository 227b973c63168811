"""The log of facts, followed once in a process for all of its streams.

Each stream knows its own place and asks for what comes after it. Who is up to date is woken when something comes that
they want; who is a little behind is served from memory; who is far behind, or comes back, reads the log itself. So
nothing is queued for anybody, and a place means the same in every process and after every restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from cairn.http.streams.endings import EXPIRED, Ended
from cairn.http.streams.patience import PAUSE_SECONDS, is_away
from core.database import Database
from core.rows import Row
from resolvers import events
from resolvers.events import PLACED, STRIDE, Wanted

# A wake-up that was lost costs this long.
POLL_SECONDS = 1.0
AT_ONCE = 500
_ALL = Wanted()
log = logging.getLogger("cairn.streams")


class Log:
    """Followed while somebody uses it. `head` is the place up to which everything has been seen."""

    def __init__(self, database: Database, backlog: int) -> None:
        self._database = database
        self._backlog = backlog
        self._users = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._last: set[asyncio.Task[None]] = set()
        self._reset()

    def _reset(self) -> None:
        self.head = 0
        self._recent: list[Row] = []
        self._waiting: dict[Wanted, dict[asyncio.Future[tuple[list[Row], int]], int]] = {}
        self._bell, self._is_ready = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def used(self) -> AsyncIterator[None]:
        """Follows the log for as long as the block runs; where nobody does, the database is left alone."""
        self._users += 1
        if self._users == 1:
            self._reset()
            self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._listen())]
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                for task in self._tasks:
                    task.cancel()

    async def after(self, position: int, wanted: Wanted) -> tuple[Sequence[Row], int, bool]:
        """(the wanted facts after a place, the place up to which these are all, whether it had to be waited for)."""
        await self._is_ready.wait()
        if position >= self.head:
            facts, seen = await self._following(position, wanted)
            return facts, seen, True
        if self._recent and position >= self._recent[0].position - 1:
            since = self._recent[bisect_right(self._recent, position, key=_position) :]
            return [fact for fact in since if wanted.includes(fact)], self.head, False
        until = min(position + STRIDE, self.head)
        found = await events.placed_after(self._database, position, until, wanted, AT_ONCE)
        return found, found[-1].position if len(found) == AT_ONCE else until, False

    async def _following(self, position: int, wanted: Wanted) -> tuple[list[Row], int]:
        future: asyncio.Future[tuple[list[Row], int]] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(wanted, {})[future] = position
        try:
            return await future
        finally:
            waiting = self._waiting.get(wanted)
            if waiting is not None:
                waiting.pop(future, None)
                if not waiting:
                    del self._waiting[wanted]

    # Following -------------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            try:
                await self._look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._bell.wait()
            except Exception as error:
                if not is_away(error):
                    log.exception("the log could not be followed, and is tried again")
                await asyncio.sleep(PAUSE_SECONDS)

    async def _look(self) -> None:
        self._bell.clear()
        last = await events.last_position(self._database)
        if last < self.head or not self._is_ready.is_set():
            # The beginning; or another database has been put in the place of the one that was there.
            self._recent, self.head = [], last
            self._is_ready.set()
            for future in [each for waiting in self._waiting.values() for each in waiting]:
                if not future.done():
                    future.set_exception(Ended(EXPIRED))
        while self.head < last:
            facts = await events.placed_after(self._database, self.head, last, _ALL, AT_ONCE)
            self._tell(facts, facts[-1].position if len(facts) == AT_ONCE else last)

    def _tell(self, facts: list[Row], head: int) -> None:
        """Remembers new facts, and wakes those who wait for one of them."""
        self._recent.extend(facts)
        if len(self._recent) > 2 * self._backlog:
            del self._recent[: -self._backlog]
        self.head = head
        for wanted, waiting in list(self._waiting.items()):
            found = [fact for fact in facts if wanted.includes(fact)]
            if not found:
                continue
            for future, position in list(waiting.items()):
                # Who came last may know of facts that are only now seen here.
                mine = found if found[0].position > position else [each for each in found if each.position > position]
                if mine and not future.done():
                    future.set_result((mine, head))

    async def _listen(self) -> None:
        """Hears that something was placed, until the connection breaks; the log is also looked at without that."""
        while True:
            try:
                async with await self._ear() as connection:
                    await connection.execute("SET ROLE cairn_service")
                    await connection.execute(f"LISTEN {PLACED}")
                    self._bell.set()
                    async for _ in connection.notifies():
                        self._bell.set()
            except (psycopg.Error, OSError) as error:
                log.warning("nothing is heard from the database: %s", error)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _ear(self) -> psycopg.AsyncConnection[Any]:
        """A connection to hear with. One that nobody waits for any more is still made, and closed: PostgreSQL would
        wait a minute for a client that went away half-way."""
        connecting = asyncio.create_task(
            psycopg.AsyncConnection.connect(self._database.url, autocommit=True, connect_timeout=5)
        )
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            hanging_up = asyncio.create_task(_hang_up(connecting))
            self._last.add(hanging_up)
            hanging_up.add_done_callback(self._last.discard)
            raise

    async def close(self) -> None:
        """Waits until no connection is left, once nobody follows the log."""
        if not self._users:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._last, return_exceptions=True)


async def _hang_up(connecting: asyncio.Task[psycopg.AsyncConnection[Any]]) -> None:
    with contextlib.suppress(psycopg.Error, OSError):
        await (await connecting).close()


def _position(fact: Row) -> int:
    position: int = fact.position
    return position
