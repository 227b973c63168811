"""An editor of one course edits that and nothing else: in raw SQL, and by every mutation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import get_named_type

from core.policies import API
from core.tables import table_of
from core.viewer import scope_within
from models import TABLES
from models.content import Staged, staged_policies
from models.identity import Role, RoleGrant, Scope
from tests.fence.arguments import contract, gate_of, value, works_within
from tests.fence.conftest import World
from tests.fence.personas import Owner, Persona, acting_as, attempt, effective, sees
from tests.http.doorkeeper import Doorkeeper
from tests.support.clients import Client

STAGED = [table_of(model).name for model in TABLES if issubclass(model, Staged)]
IN_COURSES = [each for each in STAGED if each != "theme"]
ALL = {"INSERT", "UPDATE", "DELETE"}
THIS_ROW = "id = %(id)s AND stage = %(stage)s"
EDIT, PUBLISH = Scope.CONTENT_EDIT, Scope.CONTENT_PUBLISH
FOR_AUTHORS = ("answer_key", "branch")
DRAFT_NODE = "query($id: ID!) @perspective(stage: DRAFT) { node(id: $id) { id } }"
FOUND_BY_NODE = ("theme", "course", "module", "lesson", "block", "assessment", "scale")
GIVE = """INSERT INTO role_grant (id, user_id, role, scope_type, scope_id)
    VALUES (%(id)s, %(person)s, 'editor', 'course', %(course)s)"""


def _row(world: World, table: str, state: str) -> dict[str, str]:
    return {"id": world.objects[state][table], "stage": "live" if state == "live" else "draft"}


def _within(world: World, state: str, *scopes: Scope) -> Persona:
    """Somebody who holds these permissions within the course of this state only."""
    root = world.objects[state]["course"]
    return Persona(API, world.users[Role.LEARNER], within=frozenset(scope_within(each, root) for each in scopes))


@pytest.fixture(scope="module")
def author(world: World) -> Iterator[Client]:
    """Somebody who is an editor within the draft course."""
    keeper = Doorkeeper(world.url)
    person = keeper.person(Role.LEARNER)
    keeper.named(GIVE, id=RoleGrant.new_id(), person=person, course=world.objects["draft"]["course"])
    client = Client(world.address, keeper.token(person))
    yield client
    client.http.close()
    keeper.named('DELETE FROM "user" WHERE id = %(person)s', person=person)


@pytest.mark.parametrize("table", STAGED)
def test_within_a_draft_course_its_draft_is_read_and_of_all_others_what_is_live(
    owner: Owner, world: World, table: str
) -> None:
    who = _within(world, "draft", EDIT, PUBLISH)
    found = {state: sees(owner, who, table, THIS_ROW, _row(world, table, state)) for state in world.objects}
    assert found == {"draft": table in IN_COURSES, "live": table not in FOR_AUTHORS, "trashed": False}


@pytest.mark.parametrize("state", ["draft", "live", "trashed"])
@pytest.mark.parametrize("table", STAGED)
def test_within_a_course_that_is_written_and_no_other(owner: Owner, world: World, table: str, state: str) -> None:
    who = _within(world, state, EDIT, PUBLISH)
    written = {each: effective(owner, who, table, THIS_ROW, _row(world, table, each)) for each in world.objects}
    own = ALL if table in IN_COURSES else set()
    assert written == {each: own if each == state else set() for each in world.objects}


@pytest.mark.parametrize("table", IN_COURSES)
def test_who_may_edit_a_course_but_not_publish_it_leaves_what_is_live(owner: Owner, world: World, table: str) -> None:
    who = _within(world, "live", EDIT)
    assert effective(owner, who, table, THIS_ROW, {**_row(world, table, "live"), "stage": "draft"}) == ALL
    assert effective(owner, who, table, THIS_ROW, _row(world, table, "live")) == set()


@pytest.mark.parametrize(
    ("table", "column", "parent"),
    [
        ("module", "course_id", "course"),
        ("milestone", "course_id", "course"),
        ("lesson", "module_id", "module"),
        ("block", "lesson_id", "lesson"),
    ],
)
def test_nothing_is_hung_below_another_course(owner: Owner, world: World, table: str, column: str, parent: str) -> None:
    move = f"UPDATE {{table}} SET {column} = %(to)s WHERE {THIS_ROW}"
    to = {"to": world.objects["live"][parent]}
    with acting_as(owner, _within(world, "draft", EDIT, PUBLISH)):
        assert attempt(owner, move, table, {**_row(world, table, "draft"), **to}) is None


def test_nothing_changes_the_course_that_it_belongs_to(owner: Owner, world: World) -> None:
    give = "UPDATE {table} SET root_id = %(root)s WHERE id = %(id)s"
    draft, live = world.objects["draft"], world.objects["live"]
    with acting_as(owner, _within(world, "draft", EDIT, PUBLISH)):
        assert attempt(owner, give, "content", {"id": draft["module"], "root": live["course"]}) is None
        assert attempt(owner, give, "content", {"id": live["module"], "root": draft["course"]}) == 0


@pytest.mark.parametrize("table", ["content", "revision"])
def test_identities_and_revisions_are_read_of_the_one_course(owner: Owner, world: World, table: str) -> None:
    def roots(who: Persona) -> set[Any]:
        with acting_as(owner, who):
            return {str(row[0]) for row in owner.execute(f"SELECT root_id FROM {table}".encode()).fetchall()}

    assert roots(_within(world, "live", EDIT)) == {world.objects["live"]["course"]}
    assert roots(_within(world, "live", PUBLISH)) == set()


@pytest.mark.parametrize("entity", FOUND_BY_NODE)
def test_who_asks_for_drafts_finds_those_of_their_course(world: World, author: Client, entity: str) -> None:
    found = {state: author.ask(DRAFT_NODE, id=made[entity])["node"] for state, made in world.objects.items()}
    own = None if entity == "theme" else {"id": world.objects["draft"][entity]}
    assert found == {"draft": own, "live": None, "trashed": None}


def test_the_trash_holds_what_was_put_there_from_their_course(world: World, author: Client) -> None:
    assert author.ask("{ trash { totalCount } }")["trash"]["totalCount"] == 0


def test_the_viewer_is_told_what_they_may_where(world: World, author: Client) -> None:
    viewer = author.ask("{ viewer { canEdit canPublish canImport scopes courses { courseId can } } }")["viewer"]
    assert viewer == {
        "canEdit": False,
        "canPublish": False,
        "canImport": False,
        "scopes": [],
        "courses": [
            {
                "courseId": world.objects["draft"]["course"],
                "can": ["CONTENT_EDIT", "CONTENT_PUBLISH", "AGGREGATES_READ"],
            }
        ],
    }


def _with_scope(*, within: bool) -> list[str]:
    content = (Scope.CONTENT_EDIT, Scope.CONTENT_PUBLISH, Scope.CONTENT_IMPORT)
    kind = contract().mutation_type
    assert kind is not None
    return [name for name in kind.fields if gate_of(name) in content and works_within(name) is within]


def _answer(world: World, client: Client, mutation: str, state: str) -> dict[str, Any]:
    """What a mutation answers that is about the course of this state, or something in it."""
    kind = contract().mutation_type
    assert kind is not None
    wanted = kind.fields[mutation].args["input"].type
    made = world.objects[state]
    plain = {"Int": 1, "Float": 1.0, "Boolean": True, "Date": "2026-01-01", "DateTime": "2100-01-01T00:00:00Z"}
    subject = next((each for each in FOUND_BY_NODE if mutation.startswith(each)), "course")
    if mutation.startswith("regrade"):
        subject = "assessment"

    def leaf(name: str, kind: str) -> Any:
        if name in ("themeId", "unlockAfterId"):
            return None
        named = name.removesuffix("Id")
        return made.get(named, made[subject]) if kind == "ID" else plain.get(kind, "words")

    assert get_named_type(wanted)
    given = value(wanted, "input", leaf)
    return client.answer(
        f"mutation($input: {wanted}) {{ {mutation}(input: $input) {{ errors {{ code }} }} }}", input=given
    )


@pytest.mark.parametrize("mutation", _with_scope(within=True))
def test_what_works_within_a_course_finds_nothing_in_another(world: World, author: Client, mutation: str) -> None:
    before = world.clients["editor"].ask(TREES)
    for state in ("live", "trashed"):
        answer = _answer(world, author, mutation, state)
        assert "errors" not in answer, answer
        codes = [error["code"] for error in answer["data"][mutation]["errors"]]
        assert codes
        assert set(codes) <= {"NOT_FOUND", "FORBIDDEN", "INVALID", "REQUIRED"}
    assert world.clients["editor"].ask(TREES) == before


TREES = """query @perspective(stage: DRAFT) { courses(first: 100) { nodes { id treeRevision publishState } }
    themes(first: 100) { nodes { id treeRevision } } }"""


@pytest.mark.parametrize("mutation", _with_scope(within=False))
def test_what_reaches_beyond_one_course_is_for_those_who_edit_them_all(
    world: World, author: Client, mutation: str
) -> None:
    answer = _answer(world, author, mutation, "draft")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


def test_every_staged_table_names_the_parents_that_must_not_lie_outside() -> None:
    for model in TABLES:
        if issubclass(model, Staged):
            parents = [column for column, _ in model.__parents__ if column != "id"]
            assert set(model.__policies__) <= set(staged_policies(*parents))
