"""Sealed revisions: the draft becomes again what readers once saw, and nothing that it had since is lost."""

from __future__ import annotations

from typing import Any

import pytest

from core.ids import new_id
from models.curriculum import Course
from tests.curriculum import authors
from tests.curriculum.contents import one_of_everything
from tests.curriculum.test_copies import DOCUMENT
from tests.support import factories
from tests.support.clients import Client, Data


def refusal(editor: Client, course: str, number: int) -> tuple[str, list[str]]:
    """The code and the path of the one error that loading a revision must end in."""
    seen = authors.tree_revision(editor, course) if authors.maybe_course(editor, course) else 0
    error = editor.refused("courseRevisionRestore", id=course, number=number, expectedTreeRevision=seen)
    return error["code"], error["path"]


def milestone(name: str, start: int, end: int) -> Data:
    """A milestone as input."""
    return {"name": name, "startDay": start, "endDay": end}


def rewritten(editor: Client, made: Data) -> None:
    """A draft that differs from what was published in every way there is."""
    authors.save(editor, "courseUpdate", "__typename", made["course"], title="New", kind="JOURNAL", durationDays=9)
    milestones = [milestone("New", 1, 2)]
    authors.save(editor, "courseMilestonesSet", "__typename", made["course"], milestones=milestones)
    authors.save(editor, "moduleUpdate", "__typename", made["modules"][0], title="New", summary="New")
    authors.save(editor, "lessonUpdate", "__typename", made["lessons"][0], title="New", minutes=9)
    authors.save(editor, "blockUpdate", "__typename", made["blocks"][0], block={"text": {"markdown": "New"}})
    editor.do("moduleMove", "__typename", id=made["modules"][1], afterId=None)
    editor.do("lessonMove", "__typename", id=made["lessons"][1], moduleId=made["modules"][1], afterId=None)
    editor.do("blockMove", "__typename", id=made["blocks"][1], lessonId=made["lessons"][3], afterId=None)
    editor.do("blockTrash", "__typename", id=made["blocks"][4])
    editor.do("lessonTrash", "__typename", id=made["lessons"][3])
    module = factories.module(editor, made["course"], afterId=None)
    factories.block(editor, factories.lesson(editor, module))
    factories.block(editor, made["lessons"][0], afterId=None)


def test_the_draft_is_again_what_readers_once_saw(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=2, blocks=2)
    milestones = [milestone("First", 1, 9), milestone("Second", 10, 18)]
    authors.save(editor, "courseMilestonesSet", "__typename", made["course"], milestones=milestones)
    factories.publish(editor, made["course"])
    before = editor.ask(DOCUMENT, id=made["course"])
    rewritten(editor, made)
    factories.publish(editor, made["course"])
    authors.restore(editor, made["course"], 1)
    assert editor.ask(DOCUMENT, id=made["course"]) == before
    assert authors.course(editor, made["course"])["publishState"] == "CHANGED"
    assert authors.outline(authors.live(reader, made["course"])) != authors.outline(
        authors.course(editor, made["course"])
    )
    assert factories.publish(editor, made["course"]) == 4
    assert authors.course(editor, made["course"]) == authors.live(reader, made["course"])


def test_every_format_comes_back_with_its_answer_key(editor: Client) -> None:
    made = one_of_everything(editor)
    authors.restore(editor, made["course"], 1)
    before = editor.ask(DOCUMENT, id=made["course"])
    changes = {
        "multipleChoice": {"explanation": "New", "choices": [{"text": "1", "isCorrect": True}, {"text": "2"}]},
        "matrix": {"rows": [{"text": "New"}]},
        "numeric": {"answers": []},
        "freeform": {"rubric": None},
    }
    for name, change in changes.items():
        authors.save(editor, "blockUpdate", "__typename", made["blocks"][name], block={name: change})
    assert editor.ask(DOCUMENT, id=made["course"]) != before
    authors.restore(editor, made["course"], 1)
    assert editor.ask(DOCUMENT, id=made["course"]) == before


