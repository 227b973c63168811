"""A clock that goes wrong, for one process: by how much, and jumping."""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from typing import Any

import core.clock

_true_time, _true_time_ns = time.time, time.time_ns


class Wrong:
    """Tells the time so many seconds ahead, or now one time and now another between the two."""

    def __init__(self, ahead: float, jumps_to: float | None = None) -> None:
        self._ahead = (ahead, ahead if jumps_to is None else jumps_to)

    def seconds(self) -> float:
        """How far ahead it is at the moment."""
        return random.uniform(*self._ahead)

    def install(self) -> None:
        """From now on this process has no other."""

        class Mistaken(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + timedelta(seconds=self.seconds())

        time.time = lambda: _true_time() + self.seconds()
        time.time_ns = lambda: _true_time_ns() + int(self.seconds() * 1e9)
        core.clock.datetime = Mistaken  # type: ignore[misc]
