"""Banks shaped like those of others: imported, published, answered, and scored as Moodle says it scores them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gateways.banks import BankFormat, read_bank
from gateways.olx import OlxCourse
from resolvers.importing.reading import Source
from tests.assessment.taking import Taker
from tests.banks import moodle_rules
from tests.banks.moodle_rules import Case
from tests.importing.running import Importer
from tests.support import factories
from tests.support.clients import Client, Data

FOREIGN = Path(__file__).parent / "foreign"
GIFT, MOODLE = FOREIGN / "garden.gift", FOREIGN / "garden.xml"
HALF, ALL, NOTHING = Fraction(1, 2), Fraction(1), Fraction(0)
TREE = """query @perspective(stage: DRAFT) { courses(first: 2) { nodes { id modules { lessons { id title blocks {
    id format title points
    ... on MultipleChoiceQuestion { choices { id text } }
    ... on MultiSelectQuestion { choices { id text } }
    ... on MatchingQuestion { prompts { id text } targets { id text } }
    ... on RankingQuestion { items { id text } }
    ... on ClozeQuestion { gaps { id } } } } } } } }"""
# Percents are whole here.
ROUNDED = Fraction(1, 100)

# What answers to the file in GIFT earn, by the public description of the format.
EARNED: dict[str, list[Case]] = {
    "Earthworms": [
        ({"choice": "They loosen it."}, ALL),
        ({"choice": "They feed birds."}, HALF),
        ({"choice": "They eat roots."}, NOTHING),
    ],
    "Two of four": [
        ({"choices": ["Peelings", "Leaves"]}, ALL),
        ({"choices": ["Leaves"]}, HALF),
        ({"choices": ["Leaves", "Glass"]}, NOTHING),
    ],
    "Thirds": [
        ({"choices": ["Carrot", "Beet", "Radish"]}, ALL),
        ({"choices": ["Beet"]}, Fraction(1, 3)),
        ({"choices": ["Beet", "Tomato"]}, NOTHING),
    ],
    "One is all": [({"choices": ["A dry path"]}, ALL), ({"choices": ["A dry path", "A lettuce"]}, HALF)],
    "With a price": [({"choice": "A cover of the soil"}, ALL), ({"choice": "A tool"}, Fraction(-1, 7))],
    "Two would do": [({"choice": "March"}, ALL), ({"choice": "April"}, ALL), ({"choice": "December"}, NOTHING)],
    "Asleep": [({"truth": False}, ALL), ({"truth": True}, NOTHING)],
    "Rising": [({"truth": False}, NOTHING), ({"truth": True}, ALL)],
    "Written small": [({"truth": False}, ALL)],
    "First of two": [({"truth": True}, ALL)],
    "Second of two": [({"truth": True}, NOTHING)],
    "Capital letters": [({"text": "SPIDER"}, ALL), ({"text": "Moth"}, HALF), ({"text": "Bee"}, NOTHING)],
    "A tag": [({"text": "<b>"}, ALL), ({"text": "<strong>"}, ALL), ({"text": "b"}, Fraction(1, 4))],
    "Missing word": [({"text": "6"}, ALL), ({"text": "six"}, ALL), ({"text": "8"}, NOTHING)],
    "At the start": [({"text": "two"}, ALL)],
    "At the end": [({"choice": "crawls"}, ALL), ({"choice": "sings"}, NOTHING)],
    "Exactly": [({"number": "8"}, ALL), ({"number": "8.01"}, NOTHING)],
    "About": [({"number": "3.145"}, ALL), ({"number": "3.1451"}, NOTHING)],
    "Between": [({"number": "2"}, ALL), ({"number": "4"}, ALL), ({"number": "4.1"}, NOTHING)],
    "Below zero": [({"number": "-12.5"}, ALL), ({"number": "-7"}, NOTHING)],
    "Large": [({"number": "1010"}, ALL), ({"number": "1011"}, NOTHING)],
    "By steps": [({"number": "1851"}, ALL), ({"number": "1856"}, HALF), ({"number": "1857"}, NOTHING)],
    "Else": [({"number": "5"}, ALL), ({"number": "6"}, NOTHING)],
    "Homes": [({"pairs": {"The *bee*": "Hive", "The ant": "Hill", "The *bird*": "Kennel"}}, Fraction(2, 3))],
    "Close together": [({"pairs": {"One": "Eins", "Two": "Zwei", "Three": "Drei"}}, ALL)],
    "Signs": [({"choice": r"\~"}, ALL), ({"choice": r"\="}, NOTHING)],
    "A formula": [({"number": "9"}, ALL)],
}  # fmt: skip


@pytest.fixture
def walk(author: Client, taker: Callable[[], Taker], importer: Importer) -> Callable[..., None]:
    """`walk(path, source, cases)`: the bank becomes a quiz, and each answer to it earns what it should."""

    def walked(path: Path, source: Source, cases: dict[str, list[Case]]) -> None:
        done = importer(path, source=source, name="Garden", every_issue=True)
        assert "block_refused" not in done.output, done.output
        quiz, blocks = _quiz(author)
        asked = {each["title"]: each for each in blocks if each["title"] in cases}
        assert set(asked) == set(cases)
        somebody = taker()
        for number in range(max(map(len, cases.values()))):
            attempt = somebody.start(quiz)
            given = {name: cases[name][min(number, len(cases[name]) - 1)] for name in asked}
            for name, (answer, _) in given.items():
                somebody.answer(attempt, asked[name]["id"], **_input(asked[name], answer))
            somebody.submit(attempt)
            marks = {each["blockId"]: each for each in somebody.graded(attempt)["marks"]}
            for name, (answer, share) in given.items():
                earned = Fraction(marks[asked[name]["id"]]["share"])
                assert abs(earned - share) <= ROUNDED, (name, answer, earned, share)

    return walked


def _quiz(author: Client) -> tuple[str, list[Data]]:
    """A quiz of all questions of the one draft that there is, published with its course; its id, and the questions."""
    (course,) = author.ask(TREE)["courses"]["nodes"]
    lessons = [lesson for module in course["modules"] for lesson in module["lessons"]]
    blocks = [block for lesson in lessons for block in lesson["blocks"] if block["format"] not in ("SECTION", "TEXT")]
    quiz = factories.assessment(author, lessons[0]["id"], feedbackMode="AFTER_SUBMIT")
    factories.many(author, "blockMove", "__typename", [{"id": each["id"], "assessmentId": quiz} for each in blocks])
    factories.publish(author, course["id"])
    return quiz, blocks


def _input(block: Data, answer: dict[str, Any]) -> Data:
    """An answer as the API takes it: ids in place of words."""
    ids = {each["text"]: each["id"] for name in ("choices", "items", "prompts") for each in block.get(name, ())}
    match answer:
        case {"choice": text}:
            return {"multipleChoice": {"choiceId": ids[text]}}
        case {"choices": texts}:
            return {"multiSelect": {"choiceIds": [ids[each] for each in texts]}}
        case {"truth": is_true}:
            return {"trueFalse": {"isTrue": is_true}}
        case {"text": text}:
            return {"shortAnswer": {"text": text}}
        case {"number": number, **more}:
            return {"numeric": {"number": number, **more}}
        case {"pairs": pairs}:
            targets = {each["text"]: each["id"] for each in block["targets"]}
            return {"matching": {"pairs": [{"promptId": ids[a], "targetId": targets[b]} for a, b in pairs.items()]}}
        case {"order": texts}:
            return {"ranking": {"itemIds": [ids[each] for each in texts]}}
        case {"gaps": texts}:
            filled = zip(block["gaps"], texts, strict=True)
            return {"cloze": {"gaps": [{"gapId": gap["id"], "text": text} for gap, text in filled]}}
    raise AssertionError(answer)


@pytest.mark.usefixtures("grader")
def test_a_foreign_bank_in_gift_earns_what_the_format_says(walk: Callable[..., None]) -> None:
    walk(GIFT, Source.GIFT, EARNED)


@pytest.mark.usefixtures("grader")
def test_a_foreign_bank_in_moodle_xml_earns_what_moodle_says(walk: Callable[..., None]) -> None:
    walk(MOODLE, Source.MOODLE, moodle_rules.cases(MOODLE.read_text()))


def _read(path: Path, kind: BankFormat) -> OlxCourse:
    return read_bank(path, kind, "Garden")


def _told(course: OlxCourse) -> list[tuple[str, str, str]]:
    """(severity, code, title of the question) of each finding, in order."""
    return [(each.severity.value, each.code.value, (each.place.trail or ("",))[-1]) for each in course.issues]


def test_what_a_bank_in_gift_loses_is_told_to_the_last(tmp_path: Path) -> None:
    assert _told(_read(GIFT, BankFormat.GIFT)) == [
        ("info", "setting_not_kept", "Earthworms"),
        ("info", "partial_credit_not_kept", "Thirds"),
        *[("info", "partial_credit_not_kept", "With a price")] * 2,
        ("warning", "correct_choices_several", "Two would do"),
        ("info", "text_changed", "Second of two"),
        ("warning", "feedback_not_kept", "Else"),
        ("error", "question_unsupported", "Two gaps"),
        ("error", "question_unsupported", "Open end"),
    ]


def test_what_a_bank_in_moodle_xml_loses_is_told_to_the_last() -> None:
    kinds = ("Area", "Sum", "Choice of sums", "Random (Garden)", "Any pairs", "Markers", "Onto a picture")
    assert _told(_read(MOODLE, BankFormat.MOODLE)) == [
        ("info", "setting_not_kept", ""),
        *[("info", "feedback_not_kept", "Cover")] * 3,
        *[("info", "setting_not_kept", "Cover")] * 2,
        ("info", "partial_credit_not_kept", "Cover"),
        ("info", "partial_credit_not_kept", "Roots"),
        ("warning", "partial_credit_not_kept", "Marathon"),
        ("warning", "feedback_not_kept", "Marathon"),
        ("warning", "weight_changed", "Frost"),
        ("warning", "partial_credit_not_kept", "Growth"),
        ("warning", "setting_not_kept", "Growth"),
        ("error", "question_unsupported", "All gaps"),
        ("info", "partial_credit_not_kept", "All gaps"),
        ("warning", "setting_invalid", "Tell"),
        *[("warning", "setting_not_kept", "Tell")] * 2,
        ("warning", "setting_not_kept", "Plan"),
        *[("error", "component_unsupported", each) for each in (*kinds, "Algebra", "Program")],
        *[("error", "question_unsupported", "Only many")] * 2,
    ]


@pytest.mark.parametrize(("path", "kind"), [(GIFT, BankFormat.GIFT), (MOODLE, BankFormat.MOODLE)])
def test_what_could_not_be_kept_as_a_question_does_not_give_its_answers_away(path: Path, kind: BankFormat) -> None:
    kept = [block for block in _read(path, kind).blocks() if block.format == "text"]
    assert {block.title for block in kept} >= ({"Two gaps", "Open end"} if kind is BankFormat.GIFT else {"Only many"})
    words = " ".join(block.body for block in kept if block.title != "Markers")
    assert not any(each in words for each in ("hydrogen", "oxygen", "robin", "secret"))


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_line_ends_and_encodings_make_no_difference(line_end: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "garden.gift"
    path.write_bytes(GIFT.read_text().replace("\n", line_end).encode(encoding))
    assert _same(_read(path, BankFormat.GIFT)) == _same(_read(GIFT, BankFormat.GIFT))


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n\r\n", b"\n \n"])
def test_what_stands_before_the_xml_makes_no_difference(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "garden.xml"
    path.write_bytes(start + MOODLE.read_bytes().lstrip().replace(b"\n", b"\r\n"))
    assert _same(_read(path, BankFormat.MOODLE)) == _same(_read(MOODLE, BankFormat.MOODLE))


def _same(course: OlxCourse) -> list[Any]:
    return [(each.external_id, each.format, each.body, each.points, each.settings) for each in course.blocks()]


def test_two_questions_may_bring_other_pictures_of_the_same_name() -> None:
    course = _read(MOODLE, BankFormat.MOODLE)
    first, second, old = list(course.static_files)
    assert (first, old, second.startswith("a bed-"), second.endswith(".png")) == ("a bed.png", "old.png", True, True)
    assert [link.resolved for link in course.links] == [first, second, old]
