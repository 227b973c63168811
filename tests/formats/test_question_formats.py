"""The rules of what there is to answer."""

from __future__ import annotations

from typing import Any

import pytest

from models.curriculum import BlockFormat
from resolvers.formats.base import split
from tests.formats.asking import made, refused

MULTIPLE_CHOICE, MULTI_SELECT = BlockFormat.MULTIPLE_CHOICE, BlockFormat.MULTI_SELECT
SHORT_ANSWER, NUMERIC, FREEFORM = BlockFormat.SHORT_ANSWER, BlockFormat.NUMERIC, BlockFormat.FREEFORM
RANKING, SCALE, RATING, MATRIX = BlockFormat.RANKING, BlockFormat.SCALE, BlockFormat.RATING, BlockFormat.MATRIX


def choices(*correct: bool) -> list[dict[str, Any]]:
    return [{"text": f"choice {number}", "is_correct": each} for number, each in enumerate(correct, 1)]


# Choosing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MULTIPLE_CHOICE, MULTI_SELECT])
def test_there_must_be_something_to_choose_from(kind: BlockFormat) -> None:
    assert set(refused(kind, choices=choices(True))) == {"choices"}
    assert set(refused(kind, choices=choices(*[False] * 51))) == {"choices"}
    assert set(refused(kind, choices=[{"text": " "}, {"text": "b"}])) == {"choices.0.text"}


@pytest.mark.parametrize("kind", [MULTIPLE_CHOICE, MULTI_SELECT])
def test_choices_without_an_id_get_the_next_free_letter(kind: BlockFormat) -> None:
    found = made(kind, choices=[{"text": "1"}, {"text": "2", "id": "a"}, {"text": "3"}]).choices
    assert [choice.id for choice in found] == ["b", "a", "c"]


def test_the_twenty_seventh_choice_is_numbered() -> None:
    found = made(MULTI_SELECT, choices=choices(*[False] * 28)).choices
    assert [choice.id for choice in found[25:]] == ["z", "item-1", "item-2"]


@pytest.mark.parametrize("kind", [MULTIPLE_CHOICE, MULTI_SELECT])
def test_two_choices_never_share_an_id(kind: BlockFormat) -> None:
    problems = refused(kind, choices=[{"text": "1", "id": "x"}, {"text": "2"}, {"text": "3", "id": "x"}])
    assert problems == {"choices.2.id": "The id 'x' is taken by another item of this list."}


@pytest.mark.parametrize("name", ["ä", "a b", "a.b", "x" * 41, "a\nb"])
def test_an_id_is_short_and_plain(name: str) -> None:
    assert set(refused(MULTI_SELECT, choices=[{"text": "1", "id": name}, {"text": "2"}])) == {"choices.0.id"}


def test_only_one_of_several_choices_is_right_in_multiple_choice() -> None:
    assert made(MULTIPLE_CHOICE, choices=choices(False, True)).choices[1].is_correct
    assert "Only one choice" in next(iter(refused(MULTIPLE_CHOICE, choices=choices(True, True)).values()))


@pytest.mark.parametrize("kind", [MULTIPLE_CHOICE, MULTI_SELECT])
def test_choices_without_a_right_one_are_a_poll(kind: BlockFormat) -> None:
    assert not any(choice.is_correct for choice in made(kind, choices=choices(False, False)).choices)


def test_any_number_of_choices_is_right_in_multi_select() -> None:
    assert made(MULTI_SELECT, choices=choices(True, True, True)).partial_credit == "none"


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        ({"maximum_selected": 4}, "maximumSelected"),
        ({"maximum_selected": 0}, "maximumSelected"),
        ({"minimum_selected": -1}, "minimumSelected"),
        ({"minimum_selected": 4}, "minimumSelected"),
        ({"minimum_selected": 3, "maximum_selected": 2}, "minimumSelected"),
        ({"maximum_selected": 1}, "maximumSelected"),
        ({"minimum_selected": 3}, "minimumSelected"),
    ],
)
def test_the_limits_of_selecting_leave_room_for_the_right_answer(limits: dict[str, int], path: str) -> None:
    assert set(refused(MULTI_SELECT, choices=choices(True, True, False), **limits)) == {path}


def test_a_poll_may_limit_selecting_freely() -> None:
    poll = made(MULTI_SELECT, choices=choices(False, False, False), minimum_selected=2, maximum_selected=2)
    assert (poll.minimum_selected, poll.maximum_selected) == (2, 2)


def test_true_or_false_has_labels_of_its_own() -> None:
    plain = made(BlockFormat.TRUE_FALSE)
    assert (plain.correct_answer, plain.true_label, plain.false_label) == (None, "True", "False")
    assert set(refused(BlockFormat.TRUE_FALSE, true_label="")) == {"trueLabel"}


