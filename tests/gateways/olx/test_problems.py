"""Problems become questions, with their answers, hints and explanations; what is lost is reported."""

from collections.abc import Callable
from typing import Any

import pytest

from gateways.olx import IssueCode, OlxBlock, OlxCourse, Severity

from .conftest import Read

Blocks = Callable[[str], list[OlxBlock]]


@pytest.fixture
def blocks(sample: OlxCourse) -> Blocks:
    """The blocks of one of the sample's problems."""
    return lambda name: list(next(c.blocks for c in sample.components() if c.url_name == name))


def codes(course: OlxCourse, external_id: str) -> list[IssueCode]:
    return [issue.code for issue in course.issues if issue.external_id == external_id]


def choices(block: OlxBlock) -> list[tuple[str, bool, str | None]]:
    return [(choice["text"], choice["is_correct"], choice["feedback"]) for choice in block.settings["choices"]]


def problem(inner: str, attributes: str = "") -> str:
    return f"<problem url_name='p' {attributes}>{inner}</problem>"


def single(inner: str = "", attributes: str = "", group: str = "") -> str:
    """A problem with one question with two choices."""
    return problem(
        f"<multiplechoiceresponse><label>Q?</label><choicegroup {group}><choice correct='true'>A</choice>"
        f"<choice correct='false'>B</choice></choicegroup></multiplechoiceresponse>{inner}",
        attributes,
    )


def the(course: OlxCourse) -> OlxBlock:
    [block] = course.blocks()
    return block


# --- choosing ------------------------------------------------------------------------------------------------------


def test_radio_buttons_keep_choices_feedback_hints_and_explanation(blocks: Blocks) -> None:
    [block] = blocks("best_room")
    assert (block.format, block.title, block.points) == ("multiple_choice", "The best bedroom", 3)
    assert block.body == (
        "![Three rooms](olx:static/sleep_diary.svg)\n\n"
        "In which of these rooms would you sleep best?\n\nThink of the temperature, too."
    )
    assert choices(block) == [
        ("A warm, bright one", False, "Warmth keeps the body awake."),
        ("A cool, *dark* one", True, "Exactly: The body cools down to sleep."),
        ("One with \\\\(x_1\\\\) lamps", False, None),
    ]
    assert block.settings["shuffle"] is True
    assert block.settings["display"] == "list"
    assert block.settings["hints"] == ["What does your body do when it falls asleep?", "It has to do with heat."]
    assert block.settings["explanation"] == "Between 16 and 18 degrees is best."


def test_settings_without_a_home_are_reported(sample: OlxCourse) -> None:
    [issue] = [i for i in sample.issues if i.external_id == "problem/best_room"]
    assert issue.message == "Settings without a home: max_attempts = 2; showanswer = finished."


def test_a_dropdown_is_a_choice_that_is_shown_as_one(blocks: Blocks) -> None:
    [block] = blocks("best_hour")
    assert (block.format, block.settings["display"]) == ("multiple_choice", "dropdown")
    assert choices(block) == [("11 pm", False, "Far too late."), ("2 pm", True, None)]


def test_an_old_dropdown_is_read_from_its_attributes(blocks: Blocks) -> None:
    [block] = blocks("old_dropdown")
    assert block.body == "Melatonin is a hormone of the"
    assert choices(block) == [("day", False, None), ("night, mostly", True, None), ("noon", False, None)]


@pytest.mark.parametrize("options", ["(don't, won't)", "('don\\'t', 'won\\'t')", "don't,won't"])
def test_an_apostrophe_does_not_break_an_old_dropdown(read: Read, options: str) -> None:
    escaped = options.replace("'", "&apos;")
    course = read(problem(f"<optionresponse><optioninput options='{escaped}' correct='x'/></optionresponse>"))
    assert len(the(course).settings["choices"]) == 2


def test_names_of_choices_become_their_ids_where_they_can(blocks: Blocks) -> None:
    [block] = blocks("two_right")
    assert [choice["id"] for choice in block.settings["choices"]] == ["walk", "book", "news"]


def test_a_second_right_choice_is_reported(sample: OlxCourse, blocks: Blocks) -> None:
    [block] = blocks("two_right")
    assert [is_correct for _, is_correct, _ in choices(block)] == [True, False, False]
    assert codes(sample, "problem/two_right") == [IssueCode.CORRECT_CHOICES_SEVERAL]


@pytest.mark.parametrize(
    ("name", "credit"), [("good_habits", "every_decision"), ("half_marks", "halves"), ("lark_or_owl", None)]
)
def test_partial_credit_of_checkboxes_is_kept(blocks: Blocks, name: str, credit: str | None) -> None:
    [block] = blocks(name)
    assert block.settings.get("partial_credit") == credit


