"""What workers and APIs do that are to be killed: jobs and a reaction that leave a mark each time that they happen."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvicorn
from pydantic import SecretStr

import workers.running
from cairn.composition import compose
from cairn.http.app import application
from cairn.settings import Settings
from core.events import Placed, on
from core.jobs import JobKind
from core.writing import Transaction
from models.curriculum import Theme
from models.events import ThemeCreated, ThemeTrashed
from resolvers import events
from tests.jobs.crews import EFFECT, mark, tools
from workers.actors import Work, actor
from workers.housekeeping import remove_expired
from workers.mail import deliver_mail
from workers.registry import REACTIONS
from workers.running import Worker

TOIL = JobKind("toil", max_attempts=1000)
LONG = JobKind("long")
LATER = JobKind("later", max_attempts=1000)


@actor(TOIL)
async def toil(work: Work, name: str) -> None:
    """Leaves a mark and a fact, with a moment between the two in which to be killed."""
    await mark(work.tx, name)
    await asyncio.sleep(0.01)
    theme_id = Theme.new_id()
    events.record(work.tx, ThemeTrashed(subject_id=theme_id, root_id=theme_id))


@actor(LONG)
async def long(work: Work, name: str) -> None:
    """Takes for ever the first time."""
    await mark(work.tx, name)
    work.progress(10, "begun")
    if work.job.attempt == 1:
        await asyncio.Event().wait()


@actor(LATER)
async def later(work: Work, name: str, due: str) -> None:
    """Leaves a mark, and another where the database says that it is too early for it."""
    is_early = sa.select((sa.func.now() < sa.cast(datetime.fromisoformat(due), sa.DateTime(True))).label("is_early"))
    (found,) = await work.tx.rows(is_early)
    await mark(work.tx, f"{name} too early" if found.is_early else name)


@on(ThemeCreated)
async def notice(tx: Transaction, placed: Placed[ThemeCreated]) -> None:
    """Leaves a mark for each theme."""
    await tx.execute(sa.insert(EFFECT).values(name=f"noticed {placed.fact.subject_id}"))


ACTORS = (toil, long, later, remove_expired, deliver_mail)


def work(url: str, broker_url: str = "postgres", threads: int = 4, imports: str = os.devnull) -> None:
    """Works until SIGTERM."""
    workers.running.REACTIONS = (*REACTIONS, notice)  # type: ignore[misc]
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    worker = Worker(url, replace(tools(), imports=Path(imports)), broker_url=broker_url, threads=threads, actors=ACTORS)
    worker.start()
    told.wait()
    worker.stop()


def serve(url: str, descriptor: int) -> None:
    """Serves the API on a socket that listens already, until SIGTERM."""
    settings = Settings(DATABASE_URL=SecretStr(url))
    app = application(compose(settings))
    config = uvicorn.Config(app, log_level="error", lifespan="on", proxy_headers=False)
    with socket.socket(fileno=descriptor) as listening:
        uvicorn.Server(config).run(sockets=[listening])


WORK: dict[str, Any] = {"work": work, "serve": serve}
