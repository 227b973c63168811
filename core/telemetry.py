"""What a request takes of the machine, noted where it is taken: statements, rows, and time by phase.

`WORK` is the note of the request that the running code belongs to. Tasks that a request starts carry it along. Where
there is none, as in commands and background work, nothing is noted.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal

Phase = Literal["plan", "sql"]


# A stretch of time: its phase, its beginning and its end by the clock of `time.perf_counter`.
Stretch = tuple[Phase, float, float]


@dataclass(slots=True, eq=False)
class Work:
    """What one request has taken so far. Statements that only begin, end or set up a transaction are not counted."""

    request_id: str
    statements: int = 0
    rows: int = 0
    stretches: list[Stretch] = field(default_factory=list)

    def seconds(self, phase: Phase) -> float:
        """The time that a phase has taken so far."""
        return sum(ended - began for each, began, ended in self.stretches if each == phase)


WORK: ContextVar[Work | None] = ContextVar("work", default=None)


def took(phase: Phase, began: float, rows: int = 0) -> None:
    """Notes a stretch of time that ends now, and the rows it brought."""
    work = WORK.get()
    if work is not None:
        work.stretches.append((phase, began, perf_counter()))
        work.rows += rows


def sent(statements: int = 1) -> None:
    """Notes statements that are sent to the database."""
    work = WORK.get()
    if work is not None:
        work.statements += statements
