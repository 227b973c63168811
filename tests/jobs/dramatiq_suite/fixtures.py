"""The fixtures of Dramatiq's tests, which its releases leave out: in place of its stub, the table of jobs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
from dramatiq import Worker
from dramatiq.rate_limits import backends as limiters
from dramatiq.results import backends as results

from tests.jobs.dramatiq_suite.adapter import MessageBroker


@pytest.fixture
def stub_broker() -> Iterator[MessageBroker]:
    """The broker."""
    broker = MessageBroker(os.environ["CAIRN_DRAMATIQ_DATABASE"])
    broker.flush_all()
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    yield broker
    broker.flush_all()
    broker.close()


@pytest.fixture
def stub_worker(stub_broker: MessageBroker) -> Iterator[Worker]:
    """Its worker."""
    worker = Worker(stub_broker, worker_timeout=100, worker_threads=32)
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def result_backend() -> Any:
    """Where results are kept."""
    return results.StubBackend()


@pytest.fixture
def rate_limiter_backend() -> Any:
    """Where barriers are kept."""
    return limiters.StubBackend()
