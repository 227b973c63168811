"""What one request may take from the others: objects, statements, connections, time at a lock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from tests.support import factories
from tests.support.clients import Client, People

PARALLEL = 24


def test_an_answer_that_would_grow_without_end_is_refused(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=8, lessons=0, blocks=0)
    factories.publish(editor, made["course"])
    circle = "id"
    for _ in range(6):
        circle = f"modules {{ course {{ {circle} }} }}"
    document = f"query($id: ID!) {{ course(id: $id) {{ {circle} }} }}"
    assert reader.fails(document, id=made["course"]) == "ANSWER_TOO_LARGE"


def test_a_document_of_very_many_lists_is_refused(reader: Client) -> None:
    lists = " ".join(f"a{number}: courses {{ totalCount }}" for number in range(300))
    assert reader.fails(f"{{ {lists} }}") == "ANSWER_TOO_LARGE"


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
