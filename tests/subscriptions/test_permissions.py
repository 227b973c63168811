"""Who is told what: judged for each event when it is delivered, and nobody stays who may not."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from cairn.http.streams import following
from cairn.settings import StreamSettings
from models.identity import Role
from tests.events.logs import sql
from tests.http.doorkeeper import Doorkeeper
from tests.jobs.crews import until
from tests.support import factories
from tests.support.clients import Client, People

from .conftest import Serve
from .sockets import Socket, cursor_now, events, place_all, signed_in, socket

EVENTS = "subscription($after: String) { events(types: [THEME_CREATED], after: $after) { fact { type } } }"
CHANGED = """subscription($after: String) @perspective(stage: DRAFT) {
    contentChanged(after: $after) { fact { type subjectId } subject { id } } }"""
PUBLISHED = "subscription($after: String) { contentPublished(after: $after) { subjectId } }"

TITLES = """subscription($after: String) { contentPublished(after: $after) { subject { ... on Theme { title } } } }"""


ACT_AS = """mutation($input: ImpersonationStartInput!) {
    impersonationStart(input: $input) { token errors { message } } }"""


@pytest.fixture
def doorkeeper(database_url: str) -> Iterator[Doorkeeper]:
    """Whoever hands out credentials and takes them back."""
    with Doorkeeper(database_url).closing_time() as keeper:
        yield keeper


def _following(client: Socket, document: str, after: str, people: People, url: str) -> None:
    """Subscribes, and sees one event arrive, so that the subscription is sure to stand."""
    client.subscribe(document, after=after)
    factories.theme(people.editor)
    place_all(url)
    client.answer()


ENDINGS = {
    "a revoked token": "UPDATE api_token SET revoked_at = now() WHERE user_id = %(user)s",
    "a token that has expired": "UPDATE api_token SET expires_at = now() WHERE user_id = %(user)s",
    "somebody who was suspended": "UPDATE \"user\" SET status = 'suspended' WHERE id = %(user)s",
    "a token that is gone": "DELETE FROM api_token WHERE user_id = %(user)s",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stream_ends_before_the_next_event_when_its_token_does(
    people: People, database_url: str, doorkeeper: Doorkeeper, ending: str
) -> None:
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    user = doorkeeper.person(Role.ADMIN)
    client = Client(people.admin.url, doorkeeper.token(user, Role.ADMIN))
    with signed_in(client) as live, events(client, EVENTS, after=after) as stream:
        _following(live, EVENTS, after, people, database_url)
        stream.answer()
        doorkeeper.named(ENDINGS[ending], user=user)
        factories.theme(people.editor)
        place_all(database_url)
        code, reason = live.end()
        assert (code, reason) == (4401, "What you signed in with has ended. Sign in, and go on.")
        assert stream.refusal() == "UNAUTHENTICATED"


def test_a_stream_ends_soon_though_nothing_happens(
    people: People, database_url: str, doorkeeper: Doorkeeper, serve: Serve
) -> None:
    address = serve(database_url, streams=StreamSettings(check_seconds=0.1))
    user = doorkeeper.person(Role.ADMIN)
    client = Client(address, doorkeeper.token(user, Role.ADMIN))
    with signed_in(client) as live, signed_in(client) as idle, events(client, EVENTS) as stream:
        live.subscribe(EVENTS)
        began = time.monotonic()
        doorkeeper.named(ENDINGS["a revoked token"], user=user)
        assert live.end()[0] == idle.end()[0] == 4401
        assert stream.refusal() == "UNAUTHENTICATED"
        assert time.monotonic() - began < 30


def test_a_busy_operation_does_not_hide_another_that_is_not_permitted_any_more(
    people: People, database_url: str, doorkeeper: Doorkeeper, serve: Serve
) -> None:
    address = serve(database_url, streams=StreamSettings(check_seconds=3))
    user = doorkeeper.person(Role.ADMIN)
    with signed_in(Client(address, doorkeeper.token(user, Role.ADMIN))) as live:
        live.subscribe(PUBLISHED, "busy")
        live.subscribe("subscription { events(types: [COURSE_TRASHED]) { cursor } }", "quiet")
        live.subscribe("{ viewer { kind } }", "asked")
        live.answer("asked")
        assert live.hear()["type"] == "complete"
        doorkeeper.named("DELETE FROM role_grant WHERE user_id = %(user)s", user=user)
        until = time.monotonic() + 20
        factories.theme(people.editor, publish=True)
        place_all(database_url)
        while (message := live.hear())["type"] == "next":
            assert message["id"] == "busy"
            assert time.monotonic() < until, "the quiet one goes on"
            factories.theme(people.editor, publish=True)
            place_all(database_url)
        assert (message["id"], message["payload"][0]["extensions"]["code"]) == ("quiet", "FORBIDDEN")


def test_an_answer_that_had_to_wait_does_not_go_out_to_who_was_shut_out_meanwhile(
    people: People, database_url: str, doorkeeper: Doorkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LATE_SECONDS", 0.0)
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    factories.theme(people.editor, publish=True)
    user = doorkeeper.person(Role.ADMIN)
    client = Client(people.admin.url, doorkeeper.token(user, Role.ADMIN))
    waiting = "SELECT 1 FROM pg_locks WHERE relation = 'theme'::regclass AND NOT granted"
    with signed_in(client) as live, psycopg.connect(database_url) as other:
        other.execute("LOCK TABLE theme IN ACCESS EXCLUSIVE MODE")
        live.subscribe(TITLES, after=after)
        place_all(database_url)
        until(lambda: sql(database_url, waiting) != [])
        doorkeeper.named(ENDINGS["a revoked token"], user=user)
        other.rollback()
        assert live.end()[0] == 4401


def test_who_does_not_listen_keeps_nobody_else_from_being_looked_at(
    people: People, database_url: str, doorkeeper: Doorkeeper, serve: Serve
) -> None:
    address = serve(database_url, streams=StreamSettings(check_seconds=0.1, init_seconds=60))
    deaf, other = doorkeeper.person(Role.ADMIN), doorkeeper.person(Role.ADMIN)
    with httpx.Client(headers={"authorization": f"Bearer {doorkeeper.token(deaf, Role.ADMIN)}"}) as http:
        # A stream with an operation, for which nobody comes: what is said on it is not heard.
        token = http.put(f"{address}/graphql/stream").text
        body = {"query": EVENTS, "extensions": {"operationId": "1"}}
        headers = {"x-graphql-event-stream-token": token}
        assert http.post(f"{address}/graphql/stream", json=body, headers=headers).status_code == 202
        with signed_in(Client(address, doorkeeper.token(other, Role.ADMIN))) as live:
            live.subscribe(EVENTS)
            doorkeeper.named("DELETE FROM role_grant WHERE user_id = %(user)s", user=deaf)
            # Once it has been noticed, the operation is over, and its id is free again.
            asked = {"query": "{ __typename }", "extensions": {"operationId": "1"}}
            until(lambda: http.post(f"{address}/graphql/stream", json=asked, headers=headers).status_code == 202)
            doorkeeper.named(ENDINGS["a revoked token"], user=other)
            assert live.end(seconds=8)[0] == 4401


def test_the_checks_of_those_who_are_told_nothing_are_often_enough() -> None:
    # A second for the round in which it is looked, and some for the answer.
    assert StreamSettings().check_seconds + 5 < 30
    with pytest.raises(ValueError, match="25"):
        StreamSettings(check_seconds=26)


def test_a_session_that_is_ended_ends_its_stream(people: People, database_url: str, doorkeeper: Doorkeeper) -> None:
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    user = doorkeeper.person(Role.ADMIN)
    address = people.admin.url
    cookie = f"cairn_session_{address.rpartition(':')[2]}={doorkeeper.session(user)}"
    with socket(address, origin=address, additional_headers={"cookie": cookie}) as live:
        live.sign_in()
        _following(live, EVENTS, after, people, database_url)
        out = httpx.post(f"{address}/sign-out", headers={"cookie": cookie, "origin": address})
        assert out.status_code in (200, 204, 303)
        factories.theme(people.editor)
        place_all(database_url)
        assert live.end()[0] == 4401


def test_a_cookie_does_not_count_for_another_sites_page(people: People, doorkeeper: Doorkeeper) -> None:
    address = people.admin.url
    cookie = f"cairn_session_{address.rpartition(':')[2]}={doorkeeper.session(doorkeeper.person(Role.ADMIN))}"
    with socket(address, additional_headers={"cookie": cookie}) as live:
        live.sign_in()
        live.subscribe("{ viewer { kind } }")
        assert live.answer() == {"viewer": {"kind": "USER"}}
    with socket(address, additional_headers={"cookie": cookie, "sec-fetch-site": "same-origin"}) as live:
        live.sign_in()
    with (
        pytest.raises(Exception, match="403"),
        socket(address, additional_headers={"cookie": cookie, "sec-fetch-site": "cross-site"}),
    ):
        pass


def test_who_loses_a_role_is_told_nothing_more_and_may_go_on_with_the_rest(
    people: People, database_url: str, doorkeeper: Doorkeeper
) -> None:
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    user = doorkeeper.person(Role.ADMIN)
    client = Client(people.admin.url, doorkeeper.token(user, Role.ADMIN))
    with signed_in(client) as live, events(client, EVENTS, after=after) as stream:
        live.subscribe(PUBLISHED, "public", after=after)
        _following(live, EVENTS, after, people, database_url)
        stream.answer()
        doorkeeper.named("DELETE FROM role_grant WHERE user_id = %(user)s", user=user)
        factories.theme(people.editor)
        place_all(database_url)
        assert live.refusal() == "FORBIDDEN"
        assert stream.refusal() == "FORBIDDEN"
        theme = factories.theme(people.editor, publish=True)
        place_all(database_url)
        assert live.answer("public") == {"contentPublished": {"subjectId": theme}}


def test_who_may_never_see_the_log_cannot_follow_it(people: People) -> None:
    refusals = {"editor": "FORBIDDEN", "learner": "FORBIDDEN", "anonymous": "UNAUTHENTICATED"}
    for who, code in refusals.items():
        with signed_in(getattr(people, who)) as live:
            live.subscribe(EVENTS)
            assert live.refusal() == code
    with signed_in(people.learner) as live:
        live.subscribe(CHANGED)
        assert live.refusal() == "FORBIDDEN"


def test_an_editor_of_one_course_is_told_of_that_course_alone(
    people: People, database_url: str, doorkeeper: Doorkeeper
) -> None:
    mine, other = factories.course(people.editor), factories.course(people.editor)
    after = cursor_now(people.admin, database_url)
    user = doorkeeper.person(Role.LEARNER)
    granted = {"userId": user, "role": "EDITOR", "scopeType": "COURSE", "scopeId": mine}
    document = "mutation($input: RoleGrantInput!) { roleGrant(input: $input) { errors { message } } }"
    assert people.admin.ask(document, input=granted)["roleGrant"]["errors"] == []
    token = doorkeeper.token(user, Role.EDITOR)
    with signed_in(Client(people.admin.url, token)) as live:
        live.subscribe(CHANGED, after=after)
        theirs = factories.module(people.editor, other)
        ours = factories.module(people.editor, mine)
        place_all(database_url)
        change = live.answer()["contentChanged"]
        assert change["fact"] == {"type": "MODULE_CREATED", "subjectId": ours}
        assert change["subject"] == {"id": ours}
        assert theirs != ours


def test_a_draft_is_shown_to_those_alone_who_ask_for_it_and_may(people: People, database_url: str) -> None:
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    live_view = CHANGED.replace(" @perspective(stage: DRAFT)", "")
    with signed_in(people.editor) as client:
        client.subscribe(CHANGED, "draft", after=after)
        client.subscribe(live_view, "live", after=after)
        theme = factories.theme(people.editor)
        place_all(database_url)
        messages = [client.hear(), client.hear()]
        heard = {each["id"]: each["payload"]["data"]["contentChanged"]["subject"] for each in messages}
        assert heard == {"draft": {"id": theme}, "live": None}


def test_what_is_public_says_nothing_of_who_did_it(people: People) -> None:
    document = '{ __type(name: "PublicEvent") { fields { name } } }'
    fields = {each["name"] for each in people.anonymous.ask(document)["__type"]["fields"]}
    assert fields == {"cursor", "type", "subjectId", "createdAt", "subject"}


def test_the_answer_to_an_event_is_read_when_it_is_delivered(people: People, database_url: str) -> None:
    theme = factories.theme(people.editor, title="Before")
    after = cursor_now(people.admin, database_url)
    people.editor.do("themePublish", "theme { id }", id=theme)
    place_all(database_url)
    titled = "subscription($after: String) { contentPublished(after: $after) { subject { ... on Theme { title } } } }"
    with signed_in(people.anonymous) as client:
        client.subscribe(titled, "1", after=after)
        assert client.answer()["contentPublished"]["subject"] == {"title": "Before"}
        people.editor.do("themeUnpublish", "theme { id }", id=theme)
        client.subscribe(titled, "2", after=after)
        assert client.answer("2")["contentPublished"]["subject"] is None


def test_somebody_who_acts_as_another_follows_as_that_person_and_no_longer_than_they_act(
    people: People, database_url: str, doorkeeper: Doorkeeper
) -> None:
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    admin = Client(people.admin.url)
    user = doorkeeper.person(Role.ADMIN)
    cookie = f"cairn_session_{admin.url.rpartition(':')[2]}={doorkeeper.session(user)}"
    editor = doorkeeper.person(Role.EDITOR)
    begun = admin.http.post(
        f"{admin.url}/graphql",
        headers={"cookie": cookie, "origin": admin.url},
        json={
            "query": ACT_AS,
            "variables": {"input": {"userId": editor, "reason": "They asked for help with this."}},
        },
    ).json()["data"]["impersonationStart"]
    assert begun["errors"] == []
    with signed_in(Client(admin.url, begun["token"])) as live:
        _following(live, CHANGED, after, people, database_url)
        doorkeeper.sql("UPDATE impersonation SET ended_at = now()")
        factories.theme(people.editor)
        place_all(database_url)
        assert live.end()[0] == 4401
    admin.http.close()


def test_a_token_is_read_from_no_message_that_holds_something_else(address: str) -> None:
    for payload in ({"authorization": 7}, {"headers": []}, {"token": "x"}):
        with socket(address) as client:
            client.connection.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert client.hear() == {"type": "connection_ack"}
