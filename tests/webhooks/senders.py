"""Those who send, and the webhooks of tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

import psycopg

from cairn.composition import hooks, operations
from cairn.settings import GraphqlSettings, Settings
from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from gateways.webhooks import HttpSender
from graph.running import Operations
from resolvers.webhooks.kit import Hooks
from resolvers.webhooks.sending import claim
from tests.events.logs import sql
from tests.jobs.crews import tools, until
from tests.support.clients import Client, Data
from tests.support.servers import WEBHOOKS
from workers import relay
from workers.running import Worker
from workers.webhooks import deliver

QUERY = """subscription { contentPublished { type subjectId subject { ... on Theme { title } } } }"""
SHOWN = """id state reason attempts sequence position
    log { number outcome status reason answer address url durationMs bodyBytes bodySha256 }"""
DELIVERIES = (
    "query($id: ID!) { webhook(id: $id) { state reason deliveries(first: 100, sort: OLDEST) { nodes { "
    + SHOWN
    + " } } } }"
)


@lru_cache(maxsize=1)
def _operations() -> Operations:
    return operations(GraphqlSettings())


def kit(url: str, *, seconds: float = 15.0, **rules: Any) -> Hooks:
    """What webhooks work with in tests: this machine may be sent to."""
    made = hooks(Settings(DATABASE_URL=url, webhooks=WEBHOOKS), _operations())  # type: ignore[arg-type]
    sender = made.sender
    assert isinstance(sender, HttpSender)
    return replace(made, sender=replace(sender, seconds=seconds), rules=replace(made.rules, **rules))


@contextmanager
def sending(url: str, **given: Any) -> Iterator[Worker]:
    """Somebody who sends what is due while the block runs."""
    worker = Worker(url, replace(tools(), hooks=kit(url, **given)), queues=("webhooks",), threads=2, actors=())
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def send(url: str, statement_timeout_ms: int = 15_000, **given: Any) -> int:
    """Does once all that a worker would do by now: places facts, and sends what is due; answers how many attempts."""

    async def run() -> int:
        database = Database(url, pool_size=4, statement_timeout_ms=statement_timeout_ms)
        await database.open()
        made, number = kit(url, **given), 0
        try:
            while True:
                # The very first round only makes the counter.
                placed = await relay.step(database) or await relay.step(database)
                async with transaction(database, SERVICE) as tx:
                    found = await claim(tx, "test", 100, 50, made.rules.per_endpoint)
                # Where another worker is placing facts, nothing is placed here.
                if not placed and not found and not sql(url, "SELECT 1 FROM fact WHERE position IS NULL"):
                    return number
                await asyncio.gather(*(deliver(database, made, each) for each in found))
                number += len(found)
        finally:
            await database.close()

    return asyncio.run(run())


def webhook(admin: Client, url: str, **fields: Any) -> tuple[str, str]:
    """A webhook that is told of published themes; answers its id and its secret."""
    given = {"name": "Test", "url": url, "events": ["THEME_PUBLISHED"], "query": QUERY, **fields}
    made = admin.do("webhookCreate", "webhook { id } secret", **given)
    return made["webhook"]["id"], made["secret"]


def deliveries(admin: Client, webhook_id: str) -> list[Data]:
    """The deliveries of a webhook, the oldest first."""
    found: list[Data] = admin.ask(DELIVERIES, id=webhook_id)["webhook"]["deliveries"]["nodes"]
    return found


def standing(url: str) -> list[str]:
    """How all deliveries stand, in order."""
    return [state for (state,) in sql(url, "SELECT state FROM webhook_delivery ORDER BY position, id")]


def until_sent(url: str) -> None:
    """Waits until every fact is placed and nothing is pending that could go out, as long as anything goes on."""
    waiting = """SELECT (SELECT count(*) FROM fact WHERE position IS NULL),
        (SELECT greatest(last_position - position, 0) FROM follower, fact_counter WHERE name = 'webhooks'),
        (SELECT count(*) FROM webhook_delivery d JOIN webhook w ON w.id = webhook_id
         WHERE d.state = 'pending' AND w.state = 'active')"""
    left = sql(url, waiting)[0]
    while any(left):
        until(lambda: sql(url, waiting)[0] != left, "the sending of what is left")  # noqa: B023
        left = sql(url, waiting)[0]


def time_passes(url: str, *, leases: bool = False) -> None:
    """What waits to be tried again is due now; with `leases`, whoever holds a lane is taken for lost."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE webhook SET not_before = NULL")
        connection.execute("UPDATE webhook_delivery SET next_at = now() WHERE next_at > now()")
        connection.execute("UPDATE webhook_lane SET next_at = now() WHERE next_at > now()")
        if leases:
            connection.execute("UPDATE webhook_lane SET lease_until = now() WHERE lease_until > now()")
