"""The protocol `graphql-transport-ws`, rule by rule, as its public document has them."""

from __future__ import annotations

import json
import socket as sockets
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from cairn.settings import StreamSettings
from tests.support import factories
from tests.support.clients import People

from .conftest import Serve
from .sockets import cursor_now, place_all, signed_in, socket

PUBLISHED = """subscription($after: String) {
    contentPublished(after: $after) { cursor type subject { ... on Theme { title } } } }"""


def test_a_connection_is_acknowledged_and_events_arrive_until_the_client_completes(
    people: People, database_url: str
) -> None:
    factories.theme(people.editor, publish=True)
    with signed_in(people.anonymous) as client:
        client.subscribe(PUBLISHED, after=cursor_now(people.admin, database_url))
        factories.theme(people.editor, title="Sleep", publish=True)
        place_all(database_url)
        event = client.answer()["contentPublished"]
        assert (event["type"], event["subject"]) == ("THEME_PUBLISHED", {"title": "Sleep"})
        client.say("complete", id="1")
        factories.theme(people.editor, publish=True)
        place_all(database_url)
        # An id that was completed is free; and nothing else of the first operation comes in between.
        client.subscribe(PUBLISHED, after=event["cursor"])
        assert client.answer()["contentPublished"]["cursor"] != event["cursor"]


def test_queries_and_mutations_are_answered_once_and_completed(people: People) -> None:
    with signed_in(people.editor) as client:
        client.subscribe("{ viewer { kind } }", "q")
        assert client.answer("q") == {"viewer": {"kind": "API_TOKEN"}}
        assert client.hear() == {"id": "q", "type": "complete"}
        client.subscribe('mutation { themeCreate(input: {title: "By socket"}) { theme { title } } }', "m")
        assert client.answer("m") == {"themeCreate": {"theme": {"title": "By socket"}}}
        assert client.hear() == {"id": "m", "type": "complete"}


def test_several_operations_share_a_connection_and_end_apart(people: People, database_url: str) -> None:
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    created = "subscription($after: String) { events(types: [THEME_CREATED], after: $after) { fact { type } } }"
    trashed = created.replace("CREATED", "TRASHED")
    with signed_in(people.admin) as client:
        client.subscribe(created, "a", after=after)
        client.subscribe(trashed, "b", after=after)
        theme = factories.theme(people.editor)
        place_all(database_url)
        assert client.answer("a") == {"events": {"fact": {"type": "THEME_CREATED"}}}
        client.say("complete", id="a")
        people.editor.do("themeTrash", "theme { id }", id=theme)
        place_all(database_url)
        assert client.answer("b") == {"events": {"fact": {"type": "THEME_TRASHED"}}}


def test_pings_are_answered_with_what_they_hold(address: str) -> None:
    with socket(address) as client:
        client.say("ping")
        assert client.hear() == {"type": "pong"}
        client.say("ping", payload={"n": 1})
        assert client.hear() == {"type": "pong", "payload": {"n": 1}}
        client.say("pong")
        client.say("ping")
        assert client.hear() == {"type": "pong"}


