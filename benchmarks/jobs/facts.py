"""What recording a fact adds to a mutation: the same one to two servers, one of which records none, in turn."""

from __future__ import annotations

import asyncio
import http.client
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.processes import PROJECT, Served, serving
from benchmarks.summary import spread
from cairn.scratch import scratch_databases
from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from migrations import running
from models.identity import Role
from resolvers import identity

WITH, WITHOUT = "cairn.cli:served", "benchmarks.jobs.without_facts:served"
CREATE = "mutation ($title: String!) { themeCreate(input: {title: $title}) { theme { id } errors { message } } }"


def measure(rounds: int, number: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Milliseconds of a mutation with a fact and without, from its request to its answer, and their ratio by rounds."""
    with scratch_databases("facts", "none", durable=True) as urls, _servers(urls) as clients:
        for client in clients:
            client.mutations(number)
        times: list[tuple[float, float]] = []
        for round_ in range(rounds):
            say(f"round {round_ + 1}: mutations with and without a fact")
            first, second = (clients[place].mutations(number) for place in ((0, 1) if round_ % 2 else (1, 0)))
            times.append((first, second) if round_ % 2 else (second, first))
    return {
        "rounds": rounds,
        "number": number,
        "with_ms": spread([each for each, _ in times]),
        "without_ms": spread([each for _, each in times]),
        "ratio": spread([mine / other for mine, other in times]),
    }


class Client:
    """One connection to one server."""

    def __init__(self, served: Served, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._made = 0

    def mutations(self, number: int) -> float:
        """Milliseconds of each of so many mutations, one after the other: the median, which no disturbance moves."""
        return sorted(self._mutation() for _ in range(number))[number // 2]

    def _mutation(self) -> float:
        self._made += 1
        body = json.dumps({"query": CREATE, "variables": {"title": f"Theme {self._made}"}})
        began = time.perf_counter()
        self._connection.request("POST", "/graphql", body, self._headers)
        answer = json.loads(self._connection.getresponse().read())
        took = time.perf_counter() - began
        if not answer["data"]["themeCreate"]["theme"]:
            raise RuntimeError(f"A mutation failed: {answer}")
        return took * 1000


@contextmanager
def _servers(urls: list[str]) -> Iterator[list[Client]]:
    tokens = []
    for url in urls:
        running.upgrade(url)
        tokens.append(asyncio.run(_editor(url)))
    with _served(urls[0], WITH) as one, _served(urls[1], WITHOUT) as other:
        yield [Client(one, tokens[0]), Client(other, tokens[1])]


@contextmanager
def _served(url: str, application: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "uvicorn", "--factory", application, "--port", "0", "--no-access-log"]
    with serving(command, {"DATABASE_URL": url, "CAIRN_RATE_LIMITS__ENABLED": "false"}, PROJECT) as served:
        yield served


async def _editor(url: str) -> str:
    database = Database(url, pool_size=1)
    await database.open()
    try:
        async with transaction(database, SERVICE) as tx:
            editor = await identity.ensure_user(tx, "editor@cairn.example", "Editor", Role.EDITOR)
            scopes = identity.scopes_of([Role.EDITOR])
            return await identity.create_api_token(tx, editor, "benchmark", scopes, 1)
    finally:
        await database.close()
