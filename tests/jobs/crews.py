"""Workers for tests: real ones, with actors whose effects can be counted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.jobs import JobKind
from core.writing import Transaction
from gateways.mail import Mail, Mailbox
from resolvers import jobs
from resolvers.jobs import Claimed
from resolvers.uploads import Files
from tests.events.logs import as_service, sql
from tests.support.databases import with_database
from workers.actors import Actor, Tools, Work, actor
from workers.running import Worker

# The long forms are run beside much else.
DEADLINE_SECONDS = 240 if os.environ.get("CAIRN_TEST_LONG") else 40
EFFECT = sa.table("effect", sa.column("name"))
WRITE = JobKind("write")


def tools(mail: Mail | None = None, files: Files | None = None) -> Tools:
    """Tools with nothing behind them but memory, unless there is somebody to take the mail, or to keep files."""
    return Tools(mail or Mailbox(), "https://app.example", Path(os.devnull), 1, 1, files=files)


@contextmanager
def working(
    url: str,
    *actors: Actor,
    broker_url: str = "postgres",
    threads: int = 4,
    mail: Mail | None = None,
    files: Files | None = None,
) -> Iterator[Worker]:
    """A worker that does the jobs of these actors while the block runs."""
    worker = Worker(url, tools(mail, files), broker_url=broker_url, threads=threads, actors=actors)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def prepared(url: str) -> str:
    """The database with a table for effects."""
    sql(url, "CREATE TABLE effect (name text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())")
    sql(url, "GRANT SELECT, INSERT ON effect TO cairn_service")
    return url


@actor(WRITE)
async def write(work: Work, name: str) -> None:
    """Leaves its mark."""
    await mark(work.tx, name)


async def mark(tx: Transaction, name: str) -> None:
    """An effect that can be counted."""
    await tx.execute(sa.insert(EFFECT).values(name=name))


def ask(url: str, kind: JobKind, **arguments: Any) -> str:
    """Calls for a job; answers its id."""
    made = as_service(url, lambda tx: jobs.enqueue(tx, kind, arguments))
    assert made is not None
    return made


def ask_all(url: str, kind: JobKind, names: Sequence[str]) -> None:
    """Calls for a job per name, in one transaction."""
    as_service(url, lambda tx: jobs.enqueue_all(tx, [(kind, {"name": name}, None) for name in names]))


def claimed(url: str, owner: str, actors: Sequence[str], most: int) -> list[Claimed]:
    """What a worker of this name gets when it takes due jobs."""
    return with_database(url, lambda database: jobs.claim(database, owner, "default", actors, most))


def effects(url: str) -> list[str]:
    """The names of all effects, sorted."""
    return [name for (name,) in sql(url, "SELECT name FROM effect ORDER BY name")]


def state(url: str, job_id: str) -> str:
    """How a job stands."""
    ((found,),) = sql(url, "SELECT state FROM job WHERE id = %s", job_id)
    return str(found)


def until(
    condition: Callable[[], Any],
    what: str = "what was waited for",
    seconds: float = DEADLINE_SECONDS,
    every: float = 0.02,
) -> None:
    """Waits until something is so; fails after a while."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(every)


def until_idle(url: str) -> None:
    """Waits until nothing is queued or running."""
    until(lambda: sql(url, "SELECT 1 FROM job WHERE state IN ('queued', 'running')") == [], "an empty table of jobs")
