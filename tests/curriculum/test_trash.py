"""The trash: what goes in together comes back together, and nothing comes back to a parent that lies there."""

from __future__ import annotations

from typing import Any

import pytest

from core.ids import new_id
from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data

LEVELS = {"course": 0x033, "module": 0x035, "lesson": 0x036, "block": 0x037}


def made_for(editor: Client) -> Data:
    """A tree of two at every level; of each level, the first is what the test is about."""
    return factories.tree(editor, modules=2, lessons=2, blocks=2)


def first(made: Data, kind: str) -> str:
    """The first object of a level."""
    object_id: str = made["course"] if kind == "course" else made[f"{kind}s"][0]
    return object_id


def refusal(editor: Client, name: str, **input: Any) -> tuple[str, list[str]]:
    """The code and the path of the one error."""
    found = editor.refused(name, **input)
    return found["code"], found["path"]


def visible(editor: Client, made: Data) -> set[str]:
    """Which of all the objects are in the draft."""
    document = "query($ids: [ID!]!) @perspective(stage: DRAFT) { nodes(ids: $ids) { id } }"
    everything = [made["course"], *made["modules"], *made["lessons"], *made["blocks"]]
    return {each["id"] for each in editor.ask(document, ids=everything)["nodes"] if each}


BELOW = {
    "course": lambda made: {made["course"], *made["modules"], *made["lessons"], *made["blocks"]},
    "module": lambda made: {made["modules"][0], *made["lessons"][:2], *made["blocks"][:4]},
    "lesson": lambda made: {made["lessons"][0], *made["blocks"][:2]},
    "block": lambda made: {made["blocks"][0]},
}


@pytest.mark.parametrize("kind", LEVELS)
def test_an_object_goes_and_comes_back_with_all_below_it(editor: Client, kind: str) -> None:
    made = made_for(editor)
    before = authors.course(editor, made["course"])
    everything = visible(editor, made)
    payload = editor.do(f"{kind}Trash", f"{kind} {{ id }}", id=first(made, kind))
    assert payload[kind] == {"id": first(made, kind)}
    assert everything - visible(editor, made) == BELOW[kind](made)
    assert authors.trashed(editor) == {first(made, kind): kind}
    editor.do(f"{kind}Restore", f"{kind} {{ id }}", id=first(made, kind))
    assert authors.course(editor, made["course"]) == before
    assert authors.trashed(editor) == {}


def test_a_theme_goes_and_comes_back(editor: Client) -> None:
    theme = factories.theme(editor, title="Gone")
    editor.do("themeTrash", "theme { id }", id=theme)
    document = "query @perspective(stage: DRAFT) { themes { nodes { title } } }"
    assert editor.ask(document) == {"themes": {"nodes": []}}
    assert editor.do("themeRestore", "theme { title }", id=theme)["theme"] == {"title": "Gone"}
    assert editor.ask(document) == {"themes": {"nodes": [{"title": "Gone"}]}}


def test_the_trash_names_what_was_put_there_and_not_what_went_along(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1, title="The course")
    titled = factories.block(editor, made["lessons"][0], {"text": {"title": "The block", "markdown": "x"}})
    for block in (made["blocks"][0], titled):
        editor.do("blockTrash", "__typename", id=block)
    editor.do("courseTrash", "__typename", id=made["course"])
    nodes = editor.ask("{ trash { totalCount nodes { kind title trashedAt } } }")["trash"]
    assert nodes["totalCount"] == 3
    assert {(each["kind"], each["title"]) for each in nodes["nodes"]} == {
        ("course", "The course"),
        ("block", "The block"),
        ("block", "block"),
    }
    assert all(each["trashedAt"] for each in nodes["nodes"])


def test_what_was_in_the_trash_before_stays_there(editor: Client) -> None:
    made = made_for(editor)
    editor.do("blockTrash", "__typename", id=made["blocks"][0])
    editor.do("lessonTrash", "__typename", id=made["lessons"][1])
    editor.do("moduleTrash", "__typename", id=made["modules"][0])
    editor.do("moduleRestore", "__typename", id=made["modules"][0])
    gone = {made["blocks"][0], made["lessons"][1], *made["blocks"][2:4]}
    assert BELOW["course"](made) - visible(editor, made) == gone
    editor.do("lessonRestore", "__typename", id=made["lessons"][1])
    editor.do("blockRestore", "__typename", id=made["blocks"][0])
    assert visible(editor, made) == BELOW["course"](made)


