"""Working with a database from a test that is not asynchronous itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from core.database import Database

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
