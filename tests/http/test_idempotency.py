"""A mutation that is sent again under its key is done once and answered again, whatever went wrong the first time."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest

from cairn.http.idempotency import Repeats
from models.identity import Role
from resolvers.requests import idempotency
from tests.support.clients import Client, People
from tests.support.databases import as_service

from .asking import GRAPHQL_JSON, JSON, refusal
from .conftest import Serve
from .doorkeeper import Doorkeeper

CREATE = 'mutation { themeCreate(input: {title: "%s"}) { theme { id title revision } errors { code } } }'
THEMES = "query @perspective(stage: DRAFT) { themes(first: 100) { totalCount } }"
SIGN_UP = """mutation { accountCreate(input: {email: "%s", password: "a quiet walk at noon",
    displayName: "Maya"}) { errors { code } } }"""
TOKEN = 'mutation { apiTokenCreate(input: {name: "x", scopes: []}) { token apiToken { id } errors { code } } }'


def keyed(client: Client, key: str, document: str, accept: str = GRAPHQL_JSON, **variables: Any) -> httpx.Response:
    """A request under a key."""
    headers = {"idempotency-key": key, "accept": accept}
    if client.token:
        headers["authorization"] = f"Bearer {client.token}"
    return client.http.post(f"{client.url}/graphql", json={"query": document, "variables": variables}, headers=headers)


def new_key() -> str:
    """A key that nobody has used."""
    return f'"{secrets.token_hex(16)}"'


def themes(editor: Client) -> int:
    """How many drafts of themes there are."""
    count: int = editor.ask(THEMES)["themes"]["totalCount"]
    return count


def test_the_second_answer_is_the_first_byte_for_byte_although_things_have_changed(editor: Client) -> None:
    key, document = new_key(), CREATE % "Once"
    first = keyed(editor, key, document)
    made = first.json()["data"]["themeCreate"]["theme"]
    editor.do("themeUpdate", "theme { id }", id=made["id"], expectedRevision=1, title="Changed since")
    again = keyed(editor, key, document)
    assert again.content == first.content
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert themes(editor) == 1
    assert keyed(editor, key, document, accept=JSON).content == first.content


def test_the_same_key_for_something_else_is_refused(editor: Client) -> None:
    key = new_key()
    keyed(editor, key, CREATE % "Once")
    for other in (CREATE % "Twice", "mutation { a: " + (CREATE % "Once").removeprefix("mutation { ")):
        assert refusal(keyed(editor, key, other), 422) == "IDEMPOTENCY_KEY_REUSED"
    assert refusal(keyed(editor, key, CREATE % "Once", more=1), 422) == "IDEMPOTENCY_KEY_REUSED"
    assert themes(editor) == 1


def test_a_key_may_be_written_with_or_without_quotes(editor: Client) -> None:
    key = secrets.token_hex(8)
    assert keyed(editor, key, CREATE % "Once").content == keyed(editor, f'"{key}"', CREATE % "Once").content
    assert themes(editor) == 1


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a b", "a,b", '"open', '"tab\t"', "a\u00e9"])
def test_what_is_no_key_is_refused_and_nothing_is_done(editor: Client, key: str) -> None:
    headers = {"authorization": f"Bearer {editor.token}", "accept": GRAPHQL_JSON, "idempotency-key": key.encode()}
    body = {"query": CREATE % "Never"}
    answer = editor.http.post(f"{editor.url}/graphql", json=body, headers=headers)  # type: ignore[arg-type]
    assert refusal(answer, 400) == "BAD_REQUEST"
    assert themes(editor) == 0


def test_a_query_needs_no_key_and_is_answered_anew(editor: Client) -> None:
    key = new_key()
    before = keyed(editor, key, THEMES).json()
    editor.do("themeCreate", "theme { id }", title="New")
    assert keyed(editor, key, THEMES).json() != before


def test_what_was_refused_is_not_remembered(editor: Client) -> None:
    key = new_key()
    refused = keyed(editor, key, CREATE % ("x" * 5000))
    assert refused.json()["data"]["themeCreate"]["errors"]
    assert keyed(editor, key, CREATE % "Mended").json()["data"]["themeCreate"]["theme"]["title"] == "Mended"


def test_ones_key_is_not_anothers(people: People, doorkeeper: Doorkeeper) -> None:
    key = new_key()
    other = Client(people.editor.url, doorkeeper.token(doorkeeper.person()))
    answers = [keyed(each, key, CREATE % "Mine").json() for each in (people.editor, other)]
    other.http.close()
    assert len({each["data"]["themeCreate"]["theme"]["id"] for each in answers}) == 2


def test_who_has_lost_a_right_is_told_nothing_from_before(editor: Client, doorkeeper: Doorkeeper) -> None:
    key, person = new_key(), doorkeeper.person()
    client = Client(editor.url, doorkeeper.token(person))
    assert keyed(client, key, CREATE % "Once").status_code == 200
    doorkeeper.sql("DELETE FROM role_grant WHERE user_id = %s", person)
    answer = keyed(client, key, CREATE % "Once")
    client.http.close()
    assert refusal(answer, 422) == "IDEMPOTENCY_KEY_REUSED"


# All at once ---------------------------------------------------------------------------------------------------------


def test_of_a_crowd_with_one_key_one_does_it_and_all_hear_of_it(editor: Client) -> None:
    key = new_key()

    def send(_: int) -> httpx.Response:
        client = Client(editor.url, editor.token)
        try:
            return keyed(client, key, CREATE % "Together")
        finally:
            client.http.close()

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(send, range(64)))
    assert Counter(each.status_code for each in answers) == {200: 64}
    assert len({each.content for each in answers}) == 1
    assert themes(editor) == 1


def test_who_would_have_to_wait_too_long_is_told_to_come_back(
    editor: Client, users: dict[Role, str], database_url: str
) -> None:
    key = new_key()
    first = keyed(editor, key, CREATE % "Once")
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE cairn_service")
        connection.execute("UPDATE idempotency_key SET answer = NULL")
        connection.commit()
        connection.execute("SELECT 1 FROM idempotency_key FOR UPDATE")
        answer = keyed(editor, key, CREATE % "Once")
        assert refusal(answer, 409) == "IDEMPOTENCY_KEY_IN_USE"
        assert answer.headers["retry-after"] == "1"
    assert keyed(editor, key, CREATE % "Once").json() == first.json()
    assert themes(editor) == 1


# When an answer is lost ----------------------------------------------------------------------------------------------


def test_an_answer_that_was_never_kept_is_made_again_from_what_was_done(
    editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> bytes:
        raise SystemError("killed between the commit and the answer")

    key, document = new_key(), CREATE % "Once"
    with monkeypatch.context() as patched:
        patched.setattr(Repeats, "keep", dies)
        assert keyed(editor, key, document).status_code == 500
    again = keyed(editor, key, document)
    assert again.json()["data"]["themeCreate"]["theme"]["title"] == "Once"
    assert keyed(editor, key, document).content == again.content
    assert themes(editor) == 1


def test_what_is_told_besides_the_object_is_told_again(
    editor: Client, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    theme = editor.do("themeCreate", "theme { id }", title="Theme")["theme"]["id"]
    course = editor.do("courseCreate", "course { id }", title="Original", themeId=theme)["course"]["id"]
    document = """mutation($id: ID!) { courseDuplicate(input: {id: $id}) {
        course { title } idMap { original copy } errors { code } } }"""
    key = new_key()
    first = keyed(editor, key, document, id=course)
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE cairn_service")
        connection.execute("UPDATE idempotency_key SET answer = NULL")
    again = keyed(editor, key, document, id=course)
    assert first.json()["data"]["courseDuplicate"]["idMap"]
    assert again.content == first.content


def test_of_several_mutations_each_is_done_once_also_when_only_some_had_been(editor: Client) -> None:
    document = """mutation($title: String!) {
        a: themeCreate(input: {title: "A"}) { theme { id } errors { code } }
        b: themeCreate(input: {title: $title}) { theme { id } errors { code } }
        c: themeCreate(input: {title: "C"}) { theme { id } errors { code } } }"""
    key = new_key()
    first = keyed(editor, key, document, title="x" * 5000).json()["data"]
    assert [len(first[each]["errors"]) for each in "abc"] == [0, 1, 0]
    again = keyed(editor, key, document, title="x" * 5000).json()["data"]
    assert again == first
    assert themes(editor) == 2


# Without an account, and with secrets --------------------------------------------------------------------------------


def test_who_is_not_signed_in_has_keys_too(address: str, doorkeeper: Doorkeeper) -> None:
    client, key = Client(address), new_key()
    answers = [keyed(client, key, SIGN_UP % "one@example.org") for _ in range(3)]
    client.http.close()
    assert len({each.content for each in answers}) == 1
    assert len(doorkeeper.sql("SELECT 1 FROM outgoing_mail WHERE recipient = 'one@example.org'")) == 1


def test_somebody_at_another_address_has_other_keys(database_url: str, serve: Serve, doorkeeper: Doorkeeper) -> None:
    url, key = serve(database_url, http={"trusted_proxies": ["127.0.0.0/8"]}), new_key()
    for client in ("203.0.113.1", "203.0.113.2", "203.0.113.1"):
        headers = {"x-forwarded-for": client, "idempotency-key": key}
        assert (
            httpx.post(f"{url}/graphql", json={"query": SIGN_UP % "two@example.org"}, headers=headers).status_code
            == 200
        )
    assert len(doorkeeper.sql("SELECT 1 FROM outgoing_mail WHERE recipient = 'two@example.org'")) == 2


def test_a_secret_is_shown_once_and_never_kept(address: str, doorkeeper: Doorkeeper) -> None:
    person, key = doorkeeper.person(), new_key()
    client = Client(address)
    client.http.get(f"{address}{doorkeeper.link(person)}")
    first = keyed(client, key, TOKEN).json()["data"]["apiTokenCreate"]
    again = keyed(client, key, TOKEN).json()["data"]["apiTokenCreate"]
    client.http.close()
    assert first["token"].startswith("cairn_api_")
    assert (again["token"], [each["code"] for each in again["errors"]]) == (None, ["ANSWER_NOT_KEPT"])
    assert doorkeeper.sql("SELECT count(*) FROM api_token WHERE user_id = %s", person) == [(1,)]
    rows = doorkeeper.sql("SELECT idempotency_key::text FROM idempotency_key")
    assert len(rows) == 1
    assert first["token"] not in str(rows)
    assert first["token"].encode().hex() not in str(rows)


def test_signing_in_is_not_given_again_but_done_once(address: str, doorkeeper: Doorkeeper) -> None:
    token = doorkeeper.link(doorkeeper.person()).rpartition("=")[2]
    document = 'mutation { sessionStartByLink(input: {token: "TOKEN"}) { session { id } errors { code } } }'
    document = document.replace("TOKEN", token)
    client, key = Client(address), new_key()
    first = keyed(client, key, document)
    assert first.json()["data"]["sessionStartByLink"]["errors"] == []
    client.http.cookies.clear()
    again = keyed(client, key, document)
    client.http.close()
    assert again.json()["data"]["sessionStartByLink"]["errors"] == [{"code": "ANSWER_NOT_KEPT"}]
    assert "set-cookie" not in again.headers


# Keeping house -------------------------------------------------------------------------------------------------------


def test_a_key_is_forgotten_when_its_time_is_over(editor: Client, database_url: str, run: Callable[..., Any]) -> None:
    key = new_key()
    keyed(editor, key, CREATE % "Once")
    assert run(idempotency.delete_old) == 0
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE cairn_service")
        connection.execute("UPDATE idempotency_key SET expires_at = now() - interval '1 second'")
    assert run(idempotency.delete_old) == 1
    keyed(editor, key, CREATE % "Once")
    assert themes(editor) == 2


@pytest.fixture
def run(database_url: str) -> Callable[..., Any]:
    """`run(action)` runs an action in a transaction of the service."""
    return partial(as_service, database_url)
