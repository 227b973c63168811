"""`python -m benchmarks.profiling`: where the processor time of a request goes that the application takes for it.

The application is called in its process, without a server in front of it, with its database, eight requests at once.
Every so often, by processor time, it is looked at which function is at work; what is done in C counts as the caller's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

import uvloop

from benchmarks import data
from benchmarks.processes import PROJECT
from benchmarks.queries import PAGES, Page
from cairn.scratch import scratch_databases
from migrations import running

# What is profiled: a title, the page, and the executor.
CASES = (
    ("one course", "one-course", "planned"),
    ("course page", "course-page", "planned"),
    ("signed in", "signed-in", "planned"),
    ("level by level", "course-page", "levels"),
)
AT_ONCE, WARMING = 8, 400
# How often it is looked at; the kernel may do so less often.
EVERY_SECONDS = 0.001
ENGINE = "graph/engine"
# By where a file stands, the first that fits.
LAYERS: dict[str, tuple[str, ...]] = {
    "the engine: runs, levels, what is waited for": tuple(
        f"{ENGINE}/{name}" for name in ("run", "scheduling", "waiting", "groups", "nulls")
    ),
    "the engine: completion and leaves": (f"{ENGINE}/completing", f"{ENGINE}/leaves"),
    "the engine: document, plan, variables, cost, programs": (
        ENGINE, "graph/running", "graph/documents", "graph/context"
    ),
    "code made for the plan: rows, the answer's objects": ("<generated>", "<string>"),
    "the reader: statements and their values, rows by parent": (
        "core/reading", "core/composing", "core/relations", "core/paging", "core/rows"
    ),
    "the credential": ("resolvers/identity", "core/proving", "cairn/http/credentials"),
    "the database: connections, libpq, rows out of results": (
        "core/database", "core/connection", "core/pipeline", "psycopg"
    ),
    "domain fields and sources": ("graph/", "resolvers/"),
    "the event loop": ("uvloop", "asyncio", "selectors", "~"),
    "the edge: headers, body, who asks, log record, response": ("cairn/", "starlette", "core/"),
}  # fmt: skip
REST = "JSON, and the rest"


def main() -> None:
    """Profiles each case in a process of its own, and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profiling", description=__doc__)
    parser.add_argument("--requests", type=int, default=16_000, help="how many of each")
    parser.add_argument("--functions", type=int, default=0, help="also print so many functions of each, the dearest")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with scratch_databases("benchmark") as (url,):
        running.upgrade(url)
        made = asyncio.run(data.make(url))
        os.environ |= {"DATABASE_URL": url, "CAIRN_RATE_LIMITS__ENABLED": "false"}
        found = [_in_a_process(_profiled, case, made.token, options.requests) for case in CASES]
    print(_table(found))
    for (title, *_), entries in zip(CASES, found, strict=True):
        for name, own in _dearest(entries)[: options.functions]:
            print(f"{title}: {own:.1%} {name}")


def _in_a_process(work: Callable[..., Any], *given: Any) -> Any:
    """What `work` answers, as JSON has it; plans and prepared statements of one case must not serve another."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writing, "w") as answer:
            json.dump(work(*given), answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        found = json.load(answer)
    os.waitpid(child, 0)
    return found


def _profiled(case: tuple[str, str, str], token: str, requests: int) -> list[tuple[str, str, int]]:
    """(file, function, how often it was at work) of each function."""
    _, name, executor = case
    os.environ["CAIRN_GRAPHQL__EXECUTOR"] = executor
    page = next(each for each in PAGES if each.name == name)
    seen: Counter[tuple[str, str]] = Counter()

    def look(_signal: int, frame: FrameType | None) -> None:
        if frame is not None:
            seen[frame.f_code.co_filename, frame.f_code.co_qualname] += 1

    signal.signal(signal.SIGPROF, look)
    uvloop.run(_asked(page, token, requests))
    # What dataclasses write stands in no file either.
    named = {key: "dataclasses" if key[1].startswith("__create_fn__") else _shortened(key[0]) for key in seen}
    return [(named[file, function], function, times) for (file, function), times in seen.items()]


async def _asked(page: Page, token: str, requests: int) -> None:
    from cairn.cli import served

    app: Any = served()
    body = json.dumps({"query": page.document, "variables": page.variables}).encode()
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"accept", b"application/json")]
    headers += [(b"authorization", b"Bearer " + token.encode())] if page.signed_in else []
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/graphql"}
    scope |= {"asgi": {"version": "3.0"}, "raw_path": b"/graphql", "query_string": b"", "root_path": ""}
    scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200

    async def several(number: int) -> None:
        for _ in range(number // AT_ONCE):
            await app({**scope, "state": {}}, receive, send)

    async def work() -> None:
        await asyncio.gather(*(several(WARMING) for _ in range(AT_ONCE)))
        signal.setitimer(signal.ITIMER_PROF, EVERY_SECONDS, EVERY_SECONDS)
        await asyncio.gather(*(several(requests) for _ in range(AT_ONCE)))
        signal.setitimer(signal.ITIMER_PROF, 0)

    await _while_up(app, work)


async def _while_up(app: Any, work: Callable[[], Awaitable[None]]) -> None:
    """Does something while the application is up."""
    asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    answered: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = asyncio.create_task(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, asked.get, answered.put)
    )
    await asked.put({"type": "lifespan.startup"})
    assert (await answered.get())["type"] == "lifespan.startup.complete"
    await work()
    await asked.put({"type": "lifespan.shutdown"})
    await task


def _shortened(file: str) -> str:
    for before in (f"{PROJECT}/", "site-packages/", f"lib/python{sys.version_info.major}.{sys.version_info.minor}/"):
        file = file.rpartition(before)[2] if before in file else file
    return file


def _layer(file: str) -> str:
    return next((name for name, starts in LAYERS.items() if file.startswith(starts)), REST)


def _dearest(entries: list[tuple[str, str, int]]) -> list[tuple[str, float]]:
    whole = sum(times for *_, times in entries)
    found = [(f"{file}: {function}", times / whole) for file, function, times in entries]
    return sorted(found, key=lambda each: -each[1])


def _table(found: list[list[tuple[str, str, int]]]) -> str:
    lines = [f"| | {' | '.join(title for title, *_ in CASES)} |", f"|---|{'--:|' * len(CASES)}"]
    wholes = [sum(times for *_, times in entries) for entries in found]
    for name in [*LAYERS, REST]:
        cells = []
        for entries, whole in zip(found, wholes, strict=True):
            share = sum(times for file, _, times in entries if _layer(file) == name) / whole
            cells.append(f"{share:.0%}" if share >= 0.005 else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, f"| looked at, times | {' | '.join(f'{each:,}' for each in wholes)} |"])


if __name__ == "__main__":
    main()
