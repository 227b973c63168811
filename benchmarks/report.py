"""From numbers to the page that people read: RESULTS.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks import scoring
from benchmarks.jobs.page import section
from benchmarks.systems import PEER, TITLES

Numbers = dict[str, Any]
ONE_MODULE, LARGE = "course-page", "large-page"


@dataclass(frozen=True)
class Target:
    """On this page, one system should do at least so many times the requests of another."""

    page: str
    system: str
    other: str
    at_least: float


TARGETS = (
    Target("course-page", "planned", PEER, 2.3),
    Target("course-page", "planned", "json_agg", 0.9),
    Target("list", "planned", PEER, 2.0),
    Target("one-course", "planned", PEER, 1.25),
    Target("signed-in", "planned", PEER, 2.0),
    Target("course-page", "levels", PEER, 1.2),
    Target("course-page", "levels", "graphql-core", 7.0),
)
# At most this part of the peer's memory; and at most so much more time for each object of the large page.
MEMORY, FLAT = 0.25, 1.15
HOSTILE_MS = 20


def page(found: Numbers) -> str:
    """The whole page."""
    parts = [_opening(found), _targets(found), *(_page(each) for each in found["pages"])]
    background = [section(found["jobs"])] if found.get("jobs") else []
    background += [scoring.section(found["scoring"])] if found.get("scoring") else []
    return "\n".join([*parts, _memory(found), *background, _documents(found), _reading(found)])


def _opening(found: Numbers) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in found["packages"].items())
    return f"""# Measurements

Written by `make bench`, which sets up everything it needs and takes some minutes. The same data for all, row-level
security forced, no cache of responses. One process for each server, {found["connections"]} kept connections, rounds in
turn; each answer is checked for its objects. Load, server and database share the machine, and other programs may use
it too: what to look at are the ratios, taken round by round.

