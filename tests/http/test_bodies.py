"""Bodies that are too large, too deep, or no JSON at all: refused before anything is done with them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from cairn.settings import HttpSettings

from .asking import JSON, TYPENAME, at_most, post, refusal

MOST_BYTES, DEEPEST = HttpSettings().max_body_bytes, HttpSettings().max_json_depth
COURSE = "query($slug: String!) { course(slug: $slug) { id } }"


def padded(size: int) -> bytes:
    """A good request of this many bytes."""
    return TYPENAME + b" " * (size - len(TYPENAME))


def with_variable(text: str) -> bytes:
    """A good request with a variable that nobody asked for, given as JSON."""
    return f'{{"query": "{{ __typename }}", "variables": {{"a": {text}}}}}'.encode()


def in_pieces(body: bytes) -> Iterator[bytes]:
    """Makes the client send a body of unknown length."""
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


def test_the_largest_body_allowed_is_read(http: httpx.Client) -> None:
    assert post(http, padded(MOST_BYTES)).status_code == 200


def test_a_larger_body_is_refused(http: httpx.Client) -> None:
    assert refusal(post(http, padded(MOST_BYTES + 1)), 413) == "BODY_TOO_LARGE"


def test_a_body_of_unknown_length_is_refused_as_soon_as_it_is_too_large(http: httpx.Client) -> None:
    headers = {"content-type": JSON}
    allowed = http.post("/graphql", content=in_pieces(padded(MOST_BYTES)), headers=headers)
    assert allowed.status_code == 200
    refused = http.post("/graphql", content=in_pieces(padded(MOST_BYTES + 1)), headers=headers)
    assert refusal(refused, 413) == "BODY_TOO_LARGE"


def test_a_body_that_announces_too_much_is_refused_before_it_comes(address: str) -> None:
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: {JSON}\r\ncontent-length: 1000000000\r\n\r\n"
    host, port = urlsplit(address).hostname, urlsplit(address).port
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_client_that_hangs_up_in_the_middle_harms_nobody(address: str, http: httpx.Client) -> None:
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: {JSON}\r\ncontent-length: 1000\r\n\r\n{{"
    host, port = urlsplit(address).hostname, urlsplit(address).port
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(head.encode())
    assert post(http, TYPENAME).status_code == 200


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")], ids=["[", "{", "[{"])
@pytest.mark.parametrize("depth", [DEEPEST - 1, DEEPEST, DEEPEST + 1, DEEPEST + 2, 100_000])
def test_nesting_is_allowed_up_to_a_depth(http: httpx.Client, opened: str, closed: str, depth: int) -> None:
    levels, rest = divmod(depth - 2, len(closed))
    body = with_variable("[" * rest + opened * levels + "1" + closed * levels + "]" * rest)
    with at_most(1):
        answer = post(http, body)
    if depth <= DEEPEST:
        assert answer.status_code == 200, answer.text
    else:
        assert refusal(answer, 400) == "BODY_TOO_DEEP"


def test_brackets_that_never_close_are_too_deep(http: httpx.Client) -> None:
    assert refusal(post(http, b"[" * 100_000), 400) == "BODY_TOO_DEEP"


def test_brackets_that_stand_side_by_side_are_not_deep(http: httpx.Client) -> None:
    assert post(http, with_variable(f"[{','.join(['{}', '[]'] * 10_000)}]")).status_code == 200


@pytest.mark.parametrize("text", ["[" * 1000, '"' + "{" * 1000, "\\" + "[" * 1000, '\\"' + "[" * 1000])
def test_brackets_in_strings_are_not_deep(http: httpx.Client, text: str) -> None:
    assert post(http, with_variable(json.dumps(text))).status_code == 200


def test_a_quotation_mark_cannot_hide_brackets(http: httpx.Client) -> None:
    assert refusal(post(http, with_variable('"\\\\"') + b"[" * 1000), 400) == "BODY_TOO_DEEP"


@pytest.mark.parametrize("end", ["", '"', "\\"])
def test_a_string_of_escapes_that_never_ends_is_looked_at_once(http: httpx.Client, end: str) -> None:
    body = b'"' + b'\\"' * 400_000 + b"[]" * 1000 + end.encode()
    with at_most(1):
        assert refusal(post(http, body), 400) == "BAD_REQUEST"


def test_a_huge_string_is_an_ordinary_value(http: httpx.Client) -> None:
    body = json.dumps({"query": COURSE, "variables": {"slug": "x" * 240_000}})
    with at_most(1):
        assert post(http, body.encode()).json()["data"] == {"course": None}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"nul",
        b'{"query": "{ __typename }"',
        b'{"query": "{ __typename }"} {}',
        b'{"query": "{ __typename }",}',
        b"{'query': '{ __typename }'}",
        b'{"query": "{ __typename }" /* here */}',
        b'{"query": "{\n__typename }"}',
        b'{"query": "\x00"}',
        b"query={__typename}",
        b"\xef\xbb\xbf" + TYPENAME,
        b"\xff\xfe" + TYPENAME,
        b'{"query": "\xc3\x28"}',
        b'{"query": "\xed\xa0\x80"}',
        TYPENAME.decode().encode("utf-16"),
        TYPENAME + b"\x00",
        with_variable("NaN"),
        with_variable("-Infinity"),
        with_variable("1e999"),
        with_variable("01"),
        with_variable('"\\ud800"'),
        with_variable('"\\udfff\\ud800"'),
        with_variable('"\\x41"'),
    ],
)
def test_what_is_not_json_is_refused(http: httpx.Client, body: bytes) -> None:
    assert refusal(post(http, body), 400) == "BAD_REQUEST"


@pytest.mark.parametrize("body", [b"[]", b'"{ __typename }"', b"null", b"1", b"true", b"[%s]" % TYPENAME])
def test_what_is_not_an_object_is_refused(http: httpx.Client, body: bytes) -> None:
    assert refusal(post(http, body), 400) == "BAD_REQUEST"


def test_of_two_values_with_one_name_the_last_counts(http: httpx.Client) -> None:
    body = b'{"query": "{ nonsense }", "query": "{ __typename }"}'
    assert post(http, body).json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("number", ["9" * 100, "-9223372036854775809", "2147483648", "1.5", "1e300"])
def test_a_number_that_is_no_int_is_the_callers_mistake(http: httpx.Client, number: str) -> None:
    query = "query($first: Int) { courses(first: $first) { totalCount } }"
    body = f'{{"query": "{query}", "variables": {{"first": {number}}}}}'
    assert refusal(post(http, body.encode()), 400) == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    "document",
    [
        COURSE,
        "query($slug: String!) { courses(filter: { text: $slug }) { totalCount } }",
        "query($slug: String!) { courses(filter: { text: $slug }) { nodes { id } } }",
    ],
)
def test_a_nul_character_is_no_failure_of_ours(http: httpx.Client, document: str) -> None:
    answer = post(http, json.dumps({"query": document, "variables": {"slug": "a\0b"}}).encode())
    assert answer.status_code == 200
    codes = [error["extensions"]["code"] for error in answer.json().get("errors", [])]
    assert codes in ([], ["BAD_USER_INPUT"])
