"""What kinds of background work there are: declared beside the actions that call for it, done by `workers`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from cronsim import CronSim

DEFAULT_QUEUE = "default"


class Priority(IntEnum):
    """What is done first among what is due in one queue."""

    HIGH = 0
    NORMAL = 10
    LOW = 20


@dataclass(frozen=True)
class JobKind:
    """One kind of job. Its name stands in the table of jobs: it must not change while there are any.

    `schedule` is a cron expression, in UTC. A job that takes longer than `time_limit` seconds has failed; one that has
    failed `max_attempts` times is parked.
    """

    name: str
    queue: str = DEFAULT_QUEUE
    priority: Priority = Priority.NORMAL
    time_limit: float = 60
    max_attempts: int = 5
    schedule: str | None = None

    def next_run(self, after: datetime) -> datetime:
        """The first instant of the schedule after this one. Raises `ValueError` for a kind without a schedule."""
        if self.schedule is None:
            raise ValueError(f"{self.name} has no schedule.")
        return next(CronSim(self.schedule, after))