@pytest.mark.parametrize(("kind", "parent"), [("module", "course"), ("lesson", "module"), ("block", "lesson")])
def test_nothing_comes_back_to_a_parent_in_the_trash(editor: Client, kind: str, parent: str) -> None:
    made = made_for(editor)
    before = authors.course(editor, made["course"])
    editor.do(f"{kind}Trash", "__typename", id=first(made, kind))
    editor.do(f"{parent}Trash", "__typename", id=first(made, parent))
    assert refusal(editor, f"{kind}Restore", id=first(made, kind)) == ("PARENT_IN_TRASH", ["id"])
    editor.do(f"{parent}Restore", "__typename", id=first(made, parent))
    editor.do(f"{kind}Restore", "__typename", id=first(made, kind))
    assert authors.course(editor, made["course"]) == before


def test_what_went_along_does_not_come_back_alone(editor: Client) -> None:
    made = made_for(editor)
    editor.do("moduleTrash", "__typename", id=made["modules"][0])
    for kind in ("lesson", "block"):
        assert refusal(editor, f"{kind}Restore", id=first(made, kind)) == ("PARENT_IN_TRASH", ["id"])


@pytest.mark.parametrize("kind", LEVELS)
def test_only_what_is_there_goes_and_only_what_is_in_the_trash_comes_back(editor: Client, kind: str) -> None:
    object_id = first(made_for(editor), kind)
    missing = ("NOT_FOUND", ["id"])
    assert refusal(editor, f"{kind}Restore", id=object_id) == missing
    editor.do(f"{kind}Trash", "__typename", id=object_id)
    assert refusal(editor, f"{kind}Trash", id=object_id) == missing
    nobody = new_id(LEVELS[kind])
    for name in (f"{kind}Trash", f"{kind}Restore"):
        assert refusal(editor, name, id=nobody) == missing
        for wrong in ("nonsense", new_id(0x034)):
            assert refusal(editor, name, id=wrong) == ("WRONG_KIND_OF_ID", ["id"])


@pytest.mark.parametrize("kind", ["theme", "course"])
def test_what_is_published_is_unpublished_first(editor: Client, kind: str) -> None:
    root = {"theme": factories.theme, "course": factories.course}[kind](editor)
    editor.do(f"{kind}Publish", "__typename", id=root)
    assert refusal(editor, f"{kind}Trash", id=root) == ("PUBLISHED", ["id"])
    editor.do(f"{kind}Unpublish", "__typename", id=root)
    editor.do(f"{kind}Trash", "__typename", id=root)
    assert authors.trashed(editor) == {root: kind}


def test_a_theme_with_courses_stays(editor: Client) -> None:
    theme, other = factories.theme(editor), factories.theme(editor)
    course = factories.course(editor, themeId=theme)
    assert refusal(editor, "themeTrash", id=theme) == ("HAS_COURSES", ["id"])
    authors.save(editor, "courseUpdate", "__typename", course, themeId=other)
    editor.do("themeTrash", "__typename", id=theme)
    editor.do("courseTrash", "__typename", id=course)
    editor.do("themeTrash", "__typename", id=other)
    assert set(authors.trashed(editor)) == {theme, other, course}


def test_a_course_does_not_come_back_to_a_theme_in_the_trash(editor: Client) -> None:
    theme = factories.theme(editor)
    course = factories.course(editor, themeId=theme)
    editor.do("courseTrash", "__typename", id=course)
    editor.do("themeTrash", "__typename", id=theme)
    assert refusal(editor, "courseRestore", id=course) == ("PARENT_IN_TRASH", ["id"])
    editor.do("themeRestore", "__typename", id=theme)
    payload = editor.do("courseRestore", "course { theme { id } }", id=course)
    assert payload["course"] == {"theme": {"id": theme}}


@pytest.mark.parametrize("kind", ["module", "lesson", "block"])
def test_readers_keep_what_was_published_until_the_next_publication(editor: Client, reader: Client, kind: str) -> None:
    made = made_for(editor)
    factories.publish(editor, made["course"])
    before = authors.live(reader, made["course"])
    editor.do(f"{kind}Trash", "__typename", id=first(made, kind))
    assert authors.live(reader, made["course"]) == before
    factories.publish(editor, made["course"])
    draft = authors.outline(authors.course(editor, made["course"]))
    assert authors.outline(authors.live(reader, made["course"])) == draft
    document = f"query($id: ID!) {{ {kind}(id: $id) {{ id }} }}"
    assert reader.ask(document, id=first(made, kind)) == {kind: None}