def test_a_false_statement_is_kept_apart_from_one_without_an_answer() -> None:
    _, key = split(made(BlockFormat.TRUE_FALSE, correct_answer=False))
    assert key["correct_answer"] is False


# Typing --------------------------------------------------------------------------------------------------------------


def test_an_accepted_answer_ignores_case_and_earns_all_points_unless_it_says_otherwise() -> None:
    answer = made(SHORT_ANSWER, accepted=[{"text": " Vienna "}]).accepted[0]
    assert (answer.text, answer.match, answer.credit_percent) == ("Vienna", "ignore_case", 100)


@pytest.mark.parametrize("credit", [-101, 101])
def test_credit_is_a_share_of_the_points(credit: int) -> None:
    problems = refused(SHORT_ANSWER, accepted=[{"text": "a", "credit_percent": credit}])
    assert set(problems) == {"accepted.0.creditPercent"}


def test_a_pattern_must_be_safe_to_run() -> None:
    problems = refused(SHORT_ANSWER, accepted=[{"text": "fine"}, {"text": "(a+)+b", "match": "pattern"}])
    assert set(problems) == {"accepted.1.text"}


def test_what_is_no_pattern_may_look_like_a_bad_one() -> None:
    assert made(SHORT_ANSWER, accepted=[{"text": "(a+)+", "match": "exact"}]).accepted[0].text == "(a+)+"


def test_all_that_is_accepted_is_secret_as_a_whole() -> None:
    stored, key = split(made(SHORT_ANSWER, accepted=[{"text": "Vienna"}]))
    assert "accepted" not in stored
    assert [answer["text"] for answer in key["accepted"]] == ["Vienna"]


def test_numbers_are_kept_in_one_written_form() -> None:
    answer = made(NUMERIC, answers=[{"value": "+1.50", "tolerance": "5e-2"}]).answers[0]
    assert (answer.value, answer.tolerance) == ("1.5", "0.05")


@pytest.mark.parametrize("text", ["", "NaN", "Infinity", "-inf", "1,5", "1_000", "٣", "0x10", "1e9999", "12 km"])
def test_what_is_no_number_is_refused(text: str) -> None:
    assert set(refused(NUMERIC, answers=[{"value": text}])) == {"answers.0.value"}


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({}, "value"),
        ({"value": "1", "minimum": "0"}, "value"),
        ({"value": "1", "maximum": "2"}, "value"),
        ({"minimum": "0", "maximum": "2", "tolerance": "1"}, "tolerance"),
        ({"value": "1", "tolerance": "-0.1"}, "tolerance"),
        ({"minimum": "2", "maximum": "1"}, "minimum"),
        ({"minimum": "2", "maximum": "2.0"}, "minimum"),
        ({"minimum": "10", "maximum": "9"}, "minimum"),
    ],
)
def test_a_numeric_answer_is_either_a_value_or_a_range(answer: dict[str, str], path: str) -> None:
    assert set(refused(NUMERIC, answers=[{"value": "0"}, answer])) == {f"answers.1.{path}"}


@pytest.mark.parametrize("limits", [{"minimum": "0"}, {"maximum": "0"}, {"minimum": "-1", "maximum": "1e3"}])
def test_a_range_may_be_open_at_one_end(limits: dict[str, str]) -> None:
    assert made(NUMERIC, answers=[limits]).answers[0].value is None


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        ({"minimum_words": 50, "maximum_words": 49}, "minimumWords"),
        ({"maximum_words": 0}, "maximumWords"),
        ({"minimum_words": -1}, "minimumWords"),
    ],
)
def test_a_text_can_be_as_long_as_it_has_to_be(limits: dict[str, int], path: str) -> None:
    assert set(refused(FREEFORM, **limits)) == {path}


def test_a_text_may_have_to_be_of_one_exact_length() -> None:
    assert made(FREEFORM, minimum_words=50, maximum_words=50).maximum_words == 50


# Ordering and judging ------------------------------------------------------------------------------------------------


def in_order(*places: int | None) -> list[dict[str, Any]]:
    return [{"text": letter, "correct_position": place} for letter, place in zip("dcbaef", places, strict=False)]


@pytest.mark.parametrize(
    ("places", "path"),
    [
        ((1, None, 2), "items.1.correctPosition"),
        ((1, 1, 2), "items.1.correctPosition"),
        ((0, 1, 2), "items.0.correctPosition"),
        ((1, 2, 4), "items.2.correctPosition"),
    ],
)
def test_every_item_has_a_place_of_its_own_or_none_has(places: tuple[int | None, ...], path: str) -> None:
    assert set(refused(RANKING, items=in_order(*places), shuffle=False)) == {path}


