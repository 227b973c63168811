"""`python -m benchmarks`: measures this API and a hand-written peer in turn, and writes RESULTS.md and results.json.

Both run as one worker process over the demo content in a database of their own, with eight connections of load. Rounds
alternate, so that a drift of the machine meets both; the spread over rounds is the noise. No response is cached, and
every response is checked for its number of objects.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from psycopg.conninfo import make_conninfo
from rich.progress import Progress

from cairn.demo import loading
from cairn.scratch import scratch_databases
from core.database import Database
from migrations import running

HERE = Path(__file__).parent
SLUG = "small-things-often"
PAGE = """query($slug: String!) { course(slug: $slug) { id title summary
    modules { id title lessons { id title blocks { id format html } } } } }"""
ONE = "query($slug: String!) { course(slug: $slug) { id title summary } }"
CONNECTIONS = 8


@dataclass
class Series:
    """The rounds of one system on one page."""

    rates: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Medians over rounds, percentiles over all requests (milliseconds), spread of the rate over rounds."""
        ordered = sorted(self.times)
        return {
            "requests_per_second": statistics.median(self.rates),
            "lowest": min(self.rates),
            "highest": max(self.rates),
            "p50_ms": ordered[len(ordered) // 2] * 1000,
            "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
        }


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each system and page")
    parser.add_argument("--requests", type=int, default=400, help="requests a round")
    options = parser.parse_args()
    with scratch_databases("benchmark") as (url,):
        running.upgrade(url)
        asyncio.run(_load(url))
        with serving("cairn.cli:served", url) as ours, serving("benchmarks.peer:application", url) as peer:
            found = asyncio.run(_measure(ours, peer, options.rounds, options.requests))
    (HERE / "results.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (HERE / "RESULTS.md").write_text(report(found), encoding="utf-8")
    print(report(found))


async def _load(url: str) -> None:
    database = Database(url, pool_size=2)
    await database.open()
    await loading.load(database)
    await database.close()


@contextmanager
def serving(factory: str, url: str) -> Iterator[str]:
    """One worker process on a free port; answers its address and process id."""
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", "0", "--no-access-log"]
    environment = {**os.environ, "DATABASE_URL": make_conninfo(url)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "running on" in line:
                yield line.split("running on ")[1].split()[0]
                break
        else:
            raise RuntimeError(f"{factory} did not start")
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


async def _measure(ours: str, peer: str, rounds: int, requests: int) -> dict[str, Any]:
    def graphql(query: str) -> Callable[[httpx.AsyncClient], Any]:
        return lambda client: client.post(f"{ours}/graphql", json={"query": query, "variables": {"slug": SLUG}})

    def by_hand(path: str) -> Callable[[httpx.AsyncClient], Any]:
        return lambda client: client.get(f"{peer}/{path}", params={"slug": SLUG})

    plans = {
        ("course page", "cairn"): graphql(PAGE),
        ("course page", "by hand"): by_hand("course-page"),
        ("one course, three fields", "cairn"): graphql(ONE),
        ("one course, three fields", "by hand"): by_hand("course"),
    }
    series = {name: Series() for name in plans}
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=CONNECTIONS), timeout=30) as client:
        expected = {name: _blocks((await send(client)).json()) for name, send in plans.items()}
        with Progress() as progress:
            task = progress.add_task("Measuring", total=rounds * len(plans))
            for _ in range(rounds):
                for name, send in plans.items():
                    await _round(client, send, requests, series[name], expected[name])
                    progress.advance(task)
    return {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}",
        "objects": {page: expected[page, system] for page, system in plans},
        "rounds": rounds,
        "series": {f"{page} | {system}": found.summary() for (page, system), found in series.items()},
    }


async def _round(client: httpx.AsyncClient, send: Any, requests: int, series: Series, expected: int) -> None:
    waiting = iter(range(requests))

    async def one_connection() -> None:
        for _ in waiting:
            started = time.perf_counter()
            response = await send(client)
            series.times.append(time.perf_counter() - started)
            if _blocks(response.json()) != expected:
                raise RuntimeError("a response has the wrong number of objects")

    started = time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))
    series.rates.append(requests / (time.perf_counter() - started))


def _blocks(answer: dict[str, Any]) -> int:
    """How many objects an answer holds."""
    course = answer["data"]["course"]
    lessons = [lesson for module in course.get("modules", []) for lesson in module["lessons"]]
    return 1 + len(course.get("modules", [])) + len(lessons) + sum(len(lesson["blocks"]) for lesson in lessons)


def report(found: dict[str, Any]) -> str:
    """The results as a page."""
    lines = [
        "# Measurements",
        "",
        "Written by `make bench`. One worker process each, eight connections, rounds in turn, row-level security",
        "forced, no cache of responses. The load generator shares the machine, so rates are lower bounds; the ratio",
        "is what to look at.",
        "",
        "The peer is `benchmarks/peer.py`: the same statements by hand, without GraphQL.",
        "",
        f"Machine: {found['machine']}. Rounds: {found['rounds']}.",
        "",
        "| page | objects | system | requests/s (lowest to highest round) | p50 ms | p99 ms | ratio to by hand |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    for name, row in found["series"].items():
        page, system = name.split(" | ")
        peer = found["series"][f"{page} | by hand"]["requests_per_second"]
        lines.append(
            f"| {page} | {found['objects'][page]} | {system} | {row['requests_per_second']:.0f}"
            f" ({row['lowest']:.0f} to {row['highest']:.0f}) | {row['p50_ms']:.1f} | {row['p99_ms']:.1f}"
            f" | {row['requests_per_second'] / peer:.2f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