ABOUT = "contentPublished(about: $about) { cursor }"
EXPENSIVE = "a: courses(first: 100) { nodes { modules { lessons { blocks { id } } } } } "


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        ("{ oops", {}, "GRAPHQL_PARSE_FAILED"),
        ("subscription { oops { id } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { events { cursor } contentPublished { cursor } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ('subscription { contentPublished(after: "no cursor") { cursor } }', {}, "BAD_USER_INPUT"),
        (f"subscription($about: [ID!]!) {{ {ABOUT} }}", {}, "GRAPHQL_VALIDATION_FAILED"),
        (f"subscription($about: [ID!]) {{ {ABOUT} }}", {"about": ["x"] * 101}, "BAD_USER_INPUT"),
        ("subscription { events { cursor } }", {}, "UNAUTHENTICATED"),
        ("subscription @perspective(stage: DRAFT) { contentPublished { cursor } }", {}, "UNAUTHENTICATED"),
        ("{ " + EXPENSIVE + EXPENSIVE.replace("a:", "b:") + "}", {}, "TOO_COSTLY"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_run_ends_with_an_error_and_the_connection_goes_on(
    address: str, document: str, variables: dict[str, Any], code: str
) -> None:
    with socket(address) as client:
        client.sign_in()
        client.subscribe(document, **variables)
        assert client.refusal() == code
        client.subscribe("{ viewer { kind } }")
        assert client.answer() == {"viewer": {"kind": "ANONYMOUS"}}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("no json", "not JSON"),
        ("[]", "the type is"),
        ("{}", "the type is"),
        ('{"type": "next", "id": "1"}', "the type is"),
        ('{"type": ["ping"]}', "the type is"),
        ('{"type": "ping", "payload": 7}', "a payload is an object"),
        ('{"type": "subscribe", "payload": {"query": "{ a }"}}', "the id"),
        ('{"type": "subscribe", "id": "", "payload": {"query": "{ a }"}}', "the id"),
        ('{"type": "subscribe", "id": "1"}', "has a payload"),
        ('{"type": "subscribe", "id": "1", "payload": {}}', "query is missing"),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}', "variables must be"),
        ('{"type": "complete"}', "the id"),
        ('{"type": "ping", "payload": ' + '{"a":' * 100 + "1" + "}" * 101, "nested too deeply"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_message_of_the_protocol_ends_the_connection(address: str, message: str, reason: str) -> None:
    with socket(address) as client:
        client.sign_in()
        client.connection.send(message)
        code, said = client.end()
        assert code == 4400
        assert reason in said


def test_bytes_are_no_message(address: str) -> None:
    with socket(address) as client:
        client.connection.send(b'{"type": "connection_init"}')
        assert client.end()[0] == 4400


def test_whoever_subscribes_before_they_said_who_they_are_is_cut_off(address: str) -> None:
    with socket(address) as client:
        client.subscribe("{ viewer { kind } }")
        assert client.end() == (4401, "Unauthorized")


def test_a_connection_is_initialised_once(address: str) -> None:
    with socket(address) as client:
        client.sign_in()
        client.say("connection_init")
        assert client.end() == (4429, "Too many initialisation requests")


def test_an_id_stands_for_one_operation_at_a_time(address: str) -> None:
    with socket(address) as client:
        client.sign_in()
        client.subscribe(PUBLISHED, "x")
        client.subscribe(PUBLISHED, "x")
        assert client.end() == (4409, "Subscriber for x already exists")


def test_a_token_that_is_not_good_ends_the_connection(address: str) -> None:
    with socket(address) as client:
        client.say("connection_init", payload={"authorization": "Bearer cairn_api_nonsense"})
        code, said = client.end()
        assert code == 4401
        assert "not valid" in said


@pytest.mark.parametrize(
    "payload", [{"Authorization": "Bearer %s"}, {"headers": {"authorization": "Bearer %s"}}], ids=str
)
def test_clients_may_put_the_token_where_they_are_used_to(people: People, payload: dict[str, Any]) -> None:
    given = json.loads(json.dumps(payload) % people.editor.token)
    with socket(people.editor.url) as client:
        client.say("connection_init", payload=given)
        assert client.hear() == {"type": "connection_ack"}
        client.subscribe("{ viewer { kind } }")
        assert client.answer() == {"viewer": {"kind": "API_TOKEN"}}


def test_a_token_may_also_come_with_the_handshake(people: People) -> None:
    header = {"authorization": f"Bearer {people.editor.token}"}
    with socket(people.editor.url, additional_headers=header) as client:
        client.sign_in()
        client.subscribe("{ viewer { kind } }")
        assert client.answer() == {"viewer": {"kind": "API_TOKEN"}}


@pytest.mark.parametrize("protocols", [("graphql-ws",), (), ("soap",)], ids=str)
def test_other_subprotocols_are_not_spoken(address: str, protocols: tuple[str, ...]) -> None:
    with socket(address, protocols) as client:
        assert client.connection.subprotocol is None
        assert client.end() == (4406, "Subprotocol not acceptable: use graphql-transport-ws")


def test_of_several_subprotocols_the_one_that_is_spoken_is_chosen(address: str) -> None:
    with socket(address, ("graphql-ws", "graphql-transport-ws")) as client:
        assert client.connection.subprotocol == "graphql-transport-ws"


def test_pages_of_other_origins_are_not_let_in(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused, socket(address, origin="https://evil.example"):
        pass
    assert refused.value.response.status_code == 403
    assert b"FOREIGN_ORIGIN" in (refused.value.response.body or b"")
    with socket(address, origin=address) as client:
        client.sign_in()


def test_who_says_nothing_is_cut_off(database_url: str, serve: Serve) -> None:
    streams = StreamSettings(init_seconds=0.1, idle_seconds=0.1)
    address = serve(database_url, streams=streams)
    with socket(address) as client:
        assert client.end() == (4408, "Connection initialisation timeout")
    with socket(address) as client:
        client.sign_in()
        assert client.end() == (1000, "Nothing was asked for in a long time.")


def test_who_is_subscribed_may_be_silent(database_url: str, serve: Serve, people: People) -> None:
    address = serve(database_url, streams=StreamSettings(idle_seconds=0.1, check_seconds=0.1, ping_seconds=0.2))
    factories.theme(people.editor, publish=True)
    after = cursor_now(people.admin, database_url)
    with socket(address) as client:
        client.sign_in()
        client.subscribe(PUBLISHED, after=after)
        with pytest.raises(TimeoutError):
            client.hear(seconds=3)
        factories.theme(people.editor, publish=True)
        place_all(database_url)
        assert client.answer()["contentPublished"]["type"] == "THEME_PUBLISHED"


def test_messages_have_an_end(address: str) -> None:
    with socket(address) as client:
        client.say("ping", payload={"text": "x" * 300_000})
        assert client.end()[0] == 1009


def test_a_client_that_vanishes_leaves_nothing_behind(address: str, people: People, database_url: str) -> None:
    with socket(address) as client:
        client.sign_in()
        client.subscribe(PUBLISHED)
        client.connection.socket.shutdown(sockets.SHUT_RDWR)
    factories.theme(people.editor, publish=True)
    place_all(database_url)
    with socket(address) as client:
        client.sign_in()


def test_only_trusted_documents_run_where_no_others_do(database_url: str, serve: Serve, tmp_path: Any) -> None:
    import hashlib

    from cairn.settings import GraphqlSettings

    text = "subscription { contentPublished { cursor } }"
    digest = hashlib.sha256(text.encode()).hexdigest()
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({digest: text}))
    address = serve(database_url, graphql=GraphqlSettings(trusted_documents=manifest, only_trusted=True))
    with socket(address) as client:
        client.sign_in()
        client.subscribe("{ viewer { kind } }", "q")
        assert client.refusal("q") == "PERSISTED_DOCUMENT_REQUIRED"
        client.say("subscribe", id="1", payload={"documentId": f"sha256:{'0' * 64}"})
        assert client.refusal() == "PERSISTED_DOCUMENT_NOT_FOUND"
        client.say("subscribe", id="1", payload={"documentId": f"sha256:{digest}"})
        client.say("ping")
        assert client.hear() == {"type": "pong"}
