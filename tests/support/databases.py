"""Working with a database from a test that is not asynchronous itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

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

    return with_database(url, in_transaction)


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
