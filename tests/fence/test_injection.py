"""SQL in an argument stays a text: it is stored, compared or refused, and never run."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import orjson
import psycopg
import pytest
from graphql import GraphQLField

from core.ids import new_id
from core.paging import encode_cursor
from models.curriculum import Course
from models.identity import Role
from resolvers.identity import scopes_of
from tests.fence.arguments import Spot, choices, contract, gate_of, spots, value
from tests.fence.conftest import World
from tests.support import factories
from tests.support.clients import Client

HOSTILE = {
    "statement": "'; DROP TABLE course CASCADE; --",
    "condition": "' OR '1'='1",
    "identifier": '"; RESET ROLE; SELECT * FROM "answer_key',
    "placeholder": "%s %(stage)s %% $1 :stage {table} {0}",
    "backslash": "\\'; SELECT pg_sleep(60); --\\",
    "pattern": "%_\\%",
    "dollar": "$$; TRUNCATE audit_log; $$",
    "unicode": "ʼ; ＇ OR 1=1 \u2028\u202e\U0001f4a5",
    "nul": "before\0after",
}
# Left out, so that what is asked for is possible: a place behind a sibling, a rule of release.
ABSENT = {"afterId", "unlockAfterId", "releaseAfterDays", "releaseOn"}
SPOTS = list(spots())


@pytest.mark.parametrize("spot", SPOTS, ids=lambda spot: spot.name)
def test_a_text_in_a_query_is_never_run(world: World, spot: Spot) -> None:
    for text in HOSTILE.values():
        answer = world.clients["editor"].answer(spot.document, text=text)
        assert not _failures(answer), (text, answer)


def test_every_text_argument_of_every_root_field_is_tried() -> None:
    names = {spot.name for spot in SPOTS}
    assert {"node.id", "course.slug", "courses.filter.text", "courses.after", "nodes.ids", "trash.before"} <= names


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("sort", ["POSITION_ASC", "TITLE_ASC", "CREATED_AT_DESC"])
def test_a_forged_cursor_is_never_run(world: World, sort: str, text: str) -> None:
    anonymous = world.clients["anonymous"]
    document = """query($after: String, $sort: CourseSort) {
        courses(after: $after, sort: $sort) { pageInfo { endCursor } } }"""
    real = anonymous.ask(document, sort=sort)["courses"]["pageInfo"]["endCursor"]
    name, *_ = orjson.loads(base64.urlsafe_b64decode(real + "=="))
    for key, row_id in ((text, new_id(Course.__tag__)), ("1", text), (text, text)):
        answer = anonymous.answer(document, after=encode_cursor(name, key, row_id), sort=sort)
        assert not _failures(answer), answer


@pytest.mark.parametrize("which", ["statement", "identifier", "placeholder", "nul"])
def test_a_text_in_a_mutation_is_never_run(editor: Client, database_url: str, which: str) -> None:
    text = HOSTILE[which]
    made = {**factories.tree(editor, modules=1, lessons=1, blocks=1), "theme": factories.theme(editor)}
    tables = _tables(database_url)
    for name, field in _mutations():
        for choice in range(choices(field)):
            for ids in ({}, _ids(name, made)):
                given = value(field.args["input"].type, "input", _Leaf(text, ids), choice)
                answer = editor.answer(_document(name, field), input=given)
                assert "errors" not in answer, (name, given, answer)
    assert _tables(database_url) == tables


@pytest.mark.parametrize("text", [text for text in HOSTILE.values() if "\0" not in text])
def test_a_hostile_title_is_stored_and_found_as_it_was_written(editor: Client, text: str) -> None:
    theme = factories.theme(editor, title=text, summary=text)
    factories.theme(editor, title="Another")
    found = editor.ask(
        "query($text: String!) @perspective(stage: DRAFT)"
        " { themes(filter: { text: $text }) { totalCount nodes { id title summary } } }",
        text=text,
    )
    assert found["themes"] == {"totalCount": 1, "nodes": [{"id": theme, "title": text, "summary": text}]}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_sign_in_link_is_refused(world: World, text: str) -> None:
    assert world.clients["anonymous"].http.get(f"{world.address}/sign-in", params={"token": text}).status_code == 400


def test_a_hostile_bearer_token_is_refused(world: World) -> None:
    headers = {"authorization": "Bearer cairn_' OR '1'='1' --"}
    anonymous = world.clients["anonymous"]
    answer = anonymous.http.post(f"{world.address}/graphql", json={"query": "{ viewer { id } }"}, headers=headers)
    assert answer.status_code == 401


class _Leaf:
    """The hostile text wherever a text goes in. With ids, all else is such that the act is carried out if it can be."""

    def __init__(self, text: str, ids: dict[str, str]) -> None:
        self._text = text
        self._ids = ids

    def __call__(self, name: str, kind: str) -> Any:
        if self._ids and name in ABSENT:
            return None
        if self._ids and name == "slug":
            return f"slug-{uuid.uuid4()}"
        if kind == "ID":
            return self._ids.get(name, self._text)
        plain = {"Int": 1, "Float": 1.0, "Boolean": True, "Date": "2026-01-01", "DateTime": "2100-01-01T00:00:00Z"}
        return {**plain, "JSON": {}}.get(kind, self._text)


def _mutations() -> list[tuple[str, GraphQLField]]:
    """What saves comes first, before the revision is another; what takes an object away comes last.

    Only what an editor's permissions open: those of people are tried beside their own tests.
    """
    kind = contract().mutation_type
    assert kind is not None
    fields = [(name, field) for name, field in kind.fields.items() if gate_of(name) in scopes_of([Role.EDITOR])]
    return sorted(fields, key=lambda each: ("Update" not in each[0], "Trash" in each[0], each[0]))


def _ids(name: str, made: dict[str, Any]) -> dict[str, str]:
    below = {"module": made["modules"][0], "lesson": made["lessons"][0], "block": made["blocks"][0]}
    ids = {"theme": made["theme"], "course": made["course"], **below}
    entity = next((each for each in ids if name.startswith(each)), "course")
    return {"id": ids[entity], "rootId": made["course"], **{f"{each}Id": found for each, found in ids.items()}}


def _document(name: str, field: GraphQLField) -> str:
    return f"mutation($input: {field.args['input'].type}) {{ {name}(input: $input) {{ errors {{ code message }} }} }}"


def _failures(answer: dict[str, Any]) -> list[Any]:
    """Errors that are our own fault; a refusal is none."""
    return [each for each in answer.get("errors", []) if each["extensions"]["code"] == "INTERNAL_SERVER_ERROR"]


def _tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {row[0] for row in rows}


def test_the_hostile_texts_would_do_harm_if_they_were_run(database_url: str) -> None:
    name = f"cairn_{uuid.uuid4().hex}"
    with psycopg.connect(database_url) as connection:
        connection.execute(f'CREATE TABLE "{name}" AS SELECT 1 AS stage')
        run = f"SELECT * FROM \"{name}\" WHERE 'x' = '{HOSTILE['condition']}'"
        assert connection.execute(run.encode()).fetchall() == [(1,)]
        connection.rollback()
