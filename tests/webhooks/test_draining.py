"""A worker that is told to stop while it sends: what is under way is finished, and what is cut off is in the log."""

from __future__ import annotations

import pytest

from resolvers.webhooks.sending import claim
from tests.events.logs import as_service, sql
from tests.jobs.crews import until
from tests.support import factories
from tests.support.clients import People
from tests.support.databases import with_database
from tests.webhooks.receivers import Received, Reply, receiver
from tests.webhooks.senders import deliveries, sending, webhook
from workers import relay, running

_UNPLACED = "SELECT 1 FROM fact WHERE position IS NULL"


def _slow(_received: Received) -> Reply:
    return Reply(204, stall=5)


def test_what_is_being_sent_when_a_worker_stops_is_finished_and_nothing_is_begun(
    people: People, database_url: str
) -> None:
    with receiver(_slow) as there:
        hook, _ = webhook(people.admin, there.url)
        with sending(database_url):
            theme = factories.theme(people.editor, publish=True)
            until(lambda: there.received)
            # About the same object: its turn comes when the first is over.
            people.editor.do("themePublish", "__typename", id=theme)
        assert len(there.received) == 1
        first, *rest = deliveries(people.admin, hook)
    assert (first["state"], [each["outcome"] for each in first["log"]]) == ("DELIVERED", ["DELIVERED"])
    assert {(each["state"], each["attempts"]) for each in rest} <= {("PENDING", 0)}


def test_an_attempt_that_is_cut_off_is_in_the_log_and_costs_none_of_the_ten(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "DRAIN_SECONDS", 0.2)
    with receiver(_slow) as there:
        hook, _ = webhook(people.admin, there.url)
        with sending(database_url):
            factories.theme(people.editor, publish=True)
            until(lambda: there.received)
        (cut,) = deliveries(people.admin, hook)
        assert (cut["state"], cut["attempts"], [each["outcome"] for each in cut["log"]]) == ("PENDING", 1, ["LOST"])
        assert cut["log"][0]["bodyBytes"] == len(there.received[0].body)
        there.behave = lambda _received: Reply(204)
        with sending(database_url):
            until(lambda: len(there.received) == 2)
    (done,) = deliveries(people.admin, hook)
    assert (done["state"], [each["outcome"] for each in done["log"]]) == ("DELIVERED", ["LOST", "DELIVERED"])


def test_senders_that_are_killed_cost_none_of_the_ten_unless_it_may_be_for_what_they_send(
    people: People, database_url: str
) -> None:
    def lose() -> None:
        """Somebody takes it to send it, and is not heard of again."""
        (claimed,) = as_service(database_url, lambda tx: claim(tx, "somebody", 1, 1, 8))
        sql(database_url, "UPDATE webhook_lane SET lease_until = now() WHERE id = %s", claimed.lane_id)

    with receiver() as there:
        hook, _ = webhook(people.admin, there.url)
        with_database(database_url, lambda database: relay.settle(database, ()))
        factories.theme(people.editor, publish=True)
        until(lambda: with_database(database_url, relay.step) == 0 and not sql(database_url, _UNPLACED))
        for _ in range(12):
            lose()
        with sending(database_url):
            until(lambda: there.received)
        (sent,) = deliveries(people.admin, hook)
        assert [each["outcome"] for each in sent["log"]] == ["LOST"] * 12 + ["DELIVERED"]
        factories.theme(people.editor, publish=True)
        until(lambda: with_database(database_url, relay.step) == 0 and not sql(database_url, _UNPLACED))
        for _ in range(20):
            lose()
        with sending(database_url):
            until(lambda: deliveries(people.admin, hook)[1]["state"] == "PARKED")
        assert len(there.received) == 1
