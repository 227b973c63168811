"""Counting tries in fixed windows of time: the protocol of whoever counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Check:
    """One count: `key` may be tried so many times within so many seconds of its first try."""

    key: str
    most: int
    seconds: int


class Tallies(Protocol):
    """Whoever counts tries, for all processes together."""

    async def hit(self, checks: Sequence[Check]) -> int | None:
        """Counts a try under each check in turn, and stops at the first that is used up.

        Answers after how many seconds one may try again, or None when this try is allowed. Of any number of tries at
        the same time, just as many get through as are left.
        """

    async def close(self) -> None:
        """Lets go of what it holds."""
