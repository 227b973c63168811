"""What metrics tell of jobs and of the relay: read from the database, whoever did the work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from cairn.settings import MetricsSettings, Settings
from core.jobs import JobKind
from core.writing import Transaction
from models.curriculum import Theme
from models.events import ThemePublished
from models.jobs import JobOutcome
from resolvers import events, jobs
from tests.events.logs import as_service, place, sql
from tests.jobs.crews import WRITE
from tests.support.databases import with_database
from tests.support.servers import RunningApplication
from workers.tallies import Tallies

from .test_metrics import TOKEN, scraped, value


@pytest.fixture
def address(fresh_database: str) -> Iterator[str]:
    """An application with metrics on a database of its own."""
    running = RunningApplication(
        Settings(DATABASE_URL=SecretStr(fresh_database), metrics=MetricsSettings(token=SecretStr(TOKEN)))
    )
    yield running.start()
    running.stop()


def test_jobs_are_counted_by_queue_and_by_how_they_stand(address: str, fresh_database: str) -> None:
    async def make(tx: Transaction) -> None:
        for _ in range(3):
            await jobs.enqueue(tx, WRITE, {"name": "x"})
        await jobs.enqueue(tx, JobKind("other", queue="other"), {})

    as_service(fresh_database, make)
    sql(fresh_database, "UPDATE job SET run_at = now() - interval '90 s' WHERE queue = 'other'")
    found = scraped(address)
    standing = {
        (queue, state): value(found, "cairn_jobs", queue=queue, state=state)
        for queue in ("default", "other")
        for state in ("due", "waiting", "running", "parked")
    }
    assert {key: number for key, number in standing.items() if number} == {("default", "due"): 3, ("other", "due"): 1}
    assert 90 <= value(found, "cairn_job_oldest_due_seconds", queue="other") < 120
    assert value(found, "cairn_job_oldest_due_seconds", queue="default") < 30


def test_attempts_of_all_workers_are_added_up(address: str, fresh_database: str) -> None:
    for seconds in (0.5, 0.25):
        one = Tallies()
        one.count("default", "write", JobOutcome.DONE, seconds)
        one.count("default", "write", JobOutcome.FAILED)
        with_database(fresh_database, one.tell)
    found = scraped(address)
    done = {"queue": "default", "actor": "write", "outcome": "done"}
    assert value(found, "cairn_job_attempts_total", **done) == 2
    assert value(found, "cairn_job_attempt_seconds_total", **done) == 0.75
    assert value(found, "cairn_job_attempts_total", **{**done, "outcome": "failed"}) == 2


def test_facts_that_wait_for_the_relay_are_seen(address: str, fresh_database: str) -> None:
    async def publish(tx: Transaction) -> None:
        events.record(tx, ThemePublished(subject_id=Theme.new_id(), revision=1))

    place(fresh_database)
    as_service(fresh_database, publish)
    place(fresh_database)
    as_service(fresh_database, publish)
    as_service(fresh_database, publish)
    found = scraped(address)
    assert value(found, "cairn_facts_placed_total") == 1
    assert value(found, "cairn_facts_waiting") == 2
    assert 0 < value(found, "cairn_facts_oldest_waiting_seconds") < 30
