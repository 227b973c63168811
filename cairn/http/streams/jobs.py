"""Jobs that somebody watches: looked at together once a second, for as long as anybody does.

How far a job is stands in its row, which workers write without telling anybody. What counts is how it stands, not each
step on the way there: who comes back is told that at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from cairn.http.streams.patience import is_away
from core.database import Database
from resolvers import jobs
from resolvers.jobs import Standing

POLL_SECONDS = 1.0
log = logging.getLogger("cairn.streams")


class JobWatch:
    """Tells how jobs stand when that has changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[asyncio.Future[Standing | None], tuple[str, Standing | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def changed(self, job_id: str, seen: Standing | None) -> Standing | None:
        """How a job stands, once that is another way than was seen; None where it is gone."""
        future: asyncio.Future[Standing | None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = (job_id, seen)
        if self._task is None:
            self._task = asyncio.create_task(self._look_while_asked())
        try:
            return await future
        finally:
            self._waiting.pop(future, None)

    async def _look_while_asked(self) -> None:
        try:
            while self._waiting:
                try:
                    self._tell(
                        await jobs.standings(self._database, sorted({each for each, _ in self._waiting.values()}))
                    )
                except Exception as error:
                    if not is_away(error):
                        log.exception("jobs could not be looked at, and are tried again")
                await asyncio.sleep(POLL_SECONDS)
        finally:
            self._task = None

    def _tell(self, now: Mapping[str, Standing]) -> None:
        for future, (job_id, seen) in self._waiting.items():
            if not future.done() and now.get(job_id) != seen:
                future.set_result(now.get(job_id))
