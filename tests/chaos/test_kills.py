"""Killed at random or at the worst moment: every effect is there once, every fact has one place, nothing is stuck."""

from __future__ import annotations

import os
import random
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from core.viewer import SERVICE
from resolvers import audit
from tests.chaos import failpoints
from tests.chaos.hands import LONG, TOIL
from tests.chaos.nursery import Child, Nursery
from tests.chaos.waiting import is_idle_sooner
from tests.events.logs import as_service, positions, sql
from tests.http.doorkeeper import Doorkeeper
from tests.jobs.crews import ask, ask_all, effects, state, until, until_idle

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
NAMES = [f"{number:05}" for number in range(20_000 if IS_LONG else 200)]
KILLS = 200 if IS_LONG else 3
CREATE = "mutation($title: String!) { themeCreate(input: {title: $title}) { theme { id } errors { code } } }"


@contextmanager
def hands(nursery: Nursery, url: str, **options: Any) -> Iterator[Child]:
    """A worker that may be killed."""
    child = nursery.start("work", url=url, **options)
    try:
        yield child
    finally:
        child.kill()


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


def test_a_job_whose_worker_is_killed_is_done_by_another(nursery: Nursery, url: str) -> None:
    job_id = ask(url, LONG, name="once")
    with hands(nursery, url) as first:
        until(lambda: sql(url, "SELECT progress FROM job WHERE id = %s", job_id) == [(10,)], "the beginning")
    died = time.monotonic()
    if not IS_LONG:
        time_passes(url, first.pid)
    with hands(nursery, url):
        until(lambda: state(url, job_id) == "done", "the second attempt")
    assert time.monotonic() - died < 35
    assert effects(url) == ["once"]
    assert sql(url, "SELECT attempts, last_error FROM job WHERE id = %s", job_id) == [(2, None)]


def test_workers_and_relays_that_are_killed_at_random_lose_nothing_and_do_nothing_twice(
    nursery: Nursery, url: str
) -> None:
    ask_all(url, TOIL, NAMES)
    dice = random.Random(4)
    for _ in range(KILLS):
        with hands(nursery, url) as process:
            before = len(effects(url))
            until(lambda: len(effects(url)) > before or len(effects(url)) == len(NAMES), "some work")  # noqa: B023
            time.sleep(dice.random() * 0.2)
        time_passes(url, process.pid)
    with hands(nursery, url), hands(nursery, url):
        until_idle(url)
        is_whole(url)


def test_connections_that_are_cut_off_lose_nothing_and_do_nothing_twice(nursery: Nursery, url: str) -> None:
    ask_all(url, TOIL, NAMES)
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
    with hands(nursery, url), hands(nursery, url):
        for share in range(1, KILLS):
            until(lambda n=share: len(effects(url)) >= n * len(NAMES) // KILLS, "some work")  # type: ignore[misc]
            sql(url, cut)
        until(lambda: is_idle_sooner(url), "an empty table of jobs")
        is_whole(url)


def test_a_worker_that_dies_at_any_of_these_places_leaves_nothing_half_done(nursery: Nursery, url: str) -> None:
    ask_all(url, TOIL, NAMES)
    for place in failpoints.OF_WORKERS:
        # There is something to seal, and a tick to be made.
        sql(url, "UPDATE scheduled_job SET next_run_at = now()")
        as_service(url, lambda tx: audit.record(tx, "nothing_done", None, {}, SERVICE))
        child = nursery.start("work", url=url, dies_at=place)
        try:
            child.wait()
        except AssertionError:
            pytest.fail(f"Nobody came to the place: {place}")
        finally:
            child.kill()
        time_passes(url, child.pid)
    with hands(nursery, url), hands(nursery, url):
        until_idle(url)
        is_whole(url)


@pytest.mark.parametrize("place", failpoints.OF_THE_API)
def test_an_api_that_dies_has_done_it_or_not_and_when_asked_again_it_is_done_once(
    place: str, nursery: Nursery, url: str, door: socket.socket
) -> None:
    keeper = Doorkeeper(url)
    address = f"http://127.0.0.1:{door.getsockname()[1]}/graphql"
    headers = {"authorization": f"Bearer {keeper.token(keeper.person())}", "idempotency-key": secrets.token_hex(8)}
    body = {"query": CREATE, "variables": {"title": "Once"}}
    dying = nursery.start("serve", url=url, descriptor=door.fileno(), dies_at=place)
    with pytest.raises(httpx.TransportError):
        httpx.post(address, json=body, headers=headers, timeout=30)
    dying.wait()
    living = nursery.start("serve", url=url, descriptor=door.fileno())
    try:
        answers = [httpx.post(address, json=body, headers=headers, timeout=30).json() for _ in range(2)]
    finally:
        living.kill()
    assert answers[0] == answers[1]
    assert answers[0]["data"]["themeCreate"]["errors"] == []
    assert sql(url, "SELECT count(*) FROM theme") == sql(url, "SELECT count(*) FROM fact WHERE type = 'theme.created'")
    assert sql(url, "SELECT count(*) FROM audit_log WHERE action = 'theme_create'") == [(1,)]
