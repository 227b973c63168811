"""`cairn worker`: one process that does jobs until it is told to stop, or several that are kept running."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from workers.patience import DRAIN_SECONDS, LET_GO_SECONDS

if TYPE_CHECKING:
    from cairn.settings import Settings

RESTART_SECONDS = 1.0
log = logging.getLogger("cairn.workers")


def work(settings: Settings, queues: Sequence[str], threads: int | None, *, is_supervised: bool = False) -> None:
    """Does jobs until Ctrl-C or SIGTERM; then finishes what is in hand, within 20 seconds.

    One that `is_supervised` stops in the same way when its input ends, which is when its supervisor does.
    """
    # Here, because whoever supervises does no jobs and needs none of it.
    from cairn.composition import tools
    from workers.running import Worker

    told = _until_told()
    if is_supervised:
        threading.Thread(target=_outlive_nobody, args=[told], name="cairn-lifeline", daemon=True).start()
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
    """Keeps so many worker processes running until Ctrl-C or SIGTERM; one that dies is started again.

    None outlives this process, however it ends: each has a pipe of ours as its input, which the system closes then.
    """
    told = _until_told()
    command = [sys.executable, "-m", "cairn", "worker", "--supervised", *arguments]
    running = [_started(command) for _ in range(processes)]
    while not told.wait(RESTART_SECONDS):
        for place, process in enumerate(running):
            if process.poll() is not None:
                log.warning("worker process %d ended with %s; starting another", process.pid, process.returncode)
                running[place] = _started(command)
    _end(running)


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - this very program


def _end(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.terminate()
    deadline = time.monotonic() + DRAIN_SECONDS + LET_GO_SECONDS + 1
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


def _outlive_nobody(told: threading.Event) -> None:
    # Not through `sys.stdin`, whose lock a thread that waits in it would keep over the end of the program.
    while os.read(0, 1):
        pass
    log.warning("whoever supervised this worker is gone, so that it stops, too")
    told.set()


def _until_told() -> threading.Event:
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, tell)
    return told