def test_feedback_without_a_home_is_reported_with_its_words(sample: OlxCourse, blocks: Blocks) -> None:
    [block] = blocks("good_habits")
    assert choices(block)[0] == ("A fixed bedtime", True, "Yes: the inner clock likes it.")
    messages = {i.code: i.message for i in sample.issues if i.external_id == "problem/good_habits"}
    assert "The inner clock would have liked it." in messages[IssueCode.FEEDBACK_NOT_KEPT]
    assert "Both together are the core of it." in messages[IssueCode.FEEDBACK_COMBINATION]


@pytest.mark.parametrize(
    ("problem_xml", "code"),
    [
        (single(group="answer-pool='2'"), IssueCode.ANSWER_POOL_NOT_KEPT),
        (
            problem(
                "<multiplechoiceresponse><choicegroup shuffle='true'><choice correct='true' fixed='true'>A</choice>"
                "<choice correct='false'>B</choice></choicegroup></multiplechoiceresponse>"
            ),
            IssueCode.CHOICE_ORDER_NOT_KEPT,
        ),
        (
            problem(
                "<multiplechoiceresponse partial_credit='points'><choicegroup><choice correct='true'>A</choice>"
                "<choice correct='partial' point_value='0.25'>B</choice></choicegroup></multiplechoiceresponse>"
            ),
            IssueCode.PARTIAL_CREDIT_NOT_KEPT,
        ),
        (
            problem(
                "<multiplechoiceresponse><choicegroup><choice correct='true'>A</choice><choice correct='false'/>"
                "</choicegroup></multiplechoiceresponse>"
            ),
            IssueCode.CHOICE_EMPTY,
        ),
        (
            problem(
                "<choiceresponse><checkboxgroup><choice correct='false'>A</choice><choice correct='false'>B</choice>"
                "</checkboxgroup></choiceresponse>"
            ),
            IssueCode.CORRECT_CHOICE_MISSING,
        ),
    ],
)
def test_what_choices_lose_is_reported(read: Read, problem_xml: str, code: IssueCode) -> None:
    course = read(problem_xml)
    assert len(the(course).settings["choices"]) == 2
    assert code in codes(course, "problem/p")


def test_feedback_written_beside_the_question_finds_its_choice(read: Read) -> None:
    course = read(
        problem(
            "<multiplechoiceresponse targeted-feedback=''><choicegroup>"
            "<choice correct='true' explanation-id='right'>A</choice>"
            "<choice correct='false' explanation-id='wrong'>B</choice></choicegroup></multiplechoiceresponse>"
            "<targetedfeedbackset><targetedfeedback explanation-id='wrong'><p>Not B</p></targetedfeedback>"
            "<targetedfeedback explanation-id='nobody'>Lost</targetedfeedback></targetedfeedbackset>"
            "<solutionset><solution explanation-id='right'>Because A</solution>"
            "<solution explanation-id='wrong'>Because B</solution></solutionset>"
        )
    )
    block = the(course)
    assert [feedback for _, _, feedback in choices(block)] == [None, "Not B"]
    assert block.settings["explanation"] == "Because A"
    assert set(codes(course, "problem/p")) >= {IssueCode.FEEDBACK_NOT_KEPT, IssueCode.EXPLANATION_NOT_KEPT}


# --- numbers -------------------------------------------------------------------------------------------------------


def answers(block: OlxBlock, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(answer[name] for name in names) for answer in block.settings["answers"]]


def test_a_number_keeps_tolerance_unit_and_further_answers(blocks: Blocks) -> None:
    [block] = blocks("hours")
    assert answers(block, "value", "tolerance", "tolerance_kind", "feedback", "credit_percent") == [
        ("8", "10", "percent", "Yes, about eight.", 100),
        ("7.5", None, "absolute", "Good, too.", 100),
    ]
    assert block.settings["unit"] == "hours"


def test_a_range_keeps_which_of_its_ends_belong_to_it(blocks: Blocks) -> None:
    [block] = blocks("degrees")
    assert answers(block, "value", "minimum", "maximum", "minimum_inclusive", "maximum_inclusive") == [
        (None, "16", "18", True, False)
    ]


def test_partial_credit_for_numbers_becomes_answers_worth_less(blocks: Blocks) -> None:
    [block] = blocks("close_enough")
    assert answers(block, "value", "tolerance", "credit_percent") == [
        ("20", "2", 100),
        ("30", "2", 50),
        ("20", "6", 50),
        ("30", "6", 25),
    ]


