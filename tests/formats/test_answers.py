"""What the answers to all formats of questions have in common."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graph.formats
from core.errors import SeveralErrors
from models.curriculum import BlockFormat
from resolvers.formats import BY_KIND
from resolvers.formats.answering import Outcome, answered, outcome, redacted, stored
from resolvers.formats.base import QuestionFormat, Response, join, split, validated
from tests.formats.answers import ANSWERED
from tests.formats.authoring import AUTHORED

QUESTIONS = [kind for kind, model in BY_KIND.items() if issubclass(model, QuestionFormat)]
EVERY_QUESTION = pytest.mark.parametrize("kind", QUESTIONS)
A_FEW = settings(max_examples=40, deadline=None, derandomize=True)


def asked(kind: BlockFormat, data: st.DataObject) -> Any:
    """A question as it comes back from where it is stored."""
    made = validated(BY_KIND[kind], data.draw(AUTHORED[kind]()))
    return validated(BY_KIND[kind], join(*json.loads(json.dumps(split(made)))))


def test_there_are_fourteen_formats_of_questions() -> None:
    assert len(QUESTIONS) == 14
    assert set(ANSWERED) == set(QUESTIONS)


@EVERY_QUESTION
@A_FEW
@given(data=st.data())
def test_what_all_answers_have_in_common(kind: BlockFormat, data: st.DataObject) -> None:
    question = asked(kind, data)
    values = data.draw(ANSWERED[kind](question))
    response = answered(question, values)
    result = outcome(question, response)
    is_worth_a_share_within_bounds(question, result)
    comes_back_the_same_from_plain_values(question, response)
    matters_in_no_order_but_where_that_is_the_answer(question, values)
    is_counted_among_the_options(question, response)
    is_told_nothing_until_feedback_is_due(result)
    costs_nothing_when_left_out(question)
    can_be_right(question)


def is_worth_a_share_within_bounds(question: Any, result: Outcome) -> None:
    assert (result.share is not None) == question.is_scored
    assert result.share is None or (isinstance(result.share, Fraction) and -1 <= result.share <= 1)


def comes_back_the_same_from_plain_values(question: Any, response: Response) -> None:
    again = answered(question, json.loads(json.dumps(stored(response))))
    assert again == response
    assert outcome(question, again) == outcome(question, response)


def matters_in_no_order_but_where_that_is_the_answer(question: Any, values: dict[str, Any]) -> None:
    if question.format == BlockFormat.RANKING:
        return
    turned = {name: list(reversed(each)) if isinstance(each, list) else each for name, each in values.items()}
    one, other = (answered(question, each) for each in (values, turned))
    assert outcome(question, one) == outcome(question, other)
    assert question.chosen(one) == question.chosen(other)


def is_counted_among_the_options(question: Any, response: Response) -> None:
    names, chosen = question.options(), question.chosen(response)
    assert len(set(names)) == len(names)
    assert all(isinstance(each, str) for each in chosen)
    if names and question.format != BlockFormat.CLOZE:
        assert set(chosen) <= set(names)


def is_told_nothing_until_feedback_is_due(result: Outcome) -> None:
    assert redacted(result, feedback_is_due=True) == result
    bare = redacted(result, feedback_is_due=False)
    assert (bare.share, bare.remarks, bare.explanation, bare.right_response) == (None, (), None, None)


def costs_nothing_when_left_out(question: Any) -> None:
    assert outcome(question, None).share == (0 if question.is_scored else None)


def can_be_right(question: Any) -> None:
    right = question.right_response()
    if right is not None:
        assert question.is_scored
        assert outcome(question, answered(question, stored(right))).score(7) == 7


@EVERY_QUESTION
def test_an_answer_with_a_field_too_many_or_none_at_all_is_refused_by_the_field(kind: BlockFormat) -> None:
    question: Any = validated(BY_KIND[kind], PLAIN[kind])
    for values, path in (({}, {each[0].split(".")[0] for each in WRONG[kind]}), ({"colour": "red"}, {"colour"})):
        with pytest.raises(SeveralErrors) as caught:
            answered(question, values)
        assert path & {".".join(map(str, error.path)).split(".")[0] for error in caught.value.errors}


TWO = [{"text": "1"}, {"text": "2"}]
# One question per format, with nothing but what it needs, and some limits to run into.
PLAIN: dict[BlockFormat, dict[str, Any]] = {
    BlockFormat.MULTIPLE_CHOICE: {"choices": TWO},
    BlockFormat.MULTI_SELECT: {"choices": [*TWO, {"text": "3"}], "minimum_selected": 1, "maximum_selected": 2},
    BlockFormat.TRUE_FALSE: {},
    BlockFormat.SHORT_ANSWER: {"maximum_length": 5},
    BlockFormat.NUMERIC: {"unit": "m", "other_units": [{"name": "cm", "factor": "0.01"}], "requires_unit": True},
    BlockFormat.FREEFORM: {"minimum_words": 2, "maximum_words": 3},
    BlockFormat.RANKING: {"items": TWO},
    BlockFormat.SCALE: {"minimum": 0, "maximum": 10, "step": 5},
    BlockFormat.RATING: {},
    BlockFormat.MATRIX: {"rows": TWO, "columns": TWO},
    BlockFormat.MATCHING: {"prompts": TWO, "targets": TWO},
    BlockFormat.CLOZE: {
        "text": "[[w]] [[n]] [[c]]",
        "gaps": [{"id": "w"}, {"id": "n", "kind": "number"}, {"id": "c", "kind": "choice", "options": ["x", "y"]}],
    },
    BlockFormat.REFLECTION: {"minimum_words": 2},
    BlockFormat.FILE_UPLOAD: {},
}
# Answers that do not fit these questions, by the path of the field that says so.
WRONG: dict[BlockFormat, list[tuple[str, dict[str, Any]]]] = {
    BlockFormat.MULTIPLE_CHOICE: [("choiceId", {"choice_id": "z"}), ("choiceId", {"choice_id": ""})],
    BlockFormat.MULTI_SELECT: [
        ("choiceIds.1", {"choice_ids": ["a", "z"]}),
        ("choiceIds.1", {"choice_ids": ["a", "a"]}),
        ("choiceIds", {"choice_ids": []}),
        ("choiceIds", {"choice_ids": ["a", "b", "c"]}),
    ],
    BlockFormat.TRUE_FALSE: [("isTrue", {"is_true": None}), ("isTrue", {"is_true": "maybe"})],
    BlockFormat.SHORT_ANSWER: [("text", {"text": "too long"}), ("text", {"text": " "}), ("text", {"text": "nul\0"})],
    BlockFormat.NUMERIC: [
        ("number", {"number": "twelve", "unit": "m"}),
        ("unit", {"number": "12"}),
        ("unit", {"number": "12", "unit": "kg"}),
    ],
    BlockFormat.FREEFORM: [("text", {"text": "one"}), ("text", {"text": "one two three four"})],
    BlockFormat.RANKING: [
        ("itemIds", {"item_ids": ["a"]}),
        ("itemIds.1", {"item_ids": ["a", "a"]}),
        ("itemIds.2", {"item_ids": ["a", "b", "c"]}),
    ],
    BlockFormat.SCALE: [("point", {"point": 3}), ("point", {"point": 15}), ("point", {"point": -5})],
    BlockFormat.RATING: [("rating", {"rating": 0}), ("rating", {"rating": 6})],
    BlockFormat.MATRIX: [
        ("rows.1.rowId", {"rows": [{"row_id": "a", "column_ids": []}, {"row_id": "z", "column_ids": []}]}),
        ("rows.1.rowId", {"rows": [{"row_id": "a", "column_ids": []}, {"row_id": "a", "column_ids": []}]}),
        ("rows.0.columnIds.0", {"rows": [{"row_id": "a", "column_ids": ["z"]}]}),
        ("rows.0.columnIds", {"rows": [{"row_id": "a", "column_ids": ["a", "b"]}]}),
    ],
    BlockFormat.MATCHING: [
        ("pairs.0.promptId", {"pairs": [{"prompt_id": "z", "target_id": "a"}]}),
        ("pairs.0.targetId", {"pairs": [{"prompt_id": "a", "target_id": "z"}]}),
    ],
    BlockFormat.CLOZE: [
        ("gaps.0.gapId", {"gaps": [{"gap_id": "z", "text": "x"}]}),
        ("gaps.0.text", {"gaps": [{"gap_id": "n", "text": "twelve"}]}),
        ("gaps.0.text", {"gaps": [{"gap_id": "c", "text": "z"}]}),
        ("gaps.0.text", {"gaps": [{"gap_id": "w", "text": " "}]}),
    ],
    BlockFormat.REFLECTION: [("text", {"text": "one"})],
    BlockFormat.FILE_UPLOAD: [
        ("fileKeys", {"file_keys": []}),
        ("fileKeys", {"file_keys": ["a", "b"]}),
        ("fileKeys.0", {"file_keys": ["../etc/passwd"]}),
    ],
}


@pytest.mark.parametrize(
    ("kind", "path", "values"), [(kind, path, values) for kind, some in WRONG.items() for path, values in some]
)
def test_an_answer_that_does_not_fit_is_refused_by_the_field(
    kind: BlockFormat, path: str, values: dict[str, Any]
) -> None:
    question: Any = validated(BY_KIND[kind], PLAIN[kind])
    with pytest.raises(SeveralErrors) as caught:
        answered(question, values)
    assert [".".join(map(str, error.path)) for error in caught.value.errors] == [path]


def test_every_format_of_questions_has_its_answer_in_the_api_and_content_has_none() -> None:
    assert [each.kind for each in graph.formats.FORMATS if each.response is not None] == QUESTIONS
    assert [each.kind for each in graph.formats.FORMATS if each.response_input is not None] == QUESTIONS
