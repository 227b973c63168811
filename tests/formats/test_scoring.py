"""What answers are worth, against independent calculations of each rule, and against examples from their sources."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.curriculum import BlockFormat
from resolvers.formats.answering import answered, outcome
from resolvers.formats.patterns import fits
from tests.formats.asking import made, refused

A_FEW = settings(max_examples=80, deadline=None, derandomize=True)
MULTIPLE_CHOICE, MULTI_SELECT = BlockFormat.MULTIPLE_CHOICE, BlockFormat.MULTI_SELECT
SHORT_ANSWER, NUMERIC, RANKING = BlockFormat.SHORT_ANSWER, BlockFormat.NUMERIC, BlockFormat.RANKING
MATRIX, MATCHING, CLOZE = BlockFormat.MATRIX, BlockFormat.MATCHING, BlockFormat.CLOZE


def share(question: Any, /, **values: Any) -> Fraction | None:
    """What an answer to the question earns."""
    return outcome(question, answered(question, values)).share


def told(question: Any, /, **values: Any) -> list[str]:
    """The feedback on an answer."""
    return [remark.text for remark in outcome(question, answered(question, values)).remarks]


# Choosing ------------------------------------------------------------------------------------------------------------


def test_the_correct_choice_earns_all_and_the_others_cost_the_penalty() -> None:
    choices = [{"text": "1", "is_correct": True}, {"text": "2", "feedback": "No"}, {"text": "3", "credit_percent": 50}]
    question = made(MULTIPLE_CHOICE, choices=choices, penalty_percent=25)
    assert [share(question, choice_id=each) for each in "abc"] == [1, Fraction(-1, 4), Fraction(1, 2)]
    assert told(question, choice_id="b") == ["No"]


def test_guessing_pays_nothing_on_average_with_the_penalty_that_corrects_for_it() -> None:
    """Formula scoring: a wrong answer among k costs 1/(k-1) (Thurstone 1919; Frary, NCME module on it, 1988)."""
    choices = [{"text": str(each), "is_correct": each == 1} for each in range(5)]
    question = made(MULTIPLE_CHOICE, choices=choices, penalty_percent=25)
    assert sum(share(question, choice_id=each) or 0 for each in "abcde") == 0


@pytest.mark.parametrize(
    ("choices", "path"),
    [
        ([{"text": "1"}, {"text": "2", "credit_percent": 50}], "choices.1.creditPercent"),
        ([{"text": "1", "is_correct": True, "credit_percent": 90}, {"text": "2"}], "choices.0.creditPercent"),
        ([{"text": "1", "is_correct": True}, {"text": "2", "credit_percent": 100}], "choices.1.creditPercent"),
        ([{"text": "1", "is_correct": True}, {"text": "2", "credit_percent": -101}], "choices.1.creditPercent"),
    ],
)
def test_credits_of_choices_fit_what_is_correct(choices: list[dict[str, Any]], path: str) -> None:
    assert set(refused(MULTIPLE_CHOICE, choices=choices)) == {path}


def ticking(correct: list[bool], **rest: Any) -> Any:
    """A multi-select question whose choices are a, b, c and so on."""
    choices = [{"text": str(number), "is_correct": each} for number, each in enumerate(correct)]
    return made(MULTI_SELECT, choices=choices, **rest)


ticks = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=8).filter(
    lambda some: any(correct for correct, _ in some)
)


@A_FEW
@given(some=ticks, penalty=st.integers(0, 100))
def test_multi_select_by_every_rule(some: list[tuple[bool, bool]], penalty: int) -> None:
    """Against a count, choice by choice: Open edX's EDC and halves, and a scoring of rights less wrongs."""
    names = "abcdefgh"
    chosen = [name for name, (_, ticked) in zip(names, some, strict=False) if ticked]
    hits = misses = false_alarms = rejections = 0
    for correct, ticked in some:
        hits += correct and ticked
        misses += correct and not ticked
        false_alarms += ticked and not correct
        rejections += not correct and not ticked
    mistakes, cost = misses + false_alarms, Fraction(-penalty, 100)
    wrong_choices = false_alarms + rejections
    balance = Fraction(hits, hits + misses) - (Fraction(false_alarms, wrong_choices) if wrong_choices else 0)
    expected = {
        "none": 1 if mistakes == 0 else cost,
        "every_decision": Fraction(hits + rejections, len(some)) or cost,
        "halves": {0: 1, 1: Fraction(1, 2), 2: Fraction(1, 4)}.get(mistakes, cost),
        "right_minus_wrong": max(balance, cost),
        "weights": Fraction(hits, hits + misses),
    }
    for rule, worth in expected.items():
        question = ticking([correct for correct, _ in some], partial_credit=rule, penalty_percent=penalty)
        assert share(question, choice_ids=chosen) == worth, rule


