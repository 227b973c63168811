"""What a document costs before it runs: ordinary ones that are accepted, and hostile ones that must be refused soon.

No database and no server: the same `Operations` that the server holds, asked for documents it has never seen.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from graphql import parse

from benchmarks import hostile
from benchmarks.queries import PAGES
from graph.documents.accepting import Refused
from graph.limits import Limits
from graph.running import Operations
from graph.schema import schema

TIMES = 15


@dataclass(frozen=True)
class Cost:
    """A document, its size, the processor milliseconds of parsing alone and of everything up to the first statement."""

    name: str
    size: int
    parse_ms: float | None
    whole_ms: float
    answer: str
    hostile: bool


def measure() -> list[dict[str, Any]]:
    """The cost of each document, as plain data."""
    operations = Operations(schema()._schema, Limits())
    operations.prepare(PAGES[0].document, None)
    ordinary = {page.title: page.document for page in PAGES if not page.signed_in and page.name != "large-page"}
    ordinary["The course page, 10 times in one document"] = _repeated(10)
    found = [_cost(operations, name, text, TIMES, hostile=False) for name, text in ordinary.items()]
    found += [_cost(operations, name, text, 3, hostile=True) for name, text in hostile.documents().items()]
    return [asdict(each) for each in found]


def _cost(operations: Operations, name: str, text: str, times: int, *, hostile: bool) -> Cost:
    answer = ""
    parsing = _milliseconds(lambda: parse(text, max_tokens=operations.limits.max_tokens), times)
    whole = []
    for number in range(times):
        # A comment makes it a document that was never seen.
        started = time.process_time()
        try:
            operations.prepare(f"{text} # {number}", None)
            answer = "accepted"
        except Refused as refused:
            answer = refused.errors[0].message
        whole.append((time.process_time() - started) * 1000)
    return Cost(name, len(text), parsing, statistics.median(whole), answer, hostile)


def _milliseconds(act: Callable[[], object], times: int) -> float | None:
    """The median time of an act, None when it cannot be done at all."""
    taken = []
    for _ in range(times):
        started = time.process_time()
        try:
            act()
        except Exception:
            return None
        taken.append((time.process_time() - started) * 1000)
    return statistics.median(taken)


def _repeated(times: int) -> str:
    inside = PAGES[0].document.partition("{")[2].rpartition("}")[0].strip()
    return "query Pages($slug: String!) {" + "".join(f"\n  c{n}: {inside}" for n in range(times)) + "\n}"
