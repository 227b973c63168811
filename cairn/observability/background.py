"""What `/metrics` tells of jobs, of the relay and of webhooks, read from the database when it is asked.

Jobs are rows, so whichever process is asked knows about all of them, and workers need no address of their own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence

import psycopg
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from core.database import Database
from core.errors import RequestError
from core.rows import Row
from core.viewer import SERVICE
from core.writing import transaction
from resolvers import events, job_figures
from resolvers.webhooks import sending

# Several may ask; the database is asked no more often than this.
_KEPT_SECONDS = 5.0
_STATES = ("due", "waiting", "running", "parked")
log = logging.getLogger("cairn.metrics")


class Background:
    """The figures of background work. Without an answer of the database there are none: they are absent, not zero."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._text, self._until = b"", 0.0

    async def text(self) -> bytes:
        """The figures as Prometheus reads them, at most some seconds old."""
        if time.monotonic() >= self._until:
            try:
                self._text = await _read(self._database)
            except (psycopg.Error, RequestError) as error:
                log.warning("there are no figures about jobs: %s", error)
                self._text = b""
            self._until = time.monotonic() + _KEPT_SECONDS
        return self._text


async def _read(database: Database) -> bytes:
    async with transaction(database, SERVICE) as tx:
        queues, tallies, lag = await job_figures.figures(tx), await job_figures.tallies(tx), await events.lag(tx)
        webhooks = await sending.figures(tx)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(
        _Found([*_of_queues(queues), *_of_tallies(tallies), *_of_relay(lag), *_of_webhooks(webhooks, tallies)])
    )
    return generate_latest(registry)


class _Found:
    """Hands to Prometheus' library what was found, the only way it takes finished figures."""

    def __init__(self, found: Sequence[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        """All of it."""
        return self._found


def _of_queues(queues: Sequence[Row]) -> Iterator[Metric]:
    standing = GaugeMetricFamily("cairn_jobs", "Jobs that are not over, by how they stand.", labels=("queue", "state"))
    oldest = GaugeMetricFamily("cairn_job_oldest_due_seconds", "Age of the oldest due job.", labels=("queue",))
    for each in queues:
        for state in _STATES:
            standing.add_metric((each.queue, state), getattr(each, state))
        oldest.add_metric((each.queue,), each.age)
    yield from (standing, oldest)


def _of_tallies(tallies: Sequence[Row]) -> Iterator[Metric]:
    labels = ("queue", "actor", "outcome")
    attempts = CounterMetricFamily("cairn_job_attempts", "Attempts at jobs, by how they ended.", labels=labels)
    seconds = CounterMetricFamily("cairn_job_attempt_seconds", "What those attempts took together.", labels=labels)
    for each in tallies:
        if _is_delivery(each):
            continue
        attempts.add_metric((each.queue, each.actor, each.outcome), each.number)
        seconds.add_metric((each.queue, each.actor, each.outcome), each.seconds)
    yield from (attempts, seconds)


def _is_delivery(tally: Row) -> bool:
    return (tally.queue, tally.actor) == (sending.QUEUE, sending.DELIVER)


def _of_relay(lag: Row) -> Iterator[Metric]:
    yield CounterMetricFamily("cairn_facts_placed", "Facts that have their place.", value=lag.placed)
    yield GaugeMetricFamily("cairn_facts_waiting", "Facts that have no place yet.", value=lag.waiting)
    yield GaugeMetricFamily("cairn_facts_oldest_waiting_seconds", "How long the oldest of them waits.", value=lag.age)


def _of_webhooks(figures: Row, tallies: Sequence[Row]) -> Iterator[Metric]:
    hooks = GaugeMetricFamily("cairn_webhooks", "Webhooks, by how they stand.", labels=("state",))
    for state in ("active", "failing", "paused", "disabled"):
        hooks.add_metric((state,), getattr(figures, state))
    yield hooks
    deliveries = GaugeMetricFamily("cairn_webhook_deliveries", "Deliveries, by how they stand.", labels=("state",))
    for state in ("pending", "due", "parked"):
        deliveries.add_metric((state,), getattr(figures, state))
    yield deliveries
    yield GaugeMetricFamily("cairn_webhook_oldest_due_seconds", "Age of the oldest due delivery.", value=figures.age)
    attempts = CounterMetricFamily("cairn_webhook_attempts", "Attempts by how they ended.", labels=("outcome",))
    seconds = CounterMetricFamily("cairn_webhook_attempt_seconds", "What those took together.", labels=("outcome",))
    for each in tallies:
        if _is_delivery(each):
            attempts.add_metric((each.outcome,), each.number)
            seconds.add_metric((each.outcome,), each.seconds)
    yield from (attempts, seconds)
