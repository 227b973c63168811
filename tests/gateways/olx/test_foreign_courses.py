"""Other people's courses: whatever their age and hand, each component becomes a block, or a finding says why not."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gateways.olx import IssueCode, OlxCourse, OlxError, read_course

from .exports import Files, tar, write_archive, write_folder
from .foreign import COMPONENTS, by_hand, from_studio, in_2012
from .test_fitting import accept

Course = Callable[[], Files]


def read(files: Files, tmp_path: Path) -> OlxCourse:
    return read_course(write_archive(tmp_path / "course.tar.gz", tar(files, prefix="./whatever name/")))


def said(course: OlxCourse) -> set[str]:
    """Everything the reader speaks of: what became a block, and what a finding is about."""
    blocks = {each.external_id for each in course.components() if each.blocks}
    return blocks | {issue.external_id for issue in course.issues if issue.external_id}


def outline(course: OlxCourse) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    return [
        (chapter.title, [(each.title, [unit.title for unit in each.verticals]) for each in chapter.sequentials])
        for chapter in course.chapters
    ]


@pytest.mark.parametrize("course", COMPONENTS, ids=lambda each: each.__name__)
def test_every_component_is_a_block_or_a_finding(course: Course, tmp_path: Path) -> None:
    made = read(course(), tmp_path)
    wanted = set(COMPONENTS[course].split())
    assert wanted - said(made) == set()
    accounts = made.accounts()
    assert (accounts.lost, accounts.met) == ((), len(wanted))


@pytest.mark.parametrize("course", COMPONENTS, ids=lambda each: each.__name__)
def test_every_block_of_them_fits_its_format(course: Course, tmp_path: Path) -> None:
    for block in read(course(), tmp_path).blocks():
        accept(block)


def test_a_course_of_2012_keeps_its_outline_and_its_names(tmp_path: Path) -> None:
    course = read(in_2012(), tmp_path)
    assert (course.key, course.display_name) == ("Old/R1/Rivers_2012", "Rivers")
    assert outline(course) == [
        (
            "Overview",
            [
                ("Overview", ["Overview"]),
                ("How to use this", ["How to use this"]),
                ("Overview", ["Lab 0", "Overview"]),
            ],
        ),
        ("Week 1", [("Week 1", ["Streams"]), ("Side streams", ["Side streams"])]),
        ("Exam", [("The exam", ["vertical 1", "vertical 2"])]),
    ]
    titles = {each.external_id: each.title for each in course.components()}
    assert (titles["problem/Lab_0"], titles["html/Exam_text"]) == ("A lab", "Rules")


def test_what_is_not_in_utf_8_is_read_as_windows_1252(tmp_path: Path) -> None:
    course = read(in_2012(), tmp_path)
    bodies = " ".join(block.body for block in course.blocks())
    assert "Café – no books." in bodies
    assert "Größe?" in bodies
    guessed = [issue.external_id for issue in course.issues if issue.code == IssueCode.ENCODING_GUESSED]
    assert guessed == ["problem/Sandbox", "html/Exam_text"]


def test_a_problem_whose_file_is_gone_is_missing_and_not_empty(tmp_path: Path) -> None:
    course = read(in_2012(), tmp_path)
    assert [i.code for i in course.issues if i.external_id == "problem/Gone"] == [IssueCode.FILE_MISSING]
    assert course.accounts().unreadable == 1


def test_a_file_may_call_a_node_by_its_older_name(tmp_path: Path) -> None:
    course = read(by_hand(), tmp_path)
    assert [each.category for each in course.components() if each.external_id == "video/apart"] == ["video"]


def test_both_arms_of_an_experiment_are_kept_in_their_place(tmp_path: Path) -> None:
    old = [each.external_id for each in read(in_2012(), tmp_path).components()]
    new = [each.external_id for each in read(from_studio(), tmp_path).components()]
    assert old[1:4] == ["html/how", "html/ab_a", "html/ab_b"]
    assert new[:4] == ["problem/q1", "problem/q2", "html/in_a", "html/in_b"]


def test_a_course_by_hand_keeps_its_outline(tmp_path: Path) -> None:
    course = read(by_hand(), tmp_path)
    assert outline(course) == [
        ("Overview", [("Films", ["Films"]), ("Overview", ["Overview"])]),
        ("Magic", [("Magic", ["v magic"])]),
        ("With conditions", [("With conditions", ["With conditions"]), ("With conditions", ["With conditions"] * 2)]),
        ("polls", [("poll lesson", ["poll lesson", "poll lesson", "poll lesson"])]),
        ("capa", [("set", ["set"])]),
    ]


def test_notes_of_plug_ins_are_reported_and_hide_no_file(tmp_path: Path) -> None:
    course = read(by_hand(), tmp_path)
    noted = [issue.source or "" for issue in course.issues if "a note of a plug-in" in issue.message]
    assert [note.split()[0] for note in noted] == ["<test_aside", "<tagging_aside"]
    assert [each.format for each in course.blocks() if each.external_id == "problem/choice"] == ["multiple_choice"]


def test_stray_text_between_parts_is_reported(tmp_path: Path) -> None:
    course = read(by_hand(), tmp_path)
    assert [i.source for i in course.issues if "text between its parts" in i.message] == ["Stray words"]


def test_pictures_with_spaces_and_umlauts_in_their_names_are_found(tmp_path: Path) -> None:
    course = read(by_hand(), tmp_path)
    assert [link.resolved for link in course.links if link.kind == "static"] == ["ma p \xfc.png"] * 2


def test_a_film_keeps_its_captions_in_every_language(tmp_path: Path) -> None:
    (film,) = [each for each in read(from_studio(), tmp_path).blocks() if each.external_id == "video/many"]
    assert [each["locale"] for each in film.settings["captions"]] == ["en", "de", "zh-Hans"]
    assert film.settings["transcript"] == "Deep"


def test_folder_tgz_and_whatever_the_top_folder_is_called_read_alike(tmp_path: Path) -> None:
    files = from_studio()
    folder = write_folder(tmp_path / "unpacked", files)
    whole = [
        read_course(folder),
        read_course(write_archive(tmp_path / "c.tgz", tar(files, prefix=""))),
        read_course(write_archive(tmp_path / "c.tar.gz", tar(files, prefix="./"))),
        read_course(write_archive(tmp_path / "no ending", tar(files, prefix="a b/\xfc/"))),
    ]
    assert all(each.chapters == whole[0].chapters for each in whole)


def test_hidden_files_in_an_archive_are_no_business_of_the_course(tmp_path: Path) -> None:
    course = read(by_hand(), tmp_path)
    assert not [issue for issue in course.issues if "._" in issue.place.file]


def test_a_zip_and_a_bare_tar_are_refused_with_a_way_out(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("course.xml", "<course/>")
    (tmp_path / "c.zip").write_bytes(packed.getvalue())
    (tmp_path / "c.tar").write_bytes(tar(from_studio()))
    with pytest.raises(OlxError, match="This is a zip archive"):
        read_course(tmp_path / "c.zip")
    with pytest.raises(OlxError, match="without compression"):
        read_course(tmp_path / "c.tar")
