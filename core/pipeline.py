"""Several statements in one round trip: libpq's pipeline mode, through psycopg's own wrapper of it.

psycopg's `pipeline()` builds a cursor and a query object for each statement. Here texts come ready with `$1` for their
values, are prepared once per connection, and rows are loaded by psycopg's C code: half the time a course page takes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from enum import Enum
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple

import orjson
import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result

from core import telemetry
from core.connection import Connection, PreparedStatement
from core.errors import RequestError

_MOST_PREPARED = 500
_CALLING_OFF_SECONDS = 5.0
# What a statement fails with that was prepared before its columns were changed; or that somebody had forgotten.
_STALE = ("0A000", "26000")
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


def as_tuples(rows: list[tuple[Any, ...]], _names: Callable[[], tuple[str, ...]]) -> list[Any]:
    """Rows as plain tuples."""
    return rows


async def run_pipeline(
    connection: Connection, statements: Sequence[Statement], rows: Rows = as_tuples
) -> list[list[Any]]:
    """The rows of each statement, as tuples or as `rows` makes them; raises the first error that the server gives.

    The connection must be the caller's alone, idle or in a transaction, and is afterwards as the statements leave it.
    When this is cancelled, the server is told to stop, and the connection is good for others. When it breaks, it is
    closed.
    """
    began = perf_counter()
    server = connection.pgconn
    known = connection.prepared
    # Where among the results it says that a text was prepared; and where the rows of each statement are.
    new: dict[str, int] = {}
    places: list[int] = []
    ousted: dict[str, PreparedStatement] = {}
    count = 0
    encoded = [(text, [_encoded(value) for value in values]) for text, values in statements]
    try:
        server.enter_pipeline_mode()
        server.nonblocking = 1
        for text, values in encoded:
            if text not in known:
                new[text] = count
                count += 1
            _send(server, known, text, values)
            places.append(count)
            count += 1
        if len(known) > _MOST_PREPARED:
            ousted = _make_room(server, known)
        server.pipeline_sync()
        results = await connection.results()
        server.exit_pipeline_mode()
        server.nonblocking = 0
    except asyncio.CancelledError:
        _settle(known, new, ousted, count, await _called_off(connection))
        raise
    except BaseException:
        connection.give_up()
        raise
    failed = next((place for place, each in enumerate(results) if each.status in _BAD), None)
    if failed is not None:
        _settle(known, new, ousted, count, results)
        telemetry.took("sql", began)
        error = error_from_result(results[failed], encoding=connection.info.encoding)
        if error.sqlstate in _STALE and failed in places:
            known.pop(statements[places.index(failed)].text, None)
        raise error
    if len(results) > len(places):
        results = [results[place] for place in places]
    telemetry.took("sql", began, sum([each.ntuples for each in results]))
    return [
        _loaded(connection, known.get(text), each, rows) if each.ntuples else []
        for (text, _), each in zip(statements, results, strict=True)
    ]


def _settle(
    known: dict[str, PreparedStatement],
    new: Mapping[str, int],
    ousted: Mapping[str, PreparedStatement],
    first_ousted: int,
    results: Sequence[Any],
) -> None:
    """Of a pipeline that failed: what became prepared before it did is so; what was to make room after it is still."""

    def is_done(place: int) -> bool:
        return place < len(results) and results[place].status == pq.ExecStatus.COMMAND_OK

    for text, place in new.items():
        if not is_done(place):
            known.pop(text, None)
    for place, (text, prepared) in enumerate(ousted.items(), first_ousted):
        if text not in new and not is_done(place):
            known[text] = prepared


async def _called_off(connection: Connection) -> list[Any]:
    """Has the server stop what nobody waits for any more; what came of it.

    A connection on which that fails is closed.
    """
    try:
        await connection.cancel_safe(timeout=_CALLING_OFF_SECONDS)
        results = await connection.results_left(_CALLING_OFF_SECONDS)
        connection.pgconn.exit_pipeline_mode()
        connection.pgconn.nonblocking = 0
    except BaseException as error:
        connection.give_up()
        if not isinstance(error, psycopg.Error):
            raise
        return []
    return results


def _make_room(server: Any, known: dict[str, PreparedStatement]) -> dict[str, PreparedStatement]:
    """Has the server forget those that were prepared first. Where one is still asked for, it is prepared anew."""
    ousted: dict[str, PreparedStatement] = {}
    while len(known) > _MOST_PREPARED:
        text = next(iter(known))
        ousted[text] = known.pop(text)
        server.send_query_params(b"DEALLOCATE " + ousted[text].name, None)
    return ousted


def _send(server: Any, known: dict[str, PreparedStatement], text: str, values: Sequence[bytes | None]) -> None:
    """Sends a statement, prepared before where it is new."""
    prepared = known.get(text)
    if prepared is None:
        prepared = known[text] = PreparedStatement()
        server.send_prepare(prepared.name, text.encode())
    server.send_query_prepared(prepared.name, values)


def _loaded(connection: Connection, prepared: PreparedStatement | None, result: Any, rows: Rows) -> list[Any]:
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
    """A value as PostgreSQL reads it in text form. Only what is sent in pipelines is known: what cursors, filters and
    keys are made of, and JSON objects in arrays."""
    # Most are texts, and several of each are sent with every page.
    if type(value) is str:
        return _without_null(value).encode()
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
        return ("{" + ",".join(texts if plain else map(_element, value)) + "}").encode()
    if isinstance(value, date):
        return value.isoformat().encode()
    if isinstance(value, timedelta):
        return f"{value.total_seconds()} seconds".encode()
    if isinstance(value, str | int):
        return _without_null(str(value)).encode()
    raise TypeError(f"A {type(value).__name__} cannot be sent in a pipeline.")


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list | tuple):
        raise TypeError("A list within a list cannot be sent in a pipeline.")
    if isinstance(value, Enum):
        value = value.value
    text = orjson.dumps(value).decode() if isinstance(value, dict) else _without_null(str(value))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _without_null(text: str) -> str:
    """The text; raises `RequestError` where the server would take what is before the null for the whole."""
    if "\0" in text:
        raise RequestError("A text cannot hold the character U+0000.")
    return text
