"""What follows from facts happens once per fact, and what the clock asks for once per tick."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from core.events import Placed, on
from core.jobs import JobKind
from core.writing import Transaction
from models.curriculum import Theme
from models.events import ThemeTrashed
from resolvers import events, jobs
from tests.events.logs import as_service, positions, sql
from tests.jobs.crews import ask, effects, mark, until, until_idle, working
from workers import running
from workers.actors import Work, actor


@on(ThemeTrashed)
async def notice(tx: Transaction, placed: Placed[ThemeTrashed]) -> None:
    """Leaves a mark per fact."""
    await mark(tx, f"{placed.position:03} {placed.fact.root_id}")


@pytest.fixture
def reacting(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database whose workers react to trashed themes."""
    monkeypatch.setattr(running, "REACTIONS", (notice,))
    return url


def _trash(url: str, number: int) -> list[str]:
    ids = [Theme.new_id() for _ in range(number)]

    async def record(tx: Transaction) -> None:
        for theme_id in ids:
            events.record(tx, ThemeTrashed(subject_id=theme_id, root_id=theme_id))

    as_service(url, record)
    return ids


def test_every_fact_is_followed_by_its_reaction_once_however_many_relays_there_are(reacting: str) -> None:
    with working(reacting), working(reacting):
        ids = [each for _ in range(5) for each in _trash(reacting, 20)]
        until(lambda: len(effects(reacting)) >= 100)
        until_idle(reacting)
    assert positions(reacting) == list(range(1, 101))
    assert [effect[4:] for effect in effects(reacting)] == ids


def test_a_fact_is_placed_within_a_moment(url: str) -> None:
    with working(url):
        _trash(url, 1)
        until(lambda: positions(url) == [1], seconds=5)


def test_the_clock_asks_once_per_tick_however_many_workers_look(url: str) -> None:
    @actor(JobKind("strike", schedule="*/5 * * * *"))
    async def strike(work: Work) -> None:
        await mark(work.tx, "struck")

    with working(url, strike), working(url, strike), working(url, strike):
        sql(url, "UPDATE scheduled_job SET next_run_at = now() - interval '1 hour' WHERE name = 'strike'")
        until(lambda: effects(url))
        until_idle(url)
    assert effects(url) == ["struck"]
    assert sql(url, "SELECT next_run_at > now() FROM scheduled_job WHERE name = 'strike'") == [(True,)]


def test_a_schedule_that_was_changed_in_the_code_is_changed_in_the_database(url: str) -> None:
    for schedule in ("0 3 * * *", "0 4 * * *", "0 4 * * *"):
        as_service(url, lambda tx, s=schedule: jobs.settle_schedules(tx, [JobKind("nightly", schedule=s)]))  # type: ignore[misc]
    ((schedule, hour),) = sql(
        url, "SELECT schedule, extract(hour FROM next_run_at AT TIME ZONE 'UTC')::int FROM scheduled_job"
    )
    assert (schedule, hour) == ("0 4 * * *", 4)


def test_the_next_run_is_the_next_instant_of_the_schedule() -> None:
    kind = JobKind("weekly", schedule="30 6 * * 1")
    assert kind.next_run(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 5, 6, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="no schedule"):
        JobKind("never").next_run(datetime(2026, 1, 1, tzinfo=UTC))


def test_old_jobs_and_facts_go_but_not_what_somebody_still_has_to_do(url: str) -> None:
    from workers.housekeeping import REMOVE_OLD, remove_old

    with working(url):
        _trash(url, 3)
        until(lambda: positions(url) == [1, 2, 3])
    ((kept,),) = sql(url, "SELECT id::text FROM fact WHERE position = 2")

    async def park(tx: Transaction) -> None:
        job_id = await jobs.enqueue(tx, JobKind("on:notice"), {"fact_id": kept})
        await jobs.park(tx, str(job_id), "to be looked at")

    as_service(url, park)
    sql(url, "UPDATE fact SET created_at = created_at - interval '3 days'")
    with working(url, remove_old):
        as_service(url, lambda tx: jobs.enqueue(tx, REMOVE_OLD, {}))
        until(lambda: positions(url) == [2])
        until_idle(url)
    assert sql(url, "SELECT actor, state FROM job WHERE actor IN ('on:notice', 'remove_old') ORDER BY id") == [
        ("on:notice", "parked"),
        ("remove_old", "done"),
    ]


def test_what_is_over_goes_a_batch_at_a_time_and_waits_for_nobody(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from core import removing
    from workers.housekeeping import REMOVE_EXPIRED, remove_expired

    monkeypatch.setattr(removing, "AT_ONCE", 7)
    sql(
        url,
        """INSERT INTO outgoing_mail (id, kind, recipient, details, done_at)
           SELECT gen_random_uuid(), 'confirm_account', 'r' || number, '{}', now() - interval '3 days'
           FROM generate_series(1, 30) AS number""",
    )
    left = "SELECT recipient FROM outgoing_mail"
    with psycopg.connect(url) as somebody, working(url, remove_expired):
        somebody.execute("SELECT 1 FROM outgoing_mail WHERE recipient = 'r3' FOR UPDATE")
        ask(url, REMOVE_EXPIRED)
        until(lambda: sql(url, left) == [("r3",)])
        until_idle(url)
        somebody.rollback()
        ask(url, REMOVE_EXPIRED)
        until(lambda: sql(url, left) == [])