def test_a_refused_item_is_named_by_where_the_author_wrote_it() -> None:
    assert set(refused(RANKING, items=in_order(9, 1, 2))) == {"items.0.correctPosition"}


def test_items_without_places_are_a_poll() -> None:
    assert [item.correct_position for item in made(RANKING, items=in_order(None, None)).items] == [None, None]


def test_neither_the_order_nor_the_ids_of_shuffled_items_give_the_answer_away() -> None:
    first, _ = split(made(RANKING, items=in_order(1, 2, 3, 4)))
    second, _ = split(made(RANKING, items=list(reversed(in_order(4, 1, 2, 3)))))
    assert first == second


def test_items_that_are_not_shuffled_stay_as_the_author_put_them() -> None:
    items = made(RANKING, items=in_order(2, 1, 3), shuffle=False).items
    assert [(item.id, item.text) for item in items] == [("a", "d"), ("b", "c"), ("c", "b")]


def test_ranking_needs_two_things_at_least() -> None:
    assert set(refused(RANKING, items=in_order(1))) == {"items"}


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ({"minimum": 5, "maximum": 5}, "maximum"),
        ({"minimum": 5, "maximum": 1}, "maximum"),
        ({"minimum": 1, "maximum": 10, "step": 2}, "step"),
        ({"minimum": 0, "maximum": 101}, "step"),
        ({"minimum": 0, "maximum": 10, "step": 0}, "step"),
    ],
)
def test_a_scale_is_a_line_of_at_most_101_points(line: dict[str, int], path: str) -> None:
    assert set(refused(SCALE, **line)) == {path}


@pytest.mark.parametrize(
    "line", [{}, {"minimum": 0, "maximum": 100}, {"minimum": -3, "maximum": 3}, {"maximum": 1001, "step": 10}]
)
def test_a_scale_runs_from_its_minimum_to_its_maximum(line: dict[str, int]) -> None:
    scale = made(SCALE, **line)
    assert (scale.maximum - scale.minimum) % scale.step == 0


@pytest.mark.parametrize("maximum", [2, 11])
def test_a_rating_has_three_to_ten_steps(maximum: int) -> None:
    assert set(refused(RATING, maximum=maximum)) == {"maximum"}


def test_a_rating_names_all_its_steps_or_none() -> None:
    assert made(RATING).labels == []
    assert made(RATING, maximum=3, labels=["poor", "fair", "good"]).labels[2] == "good"
    assert refused(RATING, labels=["poor", "good"]) == {"labels": "Give 5 labels, one for each step, or none."}


def matrix(right: list[str], **rest: Any) -> dict[str, Any]:
    columns = [{"id": "often", "text": "Often"}, {"id": "never", "text": "Never"}]
    return {
        "rows": [{"text": "I sleep well."}, {"text": "I walk.", "correct_column_ids": right}],
        "columns": columns,
    } | rest


def test_right_choices_of_a_matrix_are_columns_of_it() -> None:
    problems = refused(MATRIX, **matrix(["seldom"]))
    assert problems == {"rows.1.correctColumnIds": "There is no column 'seldom'."}


def test_a_row_has_one_right_choice_unless_several_are_allowed() -> None:
    assert set(refused(MATRIX, **matrix(["often", "never"]))) == {"rows.1.correctColumnIds"}
    assert made(MATRIX, **matrix(["often", "never"], allows_multiple=True)).allows_multiple


def test_a_right_choice_is_named_once() -> None:
    assert set(refused(MATRIX, **matrix(["often", "often"], allows_multiple=True))) == {"rows.1.correctColumnIds"}


def test_right_choices_may_name_columns_by_the_letters_they_get() -> None:
    named = made(MATRIX, rows=[{"text": "r", "correct_column_ids": ["b"]}], columns=[{"text": "1"}, {"text": "2"}])
    assert named.columns[1].id == "b"


def test_a_matrix_needs_rows_and_columns() -> None:
    assert set(refused(MATRIX, rows=[], columns=[{"text": "only"}])) == {"rows", "columns"}


def test_right_choices_of_a_matrix_go_to_the_key_by_row() -> None:
    _, key = split(made(MATRIX, **matrix(["often"])))
    assert key["rows"] == {"a": {"correct_column_ids": []}, "b": {"correct_column_ids": ["often"]}}


def test_hints_are_never_empty() -> None:
    assert set(refused(FREEFORM, hints=["Think of water.", " "])) == {"hints.1"}
