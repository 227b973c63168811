"""Those who look after webhooks: what they may say, what they see, and what they can have repeated."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from models.identity import Role, Scope
from resolvers import identity
from resolvers.webhooks import actions
from tests.events.logs import as_service, sql
from tests.jobs.crews import until, working
from tests.support import factories
from tests.support.clients import Client, People
from tests.webhooks.receivers import FAILED, TAKEN, Receiver, receiver
from tests.webhooks.senders import QUERY, deliveries, send, standing, time_passes, webhook
from workers.hooks import remove_rest_of_webhook

GOOD = {"name": "Test", "url": "http://127.0.0.1:9/in", "events": ["THEME_PUBLISHED"], "query": QUERY}
SHOWN = "query($id: ID!) { webhook(id: $id) { name url events query about scopes state revision ownerId } }"


@pytest.fixture
def there() -> Iterator[Receiver]:
    """A receiver."""
    with receiver() as made:
        yield made


def _shown(admin: Client, hook: str) -> dict[str, Any]:
    found: dict[str, Any] = admin.ask(SHOWN, id=hook)["webhook"]
    return found


# Making and changing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"url": "ftp://127.0.0.1/in"}, "url", "https://"),
        ({"url": "http://169.254.169.254/latest"}, "url", "open internet"),
        ({"url": "http://[::ffff:10.0.0.1]/"}, "url", "open internet"),
        ({"url": "http://user:word@127.0.0.1/"}, "url", "user name"),
        ({"url": "nowhere"}, "url", "no address"),
        ({"url": "http://127.0.0.1/" + "x" * 2000}, "url", "at most 2000"),
        ({"name": ""}, "name", "at least 1"),
        ({"events": []}, "events", "at least one"),
        ({"about": ["nothing"]}, "about", "ids"),
        ({"query": "subscription {"}, "query", "Syntax Error"),
        ({"query": "subscription { contentPublished { nope } }"}, "query", "nope"),
        ({"query": "subscription($a: ID!) { contentPublished(about: [$a]) { type } }"}, "query", "$a"),
        ({"query": "subscription A { contentPublished { type } } query B { __typename }"}, "query", "which operation"),
        ({"query": "mutation { webhookDelete(input: {id: \"x\"}) { __typename } }"}, "query", "subscription"),
        ({"query": "subscription { events { cursor } }"}, "query", "events:read"),
    ],
)  # fmt: skip
def test_what_could_never_work_is_refused_with_the_field_that_is_wrong(
    people: People, change: dict[str, Any], path: str, words: str
) -> None:
    error = people.admin.refused("webhookCreate", **{**GOOD, **change})
    assert error["path"] == [path]
    assert words in error["message"]


def test_only_those_who_look_after_webhooks_see_them_and_make_them(people: People, there: Receiver) -> None:
    hook, _ = webhook(people.admin, there.url)
    factories.theme(people.editor, publish=True)
    strangers = (people.editor, "FORBIDDEN"), (people.learner, "FORBIDDEN"), (people.anonymous, "UNAUTHENTICATED")
    for somebody, code in strangers:
        assert somebody.fails("{ webhooks { totalCount } }") == code
        assert somebody.ask("query($id: ID!) { webhook(id: $id) { id } node(id: $id) { id } }", id=hook) == {
            "webhook": None,
            "node": None,
        }
        document = "mutation($input: WebhookPauseInput!) { webhookPause(input: $input) { __typename } }"
        assert somebody.fails(document, input={"id": hook}) == code


def test_the_secret_is_shown_once_and_kept_sealed(people: People, database_url: str) -> None:
    given = {**GOOD, "name": "Once"}
    document = "mutation($input: WebhookCreateInput!) { webhookCreate(input: $input) { secret errors { code } } }"
    headers = {"authorization": f"Bearer {people.admin.token}", "idempotency-key": '"the same key"'}
    body = {"query": document, "variables": {"input": given}}
    first, again = (
        people.admin.http.post(f"{people.admin.url}/graphql", json=body, headers=headers).json()["data"][
            "webhookCreate"
        ]
        for _ in range(2)
    )
    key = base64.b64decode(first["secret"].removeprefix("whsec_"), validate=True)
    assert 24 <= len(key) <= 64
    assert (again["secret"], [each["code"] for each in again["errors"]]) == (None, ["ANSWER_NOT_KEPT"])
    assert sql(database_url, "SELECT count(*) FROM webhook") == [(1,)]
    for table in ("webhook", "webhook_secret", "audit_log", "idempotency_key", "fact"):
        kept = sql(database_url, f"SELECT row_to_json(t)::text FROM {table} t")
        assert first["secret"] not in str(kept)
        assert base64.b64encode(key).decode() not in str(kept)


def test_a_change_names_the_revision_it_starts_from(people: People, there: Receiver, users: dict[Role, str]) -> None:
    hook, _ = webhook(people.admin, there.url)
    theme = factories.theme(people.editor)
    people.admin.do("webhookUpdate", "__typename", id=hook, expectedRevision=1, name="Another", about=[theme])
    found = _shown(people.admin, hook)
    assert (found["name"], found["about"], found["revision"], found["ownerId"]) == (
        "Another",
        [theme],
        2,
        users[Role.ADMIN],
    )
    stale = people.admin.refused("webhookUpdate", id=hook, expectedRevision=1, name="Stale")
    assert (stale["__typename"], stale["actualRevision"]) == ("RevisionConflict", 2)
    people.admin.do("webhookUpdate", "__typename", id=hook, expectedRevision=2, about=None)
    assert _shown(people.admin, hook)["about"] == []
    refused = people.admin.refused("webhookUpdate", id=hook, expectedRevision=3, scopes=["AUDIT_READ"], query="{ a }")
    assert refused["path"] == ["query"]


def test_what_waits_is_sent_by_the_new_rules(people: People, database_url: str, there: Receiver) -> None:
    hook, secret = webhook(people.admin, "http://127.0.0.1:9/nobody")
    factories.theme(people.editor, publish=True)
    send(database_url)
    query = "subscription { contentPublished { subjectId } }"
    people.admin.do("webhookUpdate", "__typename", id=hook, expectedRevision=1, url=there.url, query=query)
    time_passes(database_url)
    send(database_url)
    (got,) = there.received
    assert list(got.verified(secret)["data"]["contentPublished"]) == ["subjectId"]


def _lesser(people: People, database_url: str, admin: str) -> Client:
    """The admin by a token that may look after webhooks and nothing else."""
    scopes = frozenset({Scope.WEBHOOKS_MANAGE})
    made = as_service(database_url, lambda tx: identity.create_api_token(tx, admin, "lesser", scopes, 1))
    return Client(people.admin.url, made)


def test_nobody_gives_a_webhook_more_than_they_may_do_nor_turns_one_that_may_more_to_themselves(
    people: People, database_url: str, users: dict[Role, str], there: Receiver
) -> None:
    lesser = _lesser(people, database_url, users[Role.ADMIN])
    query = "subscription { events { fact { type } } }"
    refused = lesser.refused("webhookCreate", **{**GOOD, "query": query, "scopes": ["EVENTS_READ"]})
    assert (refused["path"], "events:read" in refused["message"]) == (["scopes"], True)
    hook, _ = webhook(people.admin, there.url, query=query, scopes=["EVENTS_READ"])
    for change in ({"url": "http://127.0.0.1:9/mine"}, {"query": query}, {"events": ["USER_SIGNED_IN"]}, {"about": []}):
        assert lesser.refused("webhookUpdate", id=hook, expectedRevision=1, **change)["path"] == ["scopes"]
    assert lesser.refused("webhookDryRun", id=hook)["path"] == ["scopes"]
    lesser.do("webhookUpdate", "__typename", id=hook, expectedRevision=1, name="Only its name")
    lesser.http.close()


def test_two_who_change_it_at_once_do_not_overwrite_each_other(people: People, there: Receiver) -> None:
    hook, _ = webhook(people.admin, there.url)
    outcomes: list[str] = []

    def change(number: int) -> None:
        client = Client(people.admin.url, people.admin.token)
        payload = client.mutate("webhookUpdate", "__typename", id=hook, expectedRevision=1, name=f"Name {number}")
        outcomes.append(payload["errors"][0]["code"] if payload["errors"] else "saved")
        client.http.close()

    threads = [threading.Thread(target=change, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["REVISION_CONFLICT"] * 5 + ["saved"]


def test_there_are_never_more_webhooks_than_there_may_be(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_WEBHOOKS", 3)
    codes: list[str | None] = []

    def make() -> None:
        client = Client(people.admin.url, people.admin.token)
        payload = client.mutate("webhookCreate", "__typename", **GOOD)
        codes.append(payload["errors"][0]["code"] if payload["errors"] else None)
        client.http.close()

    threads = [threading.Thread(target=make) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (codes.count(None), codes.count("TOO_MANY")) == (3, 3)
    assert sql(database_url, "SELECT count(*) FROM webhook") == [(3,)]


def test_a_removed_webhook_leaves_nothing_but_its_facts(people: People, database_url: str, there: Receiver) -> None:
    there.behave = lambda _received: FAILED
    hook, _ = webhook(people.admin, there.url)
    factories.theme(people.editor, publish=True)
    send(database_url)
    people.admin.do("webhookDelete", "__typename", id=hook)
    with working(database_url, remove_rest_of_webhook):
        until(lambda: sql(database_url, "SELECT 1 FROM webhook_lane") == [])
    for table in ("webhook", "webhook_secret", "webhook_lane", "webhook_delivery", "delivery_attempt"):
        assert sql(database_url, f"SELECT count(*) FROM {table}") == [(0,)]
    assert people.admin.refused("webhookDelete", id=hook)["code"] == "NOT_FOUND"
    told = "SELECT type FROM fact WHERE type LIKE 'webhook.%%' AND subject_id = %s ORDER BY recorded"
    assert sql(database_url, told, hook) == [("webhook.created",), ("webhook.deleted",)]


# Secrets -------------------------------------------------------------------------------------------------------------


def test_while_a_secret_is_changed_both_sign_and_then_only_the_new_one(
    people: People, database_url: str, there: Receiver
) -> None:
    hook, first = webhook(people.admin, there.url)
    second = people.admin.do("webhookRotateSecret", "secret", id=hook)["secret"]
    assert first != second
    factories.theme(people.editor, publish=True)
    send(database_url)
    sql(database_url, "UPDATE webhook_secret SET overlap_until = now() WHERE overlap_until IS NOT NULL")
    factories.theme(people.editor, publish=True)
    send(database_url)
    both, new = there.received
    assert len(both.headers["webhook-signature"].split(" ")) == 2
    both.verified(first)
    both.verified(second)
    new.verified(second)
    with pytest.raises(WebhookVerificationError):
        new.verified(first)
    third = people.admin.do("webhookRotateSecret", "secret", id=hook, overlapHours=0)["secret"]
    factories.theme(people.editor, publish=True)
    send(database_url)
    there.received[2].verified(third)
    assert len(there.received[2].headers["webhook-signature"].split(" ")) == 1
    assert people.admin.refused("webhookRotateSecret", id=hook, overlapHours=169)["path"] == ["overlapHours"]


# Stopping and repeating ----------------------------------------------------------------------------------------------


def test_a_paused_webhook_keeps_what_happens_and_sends_it_in_order_once_it_is_resumed(
    people: People, database_url: str, there: Receiver
) -> None:
    hook, _ = webhook(people.admin, there.url)
    people.admin.do("webhookPause", "__typename", id=hook)
    theme = factories.theme(people.editor, publish=True)
    people.editor.do("themePublish", "__typename", id=theme)
    assert send(database_url) == 0
    assert standing(database_url) == ["pending", "pending"]
    assert people.admin.refused("webhookPause", id=hook)["code"] == "WRONG_STATE"
    people.admin.do("webhookResume", "__typename", id=hook)
    send(database_url)
    assert [each.sequence for each in there.received] == [1, 2]
    assert people.admin.refused("webhookResume", id=hook)["code"] == "WRONG_STATE"


def test_a_trial_arrives_even_where_the_webhook_is_paused_and_is_tried_once(
    people: People, database_url: str, there: Receiver
) -> None:
    hook, secret = webhook(people.admin, there.url)
    people.admin.do("webhookPause", "__typename", id=hook)
    made = people.admin.do("webhookTest", "deliveryId", id=hook)["deliveryId"]
    send(database_url)
    (got,) = there.received
    assert (got.id, got.verified(secret)["type"]) == (made, "webhook.trial")
    there.behave = lambda _received: FAILED
    people.admin.do("webhookTest", "deliveryId", id=hook)
    send(database_url)
    assert [each["state"] for each in deliveries(people.admin, hook)] == ["DELIVERED", "PARKED"]


def test_deliveries_are_repeated_one_by_one_by_their_places_or_since_they_failed(
    people: People, database_url: str, there: Receiver
) -> None:
    there.behave = lambda received: FAILED if received.sequence == 2 else TAKEN
    hook, _ = webhook(people.admin, there.url)
    theme = factories.theme(people.editor, publish=True)
    for _ in range(2):
        people.editor.do("themePublish", "__typename", id=theme)
    sql(database_url, "SELECT 1")
    send(database_url)
    sql(database_url, "UPDATE webhook_delivery SET max_attempts = 2 WHERE sequence = 2")
    time_passes(database_url)
    send(database_url)
    first, second, third = deliveries(people.admin, hook)
    assert [each["state"] for each in (first, second, third)] == ["DELIVERED", "PARKED", "DELIVERED"]
    there.behave, there.received[:] = lambda _received: TAKEN, []

    def again(**chosen: Any) -> list[int]:
        count = people.admin.do("webhookRedeliver", "count", id=hook, **chosen)["count"]
        send(database_url)
        found = [each.sequence for each in there.received]
        there.received.clear()
        assert len(found) == count
        return found

    assert again(failedSince="2026-01-01T00:00:00Z") == [2]
    assert again(failedSince="2026-01-01T00:00:00Z") == []
    assert again(deliveryIds=[third["id"]]) == [3]
    assert again(positions={"first": first["position"], "last": third["position"]}) == [1, 2, 3]
    assert [each["id"] for each in deliveries(people.admin, hook)] == [first["id"], second["id"], third["id"]]
    assert [each["attempts"] for each in deliveries(people.admin, hook)] == [2, 4, 3]
    assert people.admin.refused("webhookRedeliver", id=hook)["path"] == []
    assert people.admin.refused("webhookRedeliver", id=hook, deliveryIds=[hook])["path"] == ["deliveryIds"]
    assert people.admin.refused("webhookRedeliver", id=hook, failedSince="2026-01-01T00:00:00")["path"] == [
        "failedSince"
    ]


# Before saving, and for those who build receivers --------------------------------------------------------------------


def test_a_dry_run_shows_what_would_be_sent_of_a_real_object_and_sends_nothing(
    people: People, database_url: str, there: Receiver
) -> None:
    theme = factories.theme(people.editor, title="Old", publish=True)
    factories.theme(people.editor, title="New", publish=True)
    send(database_url)
    shown = people.admin.do(
        "webhookDryRun", "body secret factId headers { name value }", query=QUERY, aboutId=theme, scopes=[]
    )
    headers = {each["name"]: each["value"] for each in shown["headers"]}
    said = Webhook(shown["secret"]).verify(shown["body"], headers)
    assert said["data"]["contentPublished"]["subject"] == {"title": "Old"}
    assert headers["cairn-subject"] == theme
    newest = people.admin.do("webhookDryRun", "body", query=QUERY)["body"]
    assert "New" in newest
    hook, _ = webhook(people.admin, there.url)
    assert "New" in people.admin.do("webhookDryRun", "body", id=hook)["body"]
    assert there.received == []
    assert standing(database_url) == []


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"query": "subscription { events { cursor } }"}, ["query"]),
        ({"query": "subscription { nope }"}, ["query"]),
        ({}, ["query"]),
        ({"query": QUERY, "events": ["THEME_TRASHED"]}, ["aboutId"]),
        ({"query": QUERY, "aboutId": "nothing"}, ["aboutId"]),
    ],
)
def test_a_dry_run_says_what_is_wrong(people: People, given: dict[str, Any], path: list[str]) -> None:
    assert people.admin.refused("webhookDryRun", **given)["path"] == path


def test_the_schema_of_a_webhook_describes_what_it_sends(people: People, database_url: str, there: Receiver) -> None:
    hook, _ = webhook(people.admin, there.url)
    shown = people.admin.ask("query($id: ID!) { webhook(id: $id) { payloadSchema testVectors } }", id=hook)["webhook"]
    data = shown["payloadSchema"]["properties"]["data"]["properties"]["contentPublished"]
    assert shown["payloadSchema"]["properties"]["type"] == {"enum": ["theme.published"]}
    assert data["required"] == ["type", "subjectId", "subject"]
    assert data["properties"]["subjectId"] == {"type": "string"}
    assert "THEME_PUBLISHED" in data["properties"]["type"]["enum"]
    subject = data["properties"]["subject"]["anyOf"]
    assert subject[1] == {"type": "null"}
    assert {"title"} in [set(each["properties"]) for each in subject[0]["anyOf"]]
    for vector in shown["testVectors"]:
        assert _is_taken(vector) is vector["isValid"], vector["name"]
        assert json.loads(vector["body"])["type"] == "theme.published"


def _is_taken(vector: dict[str, Any]) -> bool:
    """What the public library makes of a message, but for its clock, which cannot be set."""
    headers = vector["headers"]
    if abs(int(headers["webhook-timestamp"]) - vector["now"]) > 300:
        return False
    at = int(headers["webhook-timestamp"])

    made = Webhook(vector["secret"]).sign(headers["webhook-id"], datetime.fromtimestamp(at, UTC), vector["body"])
    return made in headers["webhook-signature"].split(" ")
