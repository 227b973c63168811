"""The Open edX demo course, a real course of a real platform, through the command: whole, and as readers see it."""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterator
from itertools import chain

import pytest
from lxml import etree

from core.viewer import SERVICE
from core.writing import transaction
from gateways.olx import LinkKind, OlxCourse, read_course
from resolvers.importing.actions import import_course
from tests.gateways.olx.exports import DEMO_COURSE
from tests.importing.conftest import Imported, Importing
from tests.importing.running import numbers

# Of 318 components; discussions and the like are reported only.
KEPT, REPORTED = 250, 68
OBJECTS = 1 + 6 + 17 + 58 + 259
STATEMENTS_PER_NEW_OBJECT = 8
STATEMENTS_OF_AN_UNCHANGED_IMPORT = 16


@pytest.fixture(scope="module")
def real(imported: Importing) -> Iterator[Imported]:
    if not DEMO_COURSE.exists():
        pytest.skip(f"The Open edX demo course is not at {DEMO_COURSE}; CAIRN_DEMO_COURSE says where it is.")
    with imported(lambda importer: importer(DEMO_COURSE, every_issue=True)) as course:
        yield course


@pytest.fixture(scope="module")
def export(real: Imported) -> OlxCourse:
    """What the export holds; it is read only where the course is there."""
    return read_course(DEMO_COURSE)


def test_everything_that_went_in_came_out(real: Imported) -> None:
    assert real.importer.counts() == {
        "created course": 1,
        "created module": 6,
        "created lesson": 17,
        "created section": 58,
        "created block": 259,
    }
    assert real.live.formats() == {
        "SectionBlock": 58,
        "TextBlock": 216,
        "MediaBlock": 11,
        "EmbedBlock": 1,
        "MultipleChoiceQuestion": 19,
        "MultiSelectQuestion": 2,
        "NumericQuestion": 3,
        "ShortAnswerQuestion": 4,
        "FreeformQuestion": 2,
        "MatrixQuestion": 1,
    }


def test_the_command_prints_the_numbers_and_says_that_there_are_issues(real: Imported) -> None:
    assert real.outcome.code == 3
    printed = numbers(real.outcome.output)
    assert {name: printed[name] for name in ("read chapters", "read sequentials", "read verticals")} == {
        "read chapters": 6,
        "read sequentials": 17,
        "read verticals": 58,
    }
    assert printed["created block"] == printed["read blocks"] == 259
    assert printed["read components"] == 318
    assert (printed["components that became blocks"], printed["components that became a finding"]) == (KEPT, REPORTED)
    assert printed["parts that could not be read"] == 0


def test_each_component_of_the_export_is_a_block_or_an_issue(real: Imported) -> None:
    """Counted in the export's own files, and looked up one by one in what the import left in the database."""
    blocks = {row.external_id.partition("#")[0] for row in real.importer.rows("SELECT external_id FROM external_ref")}
    places = " ".join(f"{issue.place} " for issue in real.importer.issues())
    kept, reported, lost = Counter[str](), Counter[str](), []
    for category, url_name, place in components_in_the_archive():
        if f"{category}/{url_name}" in blocks:
            kept[category] += 1
        elif place in places:
            reported[category] += 1
        else:
            lost.append(place)
    assert lost == []
    assert (kept.total(), reported.total()) == (KEPT, REPORTED)
    assert reported == {"html": 62, "lti": 2, "edx_sga": 1, "done": 1, "problem": 1, "discussion": 1}


def components_in_the_archive() -> list[tuple[str, str, str]]:
    """(category, url_name, how an issue's place ends) of all that stands in units, read without the importer."""
    with tarfile.open(DEMO_COURSE) as archive:
        files = {each.name.partition("/")[2]: each for each in archive.getmembers() if each.isfile()}

        def inside(kind: str, name: str) -> Iterator[tuple[str, str, str]]:
            for child in etree.parse(archive.extractfile(files[f"{kind}/{name}.xml"])).getroot().iterchildren("*"):
                tag, url_name = str(child.tag), child.get("url_name") or ""
                if tag in ("chapter", "sequential", "vertical", "library_content", "split_test", "itembank"):
                    yield from inside(tag, url_name)
                elif f"{tag}/{url_name}.xml" in files:
                    yield tag, url_name, f" ({tag}/{url_name}.xml) "
                elif kind != "course":
                    yield tag, url_name, f" › {child.get('display_name') or tag} ({kind}/{name}.xml) "

        return list(inside("course", "DemoCourse"))
    assert f"Created the draft course 'Open edX Demo Course', id {real.course_id}." in real.outcome.output


