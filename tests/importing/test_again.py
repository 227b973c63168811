"""Importing a changed export: it updates in place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.importing.habits import QUESTION, Habits
from tests.importing.running import Importer, Tree
from tests.support import factories
from tests.support.clients import Client

pytestmark = pytest.mark.usefixtures("first_import")

Draft = Callable[[], Tree]
OUTLINE = [
    (
        "First week",
        [
            ("Morning", ["Waking", "Light", "Water", "Eating", "Bread"]),
            ("Evening", ["Resting", "Sofa"]),
        ],
    ),
    ("Second week", [("Review", ["Looking back", "When?", "End"])]),
]


def test_the_first_import_makes_the_whole_outline(draft: Draft) -> None:
    assert draft().outline() == OUTLINE


def test_an_unchanged_export_changes_nothing(importer: Importer, habits: Habits) -> None:
    before = importer.drafts()
    assert importer(habits.path).code == 0
    assert importer.drafts() == before
    assert importer.counts() == {
        "kept course": 1,
        "kept module": 2,
        "kept lesson": 3,
        "kept section": 4,
        "kept block": 6,
    }


def test_a_published_course_stays_published_when_nothing_changed(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    factories.publish(editor, draft().course["id"])
    importer(habits.path)
    assert draft().course["publishState"] == "PUBLISHED"


def test_a_published_course_is_changed_when_the_export_is(
    importer: Importer, habits: Habits, draft: Draft, editor: Client, reader: Client
) -> None:
    course_id = draft().course["id"]
    factories.publish(editor, course_id)
    importer(habits.write("html/light.html", "<p>Light: open the window.</p>").path)
    assert draft().course["publishState"] == "CHANGED"
    assert Tree.live(reader, course_id)["Light"]["markdown"] == "Light: open the curtains."


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("course/run.xml", "Small habits", "Smaller habits"),
        ("chapter/first.xml", "First week", "Week one"),
        ("sequential/morning.xml", "Morning", "Early"),
        ("vertical/wake.xml", "Waking", "Getting up"),
    ],
)
def test_a_changed_title_is_updated_in_place(
    importer: Importer, habits: Habits, draft: Draft, file: str, old: str, new: str
) -> None:
    object_id, before = draft()[old]["id"], importer.drafts()
    importer(habits.change(file, old, new).path)
    assert draft()[new]["id"] == object_id
    changed = {each for each, rows in importer.drafts().items() if rows != before[each]}
    assert changed | {draft().course["id"]} == {object_id, draft().course["id"]}


def test_a_new_title_leaves_the_address_of_a_lesson_as_it_is(importer: Importer, habits: Habits, draft: Draft) -> None:
    importer(habits.change("sequential/morning.xml", "Morning", "Early").path)
    assert draft()["Early"]["slug"] == "morning"


def test_a_changed_text_is_updated_in_place(importer: Importer, habits: Habits, draft: Draft) -> None:
    before = draft()["Light"]
    importer(habits.write("html/light.html", "<p>Light: open the <b>window</b>.</p>").path)
    after = draft()["Light"]
    assert (after["id"], after["markdown"], after["html"]) == (
        before["id"],
        "Light: open the **window**.",
        "<p>Light: open the <strong>window</strong>.</p>",
    )
    assert importer.counts()["updated block"] == 1


def test_a_changed_choice_is_updated_in_place(importer: Importer, habits: Habits, draft: Draft) -> None:
    before = draft()["When?"]
    importer(habits.change("problem/when.xml", "Never", "At noon").path)
    after = draft()["When?"]
    assert [choice["text"] for choice in after["choices"]] == ["At noon", "In the evening"]
    assert after["id"] == before["id"]


def test_a_changed_answer_key_is_updated_in_place(importer: Importer, habits: Habits, draft: Draft) -> None:
    habits.write("problem/when.xml", QUESTION.replace("false", "x").replace("true", "false").replace('"x"', '"true"'))
    importer(habits.path)
    assert [choice["isCorrect"] for choice in draft()["When?"]["choices"]] == [True, False]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (None, ["Waking", "Song", "Light", "Water", "Eating", "Bread"]),
        ("light", ["Waking", "Light", "Song", "Water", "Eating", "Bread"]),
        ("water", ["Waking", "Light", "Water", "Song", "Eating", "Bread"]),
    ],
)
def test_a_new_block_stands_where_the_export_has_it(
    importer: Importer, habits: Habits, draft: Draft, after: str | None, expected: list[str]
) -> None:
    before = {each["id"]: each["revision"] for each in draft().blocks()}
    habits.html("song", "<p>Song: sing.</p>").including("vertical/wake.xml", "html", "song", after=after)
    importer(habits.path)
    assert draft().lesson("Morning") == expected
    assert before.items() <= {each["id"]: each["revision"] for each in draft().blocks()}.items()


def test_a_new_unit_stands_where_the_export_has_it(importer: Importer, habits: Habits, draft: Draft) -> None:
    habits.html("arms", "<p>Arms: stretch.</p>")
    habits.write("vertical/stretch.xml", '<vertical display_name="Stretching">\n  <html url_name="arms"/>\n</vertical>')
    importer(habits.including("sequential/morning.xml", "vertical", "stretch", after="wake").path)
    assert draft().lesson("Morning") == ["Waking", "Light", "Water", "Stretching", "Arms", "Eating", "Bread"]


def test_a_new_chapter_stands_where_the_export_has_it(importer: Importer, habits: Habits, draft: Draft) -> None:
    habits.write("chapter/zero.xml", '<chapter display_name="Before">\n  <sequential url_name="why"/>\n</chapter>')
    habits.write("sequential/why.xml", '<sequential display_name="Why"/>')
    importer(habits.including("course/run.xml", "chapter", "zero").path)
    assert draft().outline() == [("Before", [("Why", [])]), *OUTLINE]


def test_what_left_the_export_goes_to_the_trash(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    water = draft()["Water"]["id"]
    importer(habits.without("vertical/wake.xml", "html", "water").path)
    assert draft().lesson("Morning") == ["Waking", "Light", "Eating", "Bread"]
    assert [(each.code, each.local_id) for each in importer.issues("gone_and_trashed")] == [("gone_and_trashed", water)]
    editor.do("blockRestore", "block { id }", id=water)
    assert draft().lesson("Morning") == ["Waking", "Light", "Water", "Eating", "Bread"]


def test_a_unit_that_left_the_export_goes_with_its_page(importer: Importer, habits: Habits, draft: Draft) -> None:
    importer(habits.without("sequential/morning.xml", "vertical", "wake").path)
    assert draft().lesson("Morning") == ["Eating", "Bread"]
    assert importer.counts()["trashed section"] == 1


def test_a_chapter_that_left_the_export_is_restored_as_a_whole(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    week = draft()["First week"]["id"]
    importer(habits.without("course/run.xml", "chapter", "first").path)
    assert draft().outline() == OUTLINE[1:]
    editor.do("moduleRestore", "module { id }", id=week)
    assert draft().outline() == OUTLINE


@pytest.mark.parametrize(
    ("parent", "category", "name", "title"),
    [
        ("vertical/wake.xml", "html", "light", "Light"),
        ("sequential/morning.xml", "vertical", "wake", "Waking"),
        ("chapter/first.xml", "sequential", "morning", "Morning"),
        ("course/run.xml", "chapter", "first", "First week"),
    ],
)
def test_what_comes_back_into_the_export_comes_out_of_the_trash(
    importer: Importer, habits: Habits, draft: Draft, parent: str, category: str, name: str, title: str
) -> None:
    before = draft()
    importer(habits.without(parent, category, name).path)
    assert title not in draft()
    habits.change("html/light.html", "curtains", "shutters")
    importer(habits.including(parent, category, name).path)
    after = draft()
    assert after.outline() == OUTLINE
    assert after[title]["id"] == before[title]["id"]
    assert after["Light"]["markdown"] == "Light: open the shutters."


def test_what_comes_back_elsewhere_is_there(importer: Importer, habits: Habits, draft: Draft) -> None:
    importer(habits.without("chapter/first.xml", "sequential", "evening").path)
    importer(habits.including("sequential/morning.xml", "vertical", "rest", after="eat").path)
    assert draft().lesson("Morning") == ["Waking", "Light", "Water", "Eating", "Bread", "Resting", "Sofa"]


def test_only_what_comes_back_comes_out_of_the_trash(importer: Importer, habits: Habits, draft: Draft) -> None:
    importer(habits.without("course/run.xml", "chapter", "first").path)
    habits.without("chapter/first.xml", "sequential", "morning")
    importer(habits.including("course/run.xml", "chapter", "first").path)
    assert draft().outline() == [("First week", OUTLINE[0][1][1:]), OUTLINE[1]]


def test_a_part_that_is_damaged_in_the_export_is_not_taken_for_gone(importer: Importer, habits: Habits) -> None:
    before = importer.drafts()
    (habits.path / "sequential/morning.xml").unlink()
    habits.write("vertical/rest.xml", "<vertical")
    habits.write("html/end.xml", '<html filename="lost"/>')
    assert importer(habits.path).code == 3
    assert importer.drafts() == before
    assert sorted(each.code for each in importer.issues() if each.severity == "error") == [
        "file_missing",
        "file_missing",
        "file_unreadable",
    ]


def test_blocks_in_another_order_are_put_in_order(importer: Importer, habits: Habits, draft: Draft) -> None:
    before = draft()
    habits.without("vertical/wake.xml", "html", "water").including("vertical/wake.xml", "html", "water")
    importer(habits.path)
    after = draft()
    assert after.lesson("Morning") == ["Waking", "Water", "Light", "Eating", "Bread"]
    assert after["Water"]["id"] == before["Water"]["id"]
    assert importer.counts()["moved block"] == 1


def test_a_moved_unit_takes_its_page_along(importer: Importer, habits: Habits, draft: Draft) -> None:
    before = draft()
    habits.without("sequential/morning.xml", "vertical", "eat").including("sequential/morning.xml", "vertical", "eat")
    importer(habits.path)
    assert draft().lesson("Morning") == ["Eating", "Bread", "Waking", "Light", "Water"]
    assert {each["id"] for each in draft().blocks()} == {each["id"] for each in before.blocks()}


def test_chapters_and_lessons_in_another_order_are_put_in_order(
    importer: Importer, habits: Habits, draft: Draft
) -> None:
    habits.without("course/run.xml", "chapter", "second").including("course/run.xml", "chapter", "second")
    habits.without("chapter/first.xml", "sequential", "evening").including("chapter/first.xml", "sequential", "evening")
    importer(habits.path)
    assert draft().outline() == [OUTLINE[1], ("First week", OUTLINE[0][1][::-1])]


def test_a_unit_that_moved_to_another_lesson_moves_in_place(importer: Importer, habits: Habits, draft: Draft) -> None:
    before = draft()
    habits.without("sequential/morning.xml", "vertical", "wake")
    importer(habits.including("sequential/evening.xml", "vertical", "wake", after="rest").path)
    after = draft()
    assert after.lesson("Morning") == ["Eating", "Bread"]
    assert after.lesson("Evening") == ["Resting", "Sofa", "Waking", "Light", "Water"]
    assert {each["id"] for each in after.blocks()} == {each["id"] for each in before.blocks()}
    assert importer.conflicts() == []


def test_a_lesson_that_moved_to_another_chapter_moves_in_place(
    importer: Importer, habits: Habits, draft: Draft
) -> None:
    before = draft()
    habits.without("chapter/first.xml", "sequential", "evening")
    importer(habits.including("chapter/second.xml", "sequential", "evening").path)
    after = draft()
    assert [title for title, _ in after.outline()[1][1]] == ["Evening", "Review"]
    assert after["Evening"]["id"] == before["Evening"]["id"]


def test_a_block_that_moved_to_another_unit_moves_in_place(importer: Importer, habits: Habits, draft: Draft) -> None:
    before = draft()
    habits.without("vertical/wake.xml", "html", "water")
    importer(habits.including("vertical/rest.xml", "html", "water").path)
    after = draft()
    assert after.lesson("Evening") == ["Resting", "Water", "Sofa"]
    assert after["Water"]["id"] == before["Water"]["id"]


def test_what_moved_out_of_a_lesson_that_left_the_export_is_kept(
    importer: Importer, habits: Habits, draft: Draft
) -> None:
    before = draft()
    habits.without("chapter/first.xml", "sequential", "evening")
    importer(habits.including("sequential/morning.xml", "vertical", "rest", after="eat").path)
    after = draft()
    assert [title for title, _ in after.outline()[0][1]] == ["Morning"]
    assert after["Sofa"]["id"] == before["Sofa"]["id"]


def test_a_block_of_another_format_takes_the_place_of_the_old_one(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    before = draft()["When?"]
    habits.write(
        "problem/when.xml", QUESTION.replace("multiplechoice", "choice").replace("choicegroup", "checkboxgroup")
    )
    importer(habits.path)
    after = draft()
    assert after.lesson("Review") == ["Looking back", "When?", "End"]
    assert after["When?"]["__typename"] == "MultiSelectQuestion"
    assert after["When?"]["id"] != before["id"]
    assert importer.counts()["replaced block"] == 1
    editor.do("blockRestore", "block { id }", id=before["id"])


def test_two_lessons_of_the_same_title_have_addresses_of_their_own(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    habits.write("sequential/again.xml", '<sequential display_name="Evening"/>')
    importer(habits.including("chapter/second.xml", "sequential", "again", after="review").path)
    slugs = [lesson["slug"] for module in draft().course["modules"] for lesson in module["lessons"]]
    assert slugs == ["morning", "evening", "review", "evening-2"]
    factories.publish(editor, draft().course["id"])
