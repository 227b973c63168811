"""`python -m benchmarks.jobs.recording URL RATE`: records so many facts a second, each in a transaction of its own."""

from __future__ import annotations

import asyncio
import sys
import time

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from models.curriculum import Theme
from models.events import ThemeUpdated
from resolvers import events


async def record(url: str, rate: float) -> None:
    """Goes on until it is ended."""
    database = Database(url, pool_size=2)
    await database.open()
    print("ready", flush=True)
    due = time.monotonic()
    while True:
        async with transaction(database, SERVICE) as tx:
            theme = Theme.new_id()
            events.record(tx, ThemeUpdated(subject_id=theme, root_id=theme, revision=2, fields=["title"]))
        due += 1 / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1], float(sys.argv[2])))
