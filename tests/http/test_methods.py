"""Which methods and forms of a request do what; what another site's page can make a browser send does nothing."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.support.clients import Client

from .asking import GRAPHQL_JSON, JSON, ask, refusal
from .doorkeeper import Doorkeeper

COURSES = "query($first: Int) { courses(first: $first) { totalCount } }"
CREATE = 'mutation { themeCreate(input: { title: "Written" }) { theme { id } errors { code } } }'
THEMES = "query @perspective(stage: DRAFT) { themes { totalCount } }"


def get(http: httpx.Client, query: str, **rest: str) -> httpx.Response:
    """A GraphQL request in the address."""
    return http.get("/graphql", params={"query": query, **rest}, headers={"accept": GRAPHQL_JSON})


def test_a_query_runs_over_get_with_its_variables(http: httpx.Client) -> None:
    document = f"{COURSES} query other {{ __typename }}".replace("query(", "query one(", 1)
    answer = get(http, document, variables='{"first": 1}', operationName="one", extensions='{"a": 1}')
    posted = http.post("/graphql", json={"query": document, "variables": {"first": 1}, "operationName": "one"})
    assert (answer.status_code, answer.json()["data"]) == (200, posted.json()["data"])


def test_head_answers_like_get_without_a_body(http: httpx.Client) -> None:
    answer = http.head("/graphql", params={"query": "{ __typename }"})
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "rest",
    [
        {"variables": "{"},
        {"variables": "[]"},
        {"variables": "1"},
        {"variables": '"x"'},
        {"variables": '{"first": "\udcff"}'},
        {"extensions": "nonsense"},
        {"extensions": "[1]"},
        {"variables": '{"first": ' + "[" * 1000 + "]" * 1000 + "}"},
    ],
    ids=str,
)
def test_parameters_in_the_address_that_make_no_sense_are_refused(http: httpx.Client, rest: dict[str, str]) -> None:
    encoded = httpx.QueryParams({name: value.encode("utf-8", "replace") for name, value in rest.items()})
    answer = http.get(f"/graphql?query=%7B__typename%7D&{encoded}", headers={"accept": GRAPHQL_JSON})
    assert refusal(answer, 400) in ("BAD_REQUEST", "BODY_TOO_DEEP")


@pytest.mark.parametrize("path", ["/graphql", "/graphql?", "/graphql?query=", "/graphql?Query=%7B__typename%7D"])
def test_get_without_a_query_is_refused(http: httpx.Client, path: str) -> None:
    assert refusal(http.get(path), 400) == "BAD_REQUEST"


def test_a_browser_that_opens_the_endpoint_is_sent_to_the_ide(http: httpx.Client) -> None:
    answer = http.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/ide/")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_mutation_over_get_is_refused_and_writes_nothing(editor: Client, address: str, method: str) -> None:
    headers = {"authorization": f"Bearer {editor.token}"}
    answer = editor.http.request(method, f"{address}/graphql", params={"query": CREATE}, headers=headers)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert editor.ask(THEMES)["themes"]["totalCount"] == 0


def test_a_mutation_hidden_behind_a_query_over_get_is_refused(http: httpx.Client) -> None:
    answer = get(http, f"query a {{ __typename }} {CREATE.replace('mutation', 'mutation b')}", operationName="b")
    assert refusal(answer, 405) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(http: httpx.Client, method: str) -> None:
    answer = http.request(method, "/graphql", params={"query": "{ __typename }"})
    assert answer.status_code == 405
    assert {each.strip() for each in answer.headers["allow"].split(",")} == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_subscription_over_plain_http_is_refused(http: httpx.Client, method: str) -> None:
    document = "subscription { courses { totalCount } }"
    answer = get(http, document) if method == "GET" else ask(http, document)
    assert answer.status_code == 400
    assert set(answer.json()) == {"errors"}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/plain; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/jsonp",
        "text/plain; application/json",
        "text/plain, application/json",
    ],
)
def test_what_a_form_of_another_site_can_send_is_refused_and_writes_nothing(
    http: httpx.Client, editor: Client, doorkeeper: Doorkeeper, content_type: str | None
) -> None:
    http.get(doorkeeper.link(doorkeeper.person()))
    body = json.dumps({"query": CREATE})
    headers = {} if content_type is None else {"content-type": content_type}
    answer = http.post("/graphql", content=body, headers={"origin": "https://evil.example", **headers})
    assert refusal(answer, 415) == "UNSUPPORTED_MEDIA_TYPE"
    assert editor.ask(THEMES)["themes"]["totalCount"] == 0


def test_no_other_site_is_invited_to_send_json(http: httpx.Client) -> None:
    headers = {
        "origin": "https://evil.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    assert "access-control-allow-origin" not in http.options("/graphql", headers=headers).headers
    assert "access-control-allow-origin" not in ask(http, "{ __typename }").headers


@pytest.mark.parametrize("body", ["[]", "[{}]", json.dumps([{"query": "{ __typename }"}] * 2)])
def test_batches_are_refused(http: httpx.Client, body: str) -> None:
    assert refusal(http.post("/graphql", content=body, headers={"content-type": JSON}), 400) == "BAD_REQUEST"
