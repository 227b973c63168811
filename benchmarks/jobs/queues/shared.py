"""What the scripts share: the orders they take, the tables they write, and many short transactions at once.

    python on_NAME.py prepare URL        makes the tables
    python on_NAME.py ask URL NUMBER     calls for so many jobs, each in a transaction with a row of its own
    python on_NAME.py fill URL NUMBER    calls for so many jobs as fast as it can
    python on_NAME.py work URL           does jobs until it is told to stop; says "ready" when it begins

A job writes one row. When it was called for and when it was done is written by the database's clock.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import psycopg

CLIENTS = 4
CONCURRENCY = 8
BATCH = 1000
TABLES = (
    "CREATE TABLE asked (name text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())",
    "CREATE TABLE effect (name text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())",
)
ASKED = "INSERT INTO asked (name) VALUES (%s)"
EFFECT = "INSERT INTO effect (name) VALUES (%s)"


def make_tables(url: str) -> None:
    """The two tables that are measured by."""
    with psycopg.connect(url, autocommit=True) as connection:
        for each in TABLES:
            connection.execute(each)


def names(number: int) -> list[str]:
    """So many names for jobs."""
    return [f"job {each}" for each in range(number)]


async def by_clients(number: int, ask: Callable[[str], Awaitable[None]]) -> None:
    """Calls `ask` for each name, by several clients at once."""
    left = iter(names(number))

    async def client() -> None:
        for name in left:
            await ask(name)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


def ready() -> None:
    """Tells that the worker begins."""
    print("ready", flush=True)


def main(
    prepare: Callable[[str], None],
    ask: Callable[[str, int], None],
    fill: Callable[[str, int], None],
    work: Callable[[str], None],
    **more: Callable[[str, int], None],
) -> None:
    """Does what the command line says."""
    order, url, *rest = sys.argv[1:]
    if order == "prepare":
        make_tables(url)
        prepare(url)
    elif order == "work":
        work(url)
    else:
        {"ask": ask, "fill": fill, **more}[order](url, int(rest[0]))
