"""`python -m benchmarks.streams`: many streams on one server process, and how long an event takes to reach all of them.

A server as `cairn serve` runs it, a worker that places facts, a writer that commits them one by one, and a reader of
plain sockets, each a process of its own on this machine. Every stream is told of every event. What is measured is the
time from an event's commit to its arrival, for each event and stream; and the memory that an idle stream costs.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.processes import PROJECT, Served
from cairn.scratch import scratch_databases
from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from migrations import running
from models.curriculum import Course
from models.events import CoursePublished
from models.identity import Role
from resolvers import events, identity

HERE = Path(__file__).parent
DOCUMENT = "subscription { contentPublished { cursor type subjectId } }"
SUBJECT = re.compile(rb'"subjectId":"([0-9a-f-]{36})"')
# A match may be cut in two by where a read ends.
OVERLAP = 64
START_SECONDS = 60.0


@dataclass(frozen=True)
class Load:
    """How many WebSockets and streams of server-sent events, how many events a second, for how long; whose they are."""

    sockets: int
    streams: int
    rate: float
    seconds: float
    people: int


# The reader, a process of its own -------------------------------------------------------------------------------------


def read_streams(port: int, load: Load, tokens: Sequence[str]) -> None:
    """Opens all streams, says so, and notes each arrival until it is told to stop; prints `{subject: [times]}`."""
    selector = selectors.DefaultSelector()
    for number in range(load.sockets):
        made = _web_socket(port, tokens[number % len(tokens)] if tokens else None)
        selector.register(made, selectors.EVENT_READ, bytearray())
    for number in range(load.streams):
        made = _event_stream(port, tokens[number % len(tokens)] if tokens else None)
        selector.register(made, selectors.EVENT_READ, bytearray())
    print("open", flush=True)
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    arrivals: dict[str, list[float]] = {}
    lost = 0
    while True:
        for key, _ in selector.select():
            if key.data is None:
                print(json.dumps({"arrivals": arrivals, "lost": lost, "cpu": time.process_time()}), flush=True)
                return
            found = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
            if not found:
                selector.unregister(key.fileobj)
                lost += 1
                continue
            now = time.monotonic()
            tail: bytearray = key.data
            tail += found
            end = 0
            for match in SUBJECT.finditer(tail):
                arrivals.setdefault(match[1].decode(), []).append(now)
                end = match.end()
            del tail[: max(end, len(tail) - OVERLAP)]


def _web_socket(port: int, token: str | None) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS)
    key = base64.b64encode(os.urandom(16)).decode()
    made.sendall(
        (
            f"GET /graphql HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            f"sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n"
            "sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
        ).encode()
    )
    _until(made, b"\r\n\r\n")
    payload = {"authorization": f"Bearer {token}"} if token else {}
    made.sendall(_frame({"type": "connection_init", "payload": payload}))
    _until(made, b"connection_ack")
    made.sendall(_frame({"type": "subscribe", "id": "1", "payload": {"query": DOCUMENT}}))
    return made


def _event_stream(port: int, token: str | None) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS)
    body = json.dumps({"query": DOCUMENT})
    who = f"authorization: Bearer {token}\r\n" if token else ""
    made.sendall(
        (
            f"POST /graphql/stream HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: text/event-stream\r\n{who}"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
        ).encode()
    )
    _until(made, b": \n\n")
    return made


def _frame(message: dict[str, Any]) -> bytes:
    """A text frame as clients send it; the mask is all zeros, which changes nothing."""
    text = json.dumps(message).encode()
    size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2)
    return b"\x81" + size + bytes(4) + text


def _until(made: socket.socket, end: bytes) -> None:
    seen = b""
    while end not in seen:
        found = made.recv(1 << 16)
        if not found:
            raise ConnectionError(seen.decode(errors="replace"))
        seen += found


# The measurement ------------------------------------------------------------------------------------------------------


def measure(load: Load) -> dict[str, Any]:
    """Runs everything once; answers the figures."""
    with scratch_databases("streams") as (url,):
        running.upgrade(url)
        tokens = asyncio.run(_tokens(url, load.people))
        with _server(url) as served, _process("worker", url):
            # The first event shows that the worker is up.
            asyncio.run(_write(url, replace(load, rate=1, seconds=1)))
            asyncio.run(_until_placed(url))
            quiet = _resident(served)
            reader = _reader(served.port, load, tokens)
            time.sleep(2)
            idle = _resident(served)
            before = served.cpu_seconds() or 0.0
            began = time.monotonic()
            committed = asyncio.run(_write(url, load))
            took = time.monotonic() - began
            time.sleep(2)
            cpu = (served.cpu_seconds() or 0.0) - before
            said, _ = reader.communicate("\n", timeout=120)
            found = json.loads(said.splitlines()[-1])
    return _figures(load, committed, found, (idle - quiet) / (load.sockets + load.streams), cpu / took, took)


def _figures(
    load: Load, committed: dict[str, float], found: dict[str, Any], kilobytes: float, busy: float, took: float
) -> dict[str, Any]:
    waits = sorted(
        (arrived - at) * 1000 for subject, at in committed.items() for arrived in found["arrivals"].get(subject, ())
    )
    expected = len(committed) * (load.sockets + load.streams)
    return {
        **asdict(load),
        "events": len(committed),
        "arrivals": len(waits),
        "expected": expected,
        "lost_connections": found["lost"],
        "arrivals_per_second": round(len(waits) / took),
        "milliseconds": {name: round(_quantile(waits, part), 1) for name, part in QUANTILES.items()},
        "idle_kilobytes_per_stream": round(kilobytes, 1),
        "server_processor": round(busy, 2),
    }


QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "most": 1.0}


def _quantile(waits: Sequence[float], part: float) -> float:
    return waits[min(len(waits) - 1, int(part * len(waits)))] if waits else float("nan")


async def _write(url: str, load: Load) -> dict[str, float]:
    """Commits events at an even pace; answers when each was committed, by the clock that all processes share."""
    database = Database(url, pool_size=2)
    await database.open()
    committed: dict[str, float] = {}
    try:
        began = time.monotonic()
        for number in range(int(load.rate * load.seconds)):
            await asyncio.sleep(max(0.0, began + number / load.rate - time.monotonic()))
            subject = Course.new_id()
            async with transaction(database, SERVICE) as tx:
                events.record(tx, CoursePublished(subject_id=subject, revision=number + 1))
            committed[subject] = time.monotonic()
    finally:
        await database.close()
    return committed


async def _until_placed(url: str) -> None:
    database = Database(url, pool_size=2)
    await database.open()
    try:
        deadline = time.monotonic() + START_SECONDS
        while await events.last_position(database) == 0:
            if time.monotonic() > deadline:
                raise TimeoutError("No worker has placed an event.")
            await asyncio.sleep(0.1)
    finally:
        await database.close()


async def _tokens(url: str, people: int) -> list[str]:
    database = Database(url, pool_size=2)
    await database.open()
    try:
        made = []
        for number in range(people):
            async with transaction(database, SERVICE) as tx:
                user = await identity.ensure_user(tx, f"p{number}@cairn.example", f"Person {number}", Role.LEARNER)
                made.append(await identity.create_api_token(tx, user, "benchmark", frozenset(), 1))
        return made
    finally:
        await database.close()


# Processes ------------------------------------------------------------------------------------------------------------


@contextmanager
def _server(url: str) -> Iterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # The reader answers no pings, and all streams are of one address and of few people.
    chosen = {"PORT": str(port), "CAIRN_STREAMS__PING_SECONDS": "3600", "CAIRN_STREAMS__MAX_PER_USER": "100000"}
    with _process("serve", url, chosen) as process:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        # The first query makes the schema and what goes with it.
        _until_answered(port)
        yield Served(process.pid, port)


def _until_answered(port: int) -> None:
    made = _event_stream(port, None)
    made.close()
    time.sleep(1)


@contextmanager
def _process(command: str, url: str, more: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "DATABASE_URL": url, "CAIRN_LOG__LEVEL": "error", **(more or {})}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "cairn", command], env=environment, cwd=PROJECT, stdout=said, stderr=said
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def _reader(port: int, load: Load, tokens: Sequence[str]) -> subprocess.Popen[str]:
    task = json.dumps({"port": port, "load": asdict(load), "tokens": list(tokens)})
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.streams", "--read", task],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "open":
        raise RuntimeError("Not all streams could be opened.")
    return process


def _resident(served: Served) -> float:
    """What the process has resident now, in kilobytes."""
    status = Path(f"/proc/{served.pid}/status").read_text()
    return float(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def main() -> None:
    """Measures and prints; or reads, where another process of this program asks for that."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    parser.add_argument("--sockets", type=int, default=1_000, help="WebSockets")
    parser.add_argument("--streams", type=int, default=200, help="streams of server-sent events")
    parser.add_argument("--rate", type=float, default=20, help="events a second")
    parser.add_argument("--seconds", type=float, default=30, help="how long")
    parser.add_argument("--people", type=int, default=0, help="signed in as so many people; nobody where 0")
    parser.add_argument("--write", action="store_true", help="keep the figures in benchmarks/streams.json")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        task = json.loads(options.read)
        read_streams(task["port"], Load(**task["load"]), task["tokens"])
        return
    load = Load(options.sockets, options.streams, options.rate, options.seconds, options.people)
    text = json.dumps(measure(load), indent=2)
    if options.write:
        (HERE / "streams.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