def test_the_first_import_asks_the_database_in_proportion(real: Imported) -> None:
    assert len(real.outcome.statements) <= OBJECTS * STATEMENTS_PER_NEW_OBJECT


def test_no_block_was_refused_by_its_format(real: Imported) -> None:
    assert real.importer.issues("block_refused", "text_missing", "link_target_missing") == []


def test_every_finding_is_kept_and_printed(real: Imported, export: OlxCourse) -> None:
    kept = Counter((each.severity, each.code) for each in real.importer.issues())
    own = Counter({("warning", "file_not_copied"): len(used_files(export)), ("info", "setting_without_home"): 4})
    assert kept == Counter((each.severity.value, each.code.value) for each in export.issues) + own
    assert all(f"{severity:8} {code}: " in real.outcome.output for severity, code in kept)


def used_files(export: OlxCourse) -> set[str]:
    return {link.resolved for link in export.links if link.kind is LinkKind.STATIC and link.resolved}


def test_readers_see_the_titles_in_the_order_of_the_export(real: Imported, export: OlxCourse) -> None:
    assert [
        (module["title"], [(lesson["title"], sections(lesson["blocks"])) for lesson in module["lessons"]])
        for module in real.live.course["modules"]
    ] == [
        (
            one_line(chapter.title),
            [(one_line(each.title), [one_line(unit.title) for unit in each.verticals]) for each in chapter.sequentials],
        )
        for chapter in export.chapters
    ]


def sections(blocks: list[dict[str, str]]) -> list[str]:
    return [block["title"] for block in blocks if block["__typename"] == "SectionBlock"]


def one_line(title: str) -> str:
    return " ".join(title.split())


def test_readers_see_the_blocks_in_the_order_of_the_export(real: Imported, export: OlxCourse) -> None:
    shown = [block["title"] for block in real.live.blocks() if block["__typename"] != "SectionBlock"]
    assert shown == [one_line(block.title) if block.title else None for block in export.blocks()]


def test_readers_see_no_answer_key(real: Imported) -> None:
    for block in real.live.blocks():
        assert block.get("explanation") is None
        assert block.get("answers") is None
        assert block.get("accepted") is None
        for choice in chain(block.get("choices", ()), block.get("options", ())):
            assert choice["isCorrect"] is None
            assert choice.get("feedback") is None


def test_editors_see_the_right_answer_of_each_question(real: Imported, export: OlxCourse) -> None:
    keys = [
        [(choice["text"], choice["isCorrect"]) for choice in block.get("choices") or block["options"]]
        for block in real.draft.blocks()
        if "choices" in block or "options" in block
    ]
    assert [[is_correct for _, is_correct in key] for key in keys] == [
        [choice["is_correct"] for choice in block.settings["choices"]]
        for block in export.blocks()
        if "choices" in block.settings
    ]
    single = [block for block in real.draft.blocks() if block["__typename"] == "MultipleChoiceQuestion"]
    assert Counter(sum(choice["isCorrect"] for choice in block["choices"]) for block in single) == {1: 18, 0: 1}


def test_every_link_to_a_unit_leads_to_one(real: Imported, export: OlxCourse) -> None:
    ids = {block["id"] for block in real.live.blocks()}
    text = "".join(block["html"] for block in real.live.blocks())
    linked = [piece.partition('"')[0] for piece in text.split('href="cairn:')[1:]]
    assert len(linked) == sum(link.kind is LinkKind.UNIT for link in export.links) == 48
    assert set(linked) <= ids
    assert "olx:" not in text


def test_importing_it_again_changes_nothing_and_asks_little_of_the_database(real: Imported, export: OlxCourse) -> None:
    importer, before = real.importer, real.importer.drafts()
    sent: list[str] = []
    importer.database.on_statement = sent.append

    async def again() -> Counter[str]:
        async with transaction(importer.database, SERVICE) as tx:
            return (await import_course(tx, export, None)).counts

    counts = importer.run(again())
    assert counts == {"kept course": 1, "kept module": 6, "kept lesson": 17, "kept section": 58, "kept block": 259}
    assert importer.drafts() == before
    assert len(sent) <= STATEMENTS_OF_AN_UNCHANGED_IMPORT
