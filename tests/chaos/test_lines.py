"""Lines that are cut, dead, slow, or broken amid an answer: nobody waits for ever, and all is well afterwards."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import psycopg
import pytest

import core.database
from core.database import Database
from core.errors import RequestError
from core.pipeline import Statement
from core.viewer import ANONYMOUS, SERVICE
from core.writing import transaction
from resolvers import audit, jobs
from tests.chaos.proxy import Proxy, postgres_at, through
from tests.chaos.waiting import is_idle_sooner
from tests.events.logs import as_service, sql
from tests.jobs.crews import WRITE, ask, effects, until, until_idle, working, write

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
MANY = Statement("SELECT repeat('x', 100) FROM generate_series(1, 5000)")
EARS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^(LISTEN|SELECT 1)'"


@pytest.fixture
def line(url: str) -> Iterator[Proxy]:
    """What is between Cairn and its database."""
    with Proxy(lambda: postgres_at(url), speaks_sql=True) as proxy:
        yield proxy


class Ends:
    """Both ends of a line: a database of Cairn's, and what becomes of it."""

    def __init__(self, line: Proxy, url: str) -> None:
        self.runner = asyncio.Runner()
        self.database = Database(through(line, url), pool_size=2, statement_timeout_ms=500, wait_seconds=2)
        self.runner.run(self.database.open())

    def read(self) -> Any:
        """One round trip of a reader."""
        return self.runner.run(self.database.read_at_once(ANONYMOUS, [MANY]))

    def write(self) -> None:
        """One transaction of a writer."""

        async def act() -> None:
            async with transaction(self.database, SERVICE) as tx:
                await jobs.enqueue(tx, WRITE, {"name": "written"})

        self.runner.run(act())

    def close(self) -> None:
        """Ends it."""
        self.runner.run(self.database.close())
        self.runner.close()


@pytest.fixture
def ends(line: Proxy, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    """A database of Cairn's at the other end, with little patience."""
    monkeypatch.setattr(core.database, "_GRACE_SECONDS", 0.5)
    made = Ends(line, url)
    yield made
    made.close()


@pytest.mark.parametrize("use", [Ends.read, Ends.write])
def test_a_line_that_falls_silent_is_given_up_and_replaced(use: Any, ends: Ends, line: Proxy) -> None:
    use(ends)
    line.silence()
    began = time.monotonic()
    # One connection after the other turns out to be dead; then there is none to be had.
    with pytest.raises((psycopg.OperationalError, RequestError)):
        use(ends)
    assert time.monotonic() - began < 10
    line.flow()
    until(lambda: _works(ends, use), "the recovery", 10)


def _works(ends: Ends, use: Any) -> bool:
    try:
        use(ends)
    except (psycopg.OperationalError, RequestError):
        return False
    return True


def test_a_slow_line_is_only_slow(ends: Ends, line: Proxy) -> None:
    line.delay = 0.02
    assert len(ends.read()[0]) == 5000
    ends.write()


def test_an_answer_that_breaks_in_the_middle_is_no_answer(ends: Ends, line: Proxy) -> None:
    ends.read()
    for left in (10, 1_000, 100_000):
        line.bytes_left = left
        assert not _reads_wrongly(ends)
        assert len(ends.read()[0]) == 5000


def _reads_wrongly(ends: Ends) -> bool:
    try:
        return len(ends.read()[0]) != 5000
    except (psycopg.OperationalError, RequestError):
        return False


def test_a_statement_that_is_called_off_is_stopped_and_its_connection_kept(ends: Ends, url: str) -> None:
    async def call_off() -> None:
        task = asyncio.create_task(ends.database.read_at_once(ANONYMOUS, [Statement("SELECT pg_sleep(0.45)")]))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    who = Statement("SELECT pg_backend_pid()")
    before = ends.runner.run(ends.database.read_at_once(ANONYMOUS, [who]))
    ends.runner.run(call_off())
    assert sql(url, "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(0.45)' AND state = 'active'") == []
    assert ends.runner.run(ends.database.read_at_once(ANONYMOUS, [who])) == before


def test_after_a_long_outage_the_first_connection_is_there_at_once(url: str, ends: Ends) -> None:
    # By itself the pool would try after 1, 3 and 7 seconds, and so on.
    place: list[Any] = [postgres_at(url)]
    with Proxy(lambda: place[0], speaks_sql=True) as gone:
        other = Ends(gone, url)
        place[0] = "/nowhere"
        gone.cut()
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            assert not _works(other, Ends.write)
        place[0] = postgres_at(url)
        until(lambda: _works(other, Ends.write), "the recovery", 2)
        other.close()


def test_a_listener_that_is_lost_is_back_within_two_seconds(url: str, line: Proxy) -> None:
    taken = []
    with working(through(line, url), write):
        for number in range(3):
            until(lambda: sql(url, EARS), "the ear")
            before = sql(url, EARS)
            began = time.monotonic()
            line.cut()
            until(lambda old=before: set(sql(url, EARS)) - set(old), "another ear")  # type: ignore[misc]
            taken.append(time.monotonic() - began)
            ask(url, WRITE, name=str(number))
        until_idle(url)
    assert effects(url) == ["0", "1", "2"]
    assert median(taken) < 2


def test_answers_to_commit_that_get_lost_change_nothing(url: str, line: Proxy) -> None:
    names = [f"{number:02}" for number in range(20)]
    with working(through(line, url), write):
        until_idle(url)
        line.commits_to_lose = 15
        for name in names:
            ask(url, WRITE, name=name)
        until(lambda: is_idle_sooner(url) and line.commits_lost == 15, "the end of it")
    assert effects(url) == names


@pytest.mark.skipif(not IS_LONG, reason="takes a quarter of a minute")
def test_after_an_outage_that_outlasts_all_patience_everything_beside_the_jobs_goes_on(url: str, line: Proxy) -> None:
    with working(through(line, url), write):
        until_idle(url)
        line.is_refused = True
        line.cut()
        deadline = time.monotonic() + 13
        until(lambda: time.monotonic() > deadline, "the end of all patience")
        line.is_refused = False
        as_service(url, lambda tx: audit.record(tx, "nothing_done", None, {}, SERVICE))
        ask(url, WRITE, name="after")
        until(lambda: sql(url, "SELECT 1 FROM audit_seal WHERE number IS NULL") == [], "the sealing")
        until_idle(url)
    assert effects(url) == ["after"]
