"""What an operation costs stands in every answer, and what costs too much is not begun."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest

from cairn.settings import GraphqlSettings

from .asking import GRAPHQL_JSON, JSON, ask, refusal
from .conftest import Serve

LIMIT = GraphqlSettings().max_cost
PAGE = "query($first: Int) { themes(first: $first) { nodes { courses(first: 100) { nodes { id modules { id } } } } } }"


def test_every_answer_says_what_it_cost(http: httpx.Client) -> None:
    answer = ask(http, "query($first: Int) { courses(first: $first) { nodes { id } } }", variables={"first": 7}).json()
    assert answer["extensions"] == {"cost": {"requested": 8, "limit": LIMIT, "remaining": LIMIT - 8}}


def test_an_answer_with_errors_says_so_too(http: httpx.Client) -> None:
    answer = ask(http, '{ course(id: "nonsense") { id } }').json()
    assert answer["errors"]
    assert answer["extensions"]["cost"]["requested"] == 1


def test_what_costs_too_much_is_refused_before_anything_is_read(
    http: httpx.Client, statements: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    with statements() as made:
        answer = ask(http, PAGE, variables={"first": 100})
    assert refusal(answer, 400) == "TOO_COSTLY"
    cost = 1 + 100 * (1 + 1 + 100 * (1 + 5))
    error = answer.json()["errors"][0]
    assert error["extensions"]["cost"] == {"requested": cost, "limit": LIMIT}
    assert error["message"].startswith(f"The operation costs {cost}; {LIMIT} is allowed.")
    assert made == []


def test_the_same_document_with_a_smaller_page_runs(http: httpx.Client) -> None:
    assert ask(http, PAGE, variables={"first": 100}).status_code == 400
    assert ask(http, PAGE, variables={"first": 1}).status_code == 200


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
def test_a_limit_of_ones_own_holds(serve: Serve, database_url: str, accept: str) -> None:
    address = serve(database_url, graphql=GraphqlSettings(max_cost=1_000))
    with httpx.Client(base_url=address) as client:
        answer = ask(client, PAGE, variables={"first": 2}, accept=accept)
        assert answer.status_code == (200 if accept == JSON else 400)
        assert answer.json()["errors"][0]["extensions"]["code"] == "TOO_COSTLY"
        assert ask(client, PAGE, variables={"first": 1}).json()["extensions"]["cost"]["limit"] == 1_000
