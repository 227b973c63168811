"""`cairn webhooks` and `cairn schema check`: webhooks, looked after at the machine itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.sealing import Sealer, new_key
from models.curriculum import Theme
from models.webhooks import Webhook, WebhookDelivery, WebhookLane, WebhookSecret
from tests.events.logs import sql

from .conftest import Cairn

QUERY = "subscription { contentPublished { type } }"


@pytest.fixture
def hook(fresh_database: str) -> str:
    """A webhook with one parked delivery."""
    webhook, lane, theme = Webhook.new_id(), WebhookLane.new_id(), Theme.new_id()
    rows: tuple[tuple[str, dict[str, Any]], ...] = (
        ("webhook", {"id": webhook, "name": "Index", "url": "https://example.org/in", "events": ["theme.published"],
                     "query": QUERY, "about": [], "scopes": [], "state": "active", "revision": 1}),
        ("webhook_lane", {"id": lane, "webhook_id": webhook, "subject_id": theme, "is_trial": False,
                          "last_sequence": 1}),
        ("webhook_delivery", {"id": WebhookDelivery.new_id(), "webhook_id": webhook, "lane_id": lane, "position": 1,
                              "fact_id": theme, "type": "theme.published", "subject_id": theme, "sequence": 1,
                              "occurred_at": "2026-01-01T12:00:00Z", "state": "parked", "attempts": 10,
                              "max_attempts": 10, "reason": "Nobody there.", "finished_at": "2026-01-02T12:00:00Z"}),
    )  # fmt: skip
    for table, row in rows:
        names = ", ".join(row)
        sql(fresh_database, f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(row))})", *row.values())
    return webhook


def test_webhooks_are_listed_paused_resumed_and_what_failed_is_sent_again(
    cairn: Cairn, fresh_database: str, hook: str
) -> None:
    url = {"DATABASE_URL": fresh_database}
    listed = cairn("webhooks", "list", **url).out
    assert f"{hook}  active    0 pending, 1 parked  Index  https://example.org/in" in listed
    assert "Nobody there." in cairn("webhooks", "deliveries", hook, "--state", "parked", **url).out
    assert cairn("webhooks", "deliveries", hook, "--state", "pending", **url).out == "There are no deliveries.\n"
    assert cairn("webhooks", "pause", hook, **url).out == f"{hook} is paused.\n"
    assert cairn("webhooks", "pause", hook, **url).code == 1
    assert cairn("webhooks", "resume", hook, **url).out == f"{hook} is active.\n"
    again = cairn("webhooks", "redeliver", hook, "--failed-since", "2026-01-01", **url)
    assert again.out == "1 deliveries are sent again.\n"
    assert sql(fresh_database, "SELECT state, max_attempts FROM webhook_delivery") == [("pending", 20)]
    assert sql(fresh_database, "SELECT action FROM audit_log ORDER BY id") == [
        ("webhook_pause",),
        ("webhook_resume",),
        ("webhook_redeliver",),
    ]


def test_whoever_builds_a_receiver_gets_the_schema_and_messages_to_try_it_with(
    cairn: Cairn, fresh_database: str, hook: str
) -> None:
    url = {"DATABASE_URL": fresh_database}
    schema = json.loads(cairn("webhooks", "schema", hook, **url).out)
    assert schema["properties"]["type"] == {"enum": ["theme.published"]}
    vectors = json.loads(cairn("webhooks", "vectors", hook, **url).out)
    assert {each["isValid"] for each in vectors} == {True, False}


def test_a_new_key_takes_over_from_an_old_one(cairn: Cairn, fresh_database: str, hook: str) -> None:
    old, new = cairn("webhooks", "key").out.strip(), new_key()
    secret = "INSERT INTO webhook_secret (id, webhook_id, sealed) VALUES (%s, %s, %s)"
    sql(fresh_database, secret, WebhookSecret.new_id(), hook, Sealer([old]).seal("whsec_secret"))
    without = cairn("webhooks", "rekey", DATABASE_URL=fresh_database, CAIRN_WEBHOOKS__KEYS=json.dumps([new]))
    assert (without.code, "Keep the older keys" in without.err) == (1, True)
    both = cairn("webhooks", "rekey", DATABASE_URL=fresh_database, CAIRN_WEBHOOKS__KEYS=json.dumps([new, old]))
    assert both.out == "1 secrets are kept under the first key.\n"
    ((sealed,),) = sql(fresh_database, "SELECT sealed FROM webhook_secret")
    assert Sealer([new]).open(sealed) == "whsec_secret"


def test_stored_queries_that_the_schema_breaks_are_named_before_anything_is_changed(
    cairn: Cairn, fresh_database: str, hook: str
) -> None:
    url = {"DATABASE_URL": fresh_database}
    assert cairn("schema", "check", **url).code == 0
    sql(fresh_database, "UPDATE webhook SET query = 'subscription { contentPublished { gone } }'")
    checked = cairn("schema", "check", **url)
    assert checked.code == 1
    assert f"webhook Index ({hook}): Cannot query field 'gone' on type 'PublicEvent'. (line 1)" in checked.err
    runs = "subscription { contentPublished { cursor } }"
    sql(fresh_database, "UPDATE webhook SET query = %s, events = '{gone.by}'", runs)
    assert f"webhook Index ({hook}): There are no such facts any more: gone.by." in cairn("schema", "check", **url).err
    sql(fresh_database, "UPDATE webhook SET query = 'subscription { contentPublished { gone } }'")
    migrated = cairn("migrate", **url)
    assert migrated.code == 0
    assert "A stored query will not run: webhook Index" in migrated.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("pause", "nonsense"), 1, "There is no webhook with this id."),
        (("deliveries", "nonsense"), 1, "There is no webhook with this id."),
        (("deliveries", "nonsense", "--state", "asleep"), 2, "A delivery is pending"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(
    cairn: Cairn, fresh_database: str, arguments: tuple[str, ...], code: int, says: str
) -> None:
    outcome = cairn("webhooks", *arguments, DATABASE_URL=fresh_database)
    assert outcome.code == code
    assert says in outcome.err