def test_partial_credit_around_a_range_is_a_wider_range(read: Read) -> None:
    course = read(
        problem("<numericalresponse answer='[10, 12]' partial_credit='close'><textline/></numericalresponse>")
    )
    assert answers(the(course), "minimum", "maximum", "minimum_inclusive", "credit_percent") == [
        ("10", "12", True, 100),
        ("6", "16", False, 50),
    ]


@pytest.mark.parametrize(("written", "value"), [("3.10", "3.10"), ("-2", "-2"), ("6.02e3", "6020"), (".5", "0.5")])
def test_decimals_stay_exact(read: Read, written: str, value: str) -> None:
    course = read(problem(f"<numericalresponse answer='{written}'><formulaequationinput/></numericalresponse>"))
    assert answers(the(course), "value", "tolerance", "tolerance_kind") == [(value, "0.001", "percent")]


def test_an_expression_is_kept_as_a_text_and_reported(sample: OlxCourse, blocks: Blocks) -> None:
    [block] = blocks("root_of_two")
    assert (block.format, block.settings["accepted"][0]["text"]) == ("short_answer", "sqrt(2)")
    assert codes(sample, "problem/root_of_two") == [IssueCode.ANSWER_NOT_NUMERIC]


@pytest.mark.parametrize("answer", ["", "[5,2]"])
def test_a_number_that_cannot_be_right_keeps_its_words(read: Read, answer: str) -> None:
    course = read(problem(f"<p>How many?</p><numericalresponse answer='{answer}'><textline/></numericalresponse>"))
    assert (the(course).format, the(course).body) == ("text", "How many?")
    assert codes(course, "problem/p") == [IssueCode.QUESTION_UNSUPPORTED]


# --- short texts ---------------------------------------------------------------------------------------------------


def accepted(block: OlxBlock) -> list[tuple[str, str, str | None, int]]:
    names = ("text", "match", "feedback", "credit_percent")
    return [tuple(entry[name] for name in names) for entry in block.settings["accepted"]]  # type: ignore[misc]


def test_a_text_keeps_further_answers_and_feedback_for_mistakes(blocks: Blocks) -> None:
    [block] = blocks("hormone")
    assert accepted(block) == [
        ("melatonin", "ignore_case", "Right.", 100),
        ("melatonine", "ignore_case", "We read it as melatonin.", 100),
        ("adrenaline", "ignore_case", "That one wakes us up.", 0),
        ("(?i)cort.*", "pattern", "That one peaks in the morning.", 0),
    ]


def test_old_ways_of_writing_answers_and_hints_are_read(blocks: Blocks) -> None:
    [block] = blocks("exact_words")
    assert accepted(block) == [
        ("REM", "exact", None, 100),
        ("Rem", "exact", None, 100),
        ("NREM", "exact", "That is the other one.", 0),
    ]


def test_a_pattern_that_ignores_case_says_so_itself(blocks: Blocks) -> None:
    [block] = blocks("pattern")
    assert accepted(block) == [("(?i)(deep|rem)[ -]sleep", "pattern", None, 100)]


def test_a_pattern_that_cannot_be_read_is_kept_as_a_text(read: Read) -> None:
    course = read(problem("<stringresponse answer='a(' type='regexp'><textline label='Write'/></stringresponse>"))
    assert accepted(the(course)) == [("a(", "exact", None, 100)]
    assert the(course).body == "Write"
    assert codes(course, "problem/p") == [IssueCode.PATTERN_INVALID]


# --- several in one ------------------------------------------------------------------------------------------------


def test_several_questions_stay_in_order_with_the_text_between(blocks: Blocks) -> None:
    found = [(block.external_id, block.format, block.body) for block in blocks("three_in_one")]
    assert found == [
        ("problem/three_in_one#text-1", "text", "Read the story of Ada, who sleeps five hours a night."),
        ("problem/three_in_one", "multiple_choice", "Is that enough?"),
        ("problem/three_in_one#2", "numeric", "How many hours are missing to eight?"),
        ("problem/three_in_one#3", "short_answer", "What do we call the missing hours? Sleep …"),
        ("problem/three_in_one#text-2", "text", "Now go to bed."),
    ]


def test_a_weight_is_divided_in_whole_points(blocks: Blocks) -> None:
    assert [block.points for block in blocks("three_in_one")] == [0, 3, 2, 2, 0]


def test_explanations_go_to_the_question_before_them_and_hints_to_the_first(blocks: Blocks) -> None:
    questions = [block for block in blocks("three_in_one") if block.format != "text"]
    explanations = ["Adults need seven to nine hours.", None, "The sum of missing hours is called sleep debt."]
    assert [block.settings["explanation"] for block in questions] == explanations
    assert [block.settings["hints"] for block in questions] == [["Count on your fingers."], [], []]


