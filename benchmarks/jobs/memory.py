"""A great many delayed jobs that are all due, done by one worker: how much memory it takes meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.jobs.programs import QUEUES, count, working
from benchmarks.processes import PROJECT, Served
from cairn.scratch import scratch_databases

# However long all of it takes on a busy machine: a minute in which nothing is done is too long.
STANDSTILL_SECONDS = 60.0


def measure(number: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Resident megabytes once a tenth is done, at the most and at the end, and how long all of it took."""
    command = [sys.executable, "on_cairn.py"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with scratch_databases("benchmark", durable=True) as (url,):
        for order in (["prepare", url], ["delay", url, str(number)]):
            say(f"{order[0]}: {number:,} delayed jobs")
            subprocess.run([*command, *order], cwd=QUEUES, env=environment, check=True)
        began = time.monotonic()
        with working([*command, "work", url], "ready", environment, QUEUES) as worker:
            samples = list(_samples(worker, url, number, say))
    later = [megabytes for done, megabytes in samples if done >= number / 10]
    return {
        "number": number,
        "samples": len(samples),
        "seconds": round(time.monotonic() - began),
        "after_a_tenth": round(later[0], 1),
        "lowest": round(min(later), 1),
        "highest": round(max(later), 1),
        "at_the_end": round(later[-1], 1),
    }


def _samples(worker: Served, url: str, number: int, say: Callable[[str], None]) -> Any:
    done, deadline = 0, time.monotonic() + STANDSTILL_SECONDS
    while done < number:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{done} of {number} jobs were done, and then no more.")
        time.sleep(1)
        before, done = done, count(url, "effect")
        if done > before:
            deadline = time.monotonic() + STANDSTILL_SECONDS
        say(f"{done:,} of {number:,} delayed jobs are done")
        yield done, worker.resident_megabytes()