def test_the_example_of_open_edx_for_every_decision() -> None:
    """Open edX documentation, partial credit for checkboxes: 4 of 5 decisions right earn 80 percent."""
    question = ticking([True, False, True, False, False], partial_credit="every_decision")
    assert share(question, choice_ids=["a"]) == Fraction(4, 5)


def test_weights_are_added_up_as_in_moodle_and_never_leave_their_bounds() -> None:
    """Moodle: the fractions of the ticked choices are added; the sum is cut off at 0 (here: the penalty) and at 1."""
    credits = [(True, 60), (True, 40), (False, -50), (False, None)]
    choices = [
        {"text": str(number), "is_correct": correct, "credit_percent": credit}
        for number, (correct, credit) in enumerate(credits)
    ]
    question = made(MULTI_SELECT, choices=choices, partial_credit="weights")
    worth = {"ab": 1, "a": Fraction(3, 5), "ac": Fraction(1, 10), "bc": 0, "c": 0, "d": 0, "": 0}
    assert {each: share(question, choice_ids=list(each)) for each in worth} == worth
    harsh = made(MULTI_SELECT, choices=choices, partial_credit="weights", penalty_percent=30)
    assert share(harsh, choice_ids=["c"]) == Fraction(-3, 10)


@pytest.mark.parametrize("credits", [(60, None), (60, 50), (110, -10), (0, 0)])
def test_correct_choices_share_a_hundred(credits: tuple[int | None, int | None]) -> None:
    choices = [{"text": str(number), "is_correct": True, "credit_percent": each} for number, each in enumerate(credits)]
    assert len(refused(MULTI_SELECT, choices=choices, partial_credit="weights")) == 1


def test_credits_of_choices_are_for_weights_only() -> None:
    choices = [{"text": "1", "is_correct": True, "credit_percent": 100}, {"text": "2"}]
    assert set(refused(MULTI_SELECT, choices=choices)) == {"choices.0.creditPercent"}
    wrong = [{"text": "1", "is_correct": True}, {"text": "2", "credit_percent": 10}]
    assert set(refused(MULTI_SELECT, choices=wrong, partial_credit="weights")) == {"choices.1.creditPercent"}


def test_true_or_false_earns_all_or_costs_the_penalty() -> None:
    question = made(BlockFormat.TRUE_FALSE, correct_answer=False, penalty_percent=100, feedback_true="No!")
    assert [share(question, is_true=each) for each in (False, True)] == [1, -1]
    assert (told(question, is_true=True), told(question, is_true=False)) == (["No!"], [])


# Typing --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "typed", "is_met"),
    [
        ("exact", "Wien", True),
        ("exact", "wien", False),
        ("exact", "  Wien ", True),
        ("ignore_case", "WIEN", True),
        ("ignore_case", "Graz", False),
        ("pattern", "Wien", True),
        ("pattern", "Wien, Wien", False),
    ],
)
def test_what_is_typed_is_compared_as_its_author_says(match: str, typed: str, is_met: bool) -> None:
    question = made(SHORT_ANSWER, accepted=[{"text": "Wien", "match": match}])
    assert share(question, text=typed) == int(is_met)


@pytest.mark.parametrize(("wanted", "typed"), [("Straße", "STRASSE"), ("café", "cafe\u0301"), ("a b", "A \t B")])
def test_how_letters_and_spaces_are_coded_never_matters(wanted: str, typed: str) -> None:
    assert share(made(SHORT_ANSWER, accepted=[{"text": wanted}]), text=typed) == 1


