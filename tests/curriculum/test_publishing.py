"""Publishing: what readers get, how a draft stands to it, what stands in the way, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.ids import new_id
from tests.curriculum import authors
from tests.support import factories
from tests.support.clients import Client, Data

STATE = "course { publishState publishedRevision { number message } revisions { nodes { number message createdAt } } }"


def state(editor: Client, kind: str, object_id: str) -> str:
    """How a root's draft stands to what readers see."""
    document = f"query($id: ID!) @perspective(stage: DRAFT) {{ {kind}(id: $id) {{ publishState }} }}"
    found: str = editor.ask(document, id=object_id)[kind]["publishState"]
    return found


def refusal(editor: Client, name: str, **input: Any) -> tuple[str, list[str]]:
    """The code and the path of the one error."""
    found = editor.refused(name, **input)
    return found["code"], found["path"]


def same(draft: Data | None, live: Data | None) -> bool:
    """Whether two trees are equal in all that both stages have."""
    return draft is not None and draft == live


# Going live ----------------------------------------------------------------------------------------------------------


def test_readers_get_the_whole_draft_as_it_stands(editor: Client, reader: Client) -> None:
    theme = factories.theme(editor, publish=True)
    made = factories.tree(editor, modules=2, lessons=2, blocks=2, themeId=theme)
    factories.block(editor, made["lessons"][0], factories.choice_question())
    editor.do("lessonTrash", "__typename", id=made["lessons"][3])
    assert authors.live(reader, made["course"]) is None
    assert factories.publish(editor, made["course"]) == 1
    assert same(authors.course(editor, made["course"]), authors.live(reader, made["course"]))


def test_a_theme_goes_live_by_itself(editor: Client, reader: Client) -> None:
    theme = factories.theme(editor, title="Joy")
    document = "query($id: ID!) { theme(id: $id) { title } }"
    assert reader.ask(document, id=theme) == {"theme": None}
    payload = editor.do("themePublish", "theme { publishState publishedRevision { number } }", id=theme)
    assert payload["theme"] == {"publishState": "PUBLISHED", "publishedRevision": {"number": 1}}
    assert reader.ask(document, id=theme) == {"theme": {"title": "Joy"}}


def test_revisions_are_numbered_and_say_what_their_publisher_said(editor: Client) -> None:
    course = factories.course(editor)
    for message in ("First edition", None, "Ünïcode ✓"):
        editor.do("coursePublish", "revision", id=course, message=message)
    payload = editor.do("coursePublish", f"revision {STATE}", id=course, message="x" * 500)
    assert payload["revision"] == 4
    assert payload["course"]["publishedRevision"] == {"number": 4, "message": "x" * 500}
    history = [(each["number"], each["message"]) for each in payload["course"]["revisions"]["nodes"]]
    assert history == [(4, "x" * 500), (3, "Ünïcode ✓"), (2, None), (1, "First edition")]


def test_every_root_has_numbers_of_its_own(editor: Client) -> None:
    theme, *courses = factories.theme(editor, publish=True), factories.course(editor), factories.course(editor)
    assert [factories.publish(editor, each) for each in courses] == [1, 1]
    payload = editor.do("themePublish", "theme { publishedRevision { number } }", id=theme)
    assert payload["theme"] == {"publishedRevision": {"number": 2}}


