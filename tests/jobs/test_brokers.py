"""Redis and RabbitMQ carry wake-ups: the same guarantees, whatever becomes of the messages.

They are tried where they answer on this machine; the end of a run says which were.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dramatiq import Broker
from dramatiq.brokers.rabbitmq import RabbitmqBroker

import workers.running
from core.jobs import JobKind, Priority
from tests.events.logs import sql
from tests.jobs.crews import DEADLINE_SECONDS, WRITE, ask, ask_all, effects, mark, until, until_idle, working, write
from workers.actors import Work, actor
from workers.broker import call_to, outside_broker, unheard
from workers.running import MOST_CALLS

BROKERS = {"redis": ("redis://127.0.0.1:6379/8", 6379), "amqp": ("amqp://guest:guest@127.0.0.1:5672/", 5672)}


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture(params=BROKERS)
def broker_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker that is there, emptied before, and nobody else's meanwhile."""
    url, port = BROKERS[request.param]
    if not _answers(port):
        pytest.skip(f"NOT TRIED: there is no {request.param} on this machine")
    with (tmp_path_factory.getbasetemp().parent / "brokers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _empty(url)
        yield url


@contextmanager
def opened(url: str) -> Iterator[Broker]:
    """The broker, which knows the queue for what has no other."""
    broker = outside_broker(url)
    broker.declare_queue("default")
    try:
        yield broker
    finally:
        broker.close()


def _empty(url: str) -> None:
    with opened(url) as broker:
        for queue in ("default", "mail"):
            broker.declare_queue(queue)
            if isinstance(broker, RabbitmqBroker):
                broker._ensure_queue(queue)
            broker.flush(queue)


def test_jobs_are_done_each_once_by_several_workers(url: str, broker_url: str) -> None:
    names = [f"{number:03}" for number in range(60)]
    ask_all(url, WRITE, names)
    with working(url, write, broker_url=broker_url), working(url, write, broker_url=broker_url):
        ask(url, WRITE, name="late")
        until_idle(url)
    assert effects(url) == [*names, "late"]
    assert sql(url, "SELECT DISTINCT state, attempts FROM job") == [("done", 1)]


def test_messages_that_are_doubled_or_speak_of_nothing_do_no_harm(url: str, broker_url: str) -> None:
    with working(url, write, broker_url=broker_url):
        until_idle(url)
        ask(url, WRITE, name="once")
        with opened(broker_url) as broker:
            for _ in range(4):
                broker.enqueue(call_to("default"))
        until(lambda: effects(url))
        until_idle(url)
    assert effects(url) == ["once"]


def test_what_is_urgent_goes_before_a_thousand_that_a_broker_was_told_of_earlier(url: str, broker_url: str) -> None:
    began, may_end = threading.Event(), threading.Event()

    @actor(JobKind("hold"))
    async def hold(work: Work) -> None:
        began.set()
        await asyncio.to_thread(may_end.wait)

    @actor(JobKind("hurry", priority=Priority.HIGH))
    async def hurry(work: Work) -> None:
        await mark(work.tx, "urgent")

    ask(url, hold.kind)
    with working(url, write, hold, hurry, broker_url=broker_url, threads=1):
        assert began.wait(DEADLINE_SECONDS)
        ask_all(url, WRITE, [f"{number:04}" for number in range(1_000)])
        with opened(broker_url) as broker:
            until(lambda: unheard(broker, "default") > 0, "the first calls")
        ask(url, hurry.kind)
        may_end.set()
        until(lambda: sql(url, "SELECT 1 FROM effect WHERE name = 'urgent'"), "what is urgent")
        until_idle(url)
    before = "SELECT count(*) FROM effect WHERE at < (SELECT at FROM effect WHERE name = 'urgent')"
    assert sql(url, before) == [(0,)]


def test_a_backlog_takes_no_more_room_in_a_broker_than_a_few_calls(
    url: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(workers.running, "call_to", lambda queue: sent.append(queue) or call_to(queue))
    most = 0
    ask_all(url, WRITE, [f"{number:04}" for number in range(1_000)])
    with working(url, write, broker_url=broker_url, threads=2), opened(broker_url) as broker:
        while sql(url, "SELECT 1 FROM job WHERE state IN ('queued', 'running') LIMIT 1"):
            most = max(most, unheard(broker, "default"))
    assert len(effects(url)) == 1_000
    # Twice what one look may add: those that were just taken are not counted.
    assert most <= 2 * MOST_CALLS
    assert len(sent) <= 2_000


def test_what_fails_is_tried_again(url: str, broker_url: str) -> None:
    failed = asyncio.Event()

    @actor(JobKind("stumble"))
    async def stumble(work: Work) -> None:
        if not failed.is_set():
            failed.set()
            raise ValueError("no luck")
        await mark(work.tx, "second")

    ask(url, stumble.kind)
    with working(url, stumble, broker_url=broker_url):
        until(lambda: (1, "queued") in sql(url, "SELECT attempts, state FROM job"))
        sql(url, "UPDATE job SET run_at = now()")
        until_idle(url)
    assert effects(url) == ["second"]
