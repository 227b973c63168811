"""Several imports at once, and several courses in one place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.importing.habits import Habits
from tests.importing.running import Importer, Outcome, Tree
from tests.support.clients import Client, Data

BOTH = 2


@pytest.fixture
def another(importer: Importer) -> Iterator[Importer]:
    """A second importer over the same database."""
    made = Importer(importer.database_url)
    yield made
    made.close()


def at_once(importers: tuple[Importer, Importer], paths: tuple[Path, Path]) -> list[Outcome]:
    """Starts two imports at the same moment."""
    start = threading.Barrier(BOTH)

    def run(importer: Importer, path: Path) -> Outcome:
        start.wait(timeout=30)
        return importer(path)

    with ThreadPoolExecutor(BOTH) as pool:
        return list(pool.map(run, importers, paths))


def test_two_imports_of_one_course_at_once_make_one_course(
    importer: Importer, another: Importer, habits: Habits
) -> None:
    outcomes = at_once((importer, another), (habits.path, habits.path))
    assert [each.code for each in outcomes] == [0, 0]
    assert sorted("Created" in each.output for each in outcomes) == [False, True]
    assert (importer.sizes()["course"], importer.sizes()["block"], importer.sizes()["import_job"]) == (1, 10, 2)


def test_a_second_import_waits_for_the_first_longer_than_a_statement_may_take(
    importer: Importer, habits: Habits
) -> None:
    hasty = Importer(importer.database_url, statement_timeout_ms=300)
    with psycopg.connect(importer.database_url) as first, ThreadPoolExecutor(1) as pool:
        first.execute("SELECT pg_advisory_xact_lock(hashtextextended('olx:Org/Habits/run', 0))")
        second = pool.submit(hasty, habits.path)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.8)
        first.rollback()
        assert second.result().code == 0
    hasty.close()


def test_two_courses_with_the_same_names_inside_do_not_meet(
    importer: Importer, another: Importer, habits: Habits, tmp_path: Path, editor: Client
) -> None:
    other = Habits(tmp_path / "other")
    other.change("course.xml", 'course="Habits"', 'course="Other"').change("course/run.xml", "Small habits", "Others")
    other.without("sequential/morning.xml", "vertical", "wake")
    outcomes = at_once((importer, another), (habits.path, other.path))
    assert {each.code for each in outcomes} <= {0, 3}
    trees = [Tree.draft(editor, row.id) for row in importer.rows("SELECT id::text FROM course ORDER BY title DESC")]
    assert [tree.course["title"] for tree in trees] == ["Small habits", "Others"]
    assert [tree.lesson("Morning") for tree in trees] == [
        ["Waking", "Light", "Water", "Eating", "Bread"],
        ["Eating", "Bread"],
    ]
    assert {block["id"] for block in trees[0].blocks()}.isdisjoint(block["id"] for block in trees[1].blocks())


def test_an_editor_who_saves_meanwhile_loses_nothing(
    importer: Importer, habits: Habits, draft: Callable[[], Tree], editor: Client
) -> None:
    importer(habits.path)
    habits.write("html/light.html", "<p>Light: open the window.</p>")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(importer, habits.path)
        while not is_saved(editor, draft()["Light"]):
            pass
        assert running.result().code in (0, 3)
    assert draft()["Light"]["markdown"] == "Light: none."


def is_saved(editor: Client, light: Data) -> bool:
    text = {"text": {"markdown": "Light: none."}}
    values = {"id": light["id"], "expectedRevision": light["revision"], "block": text}
    return editor.mutate("blockUpdate", "__typename", **values)["errors"] == []
