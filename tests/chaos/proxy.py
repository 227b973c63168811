"""A TCP proxy that breaks things: between Cairn and PostgreSQL, Redis, RabbitMQ or a mail server.

It runs in a thread of its own. What it knows of PostgreSQL's protocol it uses for one thing: to count statements, and
to have a chosen one go wrong: the connection breaks before it, or after it and before anybody hears, or it is refused.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

from psycopg import conninfo

from tests.chaos import wire

T = TypeVar("T")
_CHUNK = 65536
_MOMENT = 0.05
# A host and a port, or the path of a socket.
Place = tuple[str, int] | str


class How(Enum):
    """What becomes of a statement."""

    LOST = "the connection breaks before it gets there"
    REFUSED = "the server refuses it"
    UNHEARD = "it is carried out and the answer is lost"


@dataclass
class Plan:
    """Which statement goes wrong, and how. `seen` are those since it was made; `struck` says that one was hit."""

    number: int
    how: How
    seen: list[str] = field(default_factory=list)
    struck: bool = False


class Cut(Exception):
    """The connection is to break here."""


@dataclass(eq=False)
class Pair:
    """One connection through the proxy."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    asked: wire.Messages = field(default_factory=wire.Messages)
    answered: wire.Messages = field(default_factory=lambda: wire.Messages(is_begun=True))
    prepared: dict[bytes, str] = field(default_factory=dict)
    is_unheard: bool = False

    def cut(self) -> None:
        """Both ends hear at once that it is over."""
        for writer in (self.client, self.server):
            found = writer.get_extra_info("socket")
            with suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Proxy:
    """Stands before whoever is at `upstream()`, which may move. Use it as a context manager."""

    def __init__(self, upstream: Callable[[], Place], *, speaks_sql: bool = False) -> None:
        self._upstream, self._speaks_sql = upstream, speaks_sql
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._pairs: set[Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.plan: Plan | None = None
        # How many of the next answers to COMMIT get lost, and how many were.
        self.commits_to_lose = self.commits_lost = 0
        # Whether nobody new is let in.
        self.is_refused = False
        # How many seconds each piece takes on its way; and of how many bytes of answers the last breaks in the middle.
        self.delay = 0.0
        self.bytes_left: int | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What is done to connections -------------------------------------------------------------------------------------

    def cut(self) -> int:
        """Breaks every connection there is; answers how many that were."""
        return self._call(self._cut())

    def silence(self) -> None:
        """From now on nothing gets through, and nobody is told: both ends are connected, to nobody."""
        self._call(self._let(False))

    def flow(self) -> None:
        """Lets through again what was held back."""
        self._call(self._let(True))

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._pairs)

    def goes_wrong(self, number: int, how: How) -> Plan:
        """Has the so-manieth statement from now on go wrong, on whichever connection it comes."""
        self.plan = Plan(number, how)
        return self.plan

    # How it is done --------------------------------------------------------------------------------------------------

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        # Whoever was let in last is being served by now, and so is ended like the others.
        await asyncio.sleep(_MOMENT)
        for task in list(self._tasks):
            task.cancel()
        await self._cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(_MOMENT)

    async def _cut(self) -> int:
        pairs = list(self._pairs)
        for pair in pairs:
            pair.cut()
        return len(pairs)

    async def _let(self, flows: bool) -> None:
        if flows:
            self._flowing.set()
        else:
            self._flowing.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await self._flowing.wait()
            if self.is_refused:
                raise ConnectionRefusedError
            there, back = await _connected(self._upstream())
        except (OSError, RuntimeError, asyncio.CancelledError):
            # There is nobody, or a server that is about to be started and does not know yet where.
            writer.transport.abort()
            return
        pair = Pair(writer, back)
        self._pairs.add(pair)
        ways = [
            asyncio.create_task(self._pump(reader, back, lambda data: self._asked(pair, data))),
            asyncio.create_task(self._pump(there, writer, lambda data: self._answered(pair, data))),
        ]
        # asyncio does not like it when those who serve are cancelled.
        with suppress(asyncio.CancelledError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self._pairs.discard(pair)
        is_broken = any(each.done() and each.exception() for each in ways)
        for way in ways:
            way.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*ways, return_exceptions=True)
        if is_broken:
            pair.cut()
        for end in (pair.client, pair.server):
            end.close()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, changed: Callable[[bytes], bytes]
    ) -> None:
        while data := await source.read(_CHUNK):
            await self._flowing.wait()
            if self.delay:
                await asyncio.sleep(self.delay)
            sink.write(changed(data))
            await sink.drain()

    def _asked(self, pair: Pair, data: bytes) -> bytes:
        if not self._speaks_sql:
            return data
        return b"".join(self._passed(pair, message) for message in pair.asked.cut(data))

    def _passed(self, pair: Pair, message: bytes) -> bytes:
        plan, text = self.plan, wire.text_of(message, pair.prepared)
        if plan is None or plan.struck or not pair.asked.is_begun or not wire.is_statement(message):
            return message
        plan.seen.append(text)
        if len(plan.seen) < plan.number:
            return message
        plan.struck = True
        if plan.how is How.LOST:
            raise Cut
        if plan.how is How.REFUSED:
            return wire.spoilt(message)
        pair.is_unheard = True
        return message

    def _answered(self, pair: Pair, data: bytes) -> bytes:
        if self.bytes_left is not None:
            self.bytes_left -= len(data)
            if self.bytes_left < 0:
                # The first half of it is all that gets through, this once.
                self.bytes_left = None
                pair.client.write(data[: len(data) // 2])
                raise Cut
        if not self._speaks_sql:
            return data
        messages = pair.answered.cut(data)
        if pair.is_unheard:
            if any(map(wire.is_ready, messages)):
                raise Cut
            return b""
        if self.commits_to_lose and any(map(wire.is_committed, messages)):
            self.commits_to_lose -= 1
            self.commits_lost += 1
            raise Cut
        return b"".join(messages)


async def _connected(place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(place, str):
        return await asyncio.open_unix_connection(place)
    return await asyncio.open_connection(*place)


def postgres_at(url: str) -> Place:
    """Where the server of a libpq connection string listens."""
    parts = conninfo.conninfo_to_dict(url)
    host, port = str(parts.get("host") or "127.0.0.1"), int(parts.get("port") or 5432)
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


def through(proxy: Proxy, url: str) -> str:
    """The same database by way of the proxy."""
    return conninfo.make_conninfo(url, host="127.0.0.1", port=proxy.port, sslmode="disable", gssencmode="disable")


def detour(proxy: Proxy, url: str) -> str:
    """The same broker by way of the proxy."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    place = f"127.0.0.1:{proxy.port}"
    return urlunsplit(parts._replace(netloc=f"{user}@{place}" if user else place))
