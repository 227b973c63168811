"""Several statements in one round trip: libpq's pipeline mode, through psycopg's own wrapper of it.

psycopg's `pipeline()` builds a cursor and a query object for each statement. Here texts come ready with `$1` for their
values, are prepared once per connection, and rows are loaded by psycopg's C code: half the time a course page takes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import date
from enum import Enum
from functools import lru_cache
from itertools import count
from time import perf_counter
from typing import Any, NamedTuple

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result

from core import telemetry

_MOST_PREPARED = 500
_BAD = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)


# A word like NULL would mean something else, so that only what looks like an id or a number goes without quotes.
_PLAIN = re.compile(r"[0-9a-f-]*")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")


class Statement(NamedTuple):
    """A statement with `$1`, `$2` … for its values, and the values in that order."""

    text: str
    values: Sequence[Any] = ()


@lru_cache(maxsize=2048)
def numbered(text: str) -> tuple[str, tuple[str, ...]]:
    """SQL in psycopg's style (`%(name)s`) as PostgreSQL takes it (`$1`), and the names of the values in order."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PLACEHOLDER.sub(number, text), tuple(names)


# From a result's rows as tuples, and a function that tells the names of its columns, to what they are handed out as.
Rows = Callable[[list[tuple[Any, ...]], Callable[[], tuple[str, ...]]], list[Any]]
_NUMBERS = count()


class _Prepared:
    """A statement that a connection knows: its name, and what loads its rows, whose types never change."""

    __slots__ = ("loader", "name")

    def __init__(self) -> None:
        self.name = f"cairn_{next(_NUMBERS)}".encode()
        self.loader: Any = None


class Connection(psycopg.AsyncConnection[Any]):
    """A connection that remembers what was prepared on it, and that stays watched between one pipeline and the next.

    To watch a socket and to stop watching it takes the event loop as long as sending a statement. psycopg watches the
    same socket when it is used by itself, and nobody may watch one that is closed: its number may be another's next.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.prepared: dict[str, _Prepared] = {}
        self._watched_by: asyncio.AbstractEventLoop | None = None
        self._socket = -1
        self._found: list[Any] = []
        self._ended: asyncio.Future[None] | None = None

    async def wait(self, *arguments: Any, **named: Any) -> Any:
        """Lets psycopg use the connection."""
        self.unwatch()
        return await super().wait(*arguments, **named)

    async def close(self) -> None:
        """Closes it, as psycopg does."""
        self.unwatch()
        await super().close()

    def unwatch(self) -> None:
        """Stops watching its socket."""
        loop, self._watched_by = self._watched_by, None
        if loop is not None:
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)

    async def results(self) -> list[Any]:
        """Sends what is in the pipeline; the results up to the end of it."""
        loop = asyncio.get_running_loop()
        self._found, self._ended = [], loop.create_future()
        if self._watched_by is None:
            self._socket = self.pgconn.socket
            loop.add_reader(self._socket, self._readable)
            self._watched_by = loop
        if self.pgconn.flush():
            loop.add_writer(self._socket, self._writable)
        # To send, libpq may read as well, and may find the connection gone: its socket says nothing of that any more.
        self._readable()
        await self._ended
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


def as_tuples(rows: list[tuple[Any, ...]], _names: Callable[[], tuple[str, ...]]) -> list[Any]:
    """Rows as plain tuples."""
    return rows


async def run_pipeline(
    connection: Connection, statements: Sequence[Statement], rows: Rows = as_tuples
) -> list[list[Any]]:
    """The rows of each statement, as tuples or as `rows` makes them; raises the first error that the server gives.

    The connection must be the caller's alone, idle or in a transaction, and is afterwards as the statements leave it.
    When this is cancelled, or the connection breaks, it is closed: what was under way on it is nobody's any more.
    """
    began = perf_counter()
    server = connection.pgconn
    known = connection.prepared
    new: list[str] = []
    try:
        server.enter_pipeline_mode()
        server.nonblocking = 1
        for text, values in statements:
            _send(server, known, new, text, values)
        server.pipeline_sync()
        results = await connection.results()
        server.exit_pipeline_mode()
        server.nonblocking = 0
    except BaseException:
        connection.unwatch()
        server.finish()
        raise
    failed = next((each for each in results if each.status in _BAD), None)
    if failed is not None:
        # What was prepared in this pipeline may or may not have come to be.
        for text in new:
            known.pop(text, None)
        telemetry.took("sql", began)
        raise error_from_result(failed, encoding=connection.info.encoding)
    if new:
        # Preparing answers with a result of its own, which holds nothing.
        results = _without_preparing(results, statements, new)
    telemetry.took("sql", began, sum([each.ntuples for each in results]))
    return [
        _loaded(connection, known.get(text), each, rows) if each.ntuples else []
        for (text, _), each in zip(statements, results, strict=True)
    ]


def _send(server: Any, known: dict[str, _Prepared], new: list[str], text: str, values: Sequence[Any]) -> None:
    encoded = [_encoded(value) for value in values]
    prepared = known.get(text)
    if prepared is None and len(known) < _MOST_PREPARED:
        prepared = known[text] = _Prepared()
        new.append(text)
        server.send_prepare(prepared.name, text.encode())
    if prepared is None:
        server.send_query_params(text.encode(), encoded)
    else:
        server.send_query_prepared(prepared.name, encoded)


def _without_preparing(results: list[Any], statements: Sequence[Statement], new: list[str]) -> list[Any]:
    first = set(new)
    kept: list[Any] = []
    rest = iter(results)
    for text, _ in statements:
        if text in first:
            first.discard(text)
            next(rest)
        kept.append(next(rest))
    return kept


def _loaded(connection: Connection, prepared: _Prepared | None, result: Any, rows: Rows) -> list[Any]:
    """The rows of a result. What loads them is found once for a statement."""
    loader = None if prepared is None else prepared.loader
    if loader is None:
        loader = Transformer(connection)
        loader.set_pgresult(result)
        if prepared is not None:
            prepared.loader = loader
    else:
        loader.set_pgresult(result, set_loaders=False)
    try:
        return rows(loader.load_rows(0, result.ntuples, tuple), lambda: _names(result))
    finally:
        # It stays, and the result need not.
        loader.set_pgresult(None, set_loaders=False)


def _names(result: Any) -> tuple[str, ...]:
    return tuple([(result.fname(place) or b"").decode() for place in range(result.nfields)])


def _encoded(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it in text form. Only what cursors, filters and keys are made of is known."""
    if value is None:
        return None
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, list | tuple):
        texts = list(map(str, value))
        # Ids need no quotes, and are what is nearly always sent.
        plain = _PLAIN.fullmatch("".join(texts)) and all(texts)
        return ("{" + ",".join(texts if plain else map(_quoted, texts)) + "}").encode()
    if isinstance(value, date):
        return value.isoformat().encode()
    if isinstance(value, str | int):
        return str(value).encode()
    raise TypeError(f"A {type(value).__name__} cannot be sent in a pipeline.")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
