"""What only staff could see: it is imported, and stays out of sight until an editor or the export says otherwise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.importing.habits import Habits
from tests.importing.running import Importer, Tree
from tests.support import factories
from tests.support.clients import Client

Draft = Callable[[], Tree]
HIDDEN = 'visible_to_staff_only="true" display_name'


@pytest.fixture
def secretive(habits: Habits) -> Habits:
    """An export that hides the second unit of the morning."""
    return habits.change("vertical/eat.xml", "display_name", HIDDEN)


def show(habits: Habits) -> Habits:
    return habits.change("vertical/eat.xml", HIDDEN, "display_name")


def in_the_trash(importer: Importer) -> set[str]:
    return {row.id for row in importer.rows("SELECT id::text FROM content WHERE trashed_at IS NOT NULL")}


def test_a_hidden_unit_is_put_into_the_trash_and_reported(
    importer: Importer, secretive: Habits, draft: Draft, editor: Client, reader: Client
) -> None:
    assert importer(secretive.path).code == 3
    assert [each.place for each in importer.issues("hidden_and_trashed")] == [
        "First week › Morning › Eating (vertical/eat.xml)"
    ]
    assert draft().lesson("Morning") == ["Waking", "Light", "Water"]
    factories.publish(editor, draft().course["id"])
    assert "Bread" not in Tree.live(reader, draft().course["id"])


def test_a_hidden_chapter_is_put_into_the_trash_as_a_whole(importer: Importer, habits: Habits, draft: Draft) -> None:
    importer(habits.change("chapter/second.xml", "display_name", HIDDEN).path)
    assert [module["title"] for module in draft().course["modules"]] == ["First week"]
    assert importer.counts()["trashed module"] == 1


def test_it_stays_there_and_is_not_reported_as_trashed_again(importer: Importer, secretive: Habits) -> None:
    importer(secretive.path)
    before = importer.drafts()
    importer(secretive.change("html/bread.html", "two", "three").path)
    assert importer.drafts() == before
    assert importer.issues("hidden_and_trashed", "trashed_here") == []


def test_it_comes_out_with_its_changes_when_the_export_shows_it(
    importer: Importer, secretive: Habits, draft: Draft
) -> None:
    importer(secretive.path)
    waiting = in_the_trash(importer)
    importer(show(secretive).change("html/bread.html", "two", "three").path)
    assert draft().lesson("Morning") == ["Waking", "Light", "Water", "Eating", "Bread"]
    assert draft()["Bread"]["markdown"] == "Bread: toast three slices."
    assert waiting == {draft()["Eating"]["id"], draft()["Bread"]["id"]}


def test_what_an_editor_restores_stays_in_sight_and_is_updated(
    importer: Importer, secretive: Habits, draft: Draft, editor: Client
) -> None:
    importer(secretive.path)
    for object_id in in_the_trash(importer):
        editor.do("blockRestore", "__typename", id=object_id)
    importer(secretive.change("html/bread.html", "two", "three").path)
    assert draft()["Bread"]["markdown"] == "Bread: toast three slices."


def test_what_the_export_hides_later_goes_out_of_sight(importer: Importer, habits: Habits, draft: Draft) -> None:
    importer(habits.path)
    importer(habits.change("vertical/eat.xml", "display_name", HIDDEN).path)
    assert draft().lesson("Morning") == ["Waking", "Light", "Water"]


def test_what_the_export_hides_later_stays_where_editors_worked_on_it(
    importer: Importer, habits: Habits, draft: Draft, editor: Client
) -> None:
    importer(habits.path)
    bread = draft()["Bread"]
    text = {"text": {"markdown": "Bread: none."}}
    editor.do("blockUpdate", "__typename", id=bread["id"], expectedRevision=bread["revision"], block=text)
    importer(habits.change("vertical/eat.xml", "display_name", HIDDEN).path)
    assert draft().lesson("Morning") == ["Waking", "Light", "Water", "Eating", "Bread"]
    assert importer.conflicts() == [("hidden_but_changed_here", "Eating")]


def test_what_is_new_below_a_hidden_lesson_waits_with_it(importer: Importer, habits: Habits, draft: Draft) -> None:
    importer(habits.change("sequential/morning.xml", "display_name", HIDDEN).path)
    habits.html("jam", "<p>Jam: spread it.</p>").including("vertical/eat.xml", "html", "jam", after="bread")
    importer(habits.path)
    assert importer.conflicts() == []
    importer(habits.change("sequential/morning.xml", HIDDEN, "display_name").path)
    assert draft().lesson("Morning") == ["Waking", "Light", "Water", "Eating", "Bread", "Jam"]
