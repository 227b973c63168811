"""The protocol `graphql-sse` in both of its modes, and what `Last-Event-ID` does."""

from __future__ import annotations

import json

import httpx
import pytest

from cairn.settings import StreamSettings
from tests.support import factories
from tests.support.clients import Client, People

from .conftest import Serve
from .sockets import Events, cursor_now, events, opened, place_all

PUBLISHED = "subscription($after: String) { contentPublished(after: $after) { cursor type } }"
STREAM = {"accept": "text/event-stream"}


def post(client: Client, document: str, **headers: str) -> httpx.Response:
    """The whole answer to an operation whose stream ends by itself."""
    return client.http.post(f"{client.url}/graphql/stream", json={"query": document}, headers={**STREAM, **headers})


# Distinct connections ------------------------------------------------------------------------------------------------


def test_a_subscription_is_answered_by_a_stream_of_its_own(people: People, database_url: str) -> None:
    factories.theme(people.editor, publish=True)
    with events(people.anonymous, PUBLISHED, after=cursor_now(people.admin, database_url)) as stream:
        factories.theme(people.editor, publish=True)
        place_all(database_url)
        event = stream.answer()["contentPublished"]
        assert event["type"] == "THEME_PUBLISHED"
        assert stream.ids == [event["cursor"]]


def test_a_stream_goes_on_after_the_last_id_that_was_seen(people: People, database_url: str) -> None:
    for _ in range(3):
        factories.theme(people.editor, publish=True)
    start = cursor_now(people.admin, database_url)
    for _ in range(3):
        factories.theme(people.editor, publish=True)
    place_all(database_url)
    with events(people.anonymous, PUBLISHED, after=start) as stream:
        first, second, third = (stream.answer()["contentPublished"]["cursor"] for _ in range(3))
    # What browsers send by themselves when they come back counts for more than what the operation once said.
    with events(people.anonymous, PUBLISHED, headers={"last-event-id": first}, after=start) as stream:
        assert [stream.answer()["contentPublished"]["cursor"] for _ in range(2)] == [second, third]


def test_the_address_of_the_api_streams_too_for_those_who_ask_for_nothing_else(people: People) -> None:
    answer = people.anonymous.http.post(
        f"{people.anonymous.url}/graphql", json={"query": "{ viewer { kind } }"}, headers=STREAM
    )
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text.startswith(': \n\nevent: next\ndata: {"data":{"viewer":{"kind":"ANONYMOUS"}}')
    assert answer.text.endswith("event: complete\ndata: \n\n")


def test_browsers_subscribe_by_address(people: People, database_url: str) -> None:
    factories.theme(people.editor, publish=True)
    after = cursor_now(people.admin, database_url)
    factories.theme(people.editor, publish=True)
    place_all(database_url)
    asked = {"query": PUBLISHED, "variables": json.dumps({"after": after})}
    with opened(people.anonymous, "GET", params=asked) as stream:
        assert stream.answer()["contentPublished"]["type"] == "THEME_PUBLISHED"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ oops", "GRAPHQL_PARSE_FAILED"),
        ("subscription { oops }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { events { cursor } }", "UNAUTHENTICATED"),
    ],
)
def test_what_cannot_run_is_told_by_the_stream(people: People, document: str, code: str) -> None:
    with events(people.anonymous, document) as stream:
        assert stream.refusal() == code


def test_a_last_event_id_that_is_none_is_refused(people: People) -> None:
    with events(people.anonymous, PUBLISHED, headers={"last-event-id": "x"}) as stream:
        assert stream.refusal() == "BAD_USER_INPUT"


def test_who_has_a_bad_token_gets_no_stream(people: People) -> None:
    answer = post(people.anonymous, PUBLISHED, authorization="Bearer cairn_api_nonsense")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


def test_no_mutation_runs_by_address(people: People) -> None:
    asked = {"query": 'mutation { themeCreate(input: {title: "T"}) { theme { id } } }'}
    headers = {**STREAM, "authorization": f"Bearer {people.editor.token}"}
    answer = people.editor.http.get(f"{people.editor.url}/graphql/stream", params=asked, headers=headers)
    assert answer.status_code == 405


def test_another_sites_page_starts_no_stream(people: People) -> None:
    address, asked = f"{people.anonymous.url}/graphql/stream", {"query": PUBLISHED}
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = people.anonymous.http.get(address, params=asked, headers={**STREAM, **headers})
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FOREIGN_ORIGIN")
        assert people.anonymous.http.put(address, headers=headers).status_code == 403


def test_subscriptions_do_not_run_over_plain_http(people: People) -> None:
    answer = people.anonymous.post(PUBLISHED)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_OVER_HTTP"
    plain = people.anonymous.http.post(f"{people.anonymous.url}/graphql/stream", json={"query": PUBLISHED})
    assert plain.status_code == 406


# Single connection ---------------------------------------------------------------------------------------------------


class Shared:
    """A stream that was reserved, from its client's side."""

    def __init__(self, client: Client) -> None:
        self.client, self.address = client, f"{client.url}/graphql/stream"
        self.headers = {"authorization": f"Bearer {client.token}"} if client.token else {}
        reserved = client.http.put(self.address, headers=self.headers)
        assert (reserved.status_code, reserved.headers["content-type"]) == (201, "text/plain; charset=utf-8")
        self.token = reserved.text
        self.headers["x-graphql-event-stream-token"] = self.token

    def operate(self, operation_id: str | None, document: str, **variables: object) -> httpx.Response:
        """Sends an operation."""
        extensions = {} if operation_id is None else {"operationId": operation_id}
        body = {"query": document, "variables": variables, "extensions": extensions}
        return self.client.http.post(self.address, json=body, headers=self.headers)

    def stop(self, operation_id: str) -> httpx.Response:
        """Stops an operation."""
        return self.client.http.delete(self.address, params={"operationId": operation_id}, headers=self.headers)


