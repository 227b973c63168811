"""Procrastinate: jobs in PostgreSQL, fetched one at a time and finished apart from what they did."""

from __future__ import annotations

import asyncio

from procrastinate import App, PsycopgConnector
from psycopg_pool import AsyncConnectionPool
from shared import ASKED, BATCH, CLIENTS, CONCURRENCY, EFFECT, by_clients, main, names, ready

POOL: list[AsyncConnectionPool] = []


def made(url: str) -> App:
    """The application with its one task."""
    app = App(connector=PsycopgConnector(conninfo=url, min_size=CONCURRENCY, max_size=CONCURRENCY + 4))
    app.task(name="write")(write)
    return app


async def write(name: str) -> None:
    """One row."""
    async with POOL[0].connection() as connection:
        await connection.execute(EFFECT, (name,))


def prepare(url: str) -> None:
    async def run() -> None:
        async with (app := made(url)).open_async():
            await app.schema_manager.apply_schema_async()

    asyncio.run(run())


def ask(url: str, number: int) -> None:
    async def run() -> None:
        app = made(url)
        async with app.open_async(), AsyncConnectionPool(url, min_size=CLIENTS, open=False) as pool:

            async def one(name: str) -> None:
                async with pool.connection() as connection:
                    await connection.execute(ASKED, (name,))
                    await app.tasks["write"].configure(connection=connection).defer_async(name=name)

            await by_clients(number, one)

    asyncio.run(run())


def fill(url: str, number: int) -> None:
    async def run() -> None:
        async with (app := made(url)).open_async():
            every = names(number)
            for start in range(0, number, BATCH):
                batch = [{"name": name} for name in every[start : start + BATCH]]
                await app.tasks["write"].batch_defer_async(*batch)

    asyncio.run(run())


def work(url: str) -> None:
    async def run() -> None:
        app = made(url)
        async with app.open_async(), AsyncConnectionPool(url, min_size=CONCURRENCY, open=False) as pool:
            POOL.append(pool)
            ready()
            await app.run_worker_async(concurrency=CONCURRENCY, fetch_job_polling_interval=1)

    asyncio.run(run())


if __name__ == "__main__":
    main(prepare, ask, fill, work)