def test_what_the_draft_had_beyond_it_is_in_the_trash_and_comes_back_with_all_below_it(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    module = factories.module(editor, made["course"], title="Extra module")
    factories.block(editor, factories.lesson(editor, module, title="Inside"), {"text": {"markdown": "Deep inside"}})
    lesson = factories.lesson(editor, made["modules"][0], title="Extra lesson")
    factories.block(editor, lesson, {"text": {"markdown": "Inside too"}})
    block = factories.block(editor, made["lessons"][0])
    rich = authors.outline(authors.course(editor, made["course"]))
    authors.restore(editor, made["course"], 1)
    assert authors.trashed(editor) == {module: "module", lesson: "lesson", block: "block"}
    for kind, each in (("module", module), ("lesson", lesson), ("block", block)):
        editor.do(f"{kind}Restore", "__typename", id=each)
    assert authors.outline(authors.course(editor, made["course"])) == rich


def test_what_was_trashed_since_is_back_in_its_place(editor: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=2, blocks=2)
    factories.publish(editor, made["course"])
    before = authors.outline(authors.course(editor, made["course"]))
    editor.do("blockTrash", "__typename", id=made["blocks"][0])
    editor.do("moduleTrash", "__typename", id=made["modules"][0])
    authors.restore(editor, made["course"], 1)
    assert authors.outline(authors.course(editor, made["course"])) == before
    assert authors.trashed(editor) == {}


def test_what_went_to_the_trash_along_with_something_that_is_back_can_be_found_there(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    extra = factories.lesson(editor, made["modules"][0], title="Extra")
    inside = factories.block(editor, extra)
    editor.do("moduleTrash", "__typename", id=made["modules"][0])
    authors.restore(editor, made["course"], 1)
    assert authors.trashed(editor) == {extra: "lesson"}
    editor.do("lessonRestore", "__typename", id=extra)
    lessons = authors.course(editor, made["course"])["modules"][0]["lessons"]
    assert authors.ids(lessons) == [made["lessons"][0], extra]
    assert authors.ids(lessons[1]["blocks"]) == [inside]


def test_positions_are_dense_again_and_the_trash_is_behind(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=3, blocks=0)
    factories.publish(editor, made["course"])
    extra = factories.lesson(editor, made["modules"][0], afterId=None)
    editor.do("lessonMove", "__typename", id=made["lessons"][2], afterId=None)
    authors.restore(editor, made["course"], 1)
    lessons = authors.course(editor, made["course"])["modules"][0]["lessons"]
    assert (authors.ids(lessons), authors.positions(lessons)) == (made["lessons"], [1, 2, 3])
    payload = editor.do("lessonRestore", "lesson { position }", id=extra)
    assert payload["lesson"] == {"position": 4}


def test_milestones_of_a_revision_replace_those_of_the_draft(editor: Client) -> None:
    course = factories.course(editor)

    def set_milestones(*milestones: Data) -> list[str]:
        found = authors.save(
            editor, "courseMilestonesSet", "course { milestones { name } }", course, milestones=list(milestones)
        )
        return [each["name"] for each in found["course"]["milestones"]]

    set_milestones(milestone("A", 1, 9))
    factories.publish(editor, course)
    set_milestones(milestone("A", 2, 5), milestone("B", 6, 9))
    authors.restore(editor, course, 1)
    (only,) = authors.course(editor, course)["milestones"]
    assert (only["name"], only["startDay"], only["endDay"]) == ("A", 1, 9)
    assert authors.trashed(editor) == {}
    assert set_milestones(milestone("A", 1, 2), milestone("B", 3, 4)) == ["A", "B"]


def test_a_milestone_that_comes_back_after_it_was_gone_counts_as_changed(editor: Client, reader: Client) -> None:
    course = factories.course(editor)

    def edition(*milestones: Data) -> None:
        authors.save(editor, "courseMilestonesSet", "__typename", course, milestones=list(milestones))
        factories.publish(editor, course)

    edition(milestone("A", 1, 9))
    edition(milestone("A", 1, 5))
    edition()
    authors.restore(editor, course, 1)
    factories.publish(editor, course)
    authors.save(editor, "courseMilestonesSet", "__typename", course, milestones=[])
    authors.restore(editor, course, 2)
    draft, live = authors.course(editor, course), authors.course(reader, course, authors.LIVE)
    assert [each["endDay"] for each in draft["milestones"] + live["milestones"]] == [5, 9]
    assert draft["publishState"] == "CHANGED"


def test_restoring_counts_as_a_save_of_what_it_changes_and_of_nothing_else(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    authors.save(editor, "lessonUpdate", "__typename", made["lessons"][0], title="Changed")
    authors.restore(editor, made["course"], 1)
    assert authors.revision(editor, made["lessons"][0]) == 3
    for each in (made["course"], made["modules"][0], made["blocks"][0]):
        assert authors.revision(editor, each) == 1
    error = editor.refused("lessonUpdate", id=made["lessons"][0], expectedRevision=2, title="T")
    assert error["code"] == "REVISION_CONFLICT"


def test_the_revisions_themselves_stay_as_they_were_sealed(editor: Client, reader: Client) -> None:
    course = factories.course(editor, title="One")
    factories.publish(editor, course)
    authors.save(editor, "courseUpdate", "__typename", course, title="Two")
    factories.publish(editor, course)
    for number, title in ((1, "One"), (2, "Two"), (1, "One"), (1, "One")):
        authors.restore(editor, course, number)
        assert authors.course(editor, course)["title"] == title
    assert authors.course(reader, course, authors.LIVE)["title"] == "Two"


def test_a_revision_of_an_unpublished_course_can_be_restored(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=1)
    factories.publish(editor, made["course"])
    before = authors.outline(authors.course(editor, made["course"]))
    editor.do("moduleTrash", "__typename", id=made["modules"][0])
    editor.do("courseUnpublish", "__typename", id=made["course"])
    authors.restore(editor, made["course"], 1)
    assert authors.outline(authors.course(editor, made["course"])) == before
    assert authors.live(reader, made["course"]) is None


@pytest.mark.parametrize("number", [0, -1, 2, 2**31 - 1])
def test_only_a_number_that_was_given_is_restored(editor: Client, number: int) -> None:
    course = factories.course(editor)
    factories.publish(editor, course)
    assert refusal(editor, course, number) == ("NOT_FOUND", ["number"])


def test_a_revision_belongs_to_its_own_course(editor: Client) -> None:
    first, second = (factories.course(editor) for _ in range(2))
    factories.publish(editor, first)
    assert refusal(editor, second, 1) == ("NOT_FOUND", ["number"])


def test_only_a_course_that_is_there_is_restored(editor: Client) -> None:
    course = factories.course(editor)
    factories.publish(editor, course)
    editor.do("courseUnpublish", "__typename", id=course)
    editor.do("courseTrash", "__typename", id=course)
    for missing in (course, new_id(Course.__tag__)):
        assert refusal(editor, missing, 1) == ("NOT_FOUND", ["id"])
    error = editor.refused("courseRevisionRestore", id="nonsense", number=1, expectedTreeRevision=0)
    assert (error["code"], error["path"]) == ("WRONG_KIND_OF_ID", ["id"])


def test_a_slug_that_another_course_took_since_stands_in_the_way(editor: Client) -> None:
    course = factories.course(editor, slug="mine")
    factories.publish(editor, course)
    authors.save(editor, "courseUpdate", "__typename", course, slug="other")
    factories.course(editor, slug="mine")
    assert refusal(editor, course, 1) == ("TAKEN", ["slug"])
    assert authors.course(editor, course)["slug"] == "other"


def test_a_theme_in_the_trash_stands_in_the_way(editor: Client) -> None:
    theme = factories.theme(editor, publish=True)
    course = factories.course(editor, themeId=theme)
    factories.publish(editor, course)
    editor.do("courseUnpublish", "__typename", id=course)
    authors.save(editor, "courseUpdate", "__typename", course, themeId=None)
    editor.do("themeUnpublish", "__typename", id=theme)
    editor.do("themeTrash", "__typename", id=theme)
    assert refusal(editor, course, 1) == ("PARENT_IN_TRASH", ["id"])
    editor.do("themeRestore", "__typename", id=theme)
    authors.restore(editor, course, 1)
    document = "query($id: ID!) @perspective(stage: DRAFT) { course(id: $id) { theme { id } } }"
    assert editor.ask(document, id=course)["course"] == {"theme": {"id": theme}}


def test_a_draft_that_somebody_saved_since_it_was_looked_at_is_not_replaced(editor: Client) -> None:
    made = factories.tree(editor, modules=1, lessons=1, blocks=0)
    factories.publish(editor, made["course"])
    seen = authors.tree_revision(editor, made["course"])
    authors.save(editor, "lessonUpdate", "__typename", made["lessons"][0], title="Saved")
    given: Data = {"id": made["course"], "number": 1, "expectedTreeRevision": seen}
    (conflict,) = editor.mutate("courseRevisionRestore", "__typename", **given)["errors"]
    assert (conflict["code"], conflict["path"]) == ("REVISION_CONFLICT", ["expectedTreeRevision"])
    assert authors.course(editor, made["course"])["modules"][0]["lessons"][0]["title"] == "Saved"


def without_positions(value: Any) -> Any:
    """Data without the positions: what lies in the trash leaves gaps, and restoring closes them."""
    if isinstance(value, list):
        return [without_positions(each) for each in value]
    if isinstance(value, dict):
        return {name: without_positions(each) for name, each in value.items() if name != "position"}
    return value


def test_the_draft_that_is_replaced_is_sealed_and_can_be_had_back(editor: Client, reader: Client) -> None:
    made = factories.tree(editor, modules=2, lessons=2, blocks=2)
    factories.publish(editor, made["course"], "First")
    rewritten(editor, made)
    before = without_positions(editor.ask(DOCUMENT, id=made["course"]))
    live = authors.live(reader, made["course"])
    authors.restore(editor, made["course"], 1)
    document = """query($id: ID!) { course(id: $id) { publishedRevision { number }
        revisions { nodes { number kind message } } } }"""
    found = editor.ask(document, id=made["course"])["course"]
    sealed = {"number": 2, "kind": "REPLACED", "message": "The draft before revision 1 was restored"}
    assert found["revisions"]["nodes"] == [sealed, {"number": 1, "kind": "PUBLISHED", "message": "First"}]
    assert found["publishedRevision"] == {"number": 1}
    authors.restore(editor, made["course"], 2)
    assert without_positions(editor.ask(DOCUMENT, id=made["course"])) == before
    assert authors.live(reader, made["course"]) == live


def test_a_theme_has_its_revisions_too(editor: Client, reader: Client) -> None:
    theme = factories.theme(editor, title="One", publish=True)
    authors.save(editor, "themeUpdate", "__typename", theme, title="Two", season="SPRING")
    document = "query($id: ID!) @perspective(stage: DRAFT) { theme(id: $id) { treeRevision } }"
    seen = editor.ask(document, id=theme)["theme"]["treeRevision"]
    given: Data = {"id": theme, "number": 1, "expectedTreeRevision": seen}
    payload = editor.do("themeRevisionRestore", "theme { title season publishState }", **given)
    assert payload["theme"] == {"title": "One", "season": "ANY", "publishState": "CHANGED"}
    stale = editor.refused("themeRevisionRestore", **given)
    assert (stale["code"], stale["path"]) == ("REVISION_CONFLICT", ["expectedTreeRevision"])
