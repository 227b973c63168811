"""What is measured: Cairn in its three ways, PostGraphile, and PostgreSQL alone under pgbench."""

from __future__ import annotations

import dataclasses
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks import postgraphile
from benchmarks.data import Made
from benchmarks.load import Job
from benchmarks.pgbench import CONNECTIONS, Burst, Statement
from benchmarks.processes import PROJECT, Served, serving
from benchmarks.queries import Page

PEER = "postgraphile"
CAIRN = ("planned", "levels", "graphql-core")
TITLES = {
    "planned": "Cairn, one round trip",
    "levels": "Cairn, level by level",
    "graphql-core": "graphql-core with DataLoaders",
    PEER: "PostGraphile 5",
    "json_agg": "pgbench, json_agg",
    "string_agg": "pgbench, string_agg",
}


class System(Protocol):
    """Something that can be kept busy with a page."""

    @property
    def name(self) -> str:
        """The key of `TITLES`."""

    def burst(self, page: Page, seconds: float) -> Burst:
        """Keeps it busy for so long; raises when an answer is not right."""

    def answer(self, page: Page) -> bytes:
        """One answer to the page: JSON."""

    def megabytes(self) -> float | None:
        """The most memory that its one process ever had resident, where that can be compared."""


@dataclass(frozen=True)
class GraphqlServer:
    """A GraphQL server in a process of its own, under the load of `benchmarks.load`."""

    name: str
    served: Served
    token: str

    def burst(self, page: Page, seconds: float) -> Burst:
        """Loads the server from a second process."""
        request = self._request(page)
        before = self.served.cpu_seconds()
        found = _loaded(Job("127.0.0.1", self.served.port, request, page.marker, page.objects, CONNECTIONS, seconds))
        after = self.served.cpu_seconds()
        requests = found["requests"]
        return Burst(
            requests / found["seconds"],
            found["milliseconds"],
            None if before is None or after is None else (after - before) / requests * 1000,
            found["own_cpu_seconds"] / requests * 1000,
        )

    def answer(self, page: Page) -> bytes:
        """One answer, for comparing."""
        with socket.create_connection(("127.0.0.1", self.served.port), timeout=30) as connection:
            connection.sendall(self._request(page).replace("\r\n", "\r\nconnection: close\r\n", 1).encode())
            with connection.makefile("rb") as answer:
                return answer.read().partition(b"\r\n\r\n")[2]

    def megabytes(self) -> float | None:
        """Of the server process."""
        return self.served.peak_megabytes()

    def _request(self, page: Page) -> str:
        document = page.peer_document if self.name == PEER else page.document
        body = json.dumps({"query": document, "variables": page.variables})
        head = [
            "POST /graphql HTTP/1.1",
            f"host: 127.0.0.1:{self.served.port}",
            "content-type: application/json",
            "accept: application/json",
            *([f"authorization: Bearer {self.token}"] if page.signed_in else []),
            f"content-length: {len(body.encode())}",
        ]
        return "\r\n".join(head) + "\r\n\r\n" + body


@contextmanager
def running(url: str, made: Made, wanted: frozenset[str]) -> Iterator[list[System]]:
    """Starts the wanted systems on a database with data; answers those that run here, in the order of `TITLES`."""
    found: list[System] = []
    with ExitStack() as stack:
        for name in CAIRN:
            if name in wanted:
                found.append(GraphqlServer(name, stack.enter_context(cairn(url, name)), made.token))
        if PEER in wanted:
            try:
                served = stack.enter_context(postgraphile.running(url, made))
                found.append(GraphqlServer(PEER, served, made.token))
            except postgraphile.Missing as error:
                print(f"\nPostGraphile is left out: {error}\n", file=sys.stderr)
        found += [Statement(name, url, made.viewer_id) for name in ("json_agg", "string_agg") if name in wanted]
        yield found


@contextmanager
def cairn(url: str, executor: str) -> Iterator[Served]:
    """One process as `cairn serve` runs it."""
    command = [sys.executable, "-m", "uvicorn", "--factory", "cairn.cli:served", "--port", "0"]
    command += ["--no-access-log", "--no-proxy-headers"]
    # One person asks for everything here, which is more than one may.
    settings = {"DATABASE_URL": url, "CAIRN_GRAPHQL__EXECUTOR": executor, "CAIRN_RATE_LIMITS__ENABLED": "false"}
    with serving(command, settings, PROJECT) as served:
        yield served


def _loaded(job: Job) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(dataclasses.asdict(job)),
        capture_output=True,
        text=True,
        cwd=PROJECT,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
