"""The one place that reads the wall clock, and what is better than that: the clock of the database."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


def now_ms() -> int:
    """Milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Clock:
    """Another clock, as it was read: it goes on from there, whatever this machine takes the time for."""

    read: datetime
    _at: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """What it shows by now."""
        return self.read + timedelta(seconds=time.monotonic() - self._at)
