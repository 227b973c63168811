"""The outline: chapters, sequentials, verticals and components, with their settings and places."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gateways.olx import IssueCode, OlxCourse, OlxError, OlxNode, Severity, read_course

from .exports import SAMPLE, one_unit, read_folder, tar, write_archive, write_folder


def codes(course: OlxCourse) -> list[IssueCode]:
    return [issue.code for issue in course.issues]


def test_the_course_knows_its_key_and_its_settings(sample: OlxCourse) -> None:
    assert (sample.key, sample.display_name) == ("Cairn/SLEEP1/2026", "Sleeping Well")
    assert sample.settings.start == datetime(2026, 2, 2, 8, tzinfo=UTC)
    assert sample.settings.end == datetime(2026, 6, 30, tzinfo=UTC)
    assert sample.settings.enrollment_start == datetime(2026, 1, 1, tzinfo=UTC)
    assert sample.settings.self_paced is True
    assert sample.settings.language == "en"


def test_the_policy_wins_over_the_course_file(sample: OlxCourse) -> None:
    assert sample.settings.image == "sleep_diary.svg"


def test_the_catalogue_page_gives_summary_and_description(sample: OlxCourse) -> None:
    assert sample.settings.summary == "Four weeks towards better sleep."
    assert sample.settings.description == "## About\n\nFour weeks towards better sleep."


def test_the_outline_keeps_its_order(sample: OlxCourse) -> None:
    outline = [(c.title, [s.title for s in c.sequentials]) for c in sample.chapters]
    assert outline == [
        ("Habits that help", ["The evening before", "The bedroom"]),
        ("Check yourself", ["Choosing", "Typing", "Other questions"]),
        ("Tools and talk", ["Talk about it", "Tools and talk"]),
    ]


def test_external_ids_name_category_and_url_name(sample: OlxCourse) -> None:
    chapter = sample.chapters[0]
    lesson = chapter.sequentials[0]
    unit = lesson.verticals[0]
    nodes: list[OlxNode] = [chapter, lesson, unit, unit.components[0]]
    ids = [node.external_id for node in nodes]
    assert ids == ["chapter/habits", "sequential/evening", "vertical/wind_down", "html/wind_down_text"]


def test_a_place_reads_like_a_path_through_the_course(sample: OlxCourse) -> None:
    component = next(sample.components())
    expected = "Habits that help › The evening before › Winding down › The last hour (html/wind_down_text.xml)"
    assert str(component.place) == expected


def test_grading_and_dates_of_a_sequential_are_kept(sample: OlxCourse) -> None:
    choosing, typing = sample.chapters[1].sequentials[:2]
    assert (choosing.graded, choosing.format, choosing.due) == (True, "Quiz", datetime(2026, 4, 1, tzinfo=UTC))
    assert (typing.graded, typing.format) == (True, "Homework")
    bedroom = sample.chapters[0].sequentials[1]
    assert bedroom.hide_after_due
    assert bedroom.due == datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))


def test_settings_without_a_field_are_kept_as_written_and_reported(sample: OlxCourse) -> None:
    bedroom = sample.chapters[0].sequentials[1]
    assert bedroom.attributes == {"is_time_limited": "true", "default_time_limit_minutes": "45"}
    messages = [i.message for i in sample.issues if i.external_id == bedroom.external_id]
    assert messages == ["Settings without a home: default_time_limit_minutes = 45; is_time_limited = true."]


def test_what_is_for_staff_is_hidden_down_to_its_components(sample: OlxCourse) -> None:
    unit = sample.chapters[0].sequentials[1].verticals[1]
    assert unit.is_hidden
    assert all(component.is_hidden for component in unit.components)
    assert not sample.chapters[0].sequentials[1].verticals[0].is_hidden


def test_content_for_some_groups_is_reported(sample: OlxCourse) -> None:
    [issue] = [i for i in sample.issues if i.code == IssueCode.RESTRICTED_TO_GROUPS]
    assert issue.external_id == "html/coach_text"
    assert '{"50": [1, 2]}' in issue.message


def test_a_unit_directly_below_a_chapter_gets_a_sequential(sample: OlxCourse) -> None:
    made = sample.chapters[2].sequentials[1]
    assert (made.title, made.verticals[0].title) == ("Tools and talk", "Farewell")
    assert IssueCode.CONTAINER_IMPLIED in codes(sample)


def test_all_questions_of_a_random_pool_are_read(sample: OlxCourse) -> None:
    unit = next(v for v in sample.verticals() if v.url_name == "drawn_at_random")
    assert [c.external_id for c in unit.components] == ["problem/pool_1", "problem/pool_2", "html/well_done"]
    message = next(i.message for i in sample.issues if i.code == IssueCode.CONTAINER_FLATTENED)
    assert "at random" in message
    assert "max_count = 1" in message


def test_a_component_used_twice_has_two_ids(sample: OlxCourse) -> None:
    ids = [component.external_id for component in sample.components()]
    assert len(ids) == len(set(ids))
    assert {"html/wind_down_text", "html/wind_down_text~2"} <= set(ids)
    assert IssueCode.URL_NAME_REPEATED in codes(sample)


def test_block_ids_are_unique_and_begin_with_their_component(sample: OlxCourse) -> None:
    ids = [block.external_id for block in sample.blocks()]
    assert len(ids) == len(set(ids))
    for component in sample.components():
        assert all(block.external_id.split("#")[0] == component.external_id for block in component.blocks)


def test_a_missing_file_costs_one_component(sample: OlxCourse) -> None:
    [issue] = [i for i in sample.issues if i.code == IssueCode.FILE_MISSING]
    assert (issue.external_id, issue.severity) == ("html/gone", Severity.ERROR)
    assert "html/gone.xml" in issue.message


def test_half_a_file_costs_one_component(sample: OlxCourse) -> None:
    [issue] = [i for i in sample.issues if i.code == IssueCode.FILE_UNREADABLE]
    assert issue.external_id == "problem/broken"
    assert "ends in the mid" in (issue.source or "")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("drafts/vertical/not_yet.xml", IssueCode.DRAFT_NOT_IMPORTED),
        ("problem/forgotten.xml", IssueCode.ORPHAN_NOT_IMPORTED),
        ("tabs/rules.html", IssueCode.PAGE_NOT_IMPORTED),
        ("info/updates.html", IssueCode.PAGE_NOT_IMPORTED),
        ("about/effort.html", IssueCode.PAGE_NOT_IMPORTED),
        ("policies/2026/grading_policy.json", IssueCode.GRADING_POLICY_NOT_KEPT),
        ("policies/2026/policy.json", IssueCode.TABS_NOT_KEPT),
    ],
)
def test_what_is_beside_the_outline_is_reported(sample: OlxCourse, path: str, code: IssueCode) -> None:
    assert [issue.code for issue in sample.issues if issue.place.file == path] == [code]


def test_a_file_without_content_is_nothing_to_report(sample: OlxCourse) -> None:
    assert not [issue for issue in sample.issues if issue.place.file == "about/title.html"]


def test_every_file_is_read_or_reported(sample: OlxCourse) -> None:
    files = {name for name, content in read_folder(SAMPLE).items() if content and not name.startswith("static/")}
    nodes = [*sample.chapters, *sample.sequentials(), *sample.verticals(), *sample.components()]
    read = {node.place.file for node in nodes} | {f"html/{node.url_name}.html" for node in nodes}
    read |= {
        "course.xml",
        "course/2026.xml",
        "library_content/pool.xml",
        "about/overview.html",
        "about/short_description.html",
    }
    read |= {"policies/assets.json", "assets/assets.xml"}
    findings = " ".join(f"{issue.place.file} {issue.message}" for issue in sample.issues)
    assert [name for name in sorted(files - read) if name not in findings] == []


def test_static_files_are_listed_with_size_and_hash(sample: OlxCourse) -> None:
    guide = sample.static_files["Sleep guide 2026.txt"]
    assert guide.size == 32
    assert guide.sha256 == "02b6857d37975394a87a1ef3394ddc10decb2b253512ddf6be93eccf79102237"


def test_the_sample_reports_what_it_loses(sample: OlxCourse) -> None:
    found = {name.removeprefix("issue:"): n for name, n in sample.counts().items() if name.startswith("issue:")}
    assert found == {
        "address_changed": 1,
        "answer_not_numeric": 1,
        "comment_dropped": 1,
        "component_empty": 2,
        "component_unsupported": 6,
        "container_flattened": 2,
        "container_implied": 1,
        "correct_choices_several": 1,
        "draft_not_imported": 1,
        "embed_linked": 1,
        "explanation_not_kept": 2,
        "feedback_combination": 1,
        "feedback_not_kept": 1,
        "file_missing": 1,
        "file_unreadable": 1,
        "grading_not_kept": 4,
        "grading_policy_not_kept": 1,
        "hidden_from_learners": 1,
        "hint_not_kept": 1,
        "link_broken": 3,
        "link_course_page": 1,
        "link_other_course": 1,
        "markup_dropped": 1,
        "orphan_not_imported": 1,
        "page_not_imported": 3,
        "placeholder_kept": 1,
        "python_script": 2,
        "question_unsupported": 4,
        "restricted_to_groups": 1,
        "script_dropped": 2,
        "setting_not_kept": 10,
        "static_missing": 2,
        "styling_dropped": 3,
        "tabs_not_kept": 1,
        "textbook_not_kept": 1,
        "url_name_repeated": 1,
        "video_without_source": 1,
        "wiki_not_kept": 1,
    }


def test_no_finding_repeats_a_credential(sample: OlxCourse) -> None:
    assert not [issue for issue in sample.issues if "not-for-anybodys-eyes" in f"{issue.message}{issue.source}"]


def test_a_folder_and_its_archive_read_the_same(sample: OlxCourse, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "sleep.tar.gz", tar(read_folder(SAMPLE)))
    assert read_course(archive) == sample


def test_a_course_may_be_written_into_one_file(tmp_path: Path) -> None:
    whole = """<course url_name="r" org="O" course="C" display_name="Short"><chapter url_name="c" display_name="One">
      <sequential url_name="s"><vertical url_name="v"><html url_name="h"><p>Hello</p></html></vertical></sequential>
    </chapter></course>"""
    course = read_course(write_folder(tmp_path, {"course.xml": whole}))
    assert [block.body for block in course.blocks()] == ["Hello"]
    assert course.chapters[0].sequentials[0].title == "s"


def test_a_colon_in_a_name_is_a_folder(tmp_path: Path) -> None:
    files = one_unit(['<html url_name="week:one"/>'], {"html/week/one.xml": '<html display_name="W"><p>Hi</p></html>'})
    assert [block.body for block in read_course(write_folder(tmp_path, files)).blocks()] == ["Hi"]


def test_a_component_without_a_name_is_known_by_its_position(tmp_path: Path) -> None:
    course = read_course(write_folder(tmp_path, one_unit(["<html><p>A</p></html>", "<html><p>B</p></html>"])))
    assert [c.external_id for c in course.components()] == ["html/unit-html-1", "html/unit-html-2"]
    assert codes(course) == [IssueCode.URL_NAME_MISSING] * 2


def test_a_pointer_written_by_hand_may_say_more(tmp_path: Path) -> None:
    pointers = ['<html url_name="a" display_name="Mine"/>', '<problem url_name="b" filename="other" weight="2"/>']
    files = {
        "html/a.xml": '<html display_name="Theirs"><p>Hello</p></html>',
        "problem/other.xml": "<problem><stringresponse answer='x'><label>Why?</label></stringresponse></problem>",
    }
    course = read_course(write_folder(tmp_path, one_unit(pointers, files)))
    assert [component.title for component in course.components()] == ["Mine", ""]
    assert [(block.body, block.points) for block in course.blocks()] == [("Hello", 0), ("Why?", 2)]


@pytest.mark.parametrize("xml", ['<problem url_name="p" display_name="P"/>', '<html url_name="h"><p> </p></html>'])
def test_a_component_that_says_nothing_is_reported(tmp_path: Path, xml: str) -> None:
    course = read_course(write_folder(tmp_path, one_unit([xml])))
    assert list(course.blocks()) == []
    assert codes(course) == [IssueCode.COMPONENT_EMPTY]


def test_a_date_that_is_none_is_reported(tmp_path: Path) -> None:
    files = one_unit([], {"sequential/lesson.xml": '<sequential display_name="L" due="soon"/>'})
    course = read_course(write_folder(tmp_path, files))
    assert course.chapters[0].sequentials[0].due is None
    assert [i.code for i in course.issues if i.external_id == "sequential/lesson"] == [IssueCode.SETTING_INVALID]


def test_files_beside_the_course_are_counted(tmp_path: Path) -> None:
    files = {**{f"export/{name}": content for name, content in one_unit([]).items()}, "readme.txt": "Hello"}
    course = read_course(write_folder(tmp_path, files))
    assert "1 file(s) beside the course's folder" in course.issues[-1].message


def test_progress_is_told_unit_by_unit() -> None:
    told: list[tuple[str, int, int]] = []
    course = read_course(SAMPLE, progress=lambda stage, done, total: told.append((stage, done, total)))
    units = len(list(course.verticals()))
    assert [entry for entry in told if entry[0] == "units"] == [("units", n, units) for n in range(1, units + 1)]


def test_counts_add_up(sample: OlxCourse) -> None:
    counts = sample.counts()
    assert counts["blocks"] == sum(n for name, n in counts.items() if name.startswith("block:"))
    assert counts["issues"] == sum(n for name, n in counts.items() if name.startswith("issue:")) == len(sample.issues)


@pytest.mark.parametrize(
    "content",
    ['<course url_name="run" org="Org"/>', "<library org='O' course='C' url_name='r'/>", "<course", "", "\xff\xfe"],
)
def test_a_broken_root_is_no_course(tmp_path: Path, content: str) -> None:
    folder = write_folder(tmp_path, one_unit([], {"course.xml": content.encode("latin-1")}))
    with pytest.raises(OlxError) as caught:
        read_course(folder)
    assert caught.value.place == "course.xml"
