"""Whether receivers are well, and whether we are: clocks that are wrong, queries that take too long, quiet weeks."""

from __future__ import annotations

import time

import psycopg
import pytest

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from resolvers.webhooks.actions import rotate_secret
from tests.events.logs import sql
from tests.support import factories
from tests.support.clients import People
from tests.support.databases import with_database
from tests.webhooks.receivers import FAILED, TAKEN, Received, Reply, receiver
from tests.webhooks.senders import deliveries, kit, send, time_passes, webhook


def test_a_worker_whose_clock_is_wrong_signs_by_the_right_time(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_time = time.time
    with receiver() as there:
        _, secret = webhook(people.admin, there.url)
        factories.theme(people.editor, publish=True)
        with monkeypatch.context() as here:
            here.setattr(time, "time", lambda: true_time() + 600)
            send(database_url)
        (got,) = there.received
        got.verified(secret)


def _line_up(url: str) -> None:
    """Makes the deliveries of what happened until now, while nobody may be sent to."""
    sql(url, "UPDATE webhook SET state = 'paused'")
    send(url)
    sql(url, "UPDATE webhook SET state = 'active'")


def test_a_query_that_takes_too_long_is_an_attempt_and_tried_again_later(people: People, database_url: str) -> None:
    with receiver() as there:
        hook, _ = webhook(people.admin, there.url)
        factories.theme(people.editor, publish=True)
        _line_up(database_url)
        with psycopg.connect(database_url) as other:
            other.execute("LOCK TABLE theme IN ACCESS EXCLUSIVE MODE")
            send(database_url, statement_timeout_ms=300)
        (delivery,) = deliveries(people.admin, hook)
        assert (delivery["state"], delivery["attempts"], there.received) == ("PENDING", 1, [])
        assert "took too long" in delivery["log"][0]["reason"]
        sql(database_url, "UPDATE webhook_delivery SET attempts = 9")
        time_passes(database_url)
        with psycopg.connect(database_url) as other:
            other.execute("LOCK TABLE theme IN ACCESS EXCLUSIVE MODE")
            send(database_url, statement_timeout_ms=300)
        assert deliveries(people.admin, hook)[0]["state"] == "PARKED"


def test_a_receiver_that_nothing_was_sent_to_for_days_is_not_paused_at_its_next_failure(
    people: People, database_url: str
) -> None:
    with receiver(lambda _received: FAILED) as there:
        webhook(people.admin, there.url)
        factories.theme(people.editor, publish=True)
        send(database_url)
        # Its tenth try was on a Thursday; then nothing happened over a long weekend.
        sql(database_url, "UPDATE webhook_delivery SET state = 'parked', next_at = NULL, finished_at = now()")
        sql(database_url, "UPDATE webhook_lane SET next_at = NULL")
        sql(database_url, "UPDATE delivery_attempt SET created_at = now() - interval '73 hours'")
        sql(database_url, "UPDATE webhook SET failing_since = now() - interval '73 hours'")
        factories.theme(people.editor, publish=True)
        send(database_url)
        assert sql(database_url, "SELECT state, failing_since > now() - interval '1 minute' FROM webhook") == [
            ("active", True)
        ]
        # While one that is tried all the time, and takes nothing, is.
        sql(database_url, "UPDATE webhook SET failing_since = now() - interval '73 hours'")
        time_passes(database_url)
        send(database_url)
        assert sql(database_url, "SELECT state FROM webhook") == [("paused",)]


def test_what_was_sent_before_something_failed_says_that_the_receiver_is_well(
    people: People, database_url: str
) -> None:
    def behave(got: Received) -> Reply:
        # The other one fails in the meantime.
        if got.said["data"]["contentPublished"]["subject"]["title"] == "Slow":
            sql(database_url, "UPDATE webhook SET failing_since = now()")
        return TAKEN

    with receiver(behave) as there:
        webhook(people.admin, there.url)
        factories.theme(people.editor, title="Slow", publish=True)
        send(database_url)
    assert sql(database_url, "SELECT failing_since FROM webhook") == [(None,)]


def test_a_receiver_that_asks_for_a_day_is_not_asked_again_because_another_answer_asked_for_a_second(
    people: People, database_url: str
) -> None:
    asks = iter(["86400", "1"])
    with receiver(lambda _received: Reply(503, {"retry-after": next(asks)})) as there:
        webhook(people.admin, there.url)
        for _ in range(2):
            factories.theme(people.editor, publish=True)
        send(database_url, per_endpoint=2)
        assert len(there.received) == 2
    assert sql(database_url, "SELECT not_before > now() + interval '23 hours' FROM webhook") == [(True,)]


def test_of_two_secrets_made_at_once_the_one_made_last_goes_on_signing(people: People, database_url: str) -> None:
    with receiver() as there:
        hook, _ = webhook(people.admin, there.url)

        async def rotate_twice(database: Database) -> str:
            async with transaction(database, SERVICE) as late:
                # It begins first, and comes to the webhook second.
                await late.clock()
                async with transaction(database, SERVICE) as first:
                    await rotate_secret(first, kit(database_url), hook, 1)
                return await rotate_secret(late, kit(database_url), hook, 1)

        latest = with_database(database_url, rotate_twice)
        sql(database_url, "UPDATE webhook_secret SET overlap_until = now() WHERE overlap_until IS NOT NULL")
        factories.theme(people.editor, publish=True)
        send(database_url)
        there.received[0].verified(latest)
