"""Documents made to be expensive, and documents that make no sense: each is refused within a second of work."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from cairn.settings import GraphqlSettings

from .asking import GRAPHQL_JSON, JSON, ask, at_most, refusal

MOST_FIELDS, DEEPEST = GraphqlSettings().max_fields, GraphqlSettings().max_depth


def chain(links: int, spreads: str, end: str) -> str:
    """A query of fragments that each spread the next one; `spreads` is how."""
    made = [f"fragment a{i} on Query {{ {spreads.replace('NEXT', f'...a{i + 1}')} }}" for i in range(links)]
    return "\n".join(["{ ...a0 }", *made, f"fragment a{links} on Query {{ {end} }}"])


def deep(levels: int) -> str:
    """A query so many fields deep."""
    cycle = ["courses(first: 1)", "nodes", "theme"]
    names = [cycle[level % 3] for level in range(levels - 1)]
    return "{ " + " { ".join(names) + " { __typename " + "} " * levels


def repeated(text: str, times: int) -> str:
    """A text over and over, with `#` replaced by a number."""
    return " ".join(text.replace("#", str(i)) for i in range(times))


HOSTILE = {
    "nested braces": "{" * 100_000,
    "nested selections": "{a" * 100_000,
    "nested brackets": "{ a(b: " + "[" * 100_000,
    "nested parentheses": "(" * 100_000,
    "nested objects": "{ a(b: " + "{a: " * 100_000,
    "nested list types": "query($a: " + "[" * 100_000,
    "nested inline fragments": "{" + "... {" * 100_000,
    "a comment that ends early": "#\r" + "{a" * 100_000,
    "a block string that ends late": '{ a(b: """\\""" """) ' + "{a" * 100_000 + '"""',
    "nesting just within what can be parsed": "{a" * 199 + "}" * 199,
    "lists just within what can be parsed": "{ a(b: " + "[" * 190 + "]" * 190 + ") }",
    "fragments that double at each step": chain(20, "NEXT NEXT", "__typename"),
    "fragments that double beside a field": chain(20, "viewer { id } NEXT NEXT", "__typename"),
    "fragments that double and end in nothing": chain(25, "NEXT NEXT", "...nowhere"),
    "a long chain of fragments": chain(1_200, "NEXT", "__typename"),
    "a fragment that spreads itself": "{ ...a } fragment a on Query { ...a }",
    "fragments that spread each other": "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
    "a cycle on the way down": "{ ...a } fragment a on Query { courses { nodes { ...b } } } "
    "fragment b on Course { theme { courses { nodes { ...b } } } }",
    "many aliases": "{ " + repeated("a#: __typename", 10_000) + " }",
    "as many aliases as tokens allow": "{ " + repeated("a#: __typename", 3_300) + " }",
    "one name for many fields": "{ " + repeated("viewer { id }", 900) + " }",
    "one name for many different fields": "{ " + repeated("x: node(id: #) { id }", 900) + " }",
    "one name in a fragment that nobody uses": "{ __typename } fragment f on Query { " + "viewer { id } " * 2_400 + "}",
    "many fragments in one place": "{ " + repeated("...a#", 600) + " } " + repeated("fragment a# on Query { id }", 600),
    "many directives": "{ __typename " + "@include(if: true) " * 10_000 + "}",
    "as many directives as tokens allow": "{ __typename " + "@include(if: true) " * 1_400 + "}",
    "many unknown directives": "{ __typename " + "@a " * 4_900 + "}",
    "many operations": repeated("query q# { ...f }", 1_200) + " fragment f on Query { " + "viewer { id } " * 200 + "}",
    "many variables": "query(" + repeated("$a#: Int", 2_400) + ") { __typename }",
    "many arguments": "{ courses(" + repeated("first: #", 3_000) + ") { totalCount } }",
    "many fields of an input": "{ courses(filter: { " + repeated('text: "a"', 3_000) + " }) { totalCount } }",
    "a string of escapes that never ends": '{ course(slug: "' + '\\"' * 240_000,
    "block strings that never end": '{ course(slug: """' + '\\"""' * 120_000,
    "a long number": "{ courses(first: " + "9" * 900_000 + ") { totalCount } }",
    "a long fraction": "{ courses(first: 0." + "9" * 900_000 + ") { totalCount } }",
    "a number beyond all others": "{ courses(first: 1e999999999) { totalCount } }",
    "a long name": "{ " + "a" * 900_000 + " }",
    "introspection in circles": "{ __schema { types " + "{ fields { type " * 8 + "{ name }" + " } }" * 8 + " } }",
}

SENSELESS = {
    "nothing": "",
    "blanks": " \n\t,\ufeff",
    "a comment": "# { __typename }",
    "words": "please list all courses",
    "no selection": "query",
    "only a fragment": "fragment a on Query { __typename }",
    "a type definition": "type A { a: Int }",
    "an extension": "extend type Query { a: Int }",
    "an unknown field": "{ nonsense }",
    "an unknown argument": "{ courses(nonsense: 1) { totalCount } }",
    "an unknown type": "query($a: Nonsense) { courses(first: $a) { totalCount } }",
    "an undeclared variable": "{ courses(first: $first) { totalCount } }",
    "an unused variable": "query($first: Int) { __typename }",
    "no subselection": "{ courses }",
    "a subselection of nothing": "{ __typename { a } }",
    "a directive with an unknown variable": "query @perspective(stage: $stage) { __typename }",
    "a directive without its argument": "query @perspective { __typename }",
    "an unknown perspective": "query @perspective(stage: PAST) { __typename }",
    "a lone surrogate": '{ course(slug: "\\ud800") { id } }',
    "a surrogate in braces": '{ course(slug: "\\u{D800}") { id } }',
    "a code point beyond all planes": '{ course(slug: "\\u{110000}") { id } }',
    "a control character": "{ __typename \x01 }",
    "two operations with one name": "query a { __typename } query a { __typename }",
    "a subscription": "subscription { courses { id } }",
}


@pytest.mark.parametrize("document", [*HOSTILE.values(), *SENSELESS.values()], ids=[*HOSTILE, *SENSELESS])
def test_such_a_document_is_refused_at_little_cost(http: httpx.Client, document: str) -> None:
    with at_most(1):
        answer = ask(http, document)
    assert answer.status_code == 400, answer.text[:500]
    assert set(answer.json()) == {"errors"}
    codes = {error["extensions"]["code"] for error in answer.json()["errors"]}
    assert not codes & {"INTERNAL_SERVER_ERROR"}
    assert len(answer.content) < 1_000_000


@pytest.mark.parametrize("document", [HOSTILE["a fragment that spreads itself"], "{", SENSELESS["an unknown field"]])
def test_clients_of_the_older_media_type_find_the_refusal_in_the_answer(http: httpx.Client, document: str) -> None:
    answer = ask(http, document, accept=JSON)
    assert answer.status_code == 200
    assert set(answer.json()) == {"errors"}


@pytest.mark.parametrize("quotes", ['"', '"""'])
def test_a_huge_string_is_an_ordinary_value(http: httpx.Client, quotes: str) -> None:
    with at_most(1):
        answer = ask(http, f"{{ course(slug: {quotes}{'x' * 90_000}{quotes}) {{ id }} }}")
    assert answer.json()["data"] == {"course": None}


