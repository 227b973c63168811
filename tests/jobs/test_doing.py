"""A job is done once: its effect and its completion are one."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.database import Database
from core.errors import DomainError
from core.jobs import JobKind, Priority
from core.viewer import Viewer, ViewerKind
from core.writing import Transaction, transaction
from models.curriculum import Course
from models.events import CourseCreated
from models.identity import User
from resolvers import events, jobs
from tests.events.logs import as_service, sql
from tests.jobs.crews import (
    EFFECT,
    WRITE,
    ask,
    ask_all,
    claimed,
    effects,
    mark,
    state,
    until,
    until_idle,
    working,
    write,
)
from tests.support.databases import with_database
from workers.actors import Work, actor


def test_jobs_are_done_each_once_by_several_workers(url: str) -> None:
    names = [f"{number:03}" for number in range(200)]
    ask_all(url, WRITE, names)
    with working(url, write), working(url, write):
        until_idle(url)
    assert effects(url) == names
    assert sql(url, "SELECT DISTINCT state, attempts, progress FROM job") == [("done", 1, 100)]


def test_a_job_is_begun_at_once_when_it_is_called_for(url: str) -> None:
    with working(url, write):
        until_idle(url)
        ask(url, WRITE, name="now")
        until(lambda: effects(url) == ["now"], seconds=5)


def test_a_change_that_is_rolled_back_calls_for_nothing(url: str) -> None:
    async def fail(tx: Transaction) -> None:
        await jobs.enqueue(tx, WRITE, {"name": "never"})
        raise LookupError

    with pytest.raises(LookupError):
        as_service(url, fail)
    assert sql(url, "SELECT 1 FROM job") == []


def test_what_fails_is_undone_and_tried_again_later_and_parked_in_the_end(url: str) -> None:
    @actor(JobKind("stumble", max_attempts=3))
    async def stumble(work: Work) -> None:
        await mark(work.tx, "half")
        raise ValueError("no luck")

    job_id = ask(url, stumble.kind)
    with working(url, stumble):
        for attempt in (1, 2):
            until(lambda n=attempt: (n, "queued") in sql(url, "SELECT attempts, state FROM job"))  # type: ignore[misc]
            ((later, reason),) = sql(url, "SELECT run_at > now() + interval '2 s', last_error FROM job")
            assert (later, reason) == (True, "ValueError: no luck")
            sql(url, "UPDATE job SET run_at = now()")
        until(lambda: state(url, job_id) == "parked")
    assert sql(url, "SELECT attempts, parked_reason FROM job") == [(3, "ValueError: no luck")]
    assert effects(url) == []


def test_a_refusal_is_final(url: str) -> None:
    @actor(JobKind("refuse"))
    async def refuse(work: Work) -> None:
        raise DomainError("This cannot be done.")

    job_id = ask(url, refuse.kind)
    with working(url, refuse):
        until(lambda: state(url, job_id) == "parked")
    assert sql(url, "SELECT attempts, parked_reason FROM job") == [(1, "This cannot be done.")]


def test_whom_a_constraint_of_the_database_stops_tries_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "FIRST_RETRY", timedelta(seconds=0.1))

    @actor(JobKind("race"))
    async def race(work: Work) -> None:
        # As where another was faster.
        await work.tx.execute(sa.insert(EFFECT).values(name=None if work.job.attempt == 1 else "second"))

    job_id = ask(url, race.kind)
    with working(url, race):
        until(lambda: state(url, job_id) == "done")
    assert effects(url) == ["second"]


def test_a_note_that_cannot_be_kept_keeps_no_lease_from_being_renewed(url: str) -> None:
    told = threading.Event()

    @actor(JobKind("scribble"))
    async def scribble(work: Work) -> None:
        work.progress(20, "a\0b\ud800")
        await asyncio.to_thread(told.wait, 30)

    ask(url, scribble.kind)
    with working(url, scribble):
        until(lambda: sql(url, "SELECT progress FROM job") == [(20,)])
        told.set()
        until_idle(url)


def test_a_job_that_takes_too_long_has_failed(url: str) -> None:
    @actor(JobKind("dawdle", time_limit=0.2, max_attempts=1))
    async def dawdle(work: Work) -> None:
        await mark(work.tx, "late")
        await asyncio.Event().wait()

    job_id = ask(url, dawdle.kind)
    with working(url, dawdle):
        until(lambda: state(url, job_id) == "parked")
    assert sql(url, "SELECT parked_reason FROM job") == [("It took longer than 0.2 seconds.",)]
    assert effects(url) == []


def test_a_cancelled_job_that_is_being_done_leaves_nothing(url: str) -> None:
    @actor(JobKind("work_on"))
    async def work_on(work: Work) -> None:
        await mark(work.tx, "half")
        work.progress(50, "half way")
        await asyncio.Event().wait()

    job_id = ask(url, work_on.kind)
    with working(url, work_on):
        until(lambda: sql(url, "SELECT state, progress, note FROM job") == [("running", 50, "half way")])
        as_service(url, lambda tx: jobs.cancel(tx, job_id))
        until(lambda: sql(url, "SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'") == [])
    assert state(url, job_id) == "cancelled"
    assert effects(url) == []


def test_who_lost_the_lease_cannot_complete_although_all_else_is_done(url: str) -> None:
    job_id = ask(url, WRITE, name="twice")
    (first,) = claimed(url, "first", ["write"], 5)
    sql(url, "UPDATE job SET lease_until = now() - interval '1 s'")
    assert len(as_service(url, jobs.sweep)) == 1
    (second,) = claimed(url, "second", ["write"], 5)

    async def finish(tx: Transaction, job: jobs.Claimed) -> None:
        await mark(tx, job.owner)
        await jobs.complete(tx, job)

    with pytest.raises(jobs.LeaseLost):
        as_service(url, lambda tx: finish(tx, first))
    as_service(url, lambda tx: finish(tx, second))
    assert effects(url) == ["second"]
    assert (state(url, job_id), second.attempt) == ("done", 2)
    # A failure that is told late, or of an attempt that was committed after all, changes nothing.
    as_service(url, lambda tx: jobs.fail(tx, first, "late"))
    as_service(url, lambda tx: jobs.fail(tx, second, "late"))
    assert state(url, job_id) == "done"


def test_a_job_whose_worker_was_lost_too_often_is_parked(url: str) -> None:
    job_id = ask(url, WRITE, name="deadly")
    for _ in range(5):
        assert len(claimed(url, "lost", ["write"], 1)) == 1
        sql(url, "UPDATE job SET lease_until = now() - interval '1 s'")
        as_service(url, jobs.sweep)
    assert state(url, job_id) == "parked"
    assert sql(url, "SELECT parked_reason FROM job") == [("The worker that did it was lost.",)]


def test_what_is_not_due_waits_and_what_is_urgent_comes_first(url: str) -> None:
    low, high = JobKind("low", priority=Priority.LOW), JobKind("high", priority=Priority.HIGH)
    later = datetime.now(UTC) + timedelta(days=400)
    as_service(url, lambda tx: jobs.enqueue(tx, high, {}, at=later))
    for kind in (low, WRITE, high, low, high):
        ask(url, kind)
    taken = claimed(url, "me", ["low", "write", "high"], 4)
    order = [Priority.HIGH, Priority.HIGH, Priority.NORMAL, Priority.LOW]
    rank = {"high": Priority.HIGH, "write": Priority.NORMAL, "low": Priority.LOW}
    assert sorted(rank[each.actor] for each in taken) == order
    assert len(claimed(url, "me", ["low", "write", "high"], 4)) == 1


def test_there_is_one_unfinished_job_with_a_key(url: str) -> None:
    async def call(tx: Transaction) -> str | None:
        return await jobs.enqueue(tx, WRITE, {"name": "once"}, unique_key="the one")

    assert as_service(url, call) is not None
    assert as_service(url, call) is None
    with working(url, write):
        until_idle(url)
    assert as_service(url, call) is not None


def test_a_worker_that_is_stopped_finishes_what_it_began_and_gives_back_the_rest(url: str) -> None:
    started = asyncio.Event()

    @actor(JobKind("long"))
    async def long(work: Work, name: str) -> None:
        await asyncio.sleep(0.5)
        await mark(work.tx, name)

    del started
    ask_all(url, long.kind, [f"{number:02}" for number in range(12)])
    with working(url, long, threads=2):
        until(lambda: sql(url, "SELECT 1 FROM job WHERE state = 'running'"))
    done = [name for (name,) in sql(url, "SELECT arguments->>'name' FROM job WHERE state = 'done' ORDER BY 1")]
    assert effects(url) == done
    assert 0 < len(done) < 12
    assert set(sql(url, "SELECT state, attempts FROM job WHERE state <> 'done'")) == {("queued", 0)}


def test_what_workers_did_is_counted_by_how_it_ended(url: str) -> None:
    @actor(JobKind("stumble"))
    async def stumble(work: Work) -> None:
        raise ValueError("no luck")

    @actor(JobKind("refuse"))
    async def refuse(work: Work) -> None:
        raise DomainError("This cannot be done.")

    ask_all(url, WRITE, ["one", "two", "three"])
    for kind in (stumble.kind, refuse.kind):
        ask(url, kind)
    for names in (["one", "three", "two"], ["four", "one", "three", "two"]):
        with working(url, write, stumble, refuse):
            until(lambda all_=names: effects(url) == all_)  # type: ignore[misc]
            until(lambda: sql(url, "SELECT 1 FROM job WHERE attempts = 0 OR state = 'running'") == [])
        ask(url, WRITE, name="four")
    counted = sql(url, "SELECT actor, outcome, number FROM job_tally ORDER BY actor")
    assert counted == [("refuse", "parked", 1), ("stumble", "failed", 1), ("write", "done", 4)]
    assert sql(url, "SELECT 1 FROM job_tally WHERE seconds <= 0") == []


def test_what_is_done_later_names_who_acted_and_as_whom(url: str) -> None:
    # One of the few kinds for which people may call themselves.
    @actor(JobKind("run_schedule"))
    async def tell_later(work: Work) -> None:
        course = Course.new_id()
        events.record(work.tx, CourseCreated(subject_id=course, root_id=course))

    person, actor_id = User.new_id(), User.new_id()
    acting = Viewer(ViewerKind.USER, person, actor_id=actor_id, scopes=frozenset({"content:publish"}))

    async def ask_as(database: Database) -> None:
        for viewer in (acting, replace(acting, actor_id=None)):
            async with transaction(database, viewer) as tx:
                await jobs.enqueue(tx, tell_later.kind, {})

    with_database(url, ask_as)
    with working(url, tell_later, threads=1):
        until_idle(url)
    told = "SELECT actor_id::text, acted_as_id::text FROM fact ORDER BY acted_as_id NULLS LAST"
    assert sql(url, told) == [(actor_id, person), (person, None)]
