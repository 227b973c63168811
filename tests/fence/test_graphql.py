"""Who reads and writes which state of an editorial object through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLField

from core.database import Database
from core.viewer import SERVICE
from graph.context import Context
from graph.door import Gate
from graph.running import Operations
from graph.schema import schema
from tests.fence.arguments import contract, gate_of, value
from tests.fence.conftest import World
from tests.support import factories
from tests.support.clients import Client, People
from tests.support.databases import with_database

ENTITIES = ("theme", "course", "module", "lesson", "block", "milestone")
FOUND_BY_NODE = [each for each in ENTITIES if each != "milestone"]
STATES = ("draft", "live", "trashed")
NODE = "query($id: ID!) { node(id: $id) { id } }"
DRAFT_NODE = "query($id: ID!) @perspective(stage: DRAFT) { node(id: $id) { id } }"
REFUSED = {"anonymous": "UNAUTHENTICATED", "learner": "FORBIDDEN"}
STAFF = ("editor", "admin", "service")
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(world: World) -> Callable[[str], Ask]:
    """`ask("learner")(document, variable=...)` is the whole answer to somebody of the matrix.

    The service has no credentials that the edge would take: it asks inside the house.
    """

    def asked(name: str) -> Ask:
        if name == "service":
            return lambda document, **variables: _inside(world.url, document, variables)
        return world.clients[name].answer

    return asked


def _inside(url: str, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    async def run(database: Database) -> dict[str, Any]:
        operations = Operations(schema()._schema)
        prepared = operations.prepare(document, None)
        return await operations.run(prepared, variables, Context(database, SERVICE), "inside")

    return with_database(url, run)


@pytest.mark.parametrize("name", [*REFUSED, *STAFF])
@pytest.mark.parametrize("entity", FOUND_BY_NODE)
def test_everybody_reads_what_is_live_and_nothing_else_unless_they_ask_for_drafts(
    world: World, ask: Callable[[str], Ask], entity: str, name: str
) -> None:
    ids = {state: world.objects[state][entity] for state in STATES}
    found = {state: ask(name)(NODE, id=each)["data"]["node"] for state, each in ids.items()}
    assert found == {"draft": None, "trashed": None, "live": {"id": ids["live"]}}


@pytest.mark.parametrize("name", STAFF)
@pytest.mark.parametrize("entity", FOUND_BY_NODE)
def test_staff_who_ask_for_drafts_read_all_but_what_is_in_the_trash(
    world: World, ask: Callable[[str], Ask], entity: str, name: str
) -> None:
    ids = {state: world.objects[state][entity] for state in STATES}
    found = {state: ask(name)(DRAFT_NODE, id=each)["data"]["node"] for state, each in ids.items()}
    assert found == {"draft": {"id": ids["draft"]}, "trashed": None, "live": {"id": ids["live"]}}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("state", STATES)
def test_all_others_who_ask_for_drafts_are_refused_whatever_they_ask_about(
    world: World, ask: Callable[[str], Ask], state: str, name: str
) -> None:
    for entity in FOUND_BY_NODE:
        answer = ask(name)(DRAFT_NODE, id=world.objects[state][entity])
        assert [error["extensions"]["code"] for error in answer["errors"]] == [REFUSED[name]]
        assert not answer.get("data")


@pytest.mark.parametrize("field", ["themes", "courses", "modules", "lessons", "blocks"])
@pytest.mark.parametrize("name", REFUSED)
def test_lists_hold_what_is_live_only(world: World, ask: Callable[[str], Ask], field: str, name: str) -> None:
    found = ask(name)(f"{{ {field}(first: 100) {{ totalCount nodes {{ id }} }} }}")["data"][field]
    hidden = {world.objects[state][field.removesuffix("s")] for state in ("draft", "trashed")}
    ids = {node["id"] for node in found["nodes"]}
    assert world.objects["live"][field.removesuffix("s")] in ids
    assert not ids & hidden
    assert found["totalCount"] == len(ids)


@pytest.mark.parametrize("name", REFUSED)
def test_milestones_and_answer_keys_of_a_published_course_show_only_what_is_for_learners(
    world: World, ask: Callable[[str], Ask], name: str
) -> None:
    page = """query($id: ID!) { course(id: $id) { milestones { id } modules { lessons { blocks {
        ... on MultipleChoiceQuestion { explanation choices { text isCorrect feedback } } } } } } }"""
    course = ask(name)(page, id=world.objects["live"]["course"])["data"]["course"]
    assert course["milestones"] == [{"id": world.objects["live"]["milestone"]}]
    block = course["modules"][1]["lessons"][0]["blocks"][0]
    assert block["explanation"] is None
    assert [choice["isCorrect"] for choice in block["choices"]] == [None, None]
    assert [choice["feedback"] for choice in block["choices"]] == [None, None]


@pytest.mark.parametrize("name", REFUSED)
def test_the_trash_and_what_was_published_when_are_for_editors(
    world: World, ask: Callable[[str], Ask], name: str
) -> None:
    trash = ask(name)("{ trash { nodes { id } } }")
    assert [error["extensions"]["code"] for error in trash["errors"]] == [REFUSED[name]]
    history = "query($id: ID!) { course(id: $id) { publishedRevision { id } revisions { totalCount } } }"
    course = ask(name)(history, id=world.objects["live"]["course"])["data"]["course"]
    assert course == {"publishedRevision": None, "revisions": {"totalCount": 0}}


@pytest.mark.parametrize("name", STAFF)
def test_staff_find_in_the_trash_what_was_put_there(world: World, ask: Callable[[str], Ask], name: str) -> None:
    nodes = ask(name)("{ trash { nodes { id kind } } }")["data"]["trash"]["nodes"]
    trashed = world.objects["trashed"]
    assert sorted(node["kind"] for node in nodes) == ["course", "theme"]
    assert {node["id"] for node in nodes} == {trashed["course"], trashed["theme"]}


def _mutations() -> dict[str, GraphQLField]:
    kind = contract().mutation_type
    assert kind is not None
    return dict(kind.fields)


def _closed(name: str) -> list[str]:
    """The mutations that are closed to somebody who is not signed in, or to a learner's API token."""
    open_to = {"anonymous": {Gate.ANYONE}, "learner": {Gate.ANYONE, Gate.SIGNED_IN}}[name]
    return [each for each in _mutations() if gate_of(each) not in open_to]


