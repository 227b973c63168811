"""Cairn's jobs in PostgreSQL: what a job does and that it is done are committed together."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import sqlalchemy as sa
from shared import BATCH, CLIENTS, CONCURRENCY, by_clients, main, names, ready

from core.database import Database
from core.jobs import JobKind
from core.viewer import SERVICE
from core.writing import transaction
from gateways.mail import Mailbox
from migrations import running
from resolvers import jobs
from workers.actors import Tools, Work, actor
from workers.running import Worker

WRITE = JobKind("write")
ASKED, EFFECT = (sa.table(name, sa.column("name")) for name in ("asked", "effect"))


@actor(WRITE)
async def write(work: Work, name: str) -> None:
    """One row."""
    await work.tx.execute(sa.insert(EFFECT).values(name=name))


def prepare(url: str) -> None:
    running.upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("GRANT SELECT, INSERT ON asked, effect TO cairn_service")


def ask(url: str, number: int) -> None:
    async def asking(database: Database) -> None:
        async def one(name: str) -> None:
            async with transaction(database, SERVICE) as tx:
                await tx.execute(sa.insert(ASKED).values(name=name))
                await jobs.enqueue(tx, WRITE, {"name": name})

        await by_clients(number, one)

    _with_database(url, asking)


def fill(url: str, number: int) -> None:
    async def filling(database: Database) -> None:
        every = names(number)
        for start in range(0, number, BATCH):
            async with transaction(database, SERVICE) as tx:
                await jobs.enqueue_all(tx, [(WRITE, {"name": name}, None) for name in every[start : start + BATCH]])

    _with_database(url, filling)


def delay(url: str, number: int) -> None:
    """Calls for jobs that were to be done later, when that has come."""

    async def delaying(database: Database) -> None:
        now, every = datetime.now(UTC), names(number)
        for start in range(0, number, BATCH):
            wanted = [(WRITE, {"name": name}, None) for name in every[start : start + BATCH]]
            async with transaction(database, SERVICE) as tx:
                await jobs.enqueue_all(tx, wanted, now - timedelta(seconds=start // BATCH))

    _with_database(url, delaying)


def work(url: str) -> None:
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    tools = Tools(Mailbox(), "https://app.example", Path(os.devnull), 1, 1)
    worker = Worker(url, tools, threads=CONCURRENCY, actors=(write,))
    worker.start()
    ready()
    told.wait()
    worker.stop()


def _with_database(url: str, act: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        database = Database(url, pool_size=CLIENTS)
        await database.open()
        try:
            await act(database)
        finally:
            await database.close()

    asyncio.run(run())


if __name__ == "__main__":
    main(prepare, ask, fill, work, delay=delay)
