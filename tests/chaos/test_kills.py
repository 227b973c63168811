"""Killed at random or at the worst moment: every effect is there once, every fact has one place, nothing is stuck."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cairn.settings import PROJECT
from tests.chaos.hands import LONG, TOIL
from tests.events.logs import positions, sql
from tests.jobs.crews import ask, ask_all, effects, state, until, until_idle

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
NAMES = [f"{number:05}" for number in range(20_000 if IS_LONG else 200)]
KILLS = 200 if IS_LONG else 3


@contextmanager
def hands(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that may be killed."""
    command = [sys.executable, "-m", "tests.chaos.hands", url]
    process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def time_passes(url: str, pid: int) -> None:
    """A killed worker's leases run out: thirty seconds that no test waits for."""
    sql(url, "UPDATE job SET lease_until = now() WHERE state = 'running' AND lease_owner LIKE %s", f"%:{pid}:%")


def is_whole(url: str) -> None:
    """Each effect once, each fact once and in a place without gaps, nothing parked or left."""
    assert effects(url) == NAMES
    until(lambda: sql(url, "SELECT 1 FROM fact WHERE position IS NULL") == [], "the placing of all facts")
    assert positions(url) == list(range(1, len(NAMES) + 1))
    assert sql(url, "SELECT count(*), count(*) FILTER (WHERE state = 'done') FROM job WHERE actor = 'toil'") == [
        (len(NAMES), len(NAMES))
    ]


def test_a_job_whose_worker_is_killed_is_done_by_another(url: str) -> None:
    job_id = ask(url, LONG, name="once")
    with hands(url) as first:
        until(lambda: sql(url, "SELECT progress FROM job WHERE id = %s", job_id) == [(10,)], "the beginning")
        first.kill()
        first.wait()
    died = time.monotonic()
    if not IS_LONG:
        time_passes(url, first.pid)
    with hands(url):
        until(lambda: state(url, job_id) == "done", "the second attempt")
    assert time.monotonic() - died < 35
    assert effects(url) == ["once"]
    assert sql(url, "SELECT attempts, last_error FROM job WHERE id = %s", job_id) == [(2, None)]


def test_workers_and_relays_that_are_killed_at_random_lose_nothing_and_do_nothing_twice(url: str) -> None:
    ask_all(url, TOIL, NAMES)
    dice = random.Random(4)
    for _ in range(KILLS):
        with hands(url) as process:
            before = len(effects(url))
            until(lambda: len(effects(url)) > before or len(effects(url)) == len(NAMES), "some work")  # noqa: B023
            time.sleep(dice.random() * 0.2)
        time_passes(url, process.pid)
    with hands(url), hands(url):
        until_idle(url)
        is_whole(url)


def test_connections_that_are_cut_off_lose_nothing_and_do_nothing_twice(url: str) -> None:
    ask_all(url, TOIL, NAMES)
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
    with hands(url), hands(url):
        for share in range(1, KILLS):
            until(lambda n=share: len(effects(url)) >= n * len(NAMES) // KILLS, "some work")  # type: ignore[misc]
            sql(url, cut)
            sql(url, "UPDATE job SET run_at = now() WHERE state = 'queued'")
        sql(url, "UPDATE job SET lease_until = now() WHERE state = 'running'")
        until_idle(url)
        is_whole(url)
