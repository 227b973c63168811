"""Whatever stands in a question: what is written is read back as the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateways.banks import BankFormat, Category, Kind, Option, Question, Text, cannot, read_bank, write_bank

PIECES = st.sampled_from(
    [
        *"{}=~#%:\\->./[] \n1a*_<&é",
        "::",
        "->",
        "%50%",
        "####",
        "TRUE",
        "[html]",
        "[plain]",
        "$CATEGORY:",
        "//",
        "\\n",
        "[[",
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=9).map("".join).filter(str.strip).map(str.strip)
LINES = TEXTS.map(lambda text: " ".join(text.split()))
FEEDBACK = st.one_of(st.just(""), TEXTS)


def markdown(text: str) -> Text:
    """Words as the house has them."""
    return Text(text, "markdown")


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A question of any kind that both formats have, with texts full of their signs."""
    kind = draw(st.sampled_from([Kind.CHOICE, Kind.TRUE_FALSE, Kind.SHORT, Kind.NUMBER, Kind.MATCHING, Kind.ESSAY]))
    made = Question(kind, markdown(draw(TEXTS)), name=draw(LINES), id=draw(st.sampled_from(["", "q-1"])))
    made.explanation = markdown(draw(FEEDBACK))
    right = Option(markdown(draw(TEXTS)), Decimal(100), markdown(draw(FEEDBACK)))
    wrong = Option(markdown(draw(TEXTS)), Decimal(draw(st.sampled_from([0, 25, -50]))), markdown(draw(FEEDBACK)))
    if kind is Kind.CHOICE:
        made.options, made.shuffles = [wrong, right], True
        made.is_single = draw(st.booleans())
    elif kind is Kind.TRUE_FALSE:
        made.options = [Option(Text(word, "plain"), each.percent, each.feedback) for word, each in
                        (("true", right), ("false", Option(wrong.text, Decimal(0), wrong.feedback)))]  # fmt: skip
    elif kind is Kind.SHORT:
        plain = [Option(Text(draw(LINES), "plain"), each.percent, each.feedback) for each in (right, wrong)]
        made.options = plain
    elif kind is Kind.NUMBER:
        made.options = [Option(Text("-8.5", "plain"), Decimal(50), right.feedback, tolerance="0.25")]
    elif kind is Kind.MATCHING:
        made.shuffles, targets = True, draw(st.lists(LINES, min_size=2, max_size=3, unique=True))
        made.pairs = [(markdown(draw(TEXTS)), each) for each in targets]
    return made


ARROW = Question(Kind.SHORT, markdown("Q"), options=[Option(Text(each, "plain")) for each in ("a->b", "c")])
SIGNS = Question(
    Kind.CHOICE, markdown("Q"), options=[Option(markdown("%50%a")), Option(markdown("[html]b"), Decimal(0))]
)
TRUTH = Question(
    Kind.TRUE_FALSE,
    markdown("Q"),
    options=[Option(Text("true", "plain"), feedback=markdown("[plain] x")), Option(Text("false", "plain"), Decimal(0))],
)


@pytest.mark.parametrize("kind", list(BankFormat))
@settings(max_examples=200, deadline=None)
@given(made=st.lists(questions(), min_size=1, max_size=3), path=st.lists(LINES, min_size=1, max_size=2))
@example(made=[ARROW, SIGNS, TRUTH], path=["/", "/x"])
def test_a_question_is_read_back_as_it_was_written(
    kind: BankFormat, made: list[Question], path: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = [each for each in made if cannot(each, kind) is None]
    if not kept:
        return
    assert len(kept) == len(made) or kind is BankFormat.GIFT
    file = tmp_path_factory.getbasetemp() / "written"
    file.write_text(write_bank([Category(tuple(path), kept)], kind), encoding="utf-8", newline="")
    course = read_bank(file, kind, "Sleep")
    assert [each.title for each in course.sequentials()] == [" / ".join(path)]
    found = list(course.blocks())
    assert len(found) == len(kept)
    for block, question in zip(found, kept, strict=True):
        assert block.title == question.name or not question.name
        assert block.body == question.text.value
        assert (block.settings["explanation"] or "") == question.explanation.value
        assert _told(block.settings) == _expected(question)


def _told(found: dict[str, Any]) -> Any:
    """What a block says of its answers."""
    if "choices" in found:
        return [(each["text"], each["is_correct"], each["feedback"] or "") for each in found["choices"]]
    if "correct_answer" in found:
        return found["correct_answer"], found["feedback_true"] or "", found["feedback_false"] or ""
    if "accepted" in found:
        return [
            (each["match"] == "pattern", each["credit_percent"], each["feedback"] or "") for each in found["accepted"]
        ]
    if "answers" in found:
        return [tuple(each[name] for name in ("value", "tolerance", "credit_percent")) for each in found["answers"]]
    if "prompts" in found:
        targets = {each["id"]: each["text"] for each in found["targets"]}
        return [(each["text"], targets[each["correct_target_id"]]) for each in found["prompts"]]
    return None


def _expected(question: Question) -> Any:
    options = question.options
    match question.kind:
        case Kind.CHOICE:
            return [
                (each.text.value, each.percent > (99 if question.is_single else 0), each.feedback.value)
                for each in options
            ]
        case Kind.TRUE_FALSE:
            return True, options[0].feedback.value, options[1].feedback.value
        case Kind.SHORT:
            return [
                ("*" in each.text.value.replace("\\*", ""), int(each.percent), each.feedback.value) for each in options
            ]
        case Kind.NUMBER:
            return [("-8.5", "0.25", 50)]
        case Kind.MATCHING:
            return [(left.value, right) for left, right in question.pairs]
    return None


def test_an_arrow_in_a_short_answer_is_told_rather_than_made_a_pair() -> None:
    arrow = Question(Kind.SHORT, markdown("What leads on?"), options=[Option(Text("a->b", "plain"))])
    assert cannot(arrow, BankFormat.GIFT) == "GIFT would take an arrow in it for a pair to match"
    assert cannot(arrow, BankFormat.MOODLE) is None