Machine: {found["machine"]}. Python {found["python"]}, {packages}.
Rounds: {found["rounds"]} of {found["seconds"]:g} s each, after a warm-up. Median over rounds, (lowest to highest).
"""


def _targets(found: Numbers) -> str:
    lines = ["## Targets", "", "| | target | measured | reached |", "|---|--:|--:|---|"]
    titles = {each["name"]: each["title"] for each in found["pages"]}
    for target in TARGETS:
        ratio = _ratio(found, target.page, target.system, target.other)
        if ratio is not None:
            what = f"{titles[target.page]}: {TITLES[target.system]} beside {TITLES[target.other]}"
            reached = _yes(ratio["median"] >= target.at_least)
            lines.append(f"| {what} | at least {target.at_least:g} | {_spread(ratio, 2)} | {reached} |")
    return "\n".join([*lines, *_memory_target(found), *_flatness_target(found), *_hostile_target(found), ""])


def _memory_target(found: Numbers) -> list[str]:
    ours, its = found["megabytes"].get("planned"), found["megabytes"].get(PEER)
    if not ours or not its:
        return []
    part = ours / its
    return [f"| Memory beside PostGraphile | at most {MEMORY:g} | {part:.2f} | {_yes(part <= MEMORY)} |"]


def _flatness_target(found: Numbers) -> list[str]:
    pages = {each["name"]: each for each in found["pages"]}
    if not {ONE_MODULE, LARGE} <= pages.keys() or "planned" not in pages[LARGE]["systems"]:
        return []
    small, large = (1 / _objects_a_second(pages[name]) for name in (ONE_MODULE, LARGE))
    what = f"Time for each object, {pages[LARGE]['objects']:,} beside {pages[ONE_MODULE]['objects']} objects"
    return [f"| {what} | flat | {large / small:.2f} | {_yes(large / small <= FLAT)} |"]


def _hostile_target(found: Numbers) -> list[str]:
    hostile = [each["whole_ms"] for each in found["documents"] if each["hostile"] and each["answer"] != "accepted"]
    worst = max(hostile)
    what = f"The slowest of {len(hostile)} hostile documents of 10 KB"
    return [f"| {what} | below {HOSTILE_MS} ms | {worst:.1f} ms | {_yes(worst < HOSTILE_MS)} |"]


def _objects_a_second(page: Numbers) -> float:
    rate: float = page["systems"]["planned"]["requests_per_second"]["median"]
    return rate * float(page["objects"])


def _page(page: Numbers) -> str:
    lines = [
        f"## {page['title']}",
        "",
        f"{page['objects']:,} objects, {page['bytes'] / 1000:.1f} KB.",
        "",
        "| system | requests/s | p50 ms | p99 ms | beside PostGraphile | beside the limit | CPU of the server, ms |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, row in page["systems"].items():
        cells = [
            TITLES[name],
            _spread(row["requests_per_second"], 0),
            f"{row['p50_ms']:.2f}",
            f"{row['p99_ms']:.2f}",
            _spread(row["ratios"].get(PEER), 2),
            _spread(row["ratios"].get("json_agg"), 2),
            "" if row["server_cpu_ms"] is None else f"{row['server_cpu_ms']:.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    load = [row["load_cpu_ms"] for row in page["systems"].values() if row["load_cpu_ms"]]
    if load:
        lines += ["", f"The load itself took {min(load):.2f} to {max(load):.2f} ms of processor time for each request."]
    return "\n".join([*lines, ""])


def _memory(found: Numbers) -> str:
    lines = ["## Memory", "", "The most that each process ever had resident.", "", "| system | MB |", "|---|--:|"]
    lines += [f"| {TITLES[name]} | {megabytes} |" for name, megabytes in found["megabytes"].items()]
    return "\n".join([*lines, ""])


def _documents(found: Numbers) -> str:
    lines = [
        "## Documents",
        "",
        "What a document costs the first time it is seen; later it is remembered. Processor time, median, in ms.",
        "",
        "| document | bytes | parsing alone | parsed, limited, validated, planned |",
        "|---|--:|--:|--:|",
    ]
    lines += [
        f"| {each['name']} | {each['size']:,} | {each['parse_ms']:.2f} | {each['whole_ms']:.2f} |"
        for each in found["documents"]
        if not each["hostile"]
    ]
    lines += [
        "",
        "Documents made to hurt, and what becomes of them:",
        "",
        "| document | bytes | ms | answer |",
        "|---|--:|--:|---|",
    ]
    lines += [
        f"| {each['name']} | {each['size']:,} | {each['whole_ms']:.2f} | {each['answer']} |"
        for each in found["documents"]
        if each["hostile"]
    ]
    return "\n".join([*lines, ""])


def _reading(_found: Numbers) -> str:
    return """## How to read this

- **PostGraphile 5** runs as a production server, and as kindly as it can be run: it connects as the role of anonymous
  readers, so that a request needs no transaction and no setting; statements are prepared, documents and plans cached,
  and for a signed-in reader it compares one string where Cairn asks the database whose token it is. Its settings are
  in `postgraphile/server.mjs`.
- **pgbench** is the limit: PostgreSQL builds the same JSON in one statement, and nobody else does anything. There are
  two, as one would write it (`json_agg`), and with texts put together by hand (`string_agg`); both are in
  `statements/`. "The limit" is the first.
- **graphql-core with DataLoaders** is this application, with the same resolvers, under the usual executor.
- Of the page of lessons PostGraphile hands out a block's settings as they are stored, while the others unfold them.
"""


def _ratio(found: Numbers, page_name: str, system: str, other: str) -> Numbers | None:
    for each in found["pages"]:
        if each["name"] == page_name and system in each["systems"]:
            ratio: Numbers | None = each["systems"][system]["ratios"].get(other)
            return ratio
    return None


def _spread(value: Numbers | None, digits: int) -> str:
    if value is None:
        return ""
    median, lowest, highest = (f"{value[name]:,.{digits}f}" for name in ("median", "lowest", "highest"))
    return f"{median} ({lowest} to {highest})"


def _yes(reached: bool) -> str:
    return "yes" if reached else "**no**"
