"""Attempts handed in over HTTP at a steady rate: how long it takes until each is graded.

A server as `cairn serve` runs it, one worker, PostgreSQL that flushes every commit to disk, and this process, which
hands in and looks on, all on one machine. The clock is this process's own: it runs from the arrival of the answer to
`attemptSubmit` to the moment at which another connection finds the attempt graded, looked for a hundred times a second.
Attempts are handed in when it is their time, however late the answers to others are.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from benchmarks.processes import PROJECT
from cairn.scratch import scratch_databases
from core.database import Database
from core.viewer import SERVICE, Viewer, ViewerKind
from core.writing import Transaction, transaction
from migrations import running
from models.curriculum import BlockFormat
from models.identity import Role, SessionKind
from resolvers import curriculum, identity
from resolvers.assessment import attempts
from resolvers.identity import sessions
from resolvers.identity.sessions import Origin

Say = Callable[[str], None]
PEOPLE, QUESTIONS = 100, 10
START_SECONDS, PATIENCE_SECONDS, LOOK_SECONDS = 60.0, 120.0, 0.01
SUBMIT = "mutation($id: ID!) { attemptSubmit(input: {id: $id}) { attempt { status } errors { code } } }"
DONE = "SELECT id::text FROM attempt WHERE id = ANY (%s::uuid[]) AND max_score IS NOT NULL"


@dataclass
class Seen:
    """When each attempt's submission was acknowledged, and when it was first found graded."""

    acknowledged: dict[str, float] = field(default_factory=dict)
    graded: dict[str, float] = field(default_factory=dict)
    answered_ms: list[float] = field(default_factory=list)


def measure(is_quick: bool, say: Say) -> dict[str, Any]:
    """All that was found, as plain data."""
    rate, seconds = 50, 4 if is_quick else 20
    with scratch_databases("benchmark", durable=True) as (url,):
        running.upgrade(url)
        say("Attempts are begun and answered ...")
        # The first two seconds warm everything up.
        waiting = asyncio.run(_prepared(url, rate * (seconds + 2)))
        with _process("worker", url), _server(url) as port:
            say(f"{rate} attempts a second are handed in ...")
            asyncio.run(_hand_in(url, port, waiting[: rate * 2], rate))
            seen = asyncio.run(_hand_in(url, port, waiting[rate * 2 :], rate))
    return _figures(seen, rate, seconds)


def _figures(seen: Seen, rate: int, seconds: int) -> dict[str, Any]:
    waits = sorted(max(0.0, seen.graded[each] - at) * 1000 for each, at in seen.acknowledged.items())
    answers = sorted(seen.answered_ms)
    took = max(seen.acknowledged.values()) - min(seen.acknowledged.values())
    return {
        "rate": rate,
        "seconds": seconds,
        "questions": QUESTIONS,
        "attempts": len(waits),
        "reached_rate": round((len(waits) - 1) / took, 1),
        "graded_ms": {f"p{each}": round(_percentile(waits, each), 1) for each in (50, 95, 99)},
        "answered_ms": {f"p{each}": round(_percentile(answers, each), 1) for each in (50, 95, 99)},
    }


