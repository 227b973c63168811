"""Working with a database from a test that is not asynchronous itself."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg import sql

from core.database import Database
from core.tables import Table, table_of
from core.viewer import SERVICE
from core.writing import Transaction, transaction

T = TypeVar("T")


def with_database(url: str, work: Callable[[Database], Awaitable[T]], **options: Any) -> T:
    """What `work` answers, given an open database that is closed again; further arguments go to `Database`."""

    async def run() -> T:
        database = Database(url, **{"pool_size": 2, "ready": 0, **options})
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def as_service(url: str, act: Callable[[Transaction], Awaitable[T]]) -> T:
    """What an act of the service answers, in a transaction of its own."""

    async def in_transaction(database: Database) -> T:
        async with transaction(database, SERVICE) as tx:
            return await act(tx)

    if threading.current_thread() is not threading.main_thread():
        return with_database(url, in_transaction)
    return _open(url).run(in_transaction)


class _Open:
    """A database that stays open from one act to the next, with all plans that PostgreSQL made for it."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._database = Database(url, pool_size=2, ready=0)
        self._runner.run(self._database.open())

    def run(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """What `work` answers, when everybody is awake whom it woke."""

        async def run() -> T:
            answer = await work(self._database)
            while self._database._waking is not None:
                await self._database._waking
            return answer

        return self._runner.run(run())

    def close(self) -> None:
        """Closes it."""
        self._runner.run(self._database.close())
        self._runner.close()


class Line:
    """A connection that stays open from one statement to the next, which is done by itself; a lost one is replaced.

    To connect takes as long as many a test, and to plan what deletes a person, with all that refers to people, ten
    times as long as to do it.
    """

    def __init__(self, url: str, role: str) -> None:
        self._url, self._role = url, role
        self._connection = self._connected()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        connection = psycopg.connect(self._url, autocommit=True)
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(self._role)))
        return connection

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Its rows."""
        try:
            self._connection.execute("")
        except psycopg.OperationalError:
            self._connection.close()
            self._connection = self._connected()
        cursor = self._connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Closes it."""
        self._connection.close()


class _Closing(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=_Closing)


_CLOSE: list[Callable[[], None]] = []


def let_go() -> None:
    """Closes what is kept open, as whoever copies a database needs."""
    for close in _CLOSE:
        close()


def _last(make: Callable[..., C]) -> Callable[..., C]:
    """What `make` makes of its arguments; the last of it is kept, until others are asked for or all is over."""
    kept: dict[tuple[Any, ...], C] = {}

    def close() -> None:
        while kept:
            kept.popitem()[1].close()

    def found(*arguments: Any) -> C:
        if arguments not in kept:
            close()
            kept[arguments] = make(*arguments)
        return kept[arguments]

    _CLOSE.append(close)
    return found


_open = _last(_Open)
line = _last(Line)
atexit.register(let_go)


class Broom:
    """Removes every row of these tables, as is done before most tests.

    It keeps its connection, and PostgreSQL its plans: to connect takes as long as many a test, and to plan a statement
    for each table a hundred times as long as to find most of them empty.
    """

    def __init__(self, url: str, models: Iterable[type[Table]]) -> None:
        names = [sql.Identifier(table_of(model).name) for model in models]
        deleting = sql.SQL(" ").join(map(sql.SQL("DELETE FROM {};").format, names))
        self._url, self._body = url, sql.Literal((sql.SQL("BEGIN ") + deleting + sql.SQL(" END")).as_string())
        self._connection = self._connected()

    def _connected(self) -> psycopg.Connection[tuple[object, ...]]:
        connection = psycopg.connect(self._url, autocommit=True)
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            sql.SQL("CREATE FUNCTION pg_temp.sweep() RETURNS void LANGUAGE plpgsql AS {}").format(self._body)
        )
        return connection

    def sweep(self) -> None:
        """Removes them. Some tests end all connections to their database: then it takes a new one."""
        try:
            self._connection.execute("SELECT pg_temp.sweep()")
        except psycopg.OperationalError:
            self._connection.close()
            self._connection = self._connected()
            self._connection.execute("SELECT pg_temp.sweep()")

    def close(self) -> None:
        """Closes its connection."""
        self._connection.close()