def heard(stream: Events) -> tuple[str, str, object]:
    """The next event of a shared stream: its name, the operation's id, what it holds."""
    event, data = stream.hear()
    assert data is not None
    return event, data["id"], data.get("payload")


def test_one_stream_carries_the_answers_to_many_operations(people: People, database_url: str) -> None:
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    shared = Shared(people.admin)
    # What was asked for before anybody came for the stream is told when they do.
    assert shared.operate("q", "{ viewer { kind } }").status_code == 202
    with opened(people.admin, "GET", params={"token": shared.token}) as stream:
        event, operation_id, payload = heard(stream)
        assert (event, operation_id, payload["data"]) == ("next", "q", {"viewer": {"kind": "API_TOKEN"}})  # type: ignore[index]
        assert heard(stream) == ("complete", "q", None)
        document = "subscription($after: String) { events(types: [THEME_CREATED], after: $after) { fact { type } } }"
        assert shared.operate("s", document, after=after).status_code == 202
        assert shared.operate("s", document).status_code == 409
        factories.theme(people.editor)
        place_all(database_url)
        assert heard(stream) == ("next", "s", {"data": {"events": {"fact": {"type": "THEME_CREATED"}}}})
        assert shared.stop("s").status_code == 200
        factories.theme(people.editor)
        place_all(database_url)
        assert shared.operate("s", "{ __typename }").status_code == 202
        assert heard(stream)[1:2] == ("s",)
        assert heard(stream) == ("complete", "s", None)
        assert shared.operate(None, "{ __typename }").status_code == 400
        assert shared.operate("bad", "{ oops").status_code == 400
        again = people.admin.http.get(shared.address, headers={**STREAM, **shared.headers})
        assert again.status_code == 409


def test_the_token_of_a_stream_is_worth_nothing_to_somebody_else(people: People) -> None:
    shared = Shared(people.admin)
    theirs = {"x-graphql-event-stream-token": shared.token}
    for headers in (theirs, {**theirs, "authorization": f"Bearer {people.editor.token}"}):
        taken = people.anonymous.http.get(shared.address, headers={**STREAM, **headers})
        assert (taken.status_code, taken.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
        body = {"query": "{ viewer { kind } }", "extensions": {"operationId": "stolen"}}
        assert people.anonymous.http.post(shared.address, json=body, headers=headers).status_code == 403
        stopped = people.anonymous.http.delete(shared.address, params={"operationId": "q"}, headers=headers)
        assert stopped.status_code == 403
    bad = {**theirs, "authorization": "Bearer cairn_api_nonsense"}
    assert people.anonymous.http.get(shared.address, headers={**STREAM, **bad}).status_code == 401
    with opened(people.admin, "GET", params={"token": shared.token}) as stream:
        assert shared.operate("q", "{ viewer { kind } }").status_code == 202
        assert heard(stream)[1] == "q"


def test_a_token_is_good_for_its_own_stream_and_no_longer_than_that(people: People) -> None:
    shared = Shared(people.anonymous)
    with opened(people.anonymous, "GET", params={"token": shared.token}):
        pass
    strange = people.anonymous.http.get(shared.address, params={"token": "x" * 43}, headers=STREAM)
    assert strange.status_code == 404
    assert people.anonymous.http.delete(shared.address, params={"operationId": "1"}).status_code == 404


def test_who_does_not_come_for_a_stream_loses_it(people: People, database_url: str, serve: Serve) -> None:
    address = serve(database_url, streams=StreamSettings(init_seconds=0.1, max_connections=1))
    client = Client(address)
    assert client.http.put(f"{address}/graphql/stream").status_code == 201
    answer = client.http.put(f"{address}/graphql/stream")
    while answer.status_code == 503:
        answer = client.http.put(f"{address}/graphql/stream")
    assert answer.status_code == 201
    client.http.close()


def test_a_shared_stream_on_which_nothing_runs_ends(people: People, database_url: str, serve: Serve) -> None:
    client = Client(serve(database_url, streams=StreamSettings(idle_seconds=0.1)))
    shared = Shared(client)
    with opened(client, "GET", params={"token": shared.token}) as stream:
        assert stream.is_over()
    client.http.close()


def test_a_quiet_stream_says_that_it_is_still_there(people: People, database_url: str, serve: Serve) -> None:
    address = serve(database_url, streams=StreamSettings(ping_seconds=0.1))
    asked = {"query": "subscription { contentPublished { cursor } }"}
    with httpx.stream("GET", f"{address}/graphql/stream", params=asked, headers=STREAM, timeout=30) as response:
        lines = response.iter_lines()
        assert [next(lines) for _ in range(6)] == [": ", ""] * 3


def test_a_mutation_with_a_key_against_repetition_is_sent_elsewhere(people: People) -> None:
    document = 'mutation { themeCreate(input: {title: "Twice"}) { theme { id } } }'
    with events(people.editor, document, headers={"idempotency-key": "once"}) as stream:
        assert stream.refusal() == "KEY_NOT_TAKEN_HERE"
    with events(people.editor, "{ viewer { id } }", headers={"idempotency-key": "once"}) as stream:
        assert stream.answer()["viewer"]["id"]
