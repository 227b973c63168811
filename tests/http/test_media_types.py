"""What the answer is written in, and what a request may be written in."""

from __future__ import annotations

import gzip

import httpx
import pytest

from .asking import GRAPHQL_JSON, JSON, TYPENAME, post, refusal

BOTH = f"{GRAPHQL_JSON}, {JSON}"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}; charset=utf-8", GRAPHQL_JSON),
        ("APPLICATION/JSON", JSON),
        (BOTH, GRAPHQL_JSON),
        (f"{JSON}, {GRAPHQL_JSON}", JSON),
        (f"{JSON};q=0.5, {GRAPHQL_JSON};q=0.9", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}; q=0.5, {JSON}; q=0.9", JSON),
        (f"{GRAPHQL_JSON}, */*", GRAPHQL_JSON),
        (f"{JSON};q=0.1, */*;q=0.9", GRAPHQL_JSON),
        (f"*/*, {JSON};q=0", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0, application/*;q=0.1", JSON),
        (f"text/html, {JSON};q=0.001", JSON),
        (f"text/html, {GRAPHQL_JSON};q=banana", GRAPHQL_JSON),
        (f"text/event-stream, multipart/mixed, {BOTH}", GRAPHQL_JSON),
    ],
)
def test_the_client_chooses_the_media_type_of_the_answer(http: httpx.Client, accept: str, expected: str) -> None:
    answer = post(http, TYPENAME, accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{expected}; charset=utf-8"


def test_a_client_without_wishes_gets_plain_json(http: httpx.Client) -> None:
    del http.headers["accept"]
    answer = http.post("/graphql", content=TYPENAME, headers={"content-type": JSON})
    assert answer.headers["content-type"] == f"{JSON}; charset=utf-8"


def test_several_accept_headers_count_as_one_list(http: httpx.Client) -> None:
    headers = [("content-type", JSON), ("accept", "text/html"), ("accept", GRAPHQL_JSON)]
    answer = http.post("/graphql", content=TYPENAME, headers=headers)
    assert answer.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"


@pytest.mark.parametrize(
    "accept", ["text/html", "image/*", f"{JSON};q=0", "*/*;q=0", f"*/*;q=0, {GRAPHQL_JSON};q=0.000", "nonsense", ";;,"]
)
def test_a_client_that_wants_something_else_is_told_what_there_is(http: httpx.Client, accept: str) -> None:
    answer = post(http, TYPENAME, accept=accept)
    assert refusal(answer, 406) == "NOT_ACCEPTABLE"
    assert GRAPHQL_JSON in answer.text


@pytest.mark.parametrize(
    "parameters", ["", "; charset=utf-8", ";charset=UTF-8", '; charset="utf-8"', "; a=b;charset=utf8"]
)
def test_a_request_may_say_that_it_is_utf_8(http: httpx.Client, parameters: str) -> None:
    assert post(http, TYPENAME, content_type=JSON + parameters).status_code == 200


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "us-ascii; for=utf-8"])
def test_another_charset_is_refused(http: httpx.Client, charset: str) -> None:
    assert refusal(post(http, TYPENAME, content_type=f"{JSON}; charset={charset}"), 415) == "UNSUPPORTED_MEDIA_TYPE"


def test_every_script_of_the_world_travels_both_ways(http: httpx.Client) -> None:
    words = "Grüße 山 🏃🏽‍♀️ مرحبا \u2028"
    body = {"query": f"{{ __typename @nothing }} # {words}", "variables": {words: words}}
    assert http.post("/graphql", json=body).json()["errors"][0]["message"] == "Unknown directive '@nothing'."
    named = http.post("/graphql", json={"query": "{ __typename }", "operationName": words})
    assert named.json()["errors"][0]["message"] == f"There is no operation named {words}."


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity"])
def test_a_compressed_body_is_refused(http: httpx.Client, encoding: str) -> None:
    answer = post(http, gzip.compress(TYPENAME), content_encoding=encoding)
    assert refusal(answer, 415) == "UNSUPPORTED_MEDIA_TYPE"
    assert answer.headers["accept-encoding"] == "identity"


def test_answers_are_not_kept_and_say_what_they_depend_on(http: httpx.Client) -> None:
    for answer in (post(http, TYPENAME), post(http, b"{")):
        assert answer.headers["cache-control"] == "no-store"
        depends_on = {"accept", "authorization", "cookie", "origin", "sec-fetch-site"}
        assert {each.strip() for each in answer.headers["vary"].split(",")} == depends_on
        assert answer.headers["x-content-type-options"] == "nosniff"
