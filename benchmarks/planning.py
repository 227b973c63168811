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

from benchmarks.queries import PAGES
from graph.limits import Limits
from graph.running import Operations, Refused
from graph.schema import schema

TIMES = 15
HOSTILE_BYTES = 10_000


@dataclass(frozen=True)
class Cost:
    """A document, its size, the milliseconds of parsing alone and of everything up to the first statement."""

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
    found += [_cost(operations, name, text, 3, hostile=True) for name, text in hostile().items()]
    return [asdict(each) for each in found]


def hostile() -> dict[str, str]:
    """Documents of 10 KB or less that hurt some server or other, by what they try."""
    return {
        "fragments that double 100 times": _doubling(100),
        "3,000 levels": "{a" * 3000 + "}" * 3000,
        "lists in lists, 4,000 deep": _query("course(id: " + "[" * 4000 + "]" * 4000 + ") { id }"),
        "lists of 100 in lists of 100": _wide(),
        "600 aliases of a field": _query(_many(600, "a{}: __typename")),
        "230 aliases of a list": _query(_many(230, "a{}: courses(first: 100) {{ nodes {{ id }} }}")),
        "one field 3,200 times": _query("courses { nodes {" + " id" * 3200 + " } }"),
        "320 lists of fields to merge": _query(_many(320, 'course(slug: "a") {{ id title }}')),
        "600 directives on a field": _query("__typename" + " @skip(if: true)" * 600),
        "1,100 unknown names, each with suggestions": _query(_many(1100, "cours{}")),
        "900 variables": f"query({_many(900, '$v{}: Int')}) {{ __typename }}",
        "a number of 9,900 digits": _query("courses(first: " + "9" * 9900 + ") { nodes { id } }"),
        "the schema within itself": _query(
            "__schema { types" + " { fields { type" * 40 + " { name }" + " } }" * 40 + " }"
        ),
        "one fragment 1,900 times": _query("...f " * 1900) + " fragment f on Query { __typename }",
        "4,950 names": _query("a," * 4950),
    }


def _query(selection: str) -> str:
    return f"{{ {selection} }}"


def _many(times: int, pattern: str) -> str:
    return " ".join(pattern.format(number) for number in range(times))


def _cost(operations: Operations, name: str, text: str, times: int, *, hostile: bool) -> Cost:
    answer = ""
    parsing = _milliseconds(lambda: parse(text, max_tokens=operations.limits.max_tokens), times)
    whole = []
    for number in range(times):
        # A comment makes it a document that was never seen.
        started = time.perf_counter()
        try:
            operations.prepare(f"{text} # {number}", None)
            answer = "accepted"
        except Refused as refused:
            answer = refused.errors[0].message
        whole.append((time.perf_counter() - started) * 1000)
    return Cost(name, len(text), parsing, statistics.median(whole), answer, hostile)


def _milliseconds(act: Callable[[], object], times: int) -> float | None:
    """The median time of an act, None when it cannot be done at all."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        try:
            act()
        except Exception:
            return None
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def _repeated(times: int) -> str:
    inside = PAGES[0].document.partition("{")[2].rpartition("}")[0].strip()
    return "query Pages($slug: String!) {" + "".join(f"\n  c{n}: {inside}" for n in range(times)) + "\n}"


def _doubling(levels: int) -> str:
    spreads = "".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}\n" for n in range(levels))
    return "{ ...f0 }\n" + spreads + f"fragment f{levels} on Query {{ __typename }}"


def _wide() -> str:
    inner = "id"
    for name in ("blocks", "lessons", "modules"):
        inner = f"{name} {{ {inner} }}"
    lists = f"courses(first: 100) {{ nodes {{ theme {{ courses(first: 100) {{ nodes {{ {inner} }} }} }} }} }}"
    return "{ themes(first: 100) { nodes { " + lists + " } } }"
