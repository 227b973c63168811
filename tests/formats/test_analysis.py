"""How questions did: against sums written out, and against an example whose numbers are known."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.formats.analysis import (
    Sample,
    difficulty,
    discrimination,
    discrimination_of_groups,
    groups,
    options,
)

A_FEW = settings(max_examples=50, deadline=None, derandomize=True)
fractions = st.fractions(-1, 1, max_denominator=12)
samples = st.lists(
    st.builds(Sample, fractions, st.fractions(0, 20, max_denominator=12), st.frozensets(st.sampled_from("abc"))),
    max_size=15,
)


def test_without_answers_nothing_is_known() -> None:
    assert difficulty([]) is discrimination([]) is discrimination_of_groups([]) is None
    assert [each.count for each in options([], ["a"])] == [0]


def test_where_everybody_earned_the_same_nothing_tells_them_apart() -> None:
    same = [Sample(Fraction(1), Fraction(number)) for number in range(5)]
    assert (difficulty(same), discrimination(same), discrimination_of_groups(same)) == (1, None, 0)


@A_FEW
@given(samples)
def test_difficulty_is_the_mean_and_discrimination_pearsons_correlation(some: list[Sample]) -> None:
    """Against the sums of the textbook formula, in floating point."""
    if not some:
        return
    n = len(some)
    x, y = [float(each.share) for each in some], [float(each.rest) for each in some]
    assert math.isclose(float(difficulty(some) or 0), sum(x) / n, abs_tol=1e-9)
    spread = (n * sum(a * a for a in x) - sum(x) ** 2) * (n * sum(b * b for b in y) - sum(y) ** 2)
    found = discrimination(some)
    if found is not None and spread > 1e-6:
        product = n * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y)
        assert math.isclose(found, product / math.sqrt(spread), abs_tol=1e-6)
        assert -1.000001 <= found <= 1.000001


@A_FEW
@given(samples)
def test_the_groups_are_a_good_quarter_of_the_worst_and_the_best(some: list[Sample]) -> None:
    lower, upper = groups(some)
    if len(some) < 2:
        assert (lower, upper) == ([], [])
        return
    assert len(lower) == len(upper) == max(1, round(len(some) * 0.27))
    worst, best = (max(each.share + each.rest for each in lower), min(each.share + each.rest for each in upper))
    assert worst <= best


@A_FEW
@given(samples)
def test_options_are_counted_in_their_order(some: list[Sample]) -> None:
    found = options(some, ["a", "b", "c", "never"])
    assert [each.option for each in found] == ["a", "b", "c", "never"]
    for each in found:
        assert each.count == len([one for one in some if each.option in one.chosen])
        assert 0 <= each.lower <= 1
        assert each.proportion * len(some) == each.count
    assert found[-1].correlation is None


def test_an_example_by_hand() -> None:
    """Ten people, the five best of whom were right but one: 27 percent of ten are three."""
    right = {9, 8, 7, 6, 4}
    some = [
        Sample(Fraction(number in right), Fraction(number), frozenset("r" if number in right else "w"))
        for number in range(10)
    ]
    assert difficulty(some) == Fraction(1, 2)
    assert discrimination_of_groups(some) == 1
    r, w = options(some, ["r", "w"])
    assert (r.count, r.upper, r.lower) == (5, 1, 0)
    assert (w.count, w.upper, w.lower) == (5, 0, 1)
    # Means of the rest: 6.8 for the right, 2.2 for the wrong; deviation 2.872; (4.6 / 2.872) * 0.5 = 0.8008.
    assert round(discrimination(some) or 0, 3) == 0.801
    assert round(w.correlation or 0, 3) == -0.801
