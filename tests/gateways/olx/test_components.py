"""Open responses, polls and surveys, and components that have no home."""

import pytest

from gateways.olx import IssueCode, OlxBlock, OlxCourse, Severity

from .conftest import Read


def blocks(course: OlxCourse, name: str) -> list[OlxBlock]:
    return list(next(c.blocks for c in course.components() if c.url_name == name))


def codes(course: OlxCourse, external_id: str) -> list[IssueCode]:
    return [issue.code for issue in course.issues if issue.external_id == external_id]


def test_an_open_response_is_a_freeform_question_for_each_prompt(sample: OlxCourse) -> None:
    first, second = blocks(sample, "essay")
    assert (first.format, first.title, first.points) == ("freeform", "Your sleep diary", 4)
    assert first.body == "Describe one week of your sleep.\n\nWhich evening was the best?"
    assert (second.external_id, second.title, second.points) == ("openassessment/essay#2", None, 0)
    assert second.body == "What will you change?"


def test_the_rubric_of_an_open_response_is_kept_in_words(sample: OlxCourse) -> None:
    first, second = blocks(sample, "essay")
    assert first.settings["rubric"] == (
        "#### Detail\n\nIs every day described?\n\n- **No (0)**: Days are missing.\n- **Yes (4)**: All seven days.\n\n"
        "What did you learn from it?"
    )
    assert second.settings["rubric"] is None


def test_how_an_open_response_was_graded_is_reported(sample: OlxCourse) -> None:
    assert codes(sample, "openassessment/essay") == [IssueCode.GRADING_NOT_KEPT, IssueCode.SETTING_NOT_KEPT]
    message = next(i.message for i in sample.issues if i.external_id == "openassessment/essay")
    assert "peer-assessment" in message


@pytest.mark.parametrize(
    ("name", "question", "texts", "explanation"),
    [
        ("lark_or_owl", "Which are you?", ["![bird](olx:static/sleep_diary.svg) A lark", "An owl"], "Both are fine."),
        ("naps", "Do you nap?", ["Yes", "No"], None),
    ],
)
def test_a_poll_is_a_question_without_a_right_answer(
    sample: OlxCourse, name: str, question: str, texts: list[str], explanation: str | None
) -> None:
    [block] = blocks(sample, name)
    assert (block.format, block.body, block.points) == ("multiple_choice", question, 0)
    assert [choice["text"] for choice in block.settings["choices"]] == texts
    assert not any(choice["is_correct"] for choice in block.settings["choices"])
    assert block.settings["explanation"] == explanation


def test_a_survey_is_a_matrix_without_right_answers(sample: OlxCourse) -> None:
    [block] = blocks(sample, "week")
    assert (block.format, block.title) == ("matrix", "Your week")
    assert [row["text"] for row in block.settings["rows"]] == ["Did you sleep well?", "Did you dream?"]
    assert [column["text"] for column in block.settings["columns"]] == ["Yes", "No"]


@pytest.mark.parametrize(
    "xml",
    [
        "<poll url_name='x' question='Only one?' answers='[[\"a\", \"Yes\"]]'/>",
        "<poll url_name='x' question='None at all?' answers='broken'/>",
        '<survey url_name=\'x\' questions=\'[["a", "Only one?"]]\' answers=\'[["a", "Yes"]]\'/>',
    ],
)
def test_a_poll_that_is_none_keeps_its_words(read: Read, xml: str) -> None:
    course = read(xml)
    [block] = course.blocks()
    assert block.format == "text"
    assert "?" in block.body
    assert IssueCode.QUESTION_UNSUPPORTED in {issue.code for issue in course.issues}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "poem",
            "Read the lullaby and its notes.\n\nSleep, little one \\[1\\], the moon is up.\n\n"
            "\\[1\\] **Who sings?** A parent, perhaps.",
        ),
        (
            "phases",
            "Put each phase in its place.\n\n![A curve](olx:static/sleep_diary.svg)\n\n"
            "- Dreams – where dreams are\n\n- REM",
        ),
        ("cloud", "What is sleep to you?"),
        ("diary", "Keep your diary online."),
        ("tracker", "Wear it on your wrist.\n\nCharge it first."),
    ],
)
def test_components_without_a_home_leave_their_words(sample: OlxCourse, name: str, body: str) -> None:
    [block] = blocks(sample, name)
    assert (block.format, block.body) == ("text", body)
    assert IssueCode.COMPONENT_UNSUPPORTED in codes(sample, block.external_id)


def test_a_component_without_words_leaves_a_finding(sample: OlxCourse) -> None:
    assert blocks(sample, "forum") == []
    [issue] = [i for i in sample.issues if i.external_id == "discussion/forum"]
    assert (issue.code, issue.severity) == (IssueCode.COMPONENT_UNSUPPORTED, Severity.ERROR)
    assert "Tricks" in (issue.source or "")


def test_a_component_of_an_unknown_kind_reports_its_settings(sample: OlxCourse) -> None:
    message = next(
        i.message
        for i in sample.issues
        if i.external_id == "sleep-tracker/tracker" and i.code == IssueCode.SETTING_NOT_KEPT
    )
    assert message == "Settings without a home: api_key = (not shown); interval = 5."


def test_embed_code_of_an_unknown_component_is_embedded(read: Read) -> None:
    code = "&lt;iframe src='https://example.org/doc' title='Plan'&gt;&lt;/iframe&gt;"
    course = read(f'<google-document url_name="g" display_name="Doc" embed_code="{code}"/>')
    [block] = course.blocks()
    assert (block.format, block.title, block.settings["url"]) == ("embed", "Plan", "https://example.org/doc")