def test_fields_in_a_table_leave_numbered_gaps(blocks: Blocks) -> None:
    text, sport, reading, water = blocks("in_a_table")
    assert "| Sport | \\[1\\] |\n| Reading | \\[2\\] |" in text.body
    assert [sport.body, reading.body] == ["\\[1\\] Sport – Best time", "\\[2\\] Reading – Best time"]
    assert water.body == "Before bed I drink \\_\\_\\_ and nothing else."


@pytest.mark.parametrize(("weight", "points"), [("", 1), ("0", 0), ("5", 5), ("2.0", 2), ("0.5", 1), ("many", 1)])
def test_points_are_whole(read: Read, weight: str, points: int) -> None:
    course = read(single(attributes=f"weight='{weight}'"))
    assert the(course).points == points
    assert (IssueCode.WEIGHT_CHANGED in codes(course, "problem/p")) == (weight == "0.5")


def test_a_problem_without_words_shows_its_title(read: Read) -> None:
    xml = "<stringresponse answer='a'><textline/></stringresponse>"
    assert the(read(problem(xml, "display_name='Your name'"))).body == "Your name"
    assert the(read(problem(xml))).body == "–"


# --- what cannot be kept -------------------------------------------------------------------------------------------


def test_a_question_computed_by_a_script_keeps_its_words(sample: OlxCourse, blocks: Blocks) -> None:
    [block] = blocks("computed")
    assert block.format == "text"
    assert block.body == "You slept $hours hours. How many are missing to eight? The nap costs $5 in the hotel."
    assert codes(sample, "problem/computed") == [
        IssueCode.PYTHON_SCRIPT,
        IssueCode.QUESTION_UNSUPPORTED,
        IssueCode.EXPLANATION_NOT_KEPT,
        IssueCode.HINT_NOT_KEPT,
    ]
    script = next(i for i in sample.issues if i.code == IssueCode.PYTHON_SCRIPT and i.external_id == "problem/computed")
    assert script.severity == Severity.ERROR
    assert "hours" in script.message


def test_a_scripted_page_becomes_an_embed(blocks: Blocks) -> None:
    text, embed = blocks("scripted")
    assert text.body == "Draw your sleep curve."
    assert (embed.title, embed.settings["url"]) == ("A curve to draw", "https://example.org/curve.html")


def test_a_picture_to_click_on_is_kept_as_a_picture(blocks: Blocks) -> None:
    [block] = blocks("on_a_picture")
    assert block.body == "Click on the bed.\n\n![A bedroom](olx:static/sleep_diary.svg)"


def test_questions_beside_one_that_cannot_be_kept_are_kept(blocks: Blocks) -> None:
    assert [(block.format, block.external_id) for block in blocks("mixed")] == [
        ("text", "problem/mixed#text-1"),
        ("multiple_choice", "problem/mixed"),
    ]


@pytest.mark.parametrize(
    "response",
    [
        "symbolicresponse",
        "schematicresponse",
        "coderesponse",
        "jsmeresponse",
        "choicetextresponse",
        "somethingnewresponse",
    ],
)
def test_every_kind_of_question_without_a_counterpart_is_reported(read: Read, response: str) -> None:
    course = read(
        problem(f"<{response} answer='x'><p>Do it.</p><choice>One</choice><answer>secret</answer></{response}>")
    )
    assert "Do it." in the(course).body
    assert "secret" not in the(course).body
    [issue] = course.issues
    assert (issue.code, issue.severity) == (IssueCode.QUESTION_UNSUPPORTED, Severity.ERROR)
    assert response in (issue.source or "")


def test_too_many_choices_cannot_be_kept(read: Read) -> None:
    many = "".join(f"<choice correct='false'>c{number}</choice>" for number in range(51))
    course = read(problem(f"<choiceresponse><checkboxgroup>{many}</checkboxgroup></choiceresponse>"))
    assert the(course).format == "text"
    assert "c50" in the(course).body


def test_a_problem_beyond_reason_is_left_out_and_reported(read: Read) -> None:
    course = read(problem("<p/>" * 10_001))
    assert list(course.blocks()) == []
    assert codes(course, "problem/p") == [IssueCode.FILE_TOO_LARGE]


def test_a_long_source_is_cut(read: Read) -> None:
    course = read(problem(f"<customresponse><p>{'ü' * 5000}</p></customresponse>"))
    assert len((course.issues[0].source or "").encode()) < 2100
