"""What the course page notices of the relay: its throughput while facts are recorded, with the relay and without.

A worker places the facts. Without means that it stands still (SIGSTOP), so that all else is the same. Where all cores
are full, whatever the worker computes is missing from the page: what it computes is told beside it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import psycopg

from benchmarks import data
from benchmarks.jobs.programs import wait_until, working
from benchmarks.processes import PROJECT
from benchmarks.queries import PAGES, Page
from benchmarks.summary import spread
from benchmarks.systems import GraphqlServer, cairn
from cairn.scratch import scratch_databases
from migrations import running

FACTS_A_SECOND = 200
_WAITING = "SELECT count(*) FROM fact WHERE position IS NULL"
_PLACED = "SELECT last_position FROM fact_counter"


def measure(rounds: int, seconds: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Requests a second with the relay at work and with it standing still before and after, their ratio and what noise
    there is (after beside before), the facts it placed, and what processor time its process took for each."""
    page = next(each for each in PAGES if each.name == "course-page")
    with scratch_databases("benchmark") as (url,):
        say("making the data for the relay")
        running.upgrade(url)
        made = asyncio.run(data.make(url))
        worker = [sys.executable, "-m", "cairn", "worker", "--processes", "1"]
        recording = [sys.executable, "-m", "benchmarks.jobs.recording", url, str(FACTS_A_SECOND)]
        with (
            cairn(url, "planned") as served,
            working(worker, "is up", {"DATABASE_URL": url}, PROJECT) as relay,
            working(recording, "ready", {}, PROJECT),
        ):
            server = GraphqlServer("planned", served, made.token)
            server.burst(page, 1.0)
            rounds_of, placed, cpu = [], 0.0, 0.0
            for round_ in range(rounds):
                say(f"round {round_ + 1}: the course page with the relay and without")
                before_it = _standing_still(server, page, seconds, relay.pid, url)
                before, used = _number(url, _PLACED), relay.cpu_seconds() or 0
                at_work = server.burst(page, seconds).requests_per_second
                placed += _number(url, _PLACED) - before
                cpu += (relay.cpu_seconds() or 0) - used
                rounds_of.append((at_work, before_it, _standing_still(server, page, seconds, relay.pid, url)))
    return {
        "rounds": rounds,
        "seconds": seconds,
        "facts_per_second": round(placed / (rounds * seconds)),
        "worker_cpu_ms": round(cpu / max(placed, 1) * 1000, 2),
        "with": spread([at_work for at_work, *_ in rounds_of]),
        "without": spread([each for _, *still in rounds_of for each in still]),
        "ratio": spread([2 * at_work / sum(still) for at_work, *still in rounds_of]),
        "noise": spread([after / before for _, before, after in rounds_of]),
    }


def _standing_still(server: GraphqlServer, page: Page, seconds: float, pid: int, url: str) -> float:
    """Requests a second without the relay, which then catches up."""
    os.kill(pid, signal.SIGSTOP)
    found = server.burst(page, seconds).requests_per_second
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: _number(url, _WAITING) < FACTS_A_SECOND / 4, "the relay")
    return found


def _number(url: str, statement: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(statement).fetchone()  # type: ignore[call-overload]
    return int(found[0]) if found else 0
