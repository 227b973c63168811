"""The programs that are measured: where the queues are installed, and processes that are watched while they work."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.processes import PROJECT, START_SECONDS, Served

QUEUES = Path(__file__).parent / "queues"
LOCK = PROJECT / "requirements" / "bench.txt"
CACHE = PROJECT / ".cairn" / "cache"
PATIENCE_SECONDS = 900.0


class Missing(Exception):
    """A peer cannot run here; the message says why."""


def peers_python() -> Path:
    """The Python that has the other queues, in an environment of their own; made anew when the lock changed."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder, stamp = CACHE / f"queues-{digest}", CACHE / f"queues-{digest}.ready"
    python = folder / "bin" / "python"
    if not stamp.exists():
        uv = Path(sys.executable).parent / "uv"
        _run([uv, "venv", "--clear", "--quiet", "--python", sys.executable, folder])
        _run([uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "--requirement", LOCK])
        stamp.touch()
    return python


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Missing(done.stderr)


@contextmanager
def redis() -> Iterator[str]:
    """The address of a Redis of our own, which keeps nothing on disk; raises `Missing` where there is none."""
    program = shutil.which("redis-server")
    if program is None:
        raise Missing("redis-server is not installed.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([program, *options], cwd=folder, stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: _answers(port), "Redis")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS, every: float = 0.05) -> None:
    """Waits for a condition, and not for ever."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:.0f} seconds for {what}.")
        time.sleep(every)


@contextmanager
def working(
    command: Sequence[str | Path], ready: str, environment: Mapping[str, str], folder: Path
) -> Iterator[Served]:
    """A process that says so when it is ready; told to stop in the end."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, cwd=folder, stdout=said, stderr=subprocess.STDOUT
        )

        def is_up() -> bool:
            text = os.pread(said.fileno(), 1 << 16, 0).decode(errors="replace")
            if process.poll() is not None:
                raise Missing(f"{command} did not start:\n{text}")
            return ready in text

        try:
            wait_until(is_up, f"{command}")
            yield Served(process.pid, 0)
        finally:
            process.terminate()
            process.wait()


def count(url: str, table: str) -> int:
    """How many rows a table has."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[call-overload]
    return int(found[0])
