"""Importing again after editors worked on the draft: nothing they did is lost, and what both sides changed is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.importing.habits import QUESTION, Habits
from tests.importing.running import Importer, Tree
from tests.support.clients import Client

pytestmark = pytest.mark.usefixtures("first_import")

Draft = Callable[[], Tree]
Act = Callable[[Tree, Client], None]


def save(editor: Client, mutation: str, tree: Tree, name: str, **fields: Any) -> None:
    each = tree[name]
    editor.do(mutation, "__typename", id=each["id"], expectedRevision=each["revision"], **fields)


def write(editor: Client, tree: Tree, name: str, markdown: str) -> None:
    save(editor, "blockUpdate", tree, name, block={"text": {"markdown": markdown}})


def choose(editor: Client, tree: Tree, *choices: dict[str, Any]) -> None:
    save(editor, "blockUpdate", tree, "When?", block={"multipleChoice": {"choices": list(choices)}})


def move(editor: Client, kind: str, tree: Tree, name: str, after: str | None, **parent: str) -> None:
    after_id = None if after is None else tree[after]["id"]
    editor.do(f"{kind}Move", "__typename", id=tree[name]["id"], afterId=after_id, **parent)


def trash(editor: Client, kind: str, tree: Tree, name: str) -> None:
    editor.do(f"{kind}Trash", "__typename", id=tree[name]["id"])


def change_everything(habits: Habits) -> None:
    """An export in which something else has changed everywhere."""
    habits.change("course/run.xml", "Small habits", "Smaller habits")
    habits.change("html/bread.html", "two slices", "three slices")
    habits.html("song", "<p>Song: sing.</p>").including("vertical/quiz.xml", "html", "song", after="end")


# What only an editor changed ----------------------------------------------------------------------------------------

CHANGES: dict[str, Act] = {
    "a title": lambda tree, editor: save(editor, "lessonUpdate", tree, "Morning", title="Dawn"),
    "a text": lambda tree, editor: write(editor, tree, "Light", "Light: none."),
    "a text that is gone": lambda tree, editor: save(editor, "courseUpdate", tree, "Small habits", summary="Short."),
    "a choice": lambda tree, editor: choose(
        editor, tree, {"id": "a", "text": "Never ever"}, {"id": "b", "text": "At night", "isCorrect": True}
    ),
    "an answer key": lambda tree, editor: choose(
        editor, tree, {"id": "a", "text": "Never", "isCorrect": True}, {"id": "b", "text": "In the evening"}
    ),
    "the order of blocks": lambda tree, editor: move(editor, "block", tree, "Water", "Waking"),
    "the order of lessons": lambda tree, editor: move(editor, "lesson", tree, "Evening", None),
    "the order of modules": lambda tree, editor: move(editor, "module", tree, "Second week", None),
    "a lesson's module": lambda tree, editor: move(
        editor, "lesson", tree, "Evening", None, moduleId=tree["Second week"]["id"]
    ),
    "a block's lesson": lambda tree, editor: move(editor, "block", tree, "Light", None, lessonId=tree["Evening"]["id"]),
    "a block in the trash": lambda tree, editor: trash(editor, "block", tree, "Light"),
    "a section in the trash": lambda tree, editor: trash(editor, "block", tree, "Waking"),
    "a lesson in the trash": lambda tree, editor: trash(editor, "lesson", tree, "Evening"),
    "a module in the trash": lambda tree, editor: trash(editor, "module", tree, "First week"),
    "a block of their own": lambda tree, editor: editor.do(
        "blockCreate",
        "__typename",
        lessonId=tree["Morning"]["id"],
        block={"text": {"markdown": "Tea: brew it."}},
        afterId=tree["Light"]["id"],
    ),
    "a section of their own": lambda tree, editor: editor.do(
        "blockCreate",
        "__typename",
        lessonId=tree["Morning"]["id"],
        block={"section": {"title": "Drinking"}},
        afterId=tree["Light"]["id"],
    ),
    "a lesson of their own": lambda tree, editor: editor.do(
        "lessonCreate", "__typename", moduleId=tree["First week"]["id"], title="Noon", afterId=tree["Morning"]["id"]
    ),
}
changes = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())


@changes
def test_an_editors_change_survives_every_later_import(
    importer: Importer, habits: Habits, draft: Draft, editor: Client, change: Act
) -> None:
    change(draft(), editor)
    before = importer.drafts()
    assert importer(habits.path).code == 0
    assert importer.drafts() == before
    change_everything(habits)
    importer(habits.path)
    after = importer.drafts()
    tree = draft()
    assert tree.course["title"] == "Smaller habits"
    assert tree.lesson("Review")[-2:] == ["End", "Song"]
    bread = importer.rows("SELECT id::text FROM block WHERE body LIKE 'Bread: toast%' AND stage = 'draft'")[0].id
    touched = {tree.course["id"], bread}
    assert {each: rows for each, rows in before.items() if each not in touched} == {
        each: after[each] for each in before if each not in touched
    }


# What both sides changed --------------------------------------------------------------------------------------------


def test_a_text_changed_on_both_sides_stays_the_drafts(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    write(editor, draft(), "Light", "Light: none.")
    habits.write("html/light.html", "<p>Light: open the window.</p>")
    assert importer(habits.path).code == 3
    assert draft()["Light"]["markdown"] == "Light: none."
    [issue] = importer.issues("changed_on_both_sides")
    assert issue == (
        "conflict",
        "changed_on_both_sides",
        "First week › Morning › Waking › html (html/light.xml)",
        "The text was changed in the export and here: the draft's stays.",
        draft()["Light"]["id"],
    )


def test_a_conflict_is_told_once_and_stays_decided(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    write(editor, draft(), "Light", "Light: none.")
    importer(habits.write("html/light.html", "<p>Light: open the window.</p>").path)
    assert importer(habits.path).code == 0
    assert draft()["Light"]["markdown"] == "Light: none."


def test_a_decided_conflict_comes_up_again_when_the_export_changes_again(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    write(editor, draft(), "Light", "Light: none.")
    importer(habits.write("html/light.html", "<p>Light: open the window.</p>").path)
    importer(habits.write("html/light.html", "<p>Light: open the door.</p>").path)
    assert draft()["Light"]["markdown"] == "Light: none."
    assert len(importer.issues("changed_on_both_sides")) == 1


def test_going_back_to_the_text_before_a_conflict_is_an_editors_change_too(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    write(editor, draft(), "Light", "Light: none.")
    importer(habits.write("html/light.html", "<p>Light: open the window.</p>").path)
    write(editor, draft(), "Light", "Light: open the curtains.")
    importer(habits.path)
    assert draft()["Light"]["markdown"] == "Light: open the curtains."


def test_who_takes_the_exports_side_of_a_conflict_gets_its_next_changes(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    write(editor, draft(), "Light", "Light: none.")
    importer(habits.write("html/light.html", "<p>Light: open the window.</p>").path)
    write(editor, draft(), "Light", "Light: open the window.")
    assert importer(habits.write("html/light.html", "<p>Light: open the door.</p>").path).code == 0
    assert draft()["Light"]["markdown"] == "Light: open the door."


def test_the_same_change_on_both_sides_is_no_conflict(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    write(editor, draft(), "Light", "Light: open the window.")
    before = importer.drafts()
    assert importer(habits.write("html/light.html", "<p>Light: open the window.</p>").path).code == 0
    assert importer.drafts() == before


def test_a_change_taken_back_in_the_export_leaves_the_editors_text(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    importer(habits.write("html/light.html", "<p>Light: open the window.</p>").path)
    write(editor, draft(), "Light", "Light: none.")
    importer(habits.write("html/light.html", "<p>Light: open the curtains.</p>").path)
    assert draft()["Light"]["markdown"] == "Light: none."
    assert len(importer.issues("changed_on_both_sides")) == 1


def test_a_change_taken_back_by_the_editor_gives_way_to_the_export(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    write(editor, draft(), "Light", "Light: none.")
    write(editor, draft(), "Light", "Light: open the curtains.")
    assert importer(habits.write("html/light.html", "<p>Light: open the window.</p>").path).code == 0
    assert draft()["Light"]["markdown"] == "Light: open the window."


def test_different_fields_of_one_block_are_merged(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    save(editor, "blockUpdate", draft(), "When?", block={"multipleChoice": {"points": 5}})
    assert importer(habits.change("problem/when.xml", "do you rest", "do you sleep").path).code == 0
    question = draft()["When?"]
    assert (question["points"], question["markdown"]) == (5, "When do you sleep?")


def test_changes_that_do_not_go_together_are_a_conflict(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    question = QUESTION.replace("multiplechoice", "choice").replace("choicegroup", "checkboxgroup")
    importer(habits.write("problem/when.xml", question).path)
    more = [{"text": text} for text in ("One", "Two", "Three")]
    save(editor, "blockUpdate", draft(), "When?", block={"multiSelect": {"choices": more, "minimumSelected": 3}})
    third = '<choice correct="false">Sometimes</choice></checkboxgroup>'
    importer(habits.write("problem/when.xml", question.replace("</checkboxgroup>", third)).path)
    assert importer.conflicts() == [("changed_on_both_sides", "When?")]
    assert [choice["text"] for choice in draft()["When?"]["options"]] == ["One", "Two", "Three"]


def test_an_order_changed_on_both_sides_stays_the_drafts(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    habits.html("song", "<p>Song: sing.</p>").including("vertical/wake.xml", "html", "song", after="water")
    importer(habits.path)
    move(editor, "block", draft(), "Song", "Waking")
    habits.without("vertical/wake.xml", "html", "water").including("vertical/wake.xml", "html", "water")
    importer(habits.path)
    assert draft().lesson("Morning") == ["Waking", "Song", "Light", "Water", "Eating", "Bread"]
    assert importer.conflicts() == [("order_changed_on_both_sides", "Waking")]
    assert importer(habits.path).code == 0


def test_the_same_order_on_both_sides_is_no_conflict(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    move(editor, "block", draft(), "Water", "Waking")
    before = importer.drafts()
    habits.without("vertical/wake.xml", "html", "water").including("vertical/wake.xml", "html", "water")
    assert importer(habits.path).code == 0
    assert importer.drafts() == before


def test_a_lesson_moved_on_both_sides_stays_where_the_draft_has_it(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    editor.do("moduleCreate", "__typename", courseId=draft().course["id"], title="Own")
    tree = draft()
    move(editor, "lesson", tree, "Evening", None, moduleId=tree["Own"]["id"])
    habits.without("chapter/first.xml", "sequential", "evening")
    importer(habits.including("chapter/second.xml", "sequential", "evening").path)
    assert [lesson["title"] for lesson in draft()["Own"]["lessons"]] == ["Evening"]
    assert importer.conflicts() == [("moved_on_both_sides", "Evening")]
    assert importer(habits.path).code == 0


def test_a_unit_that_an_editor_moved_stays_when_the_export_moves_another(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    tree = draft()
    move(editor, "block", tree, "Bread", None, lessonId=tree["Review"]["id"])
    habits.without("sequential/morning.xml", "vertical", "wake")
    importer(habits.including("sequential/evening.xml", "vertical", "wake", after="rest").path)
    assert draft().lesson("Review") == ["Bread", "Looking back", "When?", "End"]
    assert draft().lesson("Evening") == ["Resting", "Sofa", "Waking", "Light", "Water"]
    assert importer.conflicts() == []


# What editors added, and the places around it ------------------------------------------------------------------------


def test_a_page_that_moves_takes_an_editors_block_along(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    tree = draft()
    tea = {"text": {"markdown": "Tea: brew it."}}
    editor.do("blockCreate", "__typename", lessonId=tree["Morning"]["id"], block=tea, afterId=tree["Water"]["id"])
    habits.without("sequential/morning.xml", "vertical", "wake")
    importer(habits.including("sequential/evening.xml", "vertical", "wake").path)
    assert draft().lesson("Evening") == ["Waking", "Light", "Water", "Tea", "Resting", "Sofa"]


def test_a_new_unit_does_not_come_between_a_page_and_an_editors_block(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    tree = draft()
    tea = {"text": {"markdown": "Tea: brew it."}}
    editor.do("blockCreate", "__typename", lessonId=tree["Morning"]["id"], block=tea, afterId=tree["Water"]["id"])
    habits.write("vertical/stretch.xml", '<vertical display_name="Stretching"/>')
    importer(habits.including("sequential/morning.xml", "vertical", "stretch", after="wake").path)
    assert draft().lesson("Morning") == ["Waking", "Light", "Water", "Tea", "Stretching", "Eating", "Bread"]


def test_a_new_order_leaves_an_editors_block_beside_its_neighbour(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    tree = draft()
    tea = {"text": {"markdown": "Tea: brew it."}}
    editor.do("blockCreate", "__typename", lessonId=tree["Morning"]["id"], block=tea, afterId=tree["Light"]["id"])
    habits.without("sequential/morning.xml", "vertical", "wake").including(
        "sequential/morning.xml", "vertical", "wake", after="eat"
    )
    importer(habits.path)
    assert draft().lesson("Morning") == ["Eating", "Bread", "Waking", "Light", "Tea", "Water"]


def test_a_new_block_joins_its_unit_where_an_editor_moved_that(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    tree = draft()
    evening = tree["Evening"]["id"]
    for name, after in (("Eating", "Sofa"), ("Bread", "Eating")):
        move(editor, "block", tree, name, after, lessonId=evening)
    habits.html("jam", "<p>Jam: spread it.</p>").including("vertical/eat.xml", "html", "jam", after="bread")
    importer(habits.path)
    assert draft().lesson("Evening") == ["Resting", "Sofa", "Eating", "Bread", "Jam"]


# The trash ----------------------------------------------------------------------------------------------------------


def test_what_an_editor_trashed_stays_there_when_the_export_changes_it(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    trash(editor, "block", draft(), "Light")
    importer(habits.write("html/light.html", "<p>Light: open the window.</p>").path)
    assert "Light" not in draft()
    assert importer.conflicts() == [("trashed_here", "html")]


def test_what_an_editor_restores_gets_the_changes_it_missed(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    light = draft()["Light"]["id"]
    trash(editor, "block", draft(), "Light")
    importer(habits.write("html/light.html", "<p>Light: open the window.</p>").path)
    editor.do("blockRestore", "__typename", id=light)
    assert importer(habits.path).code == 0
    assert draft()["Light"]["markdown"] == "Light: open the window."


def test_what_is_new_below_something_in_the_trash_is_left_out_and_told_once(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    module = draft()["First week"]["id"]
    trash(editor, "module", draft(), "First week")
    habits.write("sequential/noon.xml", '<sequential display_name="Noon">\n  <vertical url_name="nap"/>\n</sequential>')
    habits.write("vertical/nap.xml", '<vertical display_name="Napping"/>')
    importer(habits.including("chapter/first.xml", "sequential", "noon", after="morning").path)
    assert importer.conflicts() == [("parent_in_trash", "Noon")]
    editor.do("moduleRestore", "__typename", id=module)
    assert importer(habits.path).code == 0
    assert [lesson["title"] for lesson in draft()["First week"]["lessons"]] == ["Morning", "Noon", "Evening"]
    assert draft().lesson("Noon") == ["Napping"]


def test_a_new_block_comes_into_a_page_whose_title_is_in_the_trash(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    trash(editor, "block", draft(), "Eating")
    habits.html("jam", "<p>Jam: spread it.</p>").including("vertical/eat.xml", "html", "jam", after="bread")
    assert importer(habits.path).code == 0
    assert draft().lesson("Morning") == ["Waking", "Light", "Water", "Bread", "Jam"]


def test_a_unit_does_not_follow_its_new_lesson_into_the_trash(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    evening = draft()["Evening"]["id"]
    trash(editor, "lesson", draft(), "Evening")
    habits.without("sequential/morning.xml", "vertical", "wake")
    importer(habits.including("sequential/evening.xml", "vertical", "wake", after="rest").path)
    assert draft().lesson("Morning") == ["Waking", "Light", "Water", "Eating", "Bread"]
    assert importer.conflicts() == [("parent_in_trash", "Waking")]
    editor.do("lessonRestore", "__typename", id=evening)
    assert importer(habits.path).code == 0
    assert draft().lesson("Evening") == ["Resting", "Sofa", "Waking", "Light", "Water"]


def test_a_course_in_the_trash_is_not_touched(importer: Importer, habits: Habits, draft: Draft, editor: Client) -> None:
    trash(editor, "course", draft(), "Small habits")
    before, sizes = importer.drafts(), importer.sizes()
    outcome = importer(habits.change("course/run.xml", "Small habits", "Smaller habits").path)
    assert outcome.code == 1
    assert outcome.output.strip() == (
        "Nothing was imported: This course was imported before and is in the trash now. Restore it first."
    )
    assert (importer.drafts(), importer.sizes()) == (before, sizes)


# What left the export -----------------------------------------------------------------------------------------------

WORK: dict[str, Act] = {
    "a changed text": lambda tree, editor: write(editor, tree, "Light", "Light: none."),
    "a block of their own": CHANGES["a block of their own"],
    "a block from elsewhere": lambda tree, editor: move(
        editor, "block", tree, "Sofa", "Light", lessonId=tree["Morning"]["id"]
    ),
}


@pytest.mark.parametrize(
    ("parent", "category", "name", "title", "work"),
    [
        ("sequential/morning.xml", "vertical", "wake", "Waking", "a changed text"),
        ("chapter/first.xml", "sequential", "morning", "Morning", "a changed text"),
        ("course/run.xml", "chapter", "first", "First week", "a changed text"),
        ("sequential/morning.xml", "vertical", "wake", "Waking", "a block of their own"),
        ("chapter/first.xml", "sequential", "morning", "Morning", "a block from elsewhere"),
    ],
)
def test_what_left_the_export_stays_whole_where_editors_worked_on_it(
    importer: Importer,
    habits: Habits,
    draft: Draft,
    editor: Client,
    parent: str,
    category: str,
    name: str,
    title: str,
    work: str,
) -> None:
    WORK[work](draft(), editor)
    before = importer.drafts()
    assert importer(habits.without(parent, category, name).path).code == 3
    assert importer.drafts() == before
    assert importer.conflicts() == [("gone_but_changed_here", title)]
    importer(habits.path)
    assert importer.conflicts() == []


def test_what_an_editor_restores_after_it_left_the_export_stays(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    water = draft()["Water"]["id"]
    importer(habits.without("vertical/wake.xml", "html", "water").path)
    editor.do("blockRestore", "__typename", id=water)
    before = importer.drafts()
    importer(habits.path)
    assert importer.drafts() == before


def test_a_block_that_an_editor_moved_out_stays_when_its_lesson_left_the_export(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    tree = draft()
    move(editor, "block", tree, "Light", "Sofa", lessonId=tree["Evening"]["id"])
    importer(habits.without("chapter/first.xml", "sequential", "morning").path)
    assert "Morning" not in draft()
    assert draft().lesson("Evening") == ["Resting", "Sofa", "Light"]
    assert importer.conflicts() == [("gone_but_changed_here", "html")]


def test_a_module_that_another_waits_for_stays_when_it_left_the_export(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    first = draft()["First week"]["id"]
    save(editor, "moduleUpdate", draft(), "Second week", releaseRule="AFTER_MODULE", unlockAfterId=first)
    before = importer.drafts()
    importer(habits.without("course/run.xml", "chapter", "first").path)
    assert importer.drafts() == before
    [issue] = importer.issues("gone_but_changed_here")
    assert issue.reason == (
        "It is no longer in the export, but it stays as it is, with all below it."
        " The module 'Second week' waits for this one. Change that first."
    )


# Formats ------------------------------------------------------------------------------------------------------------


def test_a_block_of_another_format_that_an_editor_changed_stays(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    save(editor, "blockUpdate", draft(), "When?", block={"multipleChoice": {"points": 5}})
    before = importer.drafts()
    habits.write(
        "problem/when.xml", QUESTION.replace("multiplechoice", "choice").replace("choicegroup", "checkboxgroup")
    )
    importer(habits.path)
    assert importer.drafts() == before
    assert importer.conflicts() == [("format_changed", "When?")]
    assert importer(habits.path).code == 0
    assert importer.drafts() == before
