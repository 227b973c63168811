"""What answers come to on a scale, compared with an independent calculation over generated scales and answers."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import isclose
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.curriculum.measuring import Asked, Measure, measure_of, measured, problems_of_measure
from resolvers.formats.rating import Rating, RatingResponse
from resolvers.formats.scale import Scale, ScaleResponse

PLAIN: dict[str, Any] = {
    "id": "s", "key": "s", "label": "S", "role": "part", "minimum": -1e6, "maximum": 1e6, "higher_is_better": True,
    "aggregation": "sum", "formula": None, "factor": 1.0, "missing_allowed": 0, "change_threshold": None,
    "norm_deviation": None, "reliability": None, "items": [], "bands": [], "conversion": [],
}  # fmt: skip
BOUNDS = st.tuples(st.integers(-20, 20), st.integers(1, 20)).map(lambda each: (each[0], each[0] + each[1]))
WEIGHTS = st.sampled_from([0.1, 0.25, 0.5, 1.0, 2.0, 3.3])


def made(**fields: Any) -> Measure:
    """A scale of these fields."""
    return measure_of({**PLAIN, **fields})


@st.composite
def taken(draw: st.DrawFn) -> tuple[list[tuple[int, int, float, bool, int | None]], str, int]:
    """(low, high, weight, is reversed, answer if any) of each item, an aggregation, and how many may be missing."""
    items = []
    for low, high in draw(st.lists(BOUNDS, min_size=1, max_size=8)):
        answer = draw(st.none() | st.integers(low, high))
        items.append((low, high, draw(WEIGHTS), draw(st.booleans()), answer))
    return items, draw(st.sampled_from(["sum", "mean"])), draw(st.integers(0, 8))


def by_hand(items: list[tuple[int, int, float, bool, int | None]], aggregation: str, allowed: int) -> Decimal | None:
    """The same in decimals, written otherwise: missing answers take the weighted mean of those that are there."""
    there = [
        (Decimal(str(weight)), Decimal(low + high - answer if flip else answer))
        for low, high, weight, flip, answer in items
        if answer is not None
    ]
    if not there or len(items) - len(there) > allowed:
        return None
    mean = sum(weight * value for weight, value in there) / sum(weight for weight, _ in there)
    missing = sum((Decimal(str(each[2])) for each in items if each[4] is None), Decimal(0))
    total = sum(weight * value for weight, value in there) + missing * mean
    return total if aggregation == "sum" else mean


def answered(items: list[tuple[int, int, float, bool, int | None]]) -> dict[str, Any]:
    """The questions of these items with their answers, by block."""
    return {
        str(number): (
            Scale(minimum=low, maximum=high),
            None if answer is None else ScaleResponse(point=answer),
        )
        for number, (low, high, _, _, answer) in enumerate(items)
    }


@settings(max_examples=200, deadline=None)
@given(taken())
def test_a_score_is_what_an_independent_calculation_comes_to(case: Any) -> None:
    items, aggregation, allowed = case
    counted = [
        {"block_id": f"cairn:{number}", "weight": weight, "is_reversed": flip}
        for number, (_, _, weight, flip, _) in enumerate(items)
    ]
    found = measured(made(items=counted, aggregation=aggregation, missing_allowed=allowed), answered(items), {})
    wanted = by_hand(items, aggregation, allowed)
    assert found.answered == sum(each[4] is not None for each in items)
    assert (found.score is None) == (wanted is None)
    if found.score is not None and wanted is not None:
        assert isclose(float(found.score), float(wanted), rel_tol=1e-12, abs_tol=1e-9)


@settings(max_examples=100, deadline=None)
@given(taken())
def test_what_is_reversed_twice_over_is_as_it_was_and_scores_stay_within_their_reach(case: Any) -> None:
    items, aggregation, _ = case
    counted = [{"block_id": str(number), "is_reversed": True} for number, _ in enumerate(items)]
    reversed_all = made(items=counted, aggregation=aggregation, missing_allowed=8)
    plain = made(items=[{"block_id": each["block_id"]} for each in counted], aggregation=aggregation, missing_allowed=8)
    one, other = (measured(each, answered(items), {}).score for each in (reversed_all, plain))
    if one is None or other is None or any(each[4] is None for each in items):
        return
    ends = Fraction(sum(low + high for low, high, *_ in items), len(items) if aggregation == "mean" else 1)
    assert one + other == ends


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6, unique=True), st.integers(0, 100))
def test_each_score_falls_into_just_one_band(cuts: list[int], tenths: int) -> None:
    edges = [0, *sorted(cuts), 10]
    bands = [{"key": f"band_{low}", "label": "Band", "minimum": low, "maximum": high} for low, high in pairwise(edges)]
    scale = made(minimum=0, maximum=10, bands=bands, items=[{"block_id": "1"}])
    asked = {"1": Asked("One", Scale(minimum=0, maximum=10), None)}
    assert problems_of_measure(scale, asked) == []
    score = Fraction(tenths, 10)
    band = scale.band_of(score)
    assert band is not None
    holding = [
        each["key"] for each in bands if each["minimum"] <= score < each["maximum"] or score == 10 == each["maximum"]
    ]
    assert holding == [band.key]


def test_decimals_mean_what_was_written() -> None:
    scale = made(items=[{"block_id": "1", "weight": 0.1}, {"block_id": "2", "weight": 0.2}], factor=0.1)
    given = {"1": (Scale(), ScaleResponse(point=1)), "2": (Rating(), RatingResponse(rating=1))}
    assert measured(scale, given, {}).score == Fraction(3, 100)


def test_a_table_gives_what_stands_at_or_above_the_number() -> None:
    lines = [{"raw": 1, "score": 10}, {"raw": 5, "score": 30}, {"raw": 10, "score": 100}]
    scale = made(items=[{"block_id": "1"}], conversion=lines)
    scores = [measured(scale, {"1": (Scale(), ScaleResponse(point=each))}, {}).score for each in (1, 2, 5, 6, 10)]
    assert scores == [10, 30, 30, 100, 100]


def test_a_formula_is_held_within_its_scale_and_knows_nothing_of_what_is_missing() -> None:
    items = [{"block_id": "1"}, {"block_id": "2", "is_reversed": True}]
    names = {"1": "sleep", "2": "worry"}
    scale = made(aggregation="formula", formula="sleep * worry", items=items, minimum=0, maximum=50)
    given: dict[str, Any] = {"1": (Scale(), ScaleResponse(point=10)), "2": (Scale(), ScaleResponse(point=1))}
    full = measured(scale, given, names)
    assert (full.raw, full.score) == (100, 50)
    assert measured(scale, {"1": given["1"]}, names).score is None
    lenient = made(aggregation="formula", formula="sleep * default(worry, 2)", items=items, minimum=0, maximum=50)
    assert measured(lenient, {"1": given["1"]}, names).score == 20
