"""Whatever is sent, the answer is GraphQL's, and never a failure of ours."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .asking import GRAPHQL_JSON, JSON, post

# The same examples every time, so that a run never fails by chance.
fuzz = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

DOCUMENTS = [
    "{ viewer { kind id name scopes canEdit canPublish } }",
    "query q($n: Int = 5, $c: String) @perspective(stage: LIVE) { courses(first: $n, after: $c, sort: TITLE_DESC) "
    "{ totalCount pageInfo { hasNextPage endCursor } edges { cursor node { ...C } } } } "
    "fragment C on Course { id title kind modules { id lessons { blocks { __typename ... on TextBlock { html } } } } }",
    '{ node(id: "0192d3a0-0000-8030-8000-000000000000") { __typename id } nodes(ids: ["x", "", "\\u0000"]) { id } }',
    '{ course(slug: "a-b") { theme { courses(last: 3, filter: { text: "%_\\\\", kind: COURSE }) { totalCount } } } }',
    'mutation { themeCreate(input: { title: "x", summary: """block "" string""" }) { theme { id } errors { code } } }',
    "query @perspective(stage: DRAFT) { blocks(filter: { format: TEXT }) { nodes { id revision } } }",
    '{ __schema { types { name fields { name args { defaultValue } } } } __type(name: "Course") { kind } }',
]
TOKENS = [
    "{", "}", "(", ")", "[", "]", ":", "!", "=", "@", "$", "...", "|", "&", '"', '"""', "\\", "#", "\n", "\r",
    "\0", "\ufeff", "0", "-1", "1e9", "2147483648", "9" * 5_000, "1.0e400", "null", "true", "on",
    "fragment", "query", "mutation",
    "subscription", "type", "extend", "__typename", "@skip(if: true)", "@include(if: null)", "@defer", "@stream",
    "@oneOf", "@deprecated", '"\\ud83d\\ude00"', "\U0001f3c3", "\u202e",
]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20) | st.sampled_from(["0192d3a0-0000-8030-8000-000000000000", "DRAFT", "TITLE", "\0", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good document, damaged in a few places."""
    text = draw(st.sampled_from(DOCUMENTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        piece = draw(st.sampled_from(["", text[start:end] * 2, *TOKENS]))
        text = text[:start] + piece + text[end:]
    return text


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_documents_are_good_before_they_are_damaged(http: httpx.Client, document: str) -> None:
    answer = post(
        http, json.dumps({"query": document, "operationName": "q" if "query q" in document else None}).encode()
    )
    assert "GRAPHQL_VALIDATION_FAILED" not in answer.text


def assert_is_an_answer(answer: httpx.Response) -> None:
    """A GraphQL answer, and none of our own failures."""
    assert answer.status_code < 500, answer.text
    found = answer.json()
    assert "data" in found or found["errors"]
    codes = [error["extensions"]["code"] for error in found.get("errors", [])]
    assert "INTERNAL_SERVER_ERROR" not in codes, found


@fuzz
@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_as_a_body(http: httpx.Client, body: bytes) -> None:
    assert_is_an_answer(post(http, body))


@fuzz
@given(body=st.dictionaries(st.sampled_from(["query", "variables", "operationName", "extensions", "id"]), VALUES))
def test_any_json_as_a_body(http: httpx.Client, body: dict[str, object]) -> None:
    assert_is_an_answer(post(http, json.dumps(body).encode()))


@fuzz
@given(document=mutated(), accept=st.sampled_from([JSON, GRAPHQL_JSON]))
def test_any_damage_to_a_document(http: httpx.Client, document: str, accept: str) -> None:
    assert_is_an_answer(post(http, json.dumps({"query": document}).encode(), accept=accept))


@fuzz
@given(document=st.text(max_size=100))
def test_any_text_as_a_document(http: httpx.Client, document: str) -> None:
    assert_is_an_answer(post(http, json.dumps({"query": document}).encode()))


@pytest.mark.parametrize(
    "document",
    [
        "query($v: CourseFilter) { courses(filter: $v) { totalCount } }",
        "query($v: String) { courses(after: $v) { nodes { id } } }",
        "query($v: String) { lessons(last: 2, before: $v, sort: UPDATED_AT) { nodes { id } } }",
        "query($v: [ID!]!) { nodes(ids: $v) { id } }",
        "query($v: String) { course(slug: $v) { id } }",
    ],
)
@settings(fuzz, max_examples=30)
@given(value=VALUES)
def test_any_value_as_a_variable(http: httpx.Client, document: str, value: object) -> None:
    assert_is_an_answer(post(http, json.dumps({"query": document, "variables": {"v": value}}).encode()))


@fuzz
@given(
    pairs=st.lists(st.tuples(st.sampled_from(["query", "variables", "operationName", "extensions", "x"]), st.text()))
)
def test_any_parameters_in_the_address(http: httpx.Client, pairs: list[tuple[str, str]]) -> None:
    assert_is_an_answer(http.get(f"/graphql?{urlencode(pairs, errors='replace')}"))


@fuzz
@given(raw=st.binary(max_size=100))
def test_any_bytes_in_the_address(http: httpx.Client, raw: bytes) -> None:
    assert_is_an_answer(http.get(f"/graphql?query={quote(raw, safe='=&+')}"))


@fuzz
@given(
    headers=st.dictionaries(
        st.sampled_from(["accept", "authorization", "content-encoding", "content-type", "cookie", "origin", "range"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(str.strip),
    )
)
def test_any_headers(http: httpx.Client, headers: dict[str, str]) -> None:
    assert_is_an_answer(http.post("/graphql", json={"query": "{ __typename }"}, headers=headers))
