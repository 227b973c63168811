"""Dramatiq on Redis: jobs are messages, so that what was committed and what was sent are two things.

The Redis is the one of `BENCHMARK_REDIS`, a database of its own there.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from shared import ASKED, CLIENTS, CONCURRENCY, EFFECT, by_clients, main, names, ready

POOL: list[ConnectionPool] = []
BROKER = RedisBroker(url=os.environ["BENCHMARK_REDIS"], namespace="benchmark")
dramatiq.set_broker(BROKER)


@dramatiq.actor
def write(name: str) -> None:
    """One row."""
    with POOL[0].connection() as connection:
        connection.execute(EFFECT, (name,))


def prepare(_url: str) -> None:
    BROKER.flush_all()


def ask(url: str, number: int) -> None:
    async def run() -> None:
        async with AsyncConnectionPool(url, min_size=CLIENTS, open=False) as pool:

            async def one(name: str) -> None:
                async with pool.connection() as connection:
                    await connection.execute(ASKED, (name,))
                write.send(name)

            await by_clients(number, one)

    asyncio.run(run())


def fill(_url: str, number: int) -> None:
    for name in names(number):
        write.send(name)


def work(url: str) -> None:
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    with ConnectionPool(url, min_size=CONCURRENCY) as pool:
        POOL.append(pool)
        worker = dramatiq.Worker(BROKER, worker_threads=CONCURRENCY)
        worker.start()
        ready()
        told.wait()
        worker.stop()


if __name__ == "__main__":
    main(prepare, ask, fill, work)
