"""Redis and RabbitMQ at their worst: all messages lost, or far too many, the line cut or dead. Jobs do not mind.

They are tried where they answer on this machine; the end of a run says which were.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis
from dramatiq.brokers.rabbitmq import RabbitmqBroker

import workers.broker
from tests.chaos.proxy import Proxy, detour
from tests.chaos.waiting import is_idle_sooner
from tests.events.logs import sql
from tests.jobs.crews import WRITE, ask, ask_all, effects, until, until_idle, working, write
from tests.jobs.test_brokers import BROKERS, broker_url, opened
from workers.broker import call_to

__all__ = ["broker_url"]
IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
NAMES = [f"{number:03}" for number in range(60)]


@pytest.fixture
def line(broker_url: str) -> Iterator[Proxy]:
    """What is between workers and their broker."""
    port = next(port for url, port in BROKERS.values() if url == broker_url)
    with Proxy(lambda: ("127.0.0.1", port)) as proxy:
        yield proxy


def lose_everything(url: str) -> None:
    """Flushes the Redis, or deletes RabbitMQ's queues while they are in use."""
    if url.startswith("redis"):
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        return
    broker = RabbitmqBroker(url=url, middleware=[])
    for queue in ("default", "default.DQ", "default.XQ"):
        broker.channel.queue_delete(queue)
    broker.close()


def call_often(broker_url: str) -> None:
    """Calls three times as often as there are jobs."""
    with opened(broker_url) as broker:
        for _ in NAMES * 3:
            broker.enqueue(call_to("default"))


def test_messages_that_are_lost_all_at_once_are_sent_again(url: str, broker_url: str) -> None:
    with working(url, write, broker_url=broker_url, threads=2):
        for start in range(0, len(NAMES), 20):
            ask_all(url, WRITE, NAMES[start : start + 20])
            until(lambda count=start: len(effects(url)) > count, "some work")  # type: ignore[misc]
            lose_everything(broker_url)
        until(lambda: is_idle_sooner(url), "the end of all work")
    assert effects(url) == NAMES


def test_messages_that_are_many_too_many_have_each_job_done_once(url: str, broker_url: str) -> None:
    ask_all(url, WRITE, NAMES)
    call_often(broker_url)
    with working(url, write, broker_url=broker_url), working(url, write, broker_url=broker_url):
        until_idle(url)
        call_often(broker_url)
        ask(url, WRITE, name="last")
        until(lambda: "last" in effects(url), "the last")
    assert effects(url) == [*NAMES, "last"]
    assert sql(url, "SELECT DISTINCT state, attempts FROM job") == [("done", 1)]


@contextmanager
def cut(line: Proxy) -> Iterator[None]:
    """Every connection breaks, and for a moment there is none to be had."""
    line.is_refused = True
    line.cut()
    yield
    line.is_refused = False


@contextmanager
def silent(line: Proxy) -> Iterator[None]:
    """Nothing gets through."""
    line.silence()
    yield
    line.cut()
    line.flow()


_LONG = pytest.mark.skipif(not IS_LONG, reason="takes some seconds for each broker")


@pytest.mark.parametrize("trouble", [cut, pytest.param(silent, marks=_LONG)])
def test_a_broker_that_is_away_for_a_while_loses_no_job(
    trouble: Callable[..., object],
    url: str,
    broker_url: str,
    line: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(workers.broker, "_SILENCE_SECONDS", 2)
    with working(url, write, broker_url=detour(line, broker_url), threads=2):
        ask(url, WRITE, name="before")
        until(lambda: effects(url) == ["before"], "the beginning")
        with trouble(line):  # type: ignore[attr-defined]
            ask_all(url, WRITE, NAMES)
            until(lambda: "the broker is away" in caplog.text, "somebody who notices")
        until(lambda: is_idle_sooner(url), "the end of all work")
    assert effects(url) == [*NAMES, "before"]
