"""Several statements in one round trip: libpq's pipeline mode, through psycopg's own wrapper of it.

psycopg's `pipeline()` builds a cursor and a query object for each statement. Here texts come ready with `$1` for their
values, are prepared once per connection, and rows are loaded by psycopg's C code: half the time a course page takes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from enum import Enum
from functools import lru_cache
from itertools import count
from time import perf_counter
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result

from core import telemetry
from core.connection import Connection, hung_up_after

_MOST_PREPARED = 500
_CALLING_OFF_SECONDS = 5.0
_BAD = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE)


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


# From a function that tells the names of the columns to a function that makes a row of its values.
Rows = Callable[[Callable[[], Sequence[str]]], Callable[[Sequence[Any]], Any]]
_PREPARED: WeakKeyDictionary[Any, dict[str, bytes]] = WeakKeyDictionary()
_NUMBERS = count()


def as_tuples(_names: Callable[[], Sequence[str]]) -> type[tuple[Any, ...]]:
    """Rows as plain tuples."""
    return tuple


async def run_pipeline(
    connection: Connection, statements: Sequence[Statement], rows: Rows = as_tuples
) -> list[list[Any]]:
    """The rows of each statement, as tuples or as `rows` makes them; raises the first error that the server gives.

    The connection must be idle or in a transaction, and is afterwards as the statements leave it. When this is
    cancelled, the server is told to stop, and the connection is good for others. When it breaks, it is closed.
    """
    began = perf_counter()
    async with connection.lock:
        server = connection.pgconn
        known = _PREPARED.setdefault(connection, {})
        new: list[str] = []
        try:
            server.enter_pipeline_mode()
            server.nonblocking = 1
            for text, values in statements:
                _send(server, known, new, text, [_encoded(value) for value in values])
            server.pipeline_sync()
            results = await _ended(connection)
        except asyncio.CancelledError:
            _forget(known, new)
            await _called_off(connection)
            raise
        except BaseException:
            server.finish()
            raise
    telemetry.took("sql", began, sum(each.ntuples for each in results))
    failed = next((each for each in results if each.status in _BAD), None)
    if failed is not None:
        _forget(known, new)
        raise error_from_result(failed, encoding=connection.info.encoding)
    loaded = [each for each in results if each.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)]
    # Preparing answers with a result of its own, which holds nothing.
    return [_loaded(connection, each, rows) for each in _without_preparing(loaded, statements, new)]


def _forget(known: dict[str, bytes], new: list[str]) -> None:
    """What was prepared in a pipeline that failed may or may not have come to be."""
    for text in new:
        known.pop(text, None)


async def _ended(connection: Connection) -> list[Any]:
    """All that is still to come of a pipeline, which is over then."""
    server = connection.pgconn
    with hung_up_after(connection.patience, server.socket):
        results = await _results(server)
    server.exit_pipeline_mode()
    server.nonblocking = 0
    return results


async def _called_off(connection: Connection) -> None:
    """Has the server stop what nobody waits for any more. A connection on which that fails is closed."""
    try:
        await connection.cancel_safe(timeout=_CALLING_OFF_SECONDS)
        with hung_up_after(_CALLING_OFF_SECONDS, connection.pgconn.socket):
            await _ended(connection)
    except BaseException as error:
        connection.pgconn.finish()
        if not isinstance(error, psycopg.Error):
            raise


def _send(server: Any, known: dict[str, bytes], new: list[str], text: str, values: list[bytes | None]) -> None:
    name = known.get(text)
    if name is None and len(known) < _MOST_PREPARED:
        name = known[text] = f"cairn_{next(_NUMBERS)}".encode()
        new.append(text)
        server.send_prepare(name, text.encode())
    if name is None:
        server.send_query_params(text.encode(), values)
    else:
        server.send_query_prepared(name, values)


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


async def _results(server: Any) -> list[Any]:
    loop = asyncio.get_running_loop()
    results: list[Any] = []
    finished: asyncio.Future[None] = loop.create_future()
    socket = server.socket

    def stop(error: Exception | None = None) -> None:
        """Ends the watch at once: libpq may have closed the socket, and another connection may get its number next."""
        if finished.done():
            return
        loop.remove_reader(socket)
        loop.remove_writer(socket)
        if error is None:
            finished.set_result(None)
        else:
            finished.set_exception(error)

    def readable() -> None:
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
                    stop()
                    return
                results.append(result)
            if server.status == pq.ConnStatus.BAD:
                raise psycopg.OperationalError("The database closed the connection.")
        except Exception as error:
            stop(error)

    def writable() -> None:
        try:
            if server.flush() == 0:
                loop.remove_writer(socket)
        except Exception as error:
            stop(error)
        else:
            readable()

    loop.add_reader(socket, readable)
    try:
        if server.flush():
            loop.add_writer(socket, writable)
        # To send, libpq may read as well, and may find the connection gone: its socket says nothing of that any more.
        readable()
        await finished
    except BaseException:
        if not finished.done() or finished.cancelled():
            loop.remove_reader(socket)
            loop.remove_writer(socket)
        raise
    return results


def _loaded(connection: psycopg.AsyncConnection[Any], result: Any, rows: Rows) -> list[Any]:
    if result.ntuples == 0:
        return []
    transformer = Transformer(connection)
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, rows(lambda: _names(result)))


def _names(result: Any) -> list[str]:
    return [(result.fname(place) or b"").decode() for place in range(result.nfields)]


def _encoded(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it in text form. Only what cursors, filters and keys are made of is known."""
    if value is None:
        return None
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, list | tuple):
        return ("{" + ",".join(_quoted(str(each)) for each in value) + "}").encode()
    if isinstance(value, date):
        return value.isoformat().encode()
    if isinstance(value, timedelta):
        return f"{value.total_seconds()} seconds".encode()
    if isinstance(value, str | int):
        return str(value).encode()
    raise TypeError(f"A {type(value).__name__} cannot be sent in a pipeline.")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
