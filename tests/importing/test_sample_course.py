"""Our own sample course, which has something of everything: exactly what becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from gateways.olx import read_course
from tests.gateways.olx.exports import SAMPLE
from tests.importing.conftest import Imported, Importing
from tests.importing.running import name_of

OUTLINE = [
    (
        "Habits that help",
        [
            (
                "The evening before",
                "the-evening-before",
                [
                    "Section: Winding down",
                    "Text: ## The last hour",
                    "Text: | Time | What |",
                    "Text: Same time every even",
                    "Section: Light and darkness",
                    "Text: See [a unit that is ",
                    "Text: Move the slider and ",
                    "Embed: A lamp with a slider",
                    "Text: What did you notice?",
                ],
            ),
            (
                "The bedroom",
                "the-bedroom",
                [
                    "Section: A film about bedroom",
                    "Media: A good bedroom",
                    "Media: An older film",
                    "Media: From our own camera",
                    "Text: Lost film",
                ],
            ),
        ],
    ),
    (
        "Check yourself",
        [
            (
                "Choosing",
                "choosing",
                [
                    "Section: One of several",
                    "MultipleChoice: The best bedroom",
                    "MultipleChoice: Caffeine",
                    "MultipleChoice: Melatonin",
                    "MultipleChoice: Two are right",
                    "Section: Several of several",
                    "MultiSelect: Good habits",
                    "MultiSelect: Half marks",
                    "Section: Many in one",
                    "Text: Three questions",
                    "MultipleChoice: Is that enough?",
                    "Numeric: How many hours are m",
                    "ShortAnswer: What do we call the ",
                    "Text: Now go to bed.",
                    "Text: When to do what",
                    "MultipleChoice: \\[1\\] Sport – Best t",
                    "MultipleChoice: \\[2\\] Reading – Best",
                    "ShortAnswer: Before bed I drink \\",
                ],
            ),
            (
                "Typing",
                "typing",
                [
                    "Section: Numbers",
                    "Numeric: Hours of sleep",
                    "Numeric: Degrees",
                    "Numeric: Close enough",
                    "ShortAnswer: A root",
                    "Section: Words",
                    "ShortAnswer: The hormone",
                    "ShortAnswer: A pattern",
                    "ShortAnswer: Exactly",
                ],
            ),
            (
                "Other questions",
                "other-questions",
                [
                    "Section: Without a home",
                    "Text: Computed",
                    "Text: Scripted",
                    "Embed: A curve to draw",
                    "Text: On a picture",
                    "Text: Mixed",
                    "MultipleChoice: And which animal sle",
                    "Freeform: Your sleep diary",
                    "Freeform: What will you change",
                    "Text: A lullaby",
                    "Text: Phases of sleep",
                    "Section: Drawn at random",
                    "MultipleChoice: Question 1 of the po",
                    "MultipleChoice: Question 2 of the po",
                    "Text: Well done.",
                ],
            ),
        ],
    ),
    (
        "Tools and talk",
        [
            (
                "Talk about it",
                "talk-about-it",
                [
                    "Section: Opinions",
                    "MultipleChoice: Lark or owl?",
                    "MultipleChoice: Naps",
                    "Matrix: Your week",
                    "Text: In one word",
                    "Section: Elsewhere",
                    "Text: Online diary",
                    "Text: Tracker",
                    "Text: ## The last hour",
                ],
            ),
            ("Tools and talk", "tools-and-talk", ["Section: Farewell", "Text: Good night."]),
        ],
    ),
]


@pytest.fixture(scope="module")
def sample(imported: Importing) -> Iterator[Imported]:
    with imported(lambda importer: importer.command(SAMPLE, "--every-issue")) as course:
        yield course


def shown(block: dict[str, Any]) -> str:
    return (
        f"{block['__typename'].removesuffix('Question').removesuffix('Block')}: {name_of(block).splitlines()[0][:20]}"
    )


def test_readers_see_this_course(sample: Imported) -> None:
    assert [
        (
            module["title"],
            [(lesson["title"], lesson["slug"], [*map(shown, lesson["blocks"])]) for lesson in module["lessons"]],
        )
        for module in sample.live.course["modules"]
    ] == OUTLINE


def test_the_report_adds_up(sample: Imported) -> None:
    assert sample.importer.counts() == {
        "created course": 1,
        "created module": 3,
        "created lesson": 7,
        "created section": 14,
        "created block": 55,
        "trashed section": 1,
    }
    kept = sample.importer.issues()
    own = {
        "setting_without_home": 4,
        "file_not_copied": 6,
        "hidden_and_trashed": 1,
    }
    read = Counter(each.code.value for each in read_course(SAMPLE).issues)
    assert Counter(each.code for each in kept) == read + Counter(own)


def test_the_course_has_its_summary_and_description(sample: Imported) -> None:
    assert (sample.live.course["title"], sample.live.course["slug"]) == ("Sleeping Well", "sleeping-well")
    assert sample.live.course["summary"] == "Four weeks towards better sleep."


def test_readers_see_no_answer_key(sample: Imported) -> None:
    question = sample.live["The best bedroom"]
    assert {choice["isCorrect"] for choice in question["choices"]} == {None}
    assert (question["explanation"], sample.live["Degrees"]["answers"], sample.live["Exactly"]["accepted"]) == (
        None,
        None,
        None,
    )


def test_editors_see_the_answer_key(sample: Imported) -> None:
    assert [(choice["text"], choice["isCorrect"]) for choice in sample.draft["The best bedroom"]["choices"]] == [
        ("A warm, bright one", False),
        ("A cool, *dark* one", True),
        (r"One with \\(x_1\\) lamps", False),
    ]
    assert sample.draft["Exactly"]["accepted"] == [{"text": "REM"}, {"text": "Rem"}, {"text": "NREM"}]


def test_what_only_staff_could_see_waits_in_the_trash(sample: Imported) -> None:
    [issue] = sample.importer.issues("hidden_and_trashed")
    assert issue.place == "Habits that help › The bedroom › Notes for coaches (vertical/staff_notes.xml)"
    assert "Notes for coaches" not in sample.live
    assert "Notes for coaches" not in sample.draft


def test_dates_and_grading_are_reported(sample: Imported) -> None:
    assert {each.place.partition(" (")[0]: each.reason for each in sample.importer.issues("setting_without_home")} == {
        "Sleeping Well": "Without a home here: starts 2026-02-02 08:00+00:00, ends 2026-06-30 00:00+00:00,"
        " enrolment starts 2026-01-01 00:00+00:00, language en, self-paced, image sleep_diary.svg.",
        "Habits that help › The bedroom": "Without a home here: due 2026-03-01 12:00+02:00, hidden after its due date.",
        "Check yourself › Choosing": "Without a home here: due 2026-04-01 00:00+00:00, graded as Quiz.",
        "Check yourself › Typing": "Without a home here: graded as Homework.",
    }


def test_no_credential_of_the_export_is_stored(sample: Imported) -> None:
    tables = ("block", "course", "import_issue", "external_ref")
    stored = "".join(
        row.line for table in tables for row in sample.importer.rows(f"SELECT {table}::text AS line FROM {table}")
    )
    assert "not-for-anybodys-eyes" not in stored