def test_a_longer_one_is_for_the_variables(http: httpx.Client) -> None:
    refused = ask(http, f'{{ course(slug: "{"x" * 100_000}") {{ id }} }}')
    assert refusal(refused, 400) == "DOCUMENT_TOO_LARGE"
    document = "query($slug: String!) { course(slug: $slug) { id } }"
    answer = ask(http, document, variables={"slug": "x" * 240_000})
    assert answer.json()["data"] == {"course": None}


def test_depth_is_allowed_up_to_a_limit(http: httpx.Client) -> None:
    assert ask(http, deep(DEEPEST)).status_code == 200
    refused = ask(http, deep(DEEPEST + 1))
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["extensions"]["code"] == "TOO_DEEP"


def test_depth_counts_through_fragments(http: httpx.Client) -> None:
    inner = "fragment below on Course { theme { courses { nodes { theme { __typename } } } } }"
    lines = deep(DEEPEST - 2).replace("__typename", "...below")
    assert ask(http, f"{lines} {inner}").json()["errors"][0]["extensions"]["code"] == "TOO_DEEP"


def test_fields_are_allowed_up_to_a_number(http: httpx.Client) -> None:
    fragments = "fragment ten on Viewer { " + "kind " * 10 + "} fragment many on Viewer { " + "...ten " * 60 + "}"
    rest = MOST_FIELDS - 3 * 601 - 1
    three = "viewer { ...many } " * 3 + "viewer { " + "...ten " * (rest // 10) + "kind " * (rest % 10)
    assert ask(http, f"{{ {three} }} }} {fragments}").status_code == 200
    refused = ask(http, f"{{ {three} kind }} }} {fragments}")
    assert refused.json()["errors"][0]["extensions"]["code"] == "TOO_MANY_FIELDS"


@pytest.mark.usefixtures("empty")
def test_a_page_with_a_fragment_per_component_is_no_attack(http: httpx.Client) -> None:
    spreads = repeated("...a#", 40)
    fragments = repeated("fragment a# on Course { id title slug theme { id title } modules { id title } }", 40)
    with at_most(1):
        answer = ask(http, f"{{ courses {{ nodes {{ {spreads} }} }} }} {fragments}")
    assert answer.json()["data"] == {"courses": {"nodes": []}}


def test_of_several_operations_the_named_one_runs(http: httpx.Client) -> None:
    document = "query one { a: __typename } query two { b: __typename }"
    assert ask(http, document, operationName="two").json()["data"] == {"b": "Query"}


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("query one { __typename } query two { __typename }", None),
        ("query one { __typename } query two { __typename }", ""),
        ("query one { __typename }", "two"),
        ("{ __typename }", "one"),
        ("{ ...one } fragment one on Query { __typename }", "one"),
    ],
)
def test_an_operation_that_cannot_be_told_is_refused(http: httpx.Client, document: str, name: str | None) -> None:
    assert ask(http, document, operationName=name).status_code == 400


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("names", [("one", "two"), ("two", "one")])
def test_operations_of_one_document_do_not_mix_when_it_is_remembered(
    http: httpx.Client, names: tuple[str, str]
) -> None:
    document = "query one($a: Int) { a: courses(first: $a) { totalCount } } query two { b: __typename }"
    answers: list[dict[str, Any]] = [ask(http, document, operationName=name).json()["data"] for name in names]
    expected = {"one": {"a": {"totalCount": 0}}, "two": {"b": "Query"}}
    assert answers == [expected[name] for name in names]


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
@pytest.mark.parametrize(
    "variables",
    [
        {"input": {"title": 1}},
        {"input": {"title": None}},
        {"input": []},
        {"input": {"title": "x", "nonsense": True}},
        {"input": {"title": [[[[[[["x"]]]]]]]}},
        {},
        {"input": {"title": {"a": {"b": {"c": {}}}}}},
    ],
)
def test_variables_that_do_not_fit_are_refused_before_anything_runs(
    http: httpx.Client, variables: dict[str, Any], accept: str
) -> None:
    document = "mutation($input: ThemeCreateInput!) { themeCreate(input: $input) { errors { code } } }"
    answer = ask(http, document, variables=variables, accept=accept)
    assert answer.status_code == (200 if accept == JSON else 400)
    assert set(answer.json()) == {"errors"}
