"""`cairn worker`: one process that does jobs until it is told to stop, or several that are kept running."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType

from cairn.composition import tools
from cairn.settings import Settings
from workers.running import DRAIN_SECONDS, LET_GO_SECONDS, Worker

RESTART_SECONDS = 1.0
log = logging.getLogger("cairn.workers")


def work(settings: Settings, queues: Sequence[str], threads: int | None) -> None:
    """Does jobs until Ctrl-C or SIGTERM; then finishes what is in hand, within 20 seconds."""
    told = _until_told()
    worker = Worker(
        settings.url,
        tools(settings),
        broker_url=settings.broker.get_secret_value(),
        queues=queues,
        threads=threads or settings.work.threads,
    )
    worker.start()
    log.info("worker %s is up", worker.owner)
    told.wait()
    worker.stop()


def supervise(processes: int, arguments: Sequence[str]) -> None:
    """Keeps so many worker processes running until Ctrl-C or SIGTERM; one that dies is started again."""
    told = _until_told()
    command = [sys.executable, "-m", "cairn", "worker", "--processes", "1", *arguments]
    running = [_started(command) for _ in range(processes)]
    while not told.wait(RESTART_SECONDS):
        for place, process in enumerate(running):
            if process.poll() is not None:
                log.warning("worker process %d ended with %s; starting another", process.pid, process.returncode)
                running[place] = _started(command)
    _end(running)


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command)  # noqa: S603 - this very program


def _end(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.terminate()
    deadline = time.monotonic() + DRAIN_SECONDS + LET_GO_SECONDS + 1
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


def _until_told() -> threading.Event:
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, tell)
    return told