def test_the_first_accepted_answer_that_matches_counts() -> None:
    accepted = [
        {"text": "vienna", "feedback": "Yes"},
        {"text": "(?i)v.*", "match": "pattern", "credit_percent": 50, "feedback": "Nearly"},
        {"text": "graz", "credit_percent": -20},
    ]
    question = made(SHORT_ANSWER, accepted=accepted, penalty_percent=10)
    worth = {"Vienna": 1, "Venice": Fraction(1, 2), "Graz": Fraction(-1, 5), "Linz": Fraction(-1, 10)}
    assert {each: share(question, text=each) for each in worth} == worth
    assert [told(question, text=each) for each in worth] == [["Yes"], ["Nearly"], [], []]


def test_no_pattern_keeps_the_server_busy() -> None:
    slow = "a*" * 90 + "b"
    assert share(made(SHORT_ANSWER, accepted=[{"text": slow, "match": "pattern"}]), text="a" * 3000) == 0
    assert fits(slow, "aaab")


@A_FEW
@given(
    value=st.integers(-50, 50), tolerance=st.integers(0, 20), percent=st.booleans(), given_number=st.integers(-999, 999)
)
def test_numbers_within_the_tolerance(value: int, tolerance: int, percent: bool, given_number: int) -> None:
    """Against whole-number arithmetic: tenths are given, so all is multiplied by a thousand."""
    answer = {"value": str(value), "tolerance": str(tolerance), "tolerance_kind": "percent" if percent else "absolute"}
    width = abs(value) * tolerance * 10 if percent else tolerance * 1000
    is_met = abs(given_number * 100 - value * 1000) <= width
    assert share(made(NUMERIC, answers=[answer]), number=f"{given_number}e-1") == int(is_met)


@A_FEW
@given(
    low=st.integers(-9, 8),
    width=st.integers(1, 9),
    ends=st.tuples(st.booleans(), st.booleans()),
    at=st.integers(-9, 18),
)
def test_numbers_within_a_range(low: int, width: int, ends: tuple[bool, bool], at: int) -> None:
    """Against the list of all whole numbers of the range."""
    answer = {"minimum": str(low), "maximum": str(low + width)}
    answer |= {"minimum_inclusive": ends[0], "maximum_inclusive": ends[1]}  # type: ignore[dict-item]
    inside = list(range(low + (not ends[0]), low + width + ends[1]))
    assert share(made(NUMERIC, answers=[answer]), number=str(at)) == int(at in inside)


def test_numbers_are_compared_exactly() -> None:
    question = made(NUMERIC, answers=[{"value": "0.1", "tolerance": "0.2"}])
    assert [share(question, number=each) for each in ("0.3", "0.30000000000000004", "3e-1")] == [1, 0, 1]


def test_numbers_may_be_given_in_other_units() -> None:
    units = [{"name": "cm", "factor": "0.01"}, {"name": "ft", "factor": "0.3048"}]
    question = made(NUMERIC, answers=[{"value": "1.524", "feedback": "Yes"}], unit="m", other_units=units)
    assert [
        share(question, number=n, unit=u) for n, u in [("152.4", "cm"), ("5", "ft"), ("1.524", "m"), ("5", "m")]
    ] == [1, 1, 1, 0]
    assert share(question, number="1.524") == 1
    assert told(question, number="5", unit="ft") == ["Yes"]


@pytest.mark.parametrize(
    ("rest", "path"),
    [
        ({"requires_unit": True}, "unit"),
        ({"other_units": [{"name": "cm", "factor": "1"}]}, "unit"),
        ({"unit": "m", "other_units": [{"name": "m", "factor": "1"}]}, "otherUnits.0.name"),
        ({"unit": "m", "other_units": [{"name": "cm", "factor": "0"}]}, "otherUnits.0.factor"),
    ],
)
def test_units_are_told_apart(rest: dict[str, Any], path: str) -> None:
    assert set(refused(NUMERIC, **rest)) == {path}


# Ordering and judging ------------------------------------------------------------------------------------------------


def ordering(number: int, **rest: Any) -> Any:
    """A ranking whose right order is a, b, c and so on."""
    items = [{"id": each, "text": each, "correct_position": place} for place, each in enumerate("abcdef"[:number], 1)]
    return made(RANKING, items=items, **rest)


