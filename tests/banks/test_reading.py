"""Files of questions are read: every kind, what does not fit, and what is hostile or broken."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SeveralErrors
from gateways.banks import BankFormat, read_bank
from gateways.olx import IssueCode, OlxBlock, OlxCourse, OlxError
from models.curriculum import BlockFormat
from resolvers.formats import BY_KIND
from resolvers.formats.base import QuestionFormat, validated
from tests.banks import samples
from tests.banks.samples import answer, question, quiz


def read(text: str | bytes, kind: BankFormat, folder: Path) -> OlxCourse:
    """The bank in a file that holds this."""
    path = folder / "bank"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_bank(path, kind, "Sleep")


def only(text: str, kind: BankFormat, folder: Path) -> OlxBlock:
    """The one block of a file."""
    (block,) = read(text, kind, folder).blocks()
    return block


def codes(course: OlxCourse) -> list[str]:
    """What there is to say about a bank."""
    return [each.code.value for each in course.issues]


def made(block: OlxBlock) -> QuestionFormat:
    """The question of a block."""
    fields = {name: value for name, value in block.settings.items() if value is not None}
    found = validated(BY_KIND[BlockFormat(block.format)], fields)
    assert isinstance(found, QuestionFormat)
    return found


def share(block: OlxBlock, **response: Any) -> str:
    """What an answer earns."""
    question = made(block)
    return str(question.share(question.response_model.model_validate(response)))


@pytest.mark.parametrize(("kind", "text"), [(BankFormat.GIFT, samples.GIFT), (BankFormat.MOODLE, samples.MOODLE)])
def test_every_question_of_a_bank_becomes_a_block_that_its_format_takes(
    kind: BankFormat, text: str, tmp_path: Path
) -> None:
    course = read(text, kind, tmp_path)
    assert course.accounts().lost == ()
    for block in course.blocks():
        if block.format != "text":
            made(block)
    found = [block.format for block in course.blocks()]
    gift = [
        "multiple_choice", "numeric", "numeric", "true_false", "matching", "short_answer", "multi_select", "freeform",
        "text",
    ]  # fmt: skip
    moodle = [
        "multiple_choice", "multi_select", "true_false", "short_answer", "numeric", "matching", "ranking", "freeform",
        "file_upload", "text", "cloze", "cloze", "text",
    ]  # fmt: skip
    assert found == {BankFormat.GIFT: gift, BankFormat.MOODLE: moodle}[kind]


def test_categories_are_lessons(tmp_path: Path) -> None:
    gift = [each.title for each in read(samples.GIFT, BankFormat.GIFT, tmp_path).sequentials()]
    assert gift == ["Questions", "Nature / Numbers", "Nature / Words"]
    moodle = [each.title for each in read(samples.MOODLE, BankFormat.MOODLE, tmp_path).sequentials()]
    assert moodle == ["Sleep", "Sleep / Words"]


def test_a_choice_earns_what_its_fraction_says(tmp_path: Path) -> None:
    block, *_ = read(samples.MOODLE, BankFormat.MOODLE, tmp_path).blocks()
    assert (block.points, block.title, block.settings["hints"]) == (2, "Cycle", ["Think of a film."])
    assert [share(block, choice_id=each) for each in "abc"] == ["1", "1/2", "-1/4"]
    several = list(read(samples.MOODLE, BankFormat.MOODLE, tmp_path).blocks())[1]
    assert share(several, choice_ids=["a", "b", "c"]) == "1"
    assert share(several, choice_ids=["a", "b"]) == "67/100"
    assert share(several, choice_ids=["a", "b", "c", "d"]) == "0"


def test_texts_and_stars(tmp_path: Path) -> None:
    block = only("Capital? {=Rome =%50%R*me#Nearly =%20%a\\\\*b}", BankFormat.GIFT, tmp_path)
    found = [share(block, text=each) for each in ("rome", "  ROME ", "Rhyme", "a*b", "Paris")]
    assert found == ["1", "1", "1/2", "1/5", "0"]
    exact = question("shortanswer", "n", "Q?", "<usecase>1</usecase>" + answer("Rome"))
    block = only(quiz(exact), BankFormat.MOODLE, tmp_path)
    assert [share(block, text=each) for each in ("Rome", "rome")] == ["1", "0"]


def test_numbers_tolerances_ranges_and_units(tmp_path: Path) -> None:
    block = only("How many? {#=8:1 =%50%10..12#Many}", BankFormat.GIFT, tmp_path)
    assert [share(block, number=each) for each in ("7", "9", "9.1", "10", "12")] == ["1", "1", "0", "1/2", "1/2"]
    block = list(read(samples.MOODLE, BankFormat.MOODLE, tmp_path).blocks())[4]
    assert share(block, number="42.3", unit="km") == "1"
    assert share(block, number="42300", unit="m") == "1"
    assert share(block, number="42.3", unit="m") == "0"


def test_gaps(tmp_path: Path) -> None:
    blocks = list(read(samples.MOODLE, BankFormat.MOODLE, tmp_path).blocks())
    gaps, select = blocks[10], blocks[11]
    assert gaps.settings["text"] == "Sleep comes in [[a]] of [[b]] minutes, at [[c]]."
    assert gaps.points == 4
    filled = [{"gap_id": "a", "text": "Waves"}, {"gap_id": "b", "text": "85"}, {"gap_id": "c", "text": "night"}]
    assert share(gaps, gaps=filled) == "3/4"
    assert made(gaps).remarks(made(gaps).response_model.model_validate({"gaps": filled}))[0].text == "Right~ish"
    assert select.settings["text"] == "The [[gap-2]] is a [[gap-1]]."
    right = [{"gap_id": "gap-2", "text": "sun"}, {"gap_id": "gap-1", "text": "star"}]
    assert share(select, gaps=right) == "1"


def test_pairs_and_orders_do_not_give_themselves_away(tmp_path: Path) -> None:
    gift = next(each for each in read(samples.GIFT, BankFormat.GIFT, tmp_path).blocks() if each.format == "matching")
    text = "Which? {=b -> Zebra =c -> Ape =d -> Cat}"
    block = only(text, BankFormat.GIFT, tmp_path)
    assert [each["text"] for each in block.settings["targets"]] == ["Ape", "Cat", "Zebra"]
    assert [each["correct_target_id"] for each in block.settings["prompts"]] == ["t3", "t1", "t2"]
    assert len(gift.settings["prompts"]) == 3
    order = list(read(samples.MOODLE, BankFormat.MOODLE, tmp_path).blocks())[6]
    right = made(order).right_response()
    assert right is not None
    assert share(order, **right.model_dump()) == "1"


def test_what_has_no_home_is_told(tmp_path: Path) -> None:
    course = read(samples.MOODLE, BankFormat.MOODLE, tmp_path)
    assert "component_unsupported" in codes(course)
    assert "feedback_not_kept" in codes(course)
    assert [(each.name, each.size) for each in course.static_files.values()] == [("clock.png", 16)]
    assert course.links[0].resolved == "clock.png"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Open {=a", IssueCode.QUESTION_UNSUPPORTED),
        ("Twice {=a} and {=b}", IssueCode.QUESTION_UNSUPPORTED),
        ("No sign {a b}", IssueCode.QUESTION_UNSUPPORTED),
        ("No number {#=eight}", IssueCode.ANSWER_NOT_NUMERIC),
        ("Nothing right {~a ~b}", IssueCode.CORRECT_CHOICE_MISSING),
        ("One {~a}", IssueCode.QUESTION_UNSUPPORTED),
        ("Two right {=a =b ~c}", IssueCode.CORRECT_CHOICES_SEVERAL),
        ("Too little {~%50%a ~%20%b ~c}", IssueCode.PARTIAL_CREDIT_NOT_KEPT),
        ("One pair {=a -> b}", IssueCode.QUESTION_UNSUPPORTED),
        ("Strange percent {~%1.2.3%a =b}", IssueCode.QUESTION_UNSUPPORTED),
    ],
)
def test_a_question_in_gift_that_makes_no_sense_is_told_and_keeps_its_words(
    text: str, code: IssueCode, tmp_path: Path
) -> None:
    course = read(text, BankFormat.GIFT, tmp_path)
    assert code.value in codes(course)
    assert len(list(course.blocks())) == 1


def test_what_a_question_is_known_by(tmp_path: Path) -> None:
    text = "// [id:one]\n::Name:: A?{=a}\n\n::Name:: B?{=b}\n\n::Name:: C?{=c}\n\nD?{=d}\n\nD?{=e}"
    names = [block.external_id for block in read(text, BankFormat.GIFT, tmp_path).blocks()]
    assert names[:3] == ["question/id/one", "question/name/Name", "question/name/Name~2"]
    assert names[4] == f"{names[3]}~2"


def test_large_categories_are_several_lessons(tmp_path: Path) -> None:
    text = "\n\n".join(f"::{number}:: Question {number}? {{=a}}" for number in range(450))
    lessons = list(read(text, BankFormat.GIFT, tmp_path).sequentials())
    assert [each.title for each in lessons] == ["Questions", "Questions (2)", "Questions (3)"]


@pytest.mark.parametrize(
    ("content", "is_guessed"),
    [
        ("Schlüssel? {=ja}".encode(), False),
        ("\ufeffSchlüssel? {=ja}".encode(), False),
        ("Schlüssel? {=ja}".encode("utf-16"), False),
        ("Schlüssel? {=ja}".encode("windows-1252"), True),
    ],
)
def test_encodings(content: bytes, is_guessed: bool, tmp_path: Path) -> None:
    course = read(content, BankFormat.GIFT, tmp_path)
    assert [block.body for block in course.blocks()] == ["Schlüssel?"]
    assert ("encoding_guessed" in codes(course)) is is_guessed


LAUGHS = '<!DOCTYPE quiz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;">]><quiz><question>&b;</question></quiz>'
OUTSIDE = '<!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz><question>&x;</question></quiz>'


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        OUTSIDE,
        "",
        "<quiz>",
        "<course/>",
        "<quiz/>",
        "<quiz>" + "<a>" * 200 + "</a>" * 200 + "</quiz>",
        "PK\x03\x04",
    ],
)
def test_what_is_hostile_or_no_such_file_is_refused_as_a_whole(text: str, tmp_path: Path) -> None:
    with pytest.raises(OlxError):
        read(text, BankFormat.MOODLE, tmp_path)


def test_ten_megabytes_are_read_in_seconds(tmp_path: Path) -> None:
    one = question("shortanswer", "Name", "How? " + "x" * 9_000, answer("so"))
    text = quiz(*(one.replace("Name", f"Name {number}") for number in range(1_100)))
    assert len(text) > 10_000_000
    began = time.process_time()
    assert sum(1 for _ in read(text, BankFormat.MOODLE, tmp_path).blocks()) == 1_100
    assert time.process_time() - began < 20


PIECES = st.sampled_from([*"{}=~#%:\\->./ \n1250ab*[]<>&", "::", "->", "%50%", "####", "TRUE", "[html]", "$CATEGORY:"])


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_text_at_all_upsets_the_reader_of_gift(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    _whatever(text, BankFormat.GIFT, tmp_path_factory)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="<>&]"), max_size=12)
FIELDS = st.sampled_from(
    [
        "{1:SA:=a}",
        "{:MC:=a~b}",
        "{1:NM:=1:2}",
        "{9:XX:=a}",
        "{1:SA:}",
        "[[1]]",
        "[[2]]",
        "<b>x</b>",
        "<script>y</script>",
        "@@PLUGINFILE@@/a.png",
    ]
)
KINDS = st.sampled_from(
    [
        "multichoice",
        "truefalse",
        "shortanswer",
        "numerical",
        "matching",
        "ordering",
        "essay",
        "cloze",
        "gapselect",
        "ddmatch",
        "random",
    ]
)
ANSWERS = st.lists(
    st.tuples(st.one_of(WORDS, FIELDS), st.sampled_from(["100", "50", "-20", "0", "33.333", "x", "1e9", ""])),
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(
    KINDS,
    st.lists(st.one_of(WORDS, FIELDS), max_size=4).map(" ".join),
    ANSWERS,
    st.sampled_from(["1", "x", "-3", "2.5", "1e99", "NaN"]),
)
def test_no_question_at_all_upsets_the_reader_of_moodle_xml(
    tmp_path_factory: pytest.TempPathFactory, kind: str, text: str, answers: list[tuple[str, str]], grade: str
) -> None:
    boxes = "".join(f"<selectoption><text><![CDATA[{each}]]></text></selectoption>" for each, _ in answers)
    inside = boxes + "".join(answer(said, fraction) for said, fraction in answers)
    _whatever(quiz(question(kind, "n", text, inside, grade)), BankFormat.MOODLE, tmp_path_factory)


def _whatever(text: str, kind: BankFormat, folders: pytest.TempPathFactory) -> None:
    """It is read or refused; and nothing is lost without a word."""
    path = folders.getbasetemp() / "fuzzed"
    path.write_text(text, encoding="utf-8")
    try:
        course = read_bank(path, kind, "Sleep")
    except OlxError:
        return
    assert course.accounts().lost == ()
    for block in course.blocks():
        if block.format != "text":
            with suppress(SeveralErrors):  # The importer keeps it as a text, and says so.
                made(block)


HOSTILE = {
    "tags": (BankFormat.GIFT, "// " + "[id:" * 400_000 + "\nOne? {T}"),
    "fields": (BankFormat.MOODLE, quiz(question("cloze", "n", "{1:SA:=a" * 60_000 + "{1:SA:=b}"))),
    "weights": (BankFormat.MOODLE, quiz(question("cloze", "n", "{" + "1" * 400_000 + " {1:SA:=b}"))),
    "categories": (
        BankFormat.GIFT,
        "\n\n".join(f"$CATEGORY: a/b/c/d/{each}\n\n[markdown]One? {{T}}" for each in range(19_000)),
    ),
    "paragraph": (BankFormat.GIFT, "One? {T}\n" + "more\n" * 100_000 + "{"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_long_takes_no_longer_than_its_length_says(name: str, tmp_path: Path) -> None:
    kind, text = HOSTILE[name]
    began = time.process_time()
    assert read(text, kind, tmp_path).blocks()
    assert time.process_time() - began < 15


def test_too_many_questions_are_refused_before_all_of_them_are_read(tmp_path: Path) -> None:
    path = tmp_path / "bank"
    path.write_text("[markdown]One? {T}\n\n" * 500_000)
    began = time.process_time()
    with pytest.raises(OlxError, match="more than 20000 questions"):
        read_bank(path, BankFormat.GIFT, "Sleep")
    assert time.process_time() - began < 15


def test_no_two_categories_or_questions_are_known_by_the_same_name(tmp_path: Path) -> None:
    paths = ["a//b", "a/b", "a%2Fb", "x~2", "x"]
    text = "\n\n".join(f"$CATEGORY: {path}\n\n" + "[markdown]One? {T}\n\n" * 201 for path in paths)
    names = [each.external_id for each in read(text, BankFormat.GIFT, tmp_path).sequentials()]
    assert len(names) == len(set(names)) == 10
    titles = ["x", "x~2", "x", "x%7E2", "y%", "50% / %"]
    text = "\n\n".join(f"::{title}:: One? {{T}}" for title in titles)
    found = [each.external_id for each in read(text, BankFormat.GIFT, tmp_path).blocks()]
    assert len(found) == len(set(found)) == len(titles)
    assert found[-1] == "question/name/50% / %"
