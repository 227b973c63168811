"""Rounds: every system with every page, in turn, so that a drift of the machine meets all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.pgbench import Burst
from benchmarks.queries import Page
from benchmarks.systems import PEER, System

# Long enough for just-in-time compilers, plans and prepared statements to settle.
WARM_UP_SECONDS = 1.5


class DifferentAnswers(Exception):
    """Two systems do not answer the same: comparing how fast they do it would mean nothing."""


@dataclass
class Measured:
    """Bursts by (page, system), one for each round; the size of an answer by page; peak memory in MB by system."""

    bursts: dict[tuple[str, str], list[Burst]] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    megabytes: dict[str, float] = field(default_factory=dict)


def measure(
    systems: Sequence[System], pages: Sequence[Page], rounds: int, seconds: float, advance: Callable[[str], None]
) -> Measured:
    """Checks all answers, warms every system up with every page, then measures; `advance` hears of every step."""
    found = Measured()
    for page in pages:
        found.bytes[page.name] = require_same_answers(systems, page)
        for system in systems:
            advance(f"warming up: {page.name}, {system.name}")
            system.burst(page, WARM_UP_SECONDS)
    for number in range(rounds):
        for page in pages:
            # Nobody is always the first, nor always behind the same neighbour's leftovers.
            for system in _rotated(systems, number):
                advance(f"round {number + 1}: {page.name}, {system.name}")
                found.bursts.setdefault((page.name, system.name), []).append(system.burst(page, seconds))
    for system in systems:
        peak = system.megabytes()
        if peak is not None:
            found.megabytes[system.name] = peak
    return found


def require_same_answers(systems: Sequence[System], page: Page) -> int:
    """The bytes of an answer of the first system.

    Raises unless all give the page's objects, and all but PostGraphile, whose schema is its own, the same data.
    """
    first, size = None, 0
    for system in systems:
        body = system.answer(page)
        size = size or len(body)
        answer = json.loads(body)
        count = json.dumps(answer, separators=(",", ":")).count(page.marker)
        if count != page.objects:
            raise DifferentAnswers(f"{system.name} answers {page.name} with {count} objects, not {page.objects}.")
        if system.name == PEER:
            continue
        first = first or answer["data"]
        if answer["data"] != first:
            raise DifferentAnswers(f"{system.name} answers {page.name} otherwise than {systems[0].name}.")
    return size


def _rotated(systems: Sequence[System], by: int) -> list[System]:
    by %= len(systems)
    return [*systems[by:], *systems[:by]]
