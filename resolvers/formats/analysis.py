"""How questions did, from the answers that were given: difficulty, discrimination, and which options led astray.

Pure functions over what was earned and chosen. The sources of the rules are told in docs/scoring.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import StatisticsError, correlation

# T. L. Kelley, "The selection of upper and lower groups for the validation of test items" (1939): 27 percent.
GROUP = Fraction(27, 100)


@dataclass(frozen=True)
class Sample:
    """One person's answer to a question: its share, what they earned in the rest of the test, what they chose."""

    share: Fraction
    rest: Fraction
    chosen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OptionAnalysis:
    """How often an option was chosen: by all, by those who did best and by those who did worst in the whole test.

    `correlation` is that of choosing it with the rest of the test: one that leads astray as it should has a negative
    one.
    """

    option: str
    count: int
    proportion: Fraction
    upper: Fraction
    lower: Fraction
    correlation: float | None


def difficulty(samples: Sequence[Sample]) -> Fraction | None:
    """The facility index: the mean share, 1 where everybody was right. None without answers."""
    return sum((each.share for each in samples), Fraction(0)) / len(samples) if samples else None


def discrimination(samples: Sequence[Sample]) -> float | None:
    """How well the question tells the strong from the weak: its correlation with the rest of the test, -1 to 1.

    The question itself is left out of what it is compared with, which would otherwise flatter it. None where everybody
    earned the same, or fewer than two answered.
    """
    return _correlation([each.share for each in samples], [each.rest for each in samples])


def discrimination_of_groups(samples: Sequence[Sample]) -> Fraction | None:
    """How much more the best 27 percent earned than the worst, in the mean; None where there are no two groups."""
    lower, upper = groups(samples)
    below, above = difficulty(lower), difficulty(upper)
    return None if below is None or above is None else above - below


def groups(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """(the worst, the best) by the whole test, 27 percent each, rounded to whole people, and at least one."""
    ordered = sorted(samples, key=lambda each: each.share + each.rest)
    if len(ordered) < 2:
        return [], []
    size = max(1, round(len(ordered) * GROUP))
    return ordered[:size], ordered[-size:]


def options(samples: Sequence[Sample], names: Sequence[str]) -> list[OptionAnalysis]:
    """What became of each option, those that nobody chose included, in their order."""
    lower, upper = groups(samples)
    return [_option(name, samples, lower, upper) for name in names]


def _option(name: str, samples: Sequence[Sample], lower: Sequence[Sample], upper: Sequence[Sample]) -> OptionAnalysis:
    took = [name in each.chosen for each in samples]
    return OptionAnalysis(
        option=name,
        count=sum(took),
        proportion=_proportion(name, samples),
        upper=_proportion(name, upper),
        lower=_proportion(name, lower),
        correlation=_correlation([Fraction(each) for each in took], [each.rest for each in samples]),
    )


def _proportion(name: str, samples: Sequence[Sample]) -> Fraction:
    return Fraction(sum(name in each.chosen for each in samples), len(samples)) if samples else Fraction(0)


def _correlation(first: Sequence[Fraction], second: Sequence[Fraction]) -> float | None:
    """Pearson's; None where either does not vary."""
    try:
        return correlation([float(each) for each in first], [float(each) for each in second])
    except StatisticsError:
        return None
