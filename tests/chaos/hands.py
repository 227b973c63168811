"""A worker as a program of its own, for killing: `python -m tests.chaos.hands URL`."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading

from core.jobs import JobKind
from models.curriculum import Theme
from models.events import ThemeTrashed
from resolvers import events
from tests.jobs.crews import mark, tools
from workers.actors import Work, actor
from workers.running import Worker

TOIL = JobKind("toil", max_attempts=1000)
LONG = JobKind("long")


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


def main(url: str) -> None:
    """Works until SIGTERM."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    worker = Worker(url, tools(), threads=4, actors=(toil, long))
    worker.start()
    told.wait()
    worker.stop()


if __name__ == "__main__":
    main(sys.argv[1])
