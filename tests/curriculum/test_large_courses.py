"""A course that outgrew everything the planner knows: whole-tree acts take what their rows take, and no more."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest

from core.tables import table_of
from models.content import Content
from models.curriculum import AnswerKey, Block, Lesson
from tests.curriculum.test_publishing import state
from tests.support import factories
from tests.support.clients import Client

MODULES, LESSONS = 8, 500
# Where writing the rows by hand takes half a second, a restore takes two to five; acts that go row by row take longer.
TIMES, SECONDS = 24, 5

Do = Callable[..., dict[str, object]]


@dataclass(frozen=True)
class Large:
    """A published course of one lesson, of which the planner knows, that then became one of 4,000; and how long that
    took this machine, with all else that it does."""

    id: str
    seconds: float


@pytest.fixture
def large(editor: Client, database_url: str) -> Large:
    """The course."""
    made = factories.tree(editor, modules=MODULES, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        start = time.perf_counter()
        with connection.transaction():
            connection.execute("SET CONSTRAINTS ALL DEFERRED")
            for module in made["modules"]:
                _grow(connection, made["course"], module, made["lessons"][0], made["blocks"][0])
    return Large(str(made["course"]), time.perf_counter() - start)


def _grow(
    connection: psycopg.Connection[tuple[object, ...]], course: str, module: str, lesson: str, block: str
) -> None:
    """Adds lessons of one block to a module, as the given lesson and block are but for what must differ."""
    lessons = [Lesson.new_id() for _ in range(LESSONS - 1)]
    blocks = [Block.new_id() for _ in lessons]
    for kind, ids in (("lesson", lessons), ("block", blocks)):
        made = f"INSERT INTO {table_of(Content).name} (id, kind, root_id) SELECT unnest(%s::uuid[]), %s, %s"
        connection.execute(made, [ids, kind, course])
    new = "unnest(%s::uuid[], %s::uuid[]) WITH ORDINALITY AS new (id, parent_id, place)"
    parents = [module] * len(lessons)
    for model, ids, above, original, changed in (
        (Lesson, lessons, parents, lesson, {"module_id": "new.parent_id", "slug": "new.id"}),
        (Block, blocks, lessons, block, {"lesson_id": "new.parent_id"}),
        (AnswerKey, blocks, lessons, block, {}),
    ):
        table = table_of(model)
        changed = {"id": "new.id", **changed, **({"position": "new.place + 1"} if "position" in table.c else {})}
        columns = [column.name for column in table.c]
        values = ", ".join(changed.get(name, f'old."{name}"') for name in columns)
        statement = f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {values} FROM {table.name} AS old, {new}"
        connection.execute(f"{statement} WHERE old.id = %s AND old.stage = 'draft'", [ids, above, original])


@pytest.fixture
def timed(editor: Client, large: Large) -> Do:
    """Does a mutation, which must succeed in about the time that its rows take."""
    most = max(SECONDS, TIMES * large.seconds)

    def do(name: str, selection: str, **input: object) -> dict[str, object]:
        start = time.perf_counter()
        payload = editor.do(name, selection, **input)
        assert time.perf_counter() - start < most, name
        return payload

    return do


def test_a_course_of_four_thousand_lessons_lives_a_whole_life(large: Large, editor: Client, timed: Do) -> None:
    assert state(editor, "course", large.id) == "CHANGED"
    for number in (2, 3):
        assert timed("coursePublish", "revision", id=large.id) == {"revision": number, "errors": []}
    assert state(editor, "course", large.id) == "PUBLISHED"
    timed("courseDuplicate", "course { id }", id=large.id)
    asked = "query($id: ID!) @perspective(stage: DRAFT) { course(id: $id) { treeRevision } }"
    revision = editor.ask(asked, id=large.id)
    timed(
        "courseRevisionRestore",
        "__typename",
        id=large.id,
        number=1,
        expectedTreeRevision=revision["course"]["treeRevision"],
    )
    timed("courseUnpublish", "__typename", id=large.id)
    timed("courseTrash", "__typename", id=large.id)
