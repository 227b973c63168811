"""What one request may take from the others: objects, statements, connections, time at a lock."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from cairn.settings import GraphqlSettings
from tests.http.conftest import Serve
from tests.support import factories
from tests.support.clients import Client, People

PARALLEL = 24


@pytest.fixture
def frugal(serve: Serve, database_url: str) -> Iterator[Client]:
    """Somebody at an application that reads little for one answer."""
    client = Client(serve(database_url, graphql=GraphqlSettings(max_objects=100, max_statements=10)))
    yield client
    client.http.close()


def test_an_answer_that_grows_beyond_what_its_document_let_expect_is_refused(editor: Client, frugal: Client) -> None:
    made = factories.tree(editor, modules=8, lessons=0, blocks=0)
    factories.publish(editor, made["course"])
    document = "query($id: ID!) { course(id: $id) { modules { course { modules { course { modules { id } } } } } } }"
    assert frugal.fails(document, id=made["course"]) == "ANSWER_TOO_LARGE"


def test_an_answer_of_very_many_statements_is_refused(frugal: Client) -> None:
    lists = " ".join(f"a{number}: courses {{ totalCount }}" for number in range(11))
    assert frugal.fails(f"{{ {lists} }}") == "ANSWER_TOO_LARGE"


def test_the_schema_is_told_a_few_times_at_once_and_not_hundreds(reader: Client) -> None:
    asked = " ".join(f"a{number}: __schema {{ queryType {{ name }} }}" for number in range(5))
    assert reader.fails(f"{{ {asked} }}") == "TOO_MANY_FIELDS"


def test_requests_with_several_mutations_do_not_wait_for_each_others_connections(editor: Client) -> None:
    theme = factories.theme(editor)
    document = """mutation($input: ThemePublishInput!) {
        a: themePublish(input: $input) { theme { id } errors { code } }
        b: themePublish(input: $input) { theme { id } errors { code } } }"""
    clients = [Client(editor.url, editor.token) for _ in range(PARALLEL)]

    def publish_twice(client: Client) -> dict[str, Any]:
        return client.answer(document, input={"id": theme})

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(publish_twice, clients))
    for client in clients:
        client.http.close()
    assert [answer for answer in answers if "errors" in answer] == []


def test_a_writer_that_waits_too_long_is_told_to_try_again(people: People, database_url: str) -> None:
    course = factories.course(people.editor)
    with psycopg.connect(database_url) as other:
        other.execute("SELECT 1 FROM content WHERE id = %s FOR UPDATE", [course])
        error = people.editor.refused("courseUpdate", id=course, expectedRevision=1, title="Later")
    assert error["code"] == "BUSY"


def test_what_was_done_before_a_forbidden_mutation_is_told(people: People) -> None:
    document = """mutation($create: ThemeCreateInput!) {
        a: themeCreate(input: $create) { theme { id title } errors { code } } }"""
    assert people.learner.answer(document, create={"title": "No"})["data"] == {"a": None}