def _percentile(values: Sequence[float], percent: int) -> float:
    return values[min(len(values) - 1, len(values) * percent // 100)]


# What is handed in ----------------------------------------------------------------------------------------------------


async def _prepared(url: str, number: int) -> list[tuple[str, str]]:
    """(token, attempt) of so many attempts, answered and not handed in; each person has several assessments."""
    database = Database(url, pool_size=2)
    await database.open()
    try:
        people = await _in_one(database, _people)
        quizzes = [await _in_one(database, _quiz) for _ in range(-(-number // PEOPLE))]
        made = []
        for place in range(number):
            user_id, token = people[place % PEOPLE]
            quiz, blocks = quizzes[place // PEOPLE]
            viewer = Viewer(ViewerKind.USER, user_id)
            async with transaction(database, SERVICE) as tx:
                attempt_id = await attempts.start(tx, viewer, quiz)
                for index, block_id in enumerate(blocks):
                    kind, _, answer = _QUESTIONS[index % len(_QUESTIONS)]
                    await attempts.save(tx, viewer, attempt_id, block_id, kind, answer)
            made.append((token, attempt_id))
        return made
    finally:
        await database.close()


async def _in_one(database: Database, act: Callable[[Transaction], Any]) -> Any:
    async with transaction(database, SERVICE) as tx:
        return await act(tx)


async def _people(tx: Transaction) -> list[tuple[str, str]]:
    """(user id, access token) of those who take it."""
    made = []
    for number in range(PEOPLE):
        user_id = await identity.ensure_user(tx, f"p{number}@cairn.example", f"Person {number}", Role.LEARNER)
        begun = await sessions.start(tx, user_id, SessionKind.APP, Origin())
        assert begun.access_token is not None
        made.append((user_id, begun.access_token))
    return made


_QUESTIONS: tuple[tuple[BlockFormat, dict[str, Any], dict[str, Any]], ...] = (
    (
        BlockFormat.MULTIPLE_CHOICE,
        {"choices": [{"id": "a", "text": "One", "is_correct": True}, {"id": "b", "text": "Another"}]},
        {"choice_id": "a"},
    ),
    (
        BlockFormat.MULTI_SELECT,
        {"choices": [{"id": each, "text": each, "is_correct": each < "c"} for each in "abcd"]},
        {"choice_ids": ["a", "d"]},
    ),
    (BlockFormat.NUMERIC, {"answers": [{"value": "90", "tolerance": "10"}]}, {"number": "95"}),
    (BlockFormat.TRUE_FALSE, {"correct_answer": True}, {"is_true": False}),
    (BlockFormat.SHORT_ANSWER, {"accepted": [{"text": "rest"}, {"text": "sleep"}]}, {"text": "Sleep"}),
)


async def _quiz(tx: Transaction) -> tuple[str, list[str]]:
    """A published quiz of ten questions, two of each kind; its id and those of its questions."""
    made = await curriculum.create_assessment(tx, {"title": "How do you rest?"})
    blocks = []
    for number in range(QUESTIONS):
        kind, settings, _ = _QUESTIONS[number % len(_QUESTIONS)]
        question = {"body": f"Question {number}", **settings}
        blocks.append(await curriculum.create_block(tx, made, kind, question))
    await curriculum.publish_assessment(tx, made, None, None)
    return made, blocks


# Handing in -----------------------------------------------------------------------------------------------------------


async def _hand_in(url: str, port: int, waiting: Sequence[tuple[str, str]], rate: int) -> Seen:
    """Hands all of it in, so many a second, and looks on until all of it is graded."""
    seen = Seen()
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=60) as client:
        looking = asyncio.create_task(_look_on(url, seen, len(waiting)))
        began = time.monotonic()
        under_way = []
        for place, (token, attempt_id) in enumerate(waiting):
            await asyncio.sleep(max(0.0, began + place / rate - time.monotonic()))
            under_way.append(asyncio.create_task(_submit(client, token, attempt_id, seen)))
        await asyncio.gather(*under_way)
        await looking
    return seen


async def _submit(client: httpx.AsyncClient, token: str, attempt_id: str, seen: Seen) -> None:
    began = time.monotonic()
    body = {"query": SUBMIT, "variables": {"id": attempt_id}}
    answer = await client.post("/graphql", json=body, headers={"authorization": f"Bearer {token}"})
    seen.acknowledged[attempt_id] = time.monotonic()
    seen.answered_ms.append((seen.acknowledged[attempt_id] - began) * 1000)
    payload = answer.json()["data"]["attemptSubmit"]
    if payload["errors"]:
        raise RuntimeError(f"An attempt was not taken: {payload['errors']}")


async def _look_on(url: str, seen: Seen, number: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while len(seen.graded) < number:
            open_ones = [each for each in seen.acknowledged if each not in seen.graded]
            cursor = await connection.execute(DONE, (open_ones,))
            found, at = await cursor.fetchall(), time.monotonic()
            seen.graded.update((each, at) for (each,) in found)
            if at > deadline:
                raise TimeoutError(f"{len(seen.graded)} of {number} attempts were graded.")
            await asyncio.sleep(LOOK_SECONDS)


# Processes ------------------------------------------------------------------------------------------------------------


@contextmanager
def _server(url: str) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    # All come from one address.
    with _process("serve", url, {"PORT": str(port), "CAIRN_RATE_LIMITS__ENABLED": "false"}):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                # The first query makes the schema and what goes with it.
                httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": "{ __typename }"}, timeout=60)
                break
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield port


@contextmanager
def _process(command: str, url: str, more: dict[str, str] | None = None) -> Iterator[None]:
    environment = {**os.environ, "DATABASE_URL": url, "CAIRN_LOG__LEVEL": "error", **(more or {})}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "cairn", command], env=environment, cwd=PROJECT, stdout=said, stderr=said
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()


# The part of RESULTS.md -----------------------------------------------------------------------------------------------

# Until an attempt is graded, at the 95th percentile.
TARGET_MS = 1000


def section(found: dict[str, Any]) -> str:
    """The whole part."""
    graded, answered = found["graded_ms"], found["answered_ms"]
    reached = "yes" if graded["p95"] < TARGET_MS else "**no**"
    return f"""## Scoring

| | target | measured | reached |
|---|--:|--:|---|
| Handed in until graded, 95th percentile | below {TARGET_MS} ms | {graded["p95"]:,.0f} ms | {reached} |

| | median | 95 % | 99 % |
|---|--:|--:|--:|
| `attemptSubmit` is answered | {answered["p50"]:,.1f} ms | {answered["p95"]:,.1f} ms | {answered["p99"]:,.1f} ms |
| from that answer until it is graded | {graded["p50"]:,.1f} ms | {graded["p95"]:,.1f} ms | {graded["p99"]:,.1f} ms |

{found["attempts"]:,} attempts with {found["questions"]} answers each, {found["rate"]} a second for {found["seconds"]} s
({found["reached_rate"]:g} a second were answered), over HTTP, one server, one worker, every commit flushed to disk. The
clock is that of the one who hands in: from the answer to the moment at which another connection finds it graded,
looked for every 10 ms. Machine: {found["machine"]}.
"""