@A_FEW
@given(data=st.data(), number=st.integers(2, 6), penalty=st.integers(0, 100))
def test_an_order_by_every_rule(data: st.DataObject, number: int, penalty: int) -> None:
    """PAIRS against the number of swaps of neighbours that bubble sort needs: tau is 1 - 4 swaps / (n (n - 1))."""
    given_order = data.draw(st.permutations("abcdef"[:number]))
    sorting, swaps = list(given_order), 0
    for _ in sorting:
        for left in range(len(sorting) - 1):
            if sorting[left] > sorting[left + 1]:
                sorting[left], sorting[left + 1] = sorting[left + 1], sorting[left]
                swaps += 1
    cost = Fraction(-penalty, 100)
    at_home = sum(each == "abcdef"[place] for place, each in enumerate(given_order))
    expected = {
        "none": 1 if swaps == 0 else cost,
        "positions": Fraction(at_home, number) or cost,
        "pairs": max(1 - Fraction(4 * swaps, number * (number - 1)), cost),
    }
    for rule, worth in expected.items():
        assert share(ordering(number, order_credit=rule, penalty_percent=penalty), item_ids=given_order) == worth


def test_the_example_of_kendall() -> None:
    """Ten things ranked twice (Kendall, Rank Correlation Methods, chapter 1): S is -3 of 45 pairs."""
    first, second = [7, 4, 3, 10, 6, 2, 9, 8, 1, 5], [5, 7, 3, 10, 1, 9, 6, 2, 8, 4]
    items = [{"id": f"i{n}", "text": f"{n}", "correct_position": place} for n, place in enumerate(first)]
    question = made(RANKING, items=items, order_credit="pairs", penalty_percent=100)
    order = [f"i{n}" for _, n in sorted((place, n) for n, place in enumerate(second))]
    assert share(question, item_ids=order) == Fraction(-3, 45)


parts = st.lists(st.sampled_from(["right", "wrong", "left out"]), min_size=1, max_size=6)


@A_FEW
@given(some=parts, penalty=st.integers(0, 100), unscored=st.integers(0, 2))
def test_parts_count_alike_in_matrices_and_matchings(some: list[str], penalty: int, unscored: int) -> None:
    """Moodle's matching question: the mean over its parts; parts without a key are left out of it."""
    rights, cost = some.count("right"), Fraction(-penalty, 100)
    worth = {True: Fraction(rights, len(some)) or cost, False: 1 if rights == len(some) else cost}
    columns = [{"id": "yes", "text": "Yes"}, {"id": "no", "text": "No"}]
    free = [{"id": f"free{number}", "text": "?"} for number in range(unscored)]
    rows = [{"id": f"r{number}", "text": "?"} for number in range(len(some))]
    answers = {
        f"r{number}": "yes" if each == "right" else "no" for number, each in enumerate(some) if each != "left out"
    }
    answers |= {each["id"]: "no" for each in free}
    for each_counts, expected in worth.items():
        rest = {"every_part_counts": each_counts, "penalty_percent": penalty}
        keyed = [{**row, "correct_column_ids": ["yes"]} for row in rows]
        matrix = made(MATRIX, rows=[*free, *keyed], columns=columns, **rest)
        chosen = [{"row_id": row, "column_ids": [column]} for row, column in answers.items()]
        assert share(matrix, rows=chosen) == expected
        prompts = [{**row, "correct_target_id": "yes"} for row in rows]
        matching = made(MATCHING, prompts=[*free, *prompts], targets=columns, **rest)
        pairs = [{"prompt_id": prompt, "target_id": target} for prompt, target in answers.items()]
        assert share(matching, pairs=pairs) == expected


def test_a_row_of_several_is_right_when_exactly_those_are_chosen() -> None:
    rows = [{"id": "r", "text": "?", "correct_column_ids": ["a", "b"]}]
    question = made(MATRIX, rows=rows, columns=[{"text": each} for each in "123"], allows_multiple=True)
    worth = {"ab": 1, "ba": 1, "a": 0, "abc": 0, "": 0}
    assert {each: share(question, rows=[{"row_id": "r", "column_ids": list(each)}]) for each in worth} == worth


def test_targets_are_kept_by_alphabet_so_that_neither_order_nor_letters_tell() -> None:
    targets = [{"text": "Moon"}, {"text": "Earth"}]
    question = made(MATCHING, prompts=[{"text": "Apollo"}], targets=targets)
    assert [(each.id, each.text) for each in question.targets] == [("a", "Earth"), ("b", "Moon")]
    assert [each.text for each in made(MATCHING, prompts=[{"text": "?"}], targets=targets, shuffle=False).targets] == [
        "Moon",
        "Earth",
    ]


