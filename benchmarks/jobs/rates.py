"""Small jobs a second, end to end, through one worker process of each system, in turn.

Two shapes. `as they come`: a second process calls for the jobs while the worker does them, each in a short transaction
with a row of its own. `from a backlog`: all are called for before the worker starts. A job writes one row; both times
are told by the database. Cairn is measured twice in each round: how far the two are apart is the noise of the machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.jobs.programs import PATIENCE_SECONDS, QUEUES, Missing, count, peers_python, redis, wait_until, working
from benchmarks.processes import PROJECT
from benchmarks.summary import spread
from cairn.scratch import scratch_databases

OURS, AGAIN = "cairn", "cairn again"
TITLES = {
    OURS: "Cairn",
    AGAIN: "Cairn, measured again",
    "procrastinate": "Procrastinate",
    "pgqueuer": "PgQueuer",
    "dramatiq_redis": "Dramatiq on Redis",
}
COMING, WAITING = "as_they_come", "from_a_backlog"
_COMING = "SELECT extract(epoch FROM (SELECT max(at) FROM effect) - (SELECT min(at) FROM asked))"
_WAITING = "SELECT extract(epoch FROM max(at) - min(at)) FROM effect"


@dataclass(frozen=True)
class Queue:
    """One system with a database of its own."""

    name: str
    url: str
    python: Path
    environment: Mapping[str, str]

    def order(self, what: str, *arguments: object) -> None:
        """Has the system's script do something, and waits for it."""
        done = subprocess.run(
            self._command(what, *arguments),
            cwd=QUEUES,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Missing(f"{self.name}: {done.stderr}")

    def as_they_come(self, number: int) -> dict[str, float]:
        """Jobs a second, and the milliseconds of processor time that the worker took for each."""
        self._empty()
        with working(self._command("work"), "ready", self.environment, QUEUES) as worker:
            before = worker.cpu_seconds() or 0
            self.order("ask", number)
            self._done(number)
            cpu = (worker.cpu_seconds() or 0) - before
        return {"rate": number / self._seconds(_COMING), "worker_cpu_ms": cpu / number * 1000}

    def from_a_backlog(self, number: int) -> dict[str, float]:
        """Jobs a second, from the first that was done to the last."""
        self._empty()
        self.order("fill", number)
        with working(self._command("work"), "ready", self.environment, QUEUES):
            self._done(number)
        return {"rate": number / self._seconds(_WAITING)}

    def _command(self, what: str, *arguments: object) -> list[str]:
        return [str(self.python), f"on_{self.name}.py", what, self.url, *map(str, arguments)]

    def _empty(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("TRUNCATE asked, effect")

    def _done(self, number: int) -> None:
        wait_until(lambda: count(self.url, "effect") >= number, f"jobs of {self.name}", PATIENCE_SECONDS, every=0.2)

    def _seconds(self, statement: str) -> float:
        with psycopg.connect(self.url) as connection:
            found = connection.execute(statement).fetchone()  # type: ignore[call-overload]
        return float(found[0])


def measure(rounds: int, number: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Rates of every system that runs here, round by round, and ratios beside Cairn's own."""
    with ExitStack() as stack:
        queues = _prepared(stack, say)
        turns = [(each.name, each) for each in queues] + [(AGAIN, each) for each in queues if each.name == OURS]
        found: dict[str, list[tuple[dict[str, float], dict[str, float]]]] = {name: [] for name, _ in turns}
        for round_ in range(rounds):
            for place in range(len(turns)):
                # Nobody is always the first.
                name, queue = turns[(place + round_) % len(turns)]
                say(f"round {round_ + 1}: jobs of {TITLES[name]}")
                found[name].append((queue.as_they_come(number), queue.from_a_backlog(number)))
    return {
        "rounds": rounds,
        "number": number,
        "systems": {name: _system(found[name], found[OURS]) for name in TITLES if name in found},
    }


def _system(mine: list[Any], ours: list[Any]) -> dict[str, Any]:
    shapes = {
        shape: {
            "rate": spread([each[place]["rate"] for each in mine]),
            "ours_beside_it": spread([o[place]["rate"] / m[place]["rate"] for o, m in zip(ours, mine, strict=True)]),
        }
        for place, shape in enumerate((COMING, WAITING))
    }
    return {**shapes, "worker_cpu_ms": spread([each[0]["worker_cpu_ms"] for each in mine])}


def _prepared(stack: ExitStack, say: Callable[[str], None]) -> list[Queue]:
    names = [name for name in TITLES if name != AGAIN]
    # What a queue commits has to be on disk before it is committed: that is part of what is measured.
    urls = stack.enter_context(scratch_databases(*names, durable=True))
    found = []
    for name, url in zip(names, urls, strict=True):
        say(f"preparing {TITLES[name]}")
        try:
            queue = _queue(stack, name, url)
            queue.order("prepare")
        except Missing as error:
            print(f"\n{TITLES[name]} is left out: {error}\n", file=sys.stderr)
        else:
            found.append(queue)
    return found


def _queue(stack: ExitStack, name: str, url: str) -> Queue:
    if name == OURS:
        return Queue(name, url, Path(sys.executable), {"PYTHONPATH": str(PROJECT)})
    environment = {"BENCHMARK_REDIS": stack.enter_context(redis())} if name == "dramatiq_redis" else {}
    return Queue(name, url, peers_python(), environment)