@pytest.mark.parametrize(("mutation", "name"), [(each, name) for name in REFUSED for each in _closed(name)])
def test_no_mutation_lets_in_who_lacks_the_permission(
    world: World, ask: Callable[[str], Ask], mutation: str, name: str
) -> None:
    wanted = _mutations()[mutation].args["input"].type
    plain = {
        "Int": 1,
        "Long": 1,
        "Float": 1.0,
        "Boolean": True,
        "Date": "2026-01-01",
        "DateTime": "2100-01-01T00:00:00Z",
        "JSON": {},
        "String": "words",
    }
    given = value(wanted, "input", lambda _, kind: plain.get(kind, world.objects["draft"]["course"]))
    answer = ask(name)(f"mutation($input: {wanted}) {{ {mutation}(input: $input) {{ __typename }} }}", input=given)
    assert [error["extensions"]["code"] for error in answer["errors"]] == [REFUSED[name]]


def _titled(made: dict[str, Any]) -> dict[str, str]:
    return {"course": made["course"], "module": made["modules"][0], "lesson": made["lessons"][0]}


@pytest.mark.parametrize("name", ["editor", "admin"])
def test_staff_save_a_draft(people: People, name: str) -> None:
    who: Client = getattr(people, name)
    for entity, each in _titled(factories.tree(who, modules=1, lessons=1, blocks=0)).items():
        saved = who.do(f"{entity}Update", f"{entity} {{ title revision }}", id=each, expectedRevision=1, title="New")
        assert saved[entity] == {"title": "New", "revision": 2}


@pytest.mark.parametrize("name", ["editor", "admin"])
def test_staff_save_the_draft_of_what_is_live_and_readers_see_no_difference(people: People, name: str) -> None:
    who: Client = getattr(people, name)
    made = factories.tree(who, modules=1, lessons=1, blocks=0, title="Old")
    factories.publish(who, made["course"])
    who.do("courseUpdate", "course { title }", id=made["course"], expectedRevision=1, title="New")
    read = "query($id: ID!) { course(id: $id) { title revision } }"
    assert people.anonymous.ask(read, id=made["course"]) == {"course": {"title": "Old", "revision": 1}}


@pytest.mark.parametrize("name", ["editor", "admin"])
def test_not_even_staff_save_what_is_in_the_trash(people: People, name: str) -> None:
    who: Client = getattr(people, name)
    made = factories.tree(who, modules=1, lessons=1, blocks=0)
    who.do("courseTrash", "course { id }", id=made["course"])
    for entity, each in _titled(made).items():
        assert who.refused(f"{entity}Update", id=each, expectedRevision=1, title="New")["code"] == "NOT_FOUND"


def test_the_service_saves_a_draft_too(editor: Client, database_url: str) -> None:
    course = factories.course(editor)
    document = """mutation($id: ID!) { courseUpdate(input: { id: $id, expectedRevision: 1, title: "New" }) {
        course { title } errors { code } } }"""
    assert _inside(database_url, document, {"id": course})["data"]["courseUpdate"] == {
        "course": {"title": "New"},
        "errors": [],
    }


def test_what_is_hidden_looks_exactly_like_what_does_not_exist(world: World) -> None:
    read = "query($id: ID!) { course(id: $id) { id title } }"
    hidden = world.clients["learner"].answer(read, id=world.objects["draft"]["course"])
    missing = world.clients["learner"].answer(read, id=world.objects["draft"]["course"][:-4] + "0000")
    assert hidden == missing
    assert hidden["data"] == {"course": None}
