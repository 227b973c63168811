"""PgQueuer: jobs in PostgreSQL, fetched and finished in batches; what was done is noted some time after it was done."""

from __future__ import annotations

import asyncio
import signal

import psycopg
from pgqueuer import PgQueuer
from pgqueuer.db import PsycopgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from psycopg_pool import AsyncConnectionPool
from shared import ASKED, BATCH, CLIENTS, CONCURRENCY, EFFECT, by_clients, main, names, ready


async def connected(url: str) -> psycopg.AsyncConnection:
    """A connection as its driver wants it."""
    return await psycopg.AsyncConnection.connect(url, autocommit=True)


def prepare(url: str) -> None:
    async def run() -> None:
        async with await connected(url) as connection:
            await Queries(PsycopgDriver(connection)).install()

    asyncio.run(run())


def ask(url: str, number: int) -> None:
    async def run() -> None:
        async with AsyncConnectionPool(url, min_size=CLIENTS, kwargs={"autocommit": True}, open=False) as pool:

            async def one(name: str) -> None:
                async with pool.connection() as connection, connection.transaction():
                    await connection.execute(ASKED, (name,))
                    await Queries(PsycopgDriver(connection)).enqueue("write", name.encode())

            await by_clients(number, one)

    asyncio.run(run())


def fill(url: str, number: int) -> None:
    async def run() -> None:
        async with await connected(url) as connection:
            queries = Queries(PsycopgDriver(connection))
            every = [name.encode() for name in names(number)]
            for start in range(0, number, BATCH):
                batch = every[start : start + BATCH]
                await queries.enqueue(["write"] * len(batch), batch, [0] * len(batch))

    asyncio.run(run())


def work(url: str) -> None:
    async def run() -> None:
        pool = AsyncConnectionPool(url, min_size=CONCURRENCY, timeout=120, open=False)
        async with await connected(url) as connection, pool:
            queue = PgQueuer(PsycopgDriver(connection))

            @queue.entrypoint("write")
            async def write(job: Job) -> None:
                async with pool.connection() as other:
                    await other.execute(EFFECT, ((job.payload or b"").decode(),))

            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, queue.shutdown.set)
            ready()
            # With a limit of how many it has in hand it waits for its own notes; here the pool is the limit.
            await queue.run(batch_size=50)

    asyncio.run(run())


if __name__ == "__main__":
    main(prepare, ask, fill, work)
