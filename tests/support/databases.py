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
        database = Database(url, **{"pool_size": 2, **options})
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


def empty_tables(url: str, models: Iterable[type[Table]]) -> None:
    """Removes every row of these tables, in one round trip: it is done before most tests."""
    names = [sql.Identifier(table_of(model).name) for model in models]
    statements = [sql.SQL("SET session_replication_role = replica"), *map(sql.SQL("DELETE FROM {}").format, names)]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("; ").join(statements))
