"""Running something against a database of the real kind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import psycopg
import pytest

from core.database import Database
from tests.support.servers import cloned

Run = Callable[..., Any]


@pytest.fixture(scope="session")
def core_database(database_server: tuple[str, str]) -> Iterator[str]:
    """A migrated database for the tests of this folder."""
    with cloned(*database_server) as url:
        yield url


@pytest.fixture
def run(core_database: str) -> Run:
    """`run(work)` awaits `work(database)` on an empty database; further arguments go to `Database`."""
    with psycopg.connect(core_database) as connection:
        connection.execute('TRUNCATE "user", content CASCADE')

    def run_it(work: Callable[[Database], Awaitable[Any]], **options: Any) -> Any:
        async def opened() -> Any:
            database = Database(core_database, **{"pool_size": 2, **options})
            await database.open()
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(opened())

    return run_it
