"""An import either happens as a whole or not at all: dry runs, hostile exports, failures half-way."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from resolvers.content import drafts
from resolvers.importing import remembering
from tests.gateways.olx.exports import member, read_folder, tar, write_archive
from tests.importing.habits import Habits
from tests.importing.running import Importer, Tree
from tests.support import factories
from tests.support.clients import Client

BOMB = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><vertical display_name="&b;"/>'
Break = Callable[[Habits, Path], Path]


def nothing_came_of(importer: Importer, sizes: dict[str, int]) -> bool:
    return importer.sizes() == sizes and sizes["content"] == 0


# Dry runs -----------------------------------------------------------------------------------------------------------


def test_a_dry_run_prints_the_report_and_writes_nothing(importer: Importer, habits: Habits) -> None:
    habits.change("html/light.html", "curtains", '<img src="/static/curtain.png" alt="Curtain"> curtains')
    sizes = importer.sizes()
    rehearsed = importer(habits.path, dry_run=True)
    assert nothing_came_of(importer, sizes)
    done = importer(habits.path)
    assert (rehearsed.code, done.code) == (3, 3)
    assert rehearsed.output.splitlines()[:-1] == done.output.splitlines()[:-1]
    assert rehearsed.output.splitlines()[-1] == (
        "This was a dry run: nothing was written. It would have created the draft course 'Small habits'."
    )


def test_a_dry_run_of_a_second_import_writes_nothing_either(importer: Importer, habits: Habits) -> None:
    importer(habits.path)
    before, sizes = importer.drafts(), importer.sizes()
    outcome = importer(habits.change("sequential/morning.xml", "Morning", "Early").path, dry_run=True)
    assert re.search(r"updated lesson +│ +1 ", outcome.output)
    assert (importer.drafts(), importer.sizes()) == (before, sizes)


# Themes -------------------------------------------------------------------------------------------------------------


def test_an_unknown_theme_is_refused(importer: Importer, habits: Habits) -> None:
    sizes = importer.sizes()
    outcome = importer(habits.path, "no-such-theme")
    assert (outcome.code, outcome.output.strip()) == (
        1,
        "Nothing was imported: There is no theme with the slug no-such-theme.",
    )
    assert nothing_came_of(importer, sizes)


def test_a_new_course_goes_under_the_theme(
    importer: Importer, habits: Habits, editor: Client, draft: Callable[[], Tree]
) -> None:
    theme = factories.theme(editor, slug="calm")
    assert importer(habits.path, "calm").code == 0
    found = importer.rows("SELECT theme_id::text FROM course")
    assert [row.theme_id for row in found] == [theme]


def test_a_course_that_is_here_keeps_its_theme(importer: Importer, habits: Habits, editor: Client) -> None:
    factories.theme(editor, slug="calm")
    importer(habits.path)
    assert importer(habits.path, "calm").code == 3
    assert [each.code for each in importer.issues() if each.severity == "warning"] == ["theme_kept"]
    assert [row.theme_id for row in importer.rows("SELECT theme_id FROM course")] == [None]


# Failures half-way --------------------------------------------------------------------------------------------------


def test_a_database_that_refuses_half_way_is_left_as_it_was(importer: Importer, habits: Habits) -> None:
    sizes = importer.sizes()
    importer.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$")
    try:
        importer.execute("CREATE TRIGGER refuse BEFORE INSERT ON import_job EXECUTE FUNCTION refuse()")
        outcome = importer(habits.path)
    finally:
        importer.execute("DROP FUNCTION refuse CASCADE")
    assert (outcome.code, outcome.output.strip()) == (1, "Nothing was imported: the database says: disk full")
    assert nothing_came_of(importer, sizes)


def test_more_blocks_than_fit_into_a_lesson_are_refused_with_their_place(
    importer: Importer, habits: Habits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MAX_SIBLINGS", 4)
    sizes = importer.sizes()
    outcome = importer(habits.path)
    assert (outcome.code, outcome.output.strip()) == (
        1,
        "Nothing was imported: First week › Morning › Eating › html (html/bread.xml):"
        " At most 4 of these fit below one parent, those in the trash included.",
    )
    assert nothing_came_of(importer, sizes)


def test_more_issues_than_one_statement_holds_are_kept(
    importer: Importer, habits: Habits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "_ROWS_AT_ONCE", 2)
    for number in range(5):
        habits.html(f"orphan{number}", "<p>Nobody shows me.</p>")
    importer(habits.path)
    assert len(importer.issues("orphan_not_imported")) == 10


# Hostile exports, through the command -------------------------------------------------------------------------------


def archive(habits: Habits, folder: Path) -> Path:
    return write_archive(folder / "course.tar.gz", tar(read_folder(habits.path)))


def traversal(habits: Habits, folder: Path) -> Path:
    return write_archive(folder / "evil.tar.gz", tar(read_folder(habits.path), member("../../escaped.txt", "x")))


def link(habits: Habits, folder: Path) -> Path:
    (habits.path / "static").mkdir()
    (habits.path / "static/passwd").symlink_to("/etc/passwd")
    return habits.path


def entities(habits: Habits, folder: Path) -> Path:
    return habits.write("vertical/wake.xml", BOMB).path


def truncated(habits: Habits, folder: Path) -> Path:
    path = archive(habits, folder)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def no_archive(habits: Habits, folder: Path) -> Path:
    path = folder / "notes.tar.gz"
    path.write_text("This is a letter.")
    return path


def empty_folder(habits: Habits, folder: Path) -> Path:
    (folder / "nothing").mkdir()
    return folder / "nothing"


def wrong_encoding(habits: Habits, folder: Path) -> Path:
    (habits.path / "course/run.xml").write_bytes(
        '<?xml version="1.0" encoding="UTF-8"?><course display_name="Café"/>'.encode("latin-1")
    )
    return habits.path


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (traversal, "A file name in the export points outside of it. (../../escaped.txt)"),
        (link, "The folder holds a symbolic link. Replace it by the file it points at. (static/passwd)"),
        (entities, "An XML file has a DOCTYPE, which OLX never has and attacks use. (vertical/wake.xml)"),
        (
            truncated,
            "The export cannot be read: it ends in the middle, as if only half of it had arrived. (course.tar.gz)",
        ),
        (no_archive, "This is neither a folder nor a .tar.gz archive. (notes.tar.gz)"),
        (empty_folder, "There is no course.xml in it, so it is no OLX export of a course."),
        (
            wrong_encoding,
            "It is no well-formed XML: not well-formed (invalid token): line 1, column 63. (course/run.xml)",
        ),
    ],
)
def test_a_hostile_or_broken_export_is_refused_in_one_sentence(
    importer: Importer, habits: Habits, tmp_path: Path, spoil: Break, reason: str
) -> None:
    path, sizes = spoil(habits, tmp_path), importer.sizes()
    outcome = importer(path)
    assert (outcome.code, outcome.output) == (1, f"Nothing was imported: {reason}\n")
    assert nothing_came_of(importer, sizes)
    assert not (tmp_path.parent / "escaped.txt").exists()


def test_the_command_ends_in_one_sentence_too(importer: Importer, habits: Habits, tmp_path: Path) -> None:
    outcome = importer.command(traversal(habits, tmp_path))
    assert (outcome.code, outcome.output) == (
        1,
        "Nothing was imported: A file name in the export points outside of it. (../../escaped.txt)\n",
    )


def test_an_archive_is_imported_like_its_folder(importer: Importer, habits: Habits, tmp_path: Path) -> None:
    assert importer(archive(habits, tmp_path)).code == 0
    assert importer(habits.path).code == 0
    assert importer.counts()["kept block"] == 6


# Texts that a database or a terminal cannot take as they are --------------------------------------------------------


def policy(title: str) -> str:
    return f'{{"course/run": {{"display_name": "{title}"}}, "sequential/morning": {{"display_name": "{title}"}}}}'


@pytest.mark.parametrize("hostile", [r"a\u0000b", r"a\ud800b"])
def test_characters_that_cannot_be_stored_are_replaced(
    importer: Importer, habits: Habits, draft: Callable[[], Tree], hostile: str
) -> None:
    outcome = importer(habits.write("policies/run/policy.json", policy(hostile)).path)
    assert outcome.code == 0
    assert [lesson["title"] for lesson in draft()["First week"]["lessons"]] == ["a\ufffdb", "Evening"]
    assert draft().course["title"] == "a\ufffdb"


def test_a_title_in_brackets_is_printed_as_it_is(importer: Importer, habits: Habits) -> None:
    outcome = importer(habits.write("policies/run/policy.json", policy("[/red] [beta]")).path)
    assert outcome.code == 0
    assert "Created the draft course '[/red] [beta]'" in outcome.output
    assert outcome.output.count("[/red] [beta]") == 2


def test_names_longer_than_a_column_are_told_apart(importer: Importer, habits: Habits) -> None:
    first, second = (f"{'n' * 400}{end}" for end in "ab")
    habits.write(
        "vertical/eat.xml",
        f'<vertical><html url_name="{first}"><p>A</p></html><html url_name="{second}"><p>B</p></html></vertical>',
    )
    importer(habits.path)
    importer(habits.path)
    assert importer.counts()["kept block"] == 7
