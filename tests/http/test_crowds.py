"""Many at once: more requests than connections, readers beside writers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from cairn.settings import DatabaseSettings
from tests.support import factories
from tests.support.clients import Client, People

CROWD = 50
PAGE = """query($id: ID!) { course(id: $id) { title modules { title lessons { title blocks { id } } } } }"""
DRAFT_PAGE = PAGE.replace("($id: ID!)", "($id: ID!) @perspective(stage: DRAFT)")


def all_at_once(address: str, ask: Callable[[Client, int], Any], *tokens: str | None) -> list[Any]:
    """What a crowd is answered; the tokens are dealt out in turn."""

    assert DatabaseSettings().pool_size < CROWD
    with httpx.Client(timeout=60, verify=False) as http, ThreadPoolExecutor(CROWD) as pool:
        clients = [Client(address, tokens[number % len(tokens)], http) for number in range(CROWD)]
        return list(pool.map(ask, clients, range(CROWD)))


def test_more_readers_than_connections_are_all_answered(people: People, address: str) -> None:
    made = factories.tree(people.editor)
    factories.publish(people.editor, made["course"])
    factories.lesson(people.editor, made["modules"][0])

    def read(client: Client, _: int) -> tuple[str | None, int]:
        page = client.ask(DRAFT_PAGE if client.token else PAGE, id=made["course"])
        return client.token, sum(len(module["lessons"]) for module in page["course"]["modules"])

    answers = all_at_once(address, read, people.editor.token, None)
    assert set(answers) == {(people.editor.token, 5), (None, 4)}


def test_more_writers_than_connections_all_get_their_turn(people: People, address: str) -> None:
    course = factories.course(people.editor)

    def write(client: Client, number: int) -> list[Any]:
        errors: list[Any] = client.mutate("moduleCreate", "module { id }", courseId=course, title=str(number))["errors"]
        return errors

    answers = all_at_once(address, write, people.editor.token, people.admin.token)
    assert [errors for errors in answers if errors] == []
    modules = people.editor.ask(DRAFT_PAGE, id=course)["course"]["modules"]
    assert {module["title"] for module in modules} == {str(number) for number in range(CROWD)}


def test_the_impatient_do_not_use_up_the_connections(people: People, address: str) -> None:
    made = factories.tree(people.editor)

    def give_up(client: Client, _: int) -> None:
        try:
            client.http.post(
                f"{address}/graphql", json={"query": PAGE, "variables": {"id": made["course"]}}, timeout=0.001
            )
        except httpx.TimeoutException:
            return

    all_at_once(address, give_up, None)
    assert people.anonymous.ask(PAGE, id=made["course"]) == {"course": None}