def test_publishing_again_without_a_change_changes_nothing_but_the_number(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    before, draft = authors.live(reader, made["course"]), authors.course(editor, made["course"])
    times = "query($id: ID!) { course(id: $id) { updatedAt modules { updatedAt } } }"
    saved = reader.ask(times, id=made["course"])
    assert factories.publish(editor, made["course"]) == 2
    assert authors.live(reader, made["course"]) == before
    assert authors.course(editor, made["course"]) == draft
    assert reader.ask(times, id=made["course"]) == saved


def test_a_publication_may_demand_that_nothing_was_saved_since_it_was_looked_at(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    seen = authors.tree_revision(editor, made["course"])
    authors.save(editor, "blockUpdate", "__typename", made["blocks"][0], block={"text": {"markdown": "x"}})
    payload = editor.mutate("coursePublish", "revision", id=made["course"], expectedTreeRevision=seen)
    (conflict,) = payload["errors"]
    assert (conflict["code"], conflict["path"]) == ("REVISION_CONFLICT", ["expectedTreeRevision"])
    assert (conflict["expectedRevision"], conflict["actualRevision"], conflict["fields"]) == (seen, seen + 1, [])
    assert payload["revision"] is None
    published = editor.do("coursePublish", "revision", id=made["course"], expectedTreeRevision=seen + 1)
    assert published["revision"] == 1


def test_an_empty_course_may_be_published(editor: Client, reader: Client) -> None:
    course = factories.course(editor)
    factories.publish(editor, course)
    assert authors.outline(authors.live(reader, course)) == []


def test_slugs_may_change_owners_from_one_publication_to_the_next(editor: Client, reader: Client) -> None:
    old, new = factories.course(editor, slug="one"), factories.course(editor, slug="two")
    factories.publish(editor, old)
    authors.save(editor, "courseUpdate", "__typename", old, slug="three")
    authors.save(editor, "courseUpdate", "__typename", new, slug="one")
    assert refusal(editor, "coursePublish", id=new) == ("TAKEN", ["id"])
    factories.publish(editor, old)
    factories.publish(editor, new)
    assert reader.ask('{ course(slug: "one") { id } }') == {"course": {"id": new}}


# How things stand ----------------------------------------------------------------------------------------------------

Change = Callable[[Client, Data], Any]
CHANGES: dict[str, Change] = {
    "the course is saved": lambda e, m: authors.save(e, "courseUpdate", "__typename", m["course"], summary="x"),
    "a module is saved": lambda e, m: authors.save(e, "moduleUpdate", "__typename", m["modules"][0], title="x"),
    "a lesson is saved": lambda e, m: authors.save(e, "lessonUpdate", "__typename", m["lessons"][0], title="x"),
    "a text is saved": lambda e, m: authors.save(
        e, "blockUpdate", "__typename", m["blocks"][0], block={"text": {"markdown": "x"}}
    ),
    "an answer key is saved": lambda e, m: authors.save(
        e, "blockUpdate", "__typename", m["question"], block={"multipleChoice": {"explanation": "x"}}
    ),
    "milestones are set": lambda e, m: authors.save(
        e,
        "courseMilestonesSet",
        "__typename",
        m["course"],
        milestones=[{"name": "A", "startDay": 1, "endDay": 2}],
    ),
    "a module moves": lambda e, m: e.do("moduleMove", "__typename", id=m["modules"][1], afterId=None),
    "a lesson moves": lambda e, m: e.do("lessonMove", "__typename", id=m["lessons"][0]),
    "a lesson moves away": lambda e, m: e.do("lessonMove", "__typename", id=m["lessons"][0], moduleId=m["modules"][1]),
    "a block moves": lambda e, m: e.do("blockMove", "__typename", id=m["blocks"][0]),
    "a module is added": lambda e, m: factories.module(e, m["course"]),
    "a lesson is added": lambda e, m: factories.lesson(e, m["modules"][0]),
    "a block is added": lambda e, m: factories.block(e, m["lessons"][0]),
    "a module is trashed": lambda e, m: e.do("moduleTrash", "__typename", id=m["modules"][2]),
    "a lesson is trashed": lambda e, m: e.do("lessonTrash", "__typename", id=m["lessons"][2]),
    "a block is trashed": lambda e, m: e.do("blockTrash", "__typename", id=m["blocks"][0]),
}


def test_a_course_is_changed_when_anything_of_it_is_and_published_again_when_that_is(
    editor: Client, reader: Client, subtests: pytest.Subtests
) -> None:
    made: Data = factories.tree(editor, modules=3, lessons=3, blocks=2)
    made["question"] = factories.block(editor, made["lessons"][1], factories.choice_question())
    assert state(editor, "course", made["course"]) == "DRAFT"
    for name, change in CHANGES.items():
        factories.publish(editor, made["course"])
        with subtests.test(change=name):
            assert same(authors.course(editor, made["course"]), authors.live(reader, made["course"]))
            assert state(editor, "course", made["course"]) == "PUBLISHED"
            change(editor, made)
            assert state(editor, "course", made["course"]) == "CHANGED"


@pytest.mark.parametrize("kind", ["module", "lesson", "block"])
def test_a_course_is_as_published_again_when_what_was_trashed_is_back(editor: Client, kind: str) -> None:
    made = factories.tree(editor, modules=2, lessons=2, blocks=2)
    factories.publish(editor, made["course"])
    editor.do(f"{kind}Trash", "__typename", id=made[f"{kind}s"][0])
    assert state(editor, "course", made["course"]) == "CHANGED"
    editor.do(f"{kind}Restore", "__typename", id=made[f"{kind}s"][0])
    assert state(editor, "course", made["course"]) == "PUBLISHED"


def test_a_theme_is_not_changed_by_its_courses(editor: Client) -> None:
    theme = factories.theme(editor, publish=True)
    course = factories.course(editor, themeId=theme)
    factories.publish(editor, course)
    assert state(editor, "theme", theme) == "PUBLISHED"
    authors.save(editor, "themeUpdate", "__typename", theme, summary="x")
    assert (state(editor, "theme", theme), state(editor, "course", course)) == ("CHANGED", "PUBLISHED")


def test_other_courses_do_not_change_with_one(editor: Client) -> None:
    first, second = (factories.course(editor) for _ in range(2))
    for each in (first, second):
        factories.publish(editor, each)
    factories.module(editor, first)
    assert (state(editor, "course", first), state(editor, "course", second)) == ("CHANGED", "PUBLISHED")


# What stands in the way ----------------------------------------------------------------------------------------------


def test_the_theme_goes_first(editor: Client) -> None:
    theme = factories.theme(editor)
    course = factories.course(editor, themeId=theme)
    assert refusal(editor, "coursePublish", id=course) == ("THEME_NOT_PUBLISHED", ["id"])
    editor.do("themePublish", "__typename", id=theme)
    assert factories.publish(editor, course) == 1


def test_a_theme_stays_while_readers_have_courses_of_it(editor: Client, reader: Client) -> None:
    theme = factories.theme(editor, publish=True)
    course = factories.course(editor, themeId=theme)
    factories.publish(editor, course)
    authors.save(editor, "courseUpdate", "__typename", course, themeId=None)
    assert refusal(editor, "themeUnpublish", id=theme) == ("HAS_COURSES", ["id"])
    assert reader.ask("query($id: ID!) { theme(id: $id) { id } }", id=theme)["theme"] == {"id": theme}
    factories.publish(editor, course)
    editor.do("themeUnpublish", "__typename", id=theme)
    assert reader.ask("query($id: ID!) { theme(id: $id) { id } }", id=theme) == {"theme": None}


def test_every_reason_is_told_at_once_and_nothing_is_published(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=1, blocks=0, themeId=factories.theme(editor))
    rule = {"releaseRule": "AFTER_MODULE", "unlockAfterId": made["modules"][0]}
    authors.save(editor, "moduleUpdate", "__typename", made["modules"][1], **rule)
    for verb, module in (("Trash", 1), ("Trash", 0), ("Restore", 1)):
        editor.do(f"module{verb}", "__typename", id=made["modules"][module])
    same = [{"moduleId": made["modules"][1], "title": "T", "slug": "same"}] * 2
    factories.many(editor, "lessonCreate", "__typename", same)
    payload = editor.mutate("coursePublish", "revision course { id publishState }", id=made["course"])
    assert {each["code"] for each in payload["errors"]} == {"THEME_NOT_PUBLISHED", "NOT_FOUND", "DUPLICATE_SLUG"}
    assert payload["revision"] is None
    assert payload["course"] == {"id": made["course"], "publishState": "DRAFT"}
    assert authors.live(reader, made["course"]) is None


@pytest.mark.parametrize("message", ["x" * 501, "a\0b"])
@pytest.mark.parametrize("kind", ["theme", "course"])
def test_a_message_that_cannot_be_kept_is_refused(editor: Client, kind: str, message: str) -> None:
    root = {"theme": factories.theme, "course": factories.course}[kind](editor)
    assert refusal(editor, f"{kind}Publish", id=root, message=message) == ("INVALID", ["message"])
    assert state(editor, kind, root) == "DRAFT"


@pytest.mark.parametrize("kind", ["theme", "course"])
@pytest.mark.parametrize("verb", ["Publish", "Unpublish"])
def test_only_what_is_there_is_published_and_unpublished(editor: Client, kind: str, verb: str) -> None:
    root = {"theme": factories.theme, "course": factories.course}[kind](editor)
    editor.do(f"{kind}Trash", "__typename", id=root)
    tag = {"theme": 0x032, "course": 0x033}[kind]
    for missing in (root, new_id(tag)):
        assert refusal(editor, f"{kind}{verb}", id=missing) == ("NOT_FOUND", ["id"])
    for wrong in ("nonsense", new_id(0x035)):
        assert refusal(editor, f"{kind}{verb}", id=wrong) == ("WRONG_KIND_OF_ID", ["id"])


# The way back --------------------------------------------------------------------------------------------------------


def test_an_unpublished_course_is_gone_for_readers_and_the_draft_is_as_it_was(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    authors.save(editor, "lessonUpdate", "__typename", made["lessons"][0], title="Changed")
    draft = authors.course(editor, made["course"])
    payload = editor.do("courseUnpublish", STATE, id=made["course"])["course"]
    assert (payload["publishState"], payload["publishedRevision"]) == ("DRAFT", None)
    assert [each["number"] for each in payload["revisions"]["nodes"]] == [1]
    assert authors.live(reader, made["course"]) is None
    counts = "{ courses { totalCount } modules { totalCount } lessons { totalCount } blocks { totalCount } }"
    assert {each["totalCount"] for each in reader.ask(counts).values()} == {0}
    assert authors.course(editor, made["course"]) == {**draft, "publishState": "DRAFT"}
    assert factories.publish(editor, made["course"]) == 2


@pytest.mark.parametrize("kind", ["theme", "course"])
def test_what_is_not_published_cannot_be_unpublished(editor: Client, kind: str) -> None:
    root = {"theme": factories.theme, "course": factories.course}[kind](editor)
    assert refusal(editor, f"{kind}Unpublish", id=root) == ("NOT_PUBLISHED", ["id"])
    editor.do(f"{kind}Publish", "__typename", id=root)
    editor.do(f"{kind}Unpublish", "__typename", id=root)
    assert refusal(editor, f"{kind}Unpublish", id=root) == ("NOT_PUBLISHED", ["id"])
