"""A connection on which nobody waits for ever.

A server that is gone without a word, behind a cable or a firewall that drops what it is sent, looks like one that is
slow. The server ends a statement that takes too long and says so; silence beyond that is a broken line.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count
from typing import Any

import psycopg
from psycopg import pq
from psycopg_pool import PoolTimeout

_NUMBERS = count()
log = logging.getLogger("cairn.database")


# What a server says that is going, not there yet, or full: classes and codes of PostgreSQL.
_GOING = ("08", "57P01", "57P02", "57P03", "57P04", "53300")


def is_away(error: BaseException) -> bool:
    """Whether something failed because the database could not be asked just now.

    A statement that it gave up, for the time or the room it took, was asked: it would fail again.
    """
    if isinstance(error, psycopg.OperationalError):
        return error.sqlstate is None or error.sqlstate.startswith(_GOING)
    return isinstance(error, psycopg.InterfaceError | PoolTimeout)


class PreparedStatement:
    """A statement that a connection knows: its name, and what loads its rows, whose types never change."""

    __slots__ = ("loader", "name")

    def __init__(self) -> None:
        self.name = f"cairn_{next(_NUMBERS)}".encode()
        self.loader: Any = None


class Connection(psycopg.AsyncConnection[Any]):
    """psycopg's connection, broken off where the answer to a statement takes longer than its `patience`, in seconds.

    Whoever waits gets the `OperationalError` of a broken connection. Without patience it waits however long it takes.

    It remembers what was `prepared` on it, and stays watched between one pipeline and the next: to watch a socket and
    to stop watching it takes the event loop as long as to send a statement. psycopg watches the same socket when it is
    used by itself, and nobody may watch one that is closed: its number may be another's next.
    """

    patience: float | None = 20.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.prepared: dict[str, PreparedStatement] = {}
        self._watched_by: asyncio.AbstractEventLoop | None = None
        self._socket = -1
        self._found: list[Any] = []
        self._ended: asyncio.Future[None] | None = None
        self._is_under_way = False

    async def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """As psycopg's: whatever is waited for passes here, but for pipelines."""
        self.unwatch()
        with hung_up_after(self.patience, self.pgconn.socket):
            return await super().wait(gen, *args, **options)

    async def close(self) -> None:
        """As psycopg's."""
        self.unwatch()
        await super().close()

    def give_up(self) -> None:
        """Closes it at once, whatever is under way."""
        self.unwatch()
        self.pgconn.finish()

    def unwatch(self) -> None:
        """Stops watching its socket."""
        loop, self._watched_by = self._watched_by, None
        if loop is not None:
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)

    async def results(self) -> list[Any]:
        """Sends what is in the pipeline; the results up to the end of it."""
        self._is_under_way, self._found = True, []
        return await self._arrived(self.patience)

    async def results_left(self, patience: float) -> list[Any]:
        """Waits for the end of a pipeline that nobody waits for any more; all its results, from the first."""
        return await self._arrived(patience) if self._is_under_way else []

    async def _arrived(self, patience: float | None) -> list[Any]:
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        if self._watched_by is None:
            self._socket = self.pgconn.socket
            loop.add_reader(self._socket, self._readable)
            self._watched_by = loop
        if self.pgconn.flush():
            loop.add_writer(self._socket, self._writable)
        # To send, libpq may read as well, and may find the connection gone: its socket says nothing of that any more.
        self._readable()
        if not self._ended.done():
            timer = None if patience is None else loop.call_later(patience, hang_up, self._socket)
            try:
                await self._ended
            finally:
                if timer is not None:
                    timer.cancel()
        elif (error := self._ended.exception()) is not None:
            raise error
        found, self._found = self._found, []
        return found

    def _readable(self) -> None:
        ended, server = self._ended, self.pgconn
        if ended is None or ended.done():
            # Nobody has asked: what this is, such as the end of the connection, shows when it is used.
            self.unwatch()
            return
        try:
            server.consume_input()
            ends = 0
            # One null ends the results of a statement. A second in a row: there is nothing more to be had yet, or ever.
            while not server.is_busy() and ends < 2:
                result = server.get_result()
                if result is None:
                    ends += 1
                    continue
                ends = 0
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._is_under_way = False
                    ended.set_result(None)
                    return
                self._found.append(result)
            if server.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError("The database closed the connection.")
        except Exception as error:
            self.unwatch()
            ended.set_exception(error)

    def _writable(self) -> None:
        assert self._watched_by is not None
        try:
            if self.pgconn.flush() == 0:
                self._watched_by.remove_writer(self._socket)
        except Exception as error:
            self.unwatch()
            if self._ended is not None and not self._ended.done():
                self._ended.set_exception(error)
        else:
            self._readable()

    @asynccontextmanager
    async def however_long(self) -> AsyncIterator[None]:
        """What is waited for in this block may take as long as it takes."""
        usual, self.patience = self.patience, None
        try:
            yield
        finally:
            self.patience = usual


@contextmanager
def hung_up_after(seconds: float | None, socket_number: int) -> Iterator[None]:
    """Breaks a connection off when the block takes longer than so many seconds."""
    if seconds is None:
        yield
        return
    timer = asyncio.get_running_loop().call_later(seconds, hang_up, socket_number)
    try:
        yield
    finally:
        timer.cancel()


def hang_up(socket_number: int) -> None:
    """Breaks a connection off, so that whoever waits for it hears of it at once."""
    log.warning("the database was silent for too long; its connection is given up")
    with suppress(OSError), socket.socket(fileno=os.dup(socket_number)) as line:
        line.shutdown(socket.SHUT_RDWR)