def test_a_prompt_names_a_target_of_its_question() -> None:
    prompts = [{"text": "1"}, {"text": "2", "correct_target_id": "mars"}]
    targets = [{"text": "Moon"}, {"text": "Earth"}]
    assert refused(MATCHING, prompts=prompts, targets=targets) == {
        "prompts.1.correctTargetId": "There is no target 'mars'."
    }


# Filling gaps --------------------------------------------------------------------------------------------------------

GAPS: list[dict[str, Any]] = [
    {"id": "town", "accepted": [{"text": "Vienna", "feedback": "Yes"}, {"text": "Wien", "credit_percent": 50}]},
    {"id": "year", "kind": "number", "weight": 2, "numbers": [{"minimum": "1700", "maximum": "1800"}]},
    {"id": "by", "kind": "choice", "options": ["Mozart", "Bach"], "accepted": [{"text": "Mozart"}]},
    {"id": "free"},
]
TEXT = "In [[town]], about [[year]], by [[by]]; I felt [[free]]."


@A_FEW
@given(
    town=st.sampled_from([("vienna", 100), ("wien", 50), ("graz", 0), (None, 0)]),
    year=st.sampled_from([("1756", 100), ("1.8e3", 100), ("1801", 0), (None, 0)]),
    by=st.sampled_from([("Mozart", 100), ("Bach", 0), (None, 0)]),
    penalty=st.integers(0, 100),
)
def test_gaps_count_by_their_weight(
    town: tuple[str, int], year: tuple[str, int], by: tuple[str, int], penalty: int
) -> None:
    """Moodle's embedded answers: the mean of the parts' credits by weight."""
    given_texts = {"town": town[0], "year": year[0], "by": by[0], "free": "fine"}
    gaps = [{"gap_id": name, "text": text} for name, text in given_texts.items() if text is not None]
    hundredths = (town[1] + 2 * year[1] + by[1]) / 4
    worth = Fraction(hundredths) / 100 if hundredths else Fraction(-penalty, 100)
    assert share(made(CLOZE, text=TEXT, gaps=GAPS, penalty_percent=penalty), gaps=gaps) == worth
    strict = made(CLOZE, text=TEXT, gaps=GAPS, penalty_percent=penalty, every_part_counts=False)
    assert share(strict, gaps=gaps) == (1 if hundredths == 100 else Fraction(-penalty, 100))


def test_feedback_names_the_gap() -> None:
    question = made(CLOZE, text=TEXT, gaps=GAPS)
    remarks = outcome(question, answered(question, {"gaps": [{"gap_id": "town", "text": "VIENNA"}]})).remarks
    assert [(each.part, each.text) for each in remarks] == [("town", "Yes")]


@pytest.mark.parametrize(
    ("text", "gaps", "path"),
    [
        ("No gap", [{"id": "a"}], "gaps.0.id"),
        ("[[a]] [[a]]", [{"id": "a"}], "gaps.0.id"),
        ("[[a]] [[b]]", [{"id": "a"}], "text"),
        ("[[a]]", [{"id": "a", "kind": "choice", "options": ["x"]}], "gaps.0.options"),
        ("[[a]]", [{"id": "a", "options": ["x", "y"]}], "gaps.0.options"),
        ("[[a]]", [{"id": "a", "kind": "choice", "options": ["x", "x "]}], "gaps.0.options"),
        ("[[a]]", [{"id": "a", "kind": "number", "accepted": [{"text": "x"}]}], "gaps.0.accepted"),
        ("[[a]]", [{"id": "a", "numbers": [{"value": "1"}]}], "gaps.0.numbers"),
        (
            "[[a]]",
            [{"id": "a", "kind": "choice", "options": ["x", "y"], "accepted": [{"text": "z"}]}],
            "gaps.0.accepted",
        ),
    ],
)
def test_a_text_and_its_gaps_fit_together(text: str, gaps: list[dict[str, Any]], path: str) -> None:
    assert set(refused(CLOZE, text=text, gaps=gaps)) == {path}
