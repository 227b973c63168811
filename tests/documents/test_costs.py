"""What operations cost, by the formula that docs/documents.md explains."""

from __future__ import annotations

import re
from typing import Any

import pytest

from benchmarks.hostile import many
from benchmarks.queries import PAGES
from cairn.settings import PROJECT
from graph.documents.accepting import Refused, accept
from graph.documents.prepared import Prepared
from graph.limits import Limits
from graph.schema import schema

MOST = Limits().max_cost
COSTS: dict[str, tuple[str, int]] = {
    "nothing but scalars": ("{ __typename }", 0),
    "an object": ('{ course(slug: "a") { id title } }', 1),
    "an object that one object has": ('{ course(slug: "a") { theme { id } } }', 2),
    "a plain list": ('{ course(slug: "a") { modules { id } } }', 1 + 5),
    "lists in lists": ('{ course(slug: "a") { modules { lessons { id } } } }', 1 + 5 * (1 + 5)),
    "a page of a size": ("{ courses(first: 3) { nodes { id } } }", 1 + 3),
    "a page from the back": ("{ courses(last: 3) { nodes { id } } }", 1 + 3),
    "a page of no size": ("{ courses { nodes { id } } }", 1 + 20),
    "a page that is too long": ("{ courses(first: 1000) { nodes { id } } }", 1 + 100),
    "a page of less than nothing": ("{ courses(first: -1) { nodes { id } } }", 1),
    "edges instead of nodes": ("{ courses(first: 3) { edges { cursor node { id } } } }", 1 + 3),
    "both": ("{ courses(first: 3) { edges { node { id } } nodes { id } } }", 1 + 3 + 3),
    "what lies around a page": ("{ courses(first: 3) { pageInfo { hasNextPage } } }", 1),
    "a count, which takes a statement": ("{ courses(first: 3) { totalCount } }", 1 + 1),
    "pages in pages": ("{ themes(first: 2) { nodes { courses(first: 3) { nodes { id } } } } }", 1 + 2 * (1 + 1 + 3)),
    "as many as there are ids": ('{ nodes(ids: ["a", "b"]) { id } }', 2),
    "the same twice is the same once": (
        "{ courses(first: 3) { nodes { id } } courses(first: 3) { nodes { title } } }",
        4,
    ),
    "under two names it is twice": (
        "{ a: courses(first: 3) { nodes { id } } b: courses(first: 3) { nodes { id } } }",
        8,
    ),
    "fragments, merged": (
        "{ courses(first: 3) { nodes { ...a ...b } } } "
        "fragment a on Course { theme { id } } fragment b on Course { theme { title } }",
        1 + 3 * (1 + 1),
    ),
    "of types that exclude each other, the dearest": (
        '{ node(id: "a") { ... on Course { modules { id } } ... on Theme { id } ... on Module { course { id } } } }',
        1 + 5,
    ),
    "a mutation": ("mutation { sessionEnd(input: {}) { errors { code } } }", 10 + 1),
    "two mutations": (
        "mutation { a: sessionEnd(input: {}) { __typename } b: sessionEnd(input: {}) { __typename } }",
        2 * (10 + 1),
    ),
    "the schema": ("{ __schema { types { fields { name type { name } } } } }", 1_000),
    "a type": ('{ __type(name: "Course") { fields { name } } }', 100),
}


@pytest.mark.parametrize("what", COSTS)
def test_an_operation_costs_what_the_formula_says(what: str) -> None:
    text, cost = COSTS[what]
    assert _prepared(text).cost({}) == cost


@pytest.mark.parametrize(
    ("variables", "size"),
    [
        ({"first": 3}, 3),
        ({}, 20),
        ({"first": None}, 20),
        ({"first": 1000}, 100),
        ({"first": -5}, 0),
        ({"first": "many"}, 20),
        ({"first": [1, 2]}, 2),
        ({"first": {"a": 1}}, 20),
        ({"first": 10**30}, 100),
        ({"first": 2.5}, 20),
    ],
)
def test_the_size_of_a_page_is_read_from_the_variables_whatever_they_hold(variables: dict[str, Any], size: int) -> None:
    document = "query($first: Int) { courses(first: $first) { nodes { id modules { id } } } }"
    assert _prepared(document).cost(variables) == 1 + size * (1 + 5)


def test_a_variable_that_is_not_sent_has_its_default() -> None:
    assert _prepared("query($first: Int = 7) { courses(first: $first) { nodes { id } } }").cost(None) == 8


def test_a_wide_formula_is_no_deep_one() -> None:
    """Hundreds of pages that wait for a variable must not make the evaluation recurse."""
    pages = many(1_500, "a{}: courses(first: $n) {{ nodes {{ id }} }}")
    limits = Limits(max_aliases=2_000, max_tokens=50_000, max_fields=10_000)
    document = f"query($n: Int) {{ themes(first: $n) {{ nodes {{ {pages} }} }} }}"
    assert accept(document, schema()._schema, limits)[None].cost({"n": 1}) == 1 + 1 + 1_500 * 2


def test_of_several_operations_each_has_its_own_cost() -> None:
    operations = _accepted(
        "query a { courses(first: 1) { nodes { id } } } query b { themes(first: 2) { nodes { id } } }"
    )
    assert {name: each.cost({}) for name, each in operations.items()} == {"a": 2, "b": 3}


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_the_pages_of_front_ends_cost_a_part_of_what_is_allowed(page: Any) -> None:
    assert _prepared(page.document).cost(page.variables) * 10 <= MOST


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{each.name}" for each in (PROJECT / "docs").glob("*.md"))])
def test_whatever_the_documentation_shows_may_be_run(page: str) -> None:
    for text in re.findall(r"```graphql\n(.*?)```", (PROJECT / page).read_text(encoding="utf-8"), re.DOTALL):
        assert all(each.cost({}) <= MOST for each in _accepted(text).values())


def test_what_costs_too_much_whatever_its_variables_is_refused_with_the_document() -> None:
    with pytest.raises(Refused) as refused:
        _accepted("{ themes(first: 100) { nodes { courses(first: 100) { nodes { modules { id } } } } } }")
    (error,) = refused.value.errors
    cost = 1 + 100 * (1 + 1 + 100 * (1 + 5))
    assert error.extensions == {"code": "TOO_COSTLY", "cost": {"requested": cost, "limit": MOST}}
    assert str(cost) in error.message
    assert str(MOST) in error.message


def _prepared(text: str) -> Prepared:
    return _accepted(text)[None]


def _accepted(text: str) -> dict[str | None, Prepared]:
    return accept(text, schema()._schema, Limits())
