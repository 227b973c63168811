"""Redis and RabbitMQ carry wake-ups: the same guarantees, whatever becomes of the messages.

They are tried where they answer on this machine; the end of a run says which were.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
from collections.abc import Iterator

import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from core.jobs import JobKind
from resolvers import jobs
from tests.events.logs import as_service, sql
from tests.jobs.crews import WRITE, ask, ask_all, effects, mark, until, until_idle, working, write
from workers.actors import Work, actor
from workers.broker import message_for, outside_broker

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


def _empty(url: str) -> None:
    broker = outside_broker(url)
    for queue in ("default", "mail"):
        broker.declare_queue(queue)
        if isinstance(broker, RabbitmqBroker):
            broker._ensure_queue(queue)
        broker.flush(queue)
    broker.close()


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
        job_id = ask(url, WRITE, name="once")
        broker = outside_broker(broker_url)
        broker.declare_queue("default")
        for each in (job_id, job_id, job_id, "01a219e9-a692-800b-b959-b44f98fae5b5"):
            broker.enqueue(message_for("default", "write", each))
        broker.close()
        until(lambda: effects(url))
        until_idle(url)
    assert effects(url) == ["once"]


def test_a_message_that_was_lost_is_sent_again(url: str, broker_url: str) -> None:
    ask(url, WRITE, name="lost")
    as_service(url, lambda tx: jobs.untold(tx, None, 10))
    assert sql(url, "SELECT woken_at IS NULL FROM job") == [(False,)]
    sql(url, "UPDATE job SET woken_at = now() - interval '31 s'")
    with working(url, write, broker_url=broker_url):
        until(lambda: effects(url) == ["lost"])


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
