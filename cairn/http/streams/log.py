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
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from cairn.http.streams.endings import EXPIRED, Ended
from cairn.http.streams.patience import PAUSE_SECONDS, is_away
from core.database import Database
from core.rows import Row
from resolvers import events
from resolvers.events import PLACED, STRIDE, CursorExpired, Wanted

# A wake-up that was lost costs this long.
POLL_SECONDS = 1.0
AT_ONCE = 500
_ALL = Wanted()
# The wanted facts after a place, and the place up to which these are all.
Found = tuple[list[Row], int]
Coming = asyncio.Future[Found]
log = logging.getLogger("cairn.streams")


class Log:
    """Followed while somebody uses it. `head` is the place up to which everything has been seen."""

    def __init__(self, database: Database, backlog: int) -> None:
        self._database = database
        self._backlog = backlog
        self._users = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ear: asyncio.Task[None] | None = None
        self._reset()

    def _reset(self) -> None:
        # Whoever follows for an earlier run notices by this that it is over, and is not cancelled in a statement.
        self._run = object()
        self.head = 0
        self._recent: list[Row] = []
        self._waiting: dict[Wanted, dict[Coming, int]] = {}
        self._bell, self._is_ready = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def used(self) -> AsyncIterator[None]:
        """Follows the log for as long as the block runs; where nobody does, the database is left alone."""
        self._users += 1
        if self._users == 1:
            self._reset()
            self._ear = asyncio.create_task(self._listen())
            self._begin(self._follow(self._run))
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._run, ear = object(), self._ear
                self._bell.set()
                if ear is not None:
                    ear.cancel()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def following(self, position: int, wanted: Wanted) -> Coming | None:
        """What will come after a place, for whoever is up to date; None for who is not, or does not know yet."""
        if not self._is_ready.is_set() or position < self.head:
            return None
        coming: Coming = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(wanted, {})[coming] = position
        return coming

    def give_up(self, coming: Coming, wanted: Wanted) -> None:
        """Nobody waits for this any more."""
        waiting = self._waiting.get(wanted)
        if waiting is not None and waiting.pop(coming, None) is not None and not waiting:
            del self._waiting[wanted]

    async def behind(self, position: int, wanted: Wanted) -> Found:
        """What came after a place already, or a part of it."""
        await self._is_ready.wait()
        if position >= self.head:
            return [], position
        if self._recent and position >= self._recent[0].position - 1:
            since = self._recent[bisect_right(self._recent, position, key=_position) :]
            return [fact for fact in since if wanted.may_include(fact)], self.head
        until = min(position + STRIDE, self.head)
        found = await events.placed_after(self._database, position, until, wanted, AT_ONCE)
        return found, found[-1].position if len(found) == AT_ONCE else until

    # Following -------------------------------------------------------------------------------------------------------

    async def _follow(self, run: object) -> None:
        while self._run is run:
            try:
                await self._look(run)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._bell.wait()
            except Exception as error:
                if not is_away(error):
                    log.exception("the log could not be followed, and is tried again")
                await asyncio.sleep(PAUSE_SECONDS)

    async def _look(self, run: object) -> None:
        self._bell.clear()
        last = await events.last_position(self._database)
        if self._run is not run:
            return
        if last < self.head or not self._is_ready.is_set():
            # The beginning; or another database has been put in the place of the one that was there.
            self._begin_at(last)
        while self.head < last:
            try:
                facts = await events.placed_after(self._database, self.head, last, _ALL, AT_ONCE)
            except CursorExpired:
                # We were away for longer than the log is kept.
                self._begin_at(last)
                return
            if self._run is not run:
                return
            self._tell(facts, facts[-1].position if len(facts) == AT_ONCE else last)

    def _begin_at(self, last: int) -> None:
        """Follows from a place on, without what was before it. Who waited for that is told so."""
        self._recent, self.head = [], last
        self._is_ready.set()
        waiting, self._waiting = self._waiting, {}
        for future in [each for those in waiting.values() for each in those]:
            if not future.done():
                future.set_exception(Ended(EXPIRED))

    def _tell(self, facts: list[Row], head: int) -> None:
        """Remembers new facts, and wakes those who wait for one of them."""
        self._recent.extend(facts)
        if len(self._recent) > 2 * self._backlog:
            del self._recent[: -self._backlog]
        self.head = head
        for wanted in list(self._waiting):
            found = [fact for fact in facts if wanted.may_include(fact)]
            if not found:
                continue
            answer = found, head
            for coming, position in self._waiting.pop(wanted).items():
                # Who came last may know of facts that are only now seen here.
                if found[0].position <= position:
                    mine = [each for each in found if each.position > position]
                    if not mine:
                        self._waiting.setdefault(wanted, {})[coming] = position
                        continue
                    if not coming.done():
                        coming.set_result((mine, head))
                elif not coming.done():
                    coming.set_result(answer)

    async def _listen(self) -> None:
        """Hears that something was placed, until the connection breaks; the log is also looked at without that."""
        while True:
            try:
                async with await self._connected() as connection:
                    await connection.execute("SET ROLE cairn_service")
                    await connection.execute(f"LISTEN {PLACED}")
                    self._bell.set()
                    async for _ in connection.notifies():
                        self._bell.set()
            except (psycopg.Error, OSError) as error:
                log.warning("nothing is heard from the database: %s", error)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        """A connection to hear with. One that nobody waits for any more is still made, and closed: PostgreSQL would
        wait a minute for a client that went away half-way."""
        connecting = asyncio.create_task(
            psycopg.AsyncConnection.connect(self._database.url, autocommit=True, connect_timeout=5)
        )
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            self._begin(_hang_up(connecting))
            raise

    async def close(self) -> None:
        """Waits until no connection is left, once nobody follows the log."""
        if not self._users:
            if self._ear is not None:
                await asyncio.gather(self._ear, return_exceptions=True)
            await asyncio.gather(*self._tasks, return_exceptions=True)


async def _hang_up(connecting: asyncio.Task[psycopg.AsyncConnection[Any]]) -> None:
    with contextlib.suppress(psycopg.Error, OSError):
        await (await connecting).close()


def _position(fact: Row) -> int:
    position: int = fact.position
    return position
