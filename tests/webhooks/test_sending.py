"""What happens is sent: signed, once per fact, in order per object, read with the webhook's own permissions."""

from __future__ import annotations

from typing import Any

import pytest
from svix.webhooks import Webhook as Svix

from models.identity import Role
from resolvers import identity
from tests.events.logs import as_service, sql
from tests.jobs.crews import until
from tests.support import factories
from tests.support.clients import Client, People
from tests.webhooks.receivers import receiver
from tests.webhooks.senders import deliveries, send, sending, standing, until_sent, webhook

CHANGED = """subscription @perspective(stage: DRAFT) {
    contentChanged { fact { type } subject { ... on Theme { title } } } }"""


def test_what_the_query_selects_is_sent_and_signed(people: People, database_url: str) -> None:
    with receiver() as there, sending(database_url):
        hook, secret = webhook(people.admin, there.url)
        theme = factories.theme(people.editor, title="Sleep", publish=True)
        until(lambda: there.received)
        until_sent(database_url)
    (got,) = there.received
    assert got.verified(secret) == {
        "type": "theme.published",
        "timestamp": got.said["timestamp"],
        "data": {"contentPublished": {"type": "THEME_PUBLISHED", "subjectId": theme, "subject": {"title": "Sleep"}}},
    }
    Svix(secret).verify(got.body, got.headers)
    assert (got.path, got.headers["content-type"]) == ("/in", "application/json; charset=utf-8")
    (delivery,) = deliveries(people.admin, hook)
    (attempt,) = delivery["log"]
    assert (delivery["state"], delivery["id"], delivery["attempts"]) == ("DELIVERED", got.id, 1)
    assert (attempt["outcome"], attempt["status"], attempt["address"]) == ("DELIVERED", 204, "127.0.0.1")
    assert attempt["bodyBytes"] == len(got.body)


def test_everything_about_one_object_arrives_in_order_with_its_number(people: People, database_url: str) -> None:
    with receiver() as there, sending(database_url):
        events = ["THEME_CREATED", "THEME_UPDATED"]
        webhook(people.admin, there.url, events=events, query=CHANGED, scopes=["CONTENT_EDIT"])
        themes = [factories.theme(people.editor) for _ in range(3)]
        for number in range(1, 6):
            for theme in themes:
                title = f"Title {number}"
                people.editor.do("themeUpdate", "__typename", id=theme, expectedRevision=number, title=title)
        until(lambda: len(there.received) >= 18)
        until_sent(database_url)
    assert len({*there.ids}) == len(there.ids) == 18
    for theme in themes:
        mine = [each for each in there.received if each.headers["cairn-subject"] == theme]
        assert [each.sequence for each in mine] == [1, 2, 3, 4, 5, 6]
        assert [each.said["type"] for each in mine] == ["theme.created", *["theme.updated"] * 5]
        places = [int(each.headers["cairn-position"]) for each in mine]
        assert places == sorted(places)


def test_only_what_is_about_the_chosen_objects_is_sent(people: People, database_url: str) -> None:
    chosen, other = factories.theme(people.editor), factories.theme(people.editor)
    with receiver() as there:
        webhook(people.admin, there.url, about=[chosen])
        for each in (other, chosen):
            people.editor.do("themePublish", "__typename", id=each)
        send(database_url)
    assert [each.headers["cairn-subject"] for each in there.received] == [chosen]


def test_a_webhook_for_a_course_is_told_of_all_that_is_below_it(people: People, database_url: str) -> None:
    course = factories.course(people.editor)
    query = "subscription { events { fact { type } } }"
    with receiver() as there:
        events, scopes = ["MODULE_CREATED", "LESSON_CREATED"], ["EVENTS_READ"]
        webhook(people.admin, there.url, events=events, query=query, scopes=scopes, about=[course])
        factories.lesson(people.editor, factories.module(people.editor, course))
        factories.module(people.editor, factories.course(people.editor))
        send(database_url)
    assert sorted(each.said["type"] for each in there.received) == ["lesson.created", "module.created"]


def test_every_webhook_gets_its_own_message_with_its_own_signature(people: People, database_url: str) -> None:
    with receiver() as one, receiver() as other:
        hooks = [webhook(people.admin, each.url) for each in (one, other)]
        factories.theme(people.editor, publish=True)
        send(database_url)
    (first,), (second,) = one.received, other.received
    assert first.id != second.id
    first.verified(hooks[0][1])
    second.verified(hooks[1][1])
    assert standing(database_url) == ["delivered", "delivered"]


def test_what_the_query_is_not_about_is_not_sent(people: People, database_url: str) -> None:
    with receiver() as there:
        hook, _ = webhook(people.admin, there.url, events=["THEME_CREATED"])
        factories.theme(people.editor)
        send(database_url)
    assert there.received == []
    assert [each["state"] for each in deliveries(people.admin, hook)] == ["SKIPPED"]


def _parked(admin: Client, hook: str) -> str:
    (delivery,) = deliveries(admin, hook)
    assert (delivery["state"], delivery["log"][0]["outcome"]) == ("PARKED", "NOT_MADE")
    reason: str = delivery["reason"]
    return reason


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("subscription { gone }", "Cannot query field 'gone'"),
        ("{ courses { totalCount } }", "Only a subscription"),
        ("subscription { events { cursor } }", "This needs the permission events:read."),
        ("subscription { jobProgress(id: \"00000000-0000-800b-8000-000000000001\") { id } }", "follows something else"),
    ],
)  # fmt: skip
def test_a_query_that_fails_parks_the_delivery_with_the_reason_and_sends_nothing(
    people: People, database_url: str, query: str, reason: str
) -> None:
    with receiver() as there:
        hook, _ = webhook(people.admin, there.url)
        # As if the schema, or what is permitted, were another one since.
        sql(database_url, "UPDATE webhook SET query = %s", query)
        factories.theme(people.editor, publish=True)
        send(database_url)
        assert reason in _parked(people.admin, hook)
    assert there.received == []


def test_it_reads_with_its_own_permissions_and_not_with_those_of_its_owner(people: People, database_url: str) -> None:
    query = """subscription { contentPublished { subjectId subject { ... on Theme { title } } type } }"""
    with receiver() as there:
        # Its owner may read drafts; without the perspective, and the scope for it, nothing of a draft is there.
        webhook(people.admin, there.url, query=query)
        theme = factories.theme(people.editor, publish=True)
        send(database_url)
        refused = people.admin.refused(
            "webhookCreate", name="D", url=there.url, events=["THEME_CREATED"], query=CHANGED
        )
    assert there.received[0].said["data"]["contentPublished"]["subjectId"] == theme
    assert "content:edit" in refused["message"]


@pytest.mark.parametrize("loss", ["suspended", "role"])
def test_without_somebody_who_answers_for_it_a_webhook_stops(
    people: People, database_url: str, users: dict[Role, str], loss: str
) -> None:
    taken: list[tuple[Any, ...]] = []
    admin = users[Role.ADMIN]
    with receiver() as there:
        hook, _ = webhook(people.admin, there.url)
        if loss == "suspended":
            sql(database_url, "UPDATE \"user\" SET status = 'suspended' WHERE id = %s", admin)
        else:
            taken = sql(database_url, "UPDATE role_grant SET expires_at = now() WHERE user_id = %s RETURNING id", admin)
        factories.theme(people.editor, publish=True)
        send(database_url)
        sql(database_url, "UPDATE \"user\" SET status = 'active' WHERE id = %s", admin)
        if taken:
            sql(database_url, "UPDATE role_grant SET expires_at = NULL WHERE user_id = %s", admin)
        assert there.received == []
        (waiting,) = deliveries(people.admin, hook)
        assert (waiting["state"], waiting["attempts"]) == ("PENDING", 0)
        assert sql(database_url, "SELECT payload FROM fact WHERE type = 'webhook.paused'") == [({"cause": "owner"},)]
        people.admin.do("webhookResume", "__typename", id=hook)
        send(database_url)
        assert len(there.received) == 1


def test_a_webhook_stops_when_the_token_that_it_was_set_up_with_is_taken_back(
    people: People, database_url: str, users: dict[Role, str]
) -> None:
    scopes = identity.scopes_of([Role.ADMIN])
    token = as_service(
        database_url, lambda tx: identity.create_api_token(tx, users[Role.ADMIN], "to be stolen", scopes, 1)
    )
    thief = Client(people.admin.url, token, people.admin.http)
    with receiver() as there:
        hook, _ = webhook(thief, there.url)
        own, _ = webhook(people.admin, there.url, name="Own")
        # That it ends by itself is no reason to distrust what was done with it.
        sql(database_url, "UPDATE api_token SET expires_at = now() WHERE name = 'to be stolen'")
        factories.theme(people.editor, publish=True)
        send(database_url)
        assert len(there.received) == 2
        sql(database_url, "UPDATE api_token SET revoked_at = now() WHERE name = 'to be stolen'")
        factories.theme(people.editor, publish=True)
        send(database_url)
        assert [each["state"] for each in deliveries(people.admin, hook)] == ["DELIVERED", "PENDING"]
        assert [each["state"] for each in deliveries(people.admin, own)] == ["DELIVERED", "DELIVERED"]
        ((state, reason),) = sql(database_url, "SELECT state, reason FROM webhook WHERE id = %s", hook)
        assert (state, "revoked" in reason) == ("paused", True)
        assert len(sql(database_url, "SELECT 1 FROM outgoing_mail WHERE kind = 'webhook_stopped'")) == 1
        # Whoever resumes it answers for it from then on.
        people.admin.do("webhookResume", "__typename", id=hook)
        send(database_url)
        assert len(there.received) == 4
    sql(database_url, "DELETE FROM api_token WHERE name = 'to be stolen'")


def test_facts_that_nobody_is_told_of_leave_nothing_behind(people: People, database_url: str) -> None:
    with receiver() as there:
        webhook(people.admin, there.url)
        factories.theme(people.editor)
        send(database_url)
    assert standing(database_url) == []
    assert sql(database_url, "SELECT 1 FROM webhook_lane") == []
