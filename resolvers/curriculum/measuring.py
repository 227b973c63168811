"""What a scale makes of answers: which count, how they become one exact number, and what that number means.

Pure functions over a scale as its author wrote it and the questions that it counts. Attempts are measured by them when
they are graded; before, publishing asks them what is wrong with a scale. docs/scales.md tells the rules and sources.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.expressions import Declared, ExpressionError, Kind, Scope, Value, check, evaluate, parse
from models.curriculum import Bound, QuestionKey, ScaleAggregation, ScaleRole, Title
from resolvers.formats.base import QuestionFormat, Response

# A block inside a scale is written as a link, so that copies of an assessment count their own questions.
LINK = "cairn:"
MAX_ITEMS, MAX_BANDS, MAX_CONVERSION = 200, 20, 500
NONE = Fraction(0)

JourneyKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", min_length=1, max_length=60)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OptionValue(_Part):
    """What choosing one option counts. An option without a value counts as no answer."""

    option: str = Field(min_length=1, max_length=100)
    value: Bound


class ScaleItem(_Part):
    """One answer that counts: to a block, or to one part of it, such as a row of a matrix."""

    block_id: str
    part: str | None = Field(default=None, min_length=1, max_length=100)
    weight: float = Field(default=1.0, gt=0, le=1000)
    is_reversed: bool = False
    values: list[OptionValue] = Field(default_factory=list, max_length=100)


class ScoreBand(_Part):
    """What scores from `minimum` up to, and without, `maximum` mean; the highest band includes its maximum."""

    key: QuestionKey = Field(max_length=40)
    label: Title = Field(max_length=200)
    minimum: Bound
    maximum: Bound
    meaning: str = Field(default="", max_length=5000)
    journey: JourneyKey | None = Field(default=None, max_length=60)


class Conversion(_Part):
    """One line of a table from numbers to scores."""

    raw: Bound
    score: Bound


@dataclass(frozen=True)
class Measure:
    """A scale with its typed parts. Blocks are named by their ids."""

    id: str
    key: str
    label: str
    role: ScaleRole
    minimum: Fraction
    maximum: Fraction
    higher_is_better: bool
    aggregation: ScaleAggregation
    formula: str | None
    factor: Fraction
    missing_allowed: int
    change_threshold: Fraction | None
    norm_deviation: Fraction | None
    reliability: Fraction | None
    items: tuple[ScaleItem, ...]
    bands: tuple[ScoreBand, ...]
    conversion: tuple[Conversion, ...]

    def is_alike(self, other: Measure) -> bool:
        """Whether scores of both can be compared: the same answers count in the same way, to the same range."""
        return self._counting() == other._counting()

    def has_same_bands(self, other: Measure) -> bool:
        """Whether the same scores fall into the same bands."""
        return [(each.key, each.minimum, each.maximum) for each in self.bands] == [
            (each.key, each.minimum, each.maximum) for each in other.bands
        ]

    def band_of(self, score: Fraction) -> ScoreBand | None:
        """The band that a score falls into; None where there are no bands."""
        reached = [band for band in self.bands if exact(band.minimum) <= score]
        return reached[-1] if reached else None

    def _counting(self) -> tuple[Any, ...]:
        how = (self.aggregation, self.formula, self.factor, self.missing_allowed)
        return (self.minimum, self.maximum, self.items, self.conversion, *how)


@dataclass(frozen=True)
class Measured:
    """What a scale made of answers: how many of its items were answered, the number, and the score if there is one."""

    answered: int
    raw: Fraction | None
    score: Fraction | None


@dataclass(frozen=True)
class Asked:
    """A question of an assessment as its author knows it: by its title or first words, and by its key."""

    name: str
    question: QuestionFormat
    key: str | None


# A question, and what was answered to it.
Given = tuple[QuestionFormat, Response | None]


def exact(number: float) -> Fraction:
    """The decimal that somebody wrote, and not what the machine keeps of it."""
    return Fraction(repr(number))


def measure_of(row: Any) -> Measure:
    """A scale from its row, or from what a paper keeps of it."""
    read = row if isinstance(row, Mapping) else vars(row)
    number, optional = partial(_number, read), partial(_optional, read)
    return Measure(
        id=read["id"],
        key=read["key"],
        label=read["label"],
        role=ScaleRole(read["role"]),
        minimum=number("minimum"),
        maximum=number("maximum"),
        higher_is_better=read["higher_is_better"],
        aggregation=ScaleAggregation(read["aggregation"]),
        formula=read["formula"],
        factor=number("factor"),
        missing_allowed=read["missing_allowed"],
        change_threshold=optional("change_threshold"),
        norm_deviation=optional("norm_deviation"),
        reliability=optional("reliability"),
        items=tuple(ScaleItem(**{**each, "block_id": linked(each["block_id"])}) for each in read["items"]),
        bands=tuple(ScoreBand(**each) for each in read["bands"]),
        conversion=tuple(Conversion(**each) for each in read["conversion"]),
    )


def _number(read: Mapping[str, Any], name: str) -> Fraction:
    return exact(float(read[name]))


def _optional(read: Mapping[str, Any], name: str) -> Fraction | None:
    return None if read[name] is None else _number(read, name)


def linked(reference: str) -> str:
    """The id in a link to a block."""
    return reference.removeprefix(LINK)


# Measuring -----------------------------------------------------------------------------------------------------------


def measured(measure: Measure, given: Mapping[str, Given], names: Mapping[str, str]) -> Measured:
    """The exact score of a scale. `given` are questions that were shown, by block id; `names` their keys.

    Too many missing answers leave no score. Fewer are made up for by the mean of those that there are.
    """
    numbers = [_number_of(item, given) for item in measure.items]
    answered = sum(number is not None for number in numbers)
    raw = _aggregated(measure, numbers, names)
    return Measured(answered, raw, None if raw is None else _converted(measure, raw))


def _number_of(item: ScaleItem, given: Mapping[str, Given]) -> Fraction | None:
    question, response = given.get(item.block_id, (None, None))
    if question is None or response is None:
        return None
    return counted(item, question, question.values(response).get(item.part or ""))


def counted(item: ScaleItem, question: QuestionFormat, value: Value | None) -> Fraction | None:
    """What an answer counts: its number, or the value of the option that was chosen; turned round if it is reversed."""
    number = value if isinstance(value, Fraction) else _value_of_option(item, value)
    limits = limits_of(item, question)
    if number is None or limits is None:
        return None
    return sum(limits) - number if item.is_reversed else number


def _value_of_option(item: ScaleItem, value: Value | None) -> Fraction | None:
    if isinstance(value, bool) and not item.values:
        return Fraction(value)
    option = str(value).lower() if isinstance(value, bool) else value
    return next((exact(each.value) for each in item.values if each.option == option), None)


def limits_of(item: ScaleItem, question: QuestionFormat) -> tuple[Fraction, Fraction] | None:
    """The least and the most that an answer may count; None where answers to this question cannot be counted."""
    declared = question.declared().get(item.part or "")
    if declared is None:
        return None
    if declared.kind is Kind.NUMBER:
        return question.limits()
    if declared.kind is Kind.TRUTH and not item.values:
        return NONE, Fraction(1)
    if declared.kind in (Kind.CHOICE, Kind.TRUTH) and item.values:
        values = [exact(each.value) for each in item.values]
        return min(values), max(values)
    return None


def _aggregated(measure: Measure, numbers: Sequence[Fraction | None], names: Mapping[str, str]) -> Fraction | None:
    if measure.aggregation is ScaleAggregation.FORMULA:
        found = evaluate(parse(measure.formula or ""), dict(_named(measure, numbers, names)))
        return found if isinstance(found, Fraction) and not isinstance(found, bool) else None
    there = [
        (exact(item.weight), number) for item, number in zip(measure.items, numbers, strict=True) if number is not None
    ]
    if not there or len(numbers) - len(there) > measure.missing_allowed:
        return None
    mean = sum((weight * number for weight, number in there), NONE) / sum(weight for weight, _ in there)
    whole = sum((exact(item.weight) for item in measure.items), NONE)
    return mean if measure.aggregation is ScaleAggregation.MEAN else mean * whole


def _named(
    measure: Measure, numbers: Sequence[Fraction | None], names: Mapping[str, str]
) -> Iterator[tuple[str, Value]]:
    for item, number in zip(measure.items, numbers, strict=True):
        if number is not None and item.block_id in names:
            yield name_of_item(item, names[item.block_id]), number


def name_of_item(item: ScaleItem, key: str) -> str:
    """What formulas call an item: the key of its question, with the part where it counts one."""
    return f"{key}.{item.part}" if item.part else key


def _converted(measure: Measure, raw: Fraction) -> Fraction:
    """The score: by the table, where a number between two lines takes the upper one, or by the factor."""
    if measure.conversion:
        lines = (each for each in measure.conversion if exact(each.raw) >= raw)
        return exact(next(lines, measure.conversion[-1]).score)
    score = raw * measure.factor
    if measure.aggregation is ScaleAggregation.FORMULA:
        return min(max(score, measure.minimum), measure.maximum)
    return score


# What is wrong with a scale ------------------------------------------------------------------------------------------


def problems_of_measure(measure: Measure, questions: Mapping[str, Asked]) -> list[str]:
    """Why a scale cannot be published, in sentences. `questions` are by block id."""
    found = [*_problems_of_items(measure, questions)]
    if not found:
        found = [*_problems_of_numbers(measure, questions)]
    return [*found, *_problems_of_bands(measure)]


def _problems_of_items(measure: Measure, questions: Mapping[str, Asked]) -> Iterator[str]:
    if not measure.items:
        yield "it counts no answers."
    taken: set[tuple[str, str | None]] = set()
    for number, item in enumerate(measure.items, 1):
        if item.block_id not in questions:
            yield f"item {number} is no question of this assessment."
            continue
        asked = questions[item.block_id]
        place = f"item {number} ({asked.name!r})"
        if (item.block_id, item.part) in taken:
            yield f"{place} is counted twice."
        taken.add((item.block_id, item.part))
        yield from (f"{place} {what}" for what in _problems_of_item(item, asked.question))
        if asked.key is None and measure.aggregation is ScaleAggregation.FORMULA:
            yield f"{place} needs a key, by which the formula speaks of it."


def _problems_of_item(item: ScaleItem, question: QuestionFormat) -> Iterator[str]:
    declared = question.declared()
    parts = sorted(each for each in declared if each)
    if parts and not item.part:
        yield f"counts by its parts: {', '.join(parts)}."
        return
    mine = declared.get(item.part or "")
    if mine is None:
        yield f"has no part {item.part!r}."
        return
    options = {"true", "false"} if mine.kind is Kind.TRUTH else mine.options
    if mine.kind is Kind.NUMBER and item.values:
        yield "is answered with a number: leave its values out."
    unknown = sorted({each.option for each in item.values} - options)
    if mine.kind is not Kind.NUMBER and unknown:
        yield f"has no option {unknown[0]!r}."
    elif len({each.option for each in item.values}) < len(item.values):
        yield "gives an option two values."
    elif mine.kind is Kind.CHOICE and len({each.value for each in item.values}) < 2:
        yield "needs a value for each of its options, two of them different."
    elif limits_of(item, question) is None:
        yield "cannot be counted: take a scale, a rating, a yes or no, or choices with values."


def _problems_of_numbers(measure: Measure, questions: Mapping[str, Asked]) -> Iterator[str]:
    if measure.aggregation is ScaleAggregation.FORMULA:
        yield from _problems_of_formula(measure, questions)
    reach = _reach(measure, questions)
    lines = measure.conversion
    if any(one.raw >= other.raw for one, other in pairwise(lines)):
        yield "the numbers of its table do not ascend."
    elif lines and reach and (exact(lines[0].raw) > reach[0] or exact(lines[-1].raw) < reach[1]):
        yield f"its table has to reach from {shown(reach[0])} to {shown(reach[1])}, as its answers do."
    scores = [exact(each.score) for each in lines] if lines else [each * measure.factor for each in reach or ()]
    beyond = [each for each in scores if not measure.minimum <= each <= measure.maximum]
    if beyond:
        yield (
            f"a score may come to {shown(beyond[-1])}, which is not between "
            f"{shown(measure.minimum)} and {shown(measure.maximum)}."
        )


def _reach(measure: Measure, questions: Mapping[str, Asked]) -> tuple[Fraction, Fraction] | None:
    """The least and the greatest number that answers may come to; None for a formula, which is held in range."""
    if measure.aggregation is ScaleAggregation.FORMULA:
        return None
    low = high = whole = NONE
    for item in measure.items:
        limits = limits_of(item, questions[item.block_id].question)
        assert limits is not None
        weight = exact(item.weight)
        low, high, whole = low + weight * limits[0], high + weight * limits[1], whole + weight
    by = whole if measure.aggregation is ScaleAggregation.MEAN else Fraction(1)
    return low / by, high / by


def _problems_of_formula(measure: Measure, questions: Mapping[str, Asked]) -> Iterator[str]:
    keys = ((item, questions[item.block_id].key) for item in measure.items)
    names = {name_of_item(item, key): Declared(Kind.NUMBER) for item, key in keys if key is not None}
    try:
        wrong = check(parse(measure.formula or ""), Scope(names), Kind.NUMBER)
    except ExpressionError as error:
        yield f"its formula is wrong at character {error.position}: {error.message}"
        return
    for each in wrong:
        yield f"its formula is wrong at character {each.position}: {each.message}"


def _problems_of_bands(measure: Measure) -> Iterator[str]:
    bands = measure.bands
    if not bands:
        return
    if len({band.key for band in bands}) < len(bands):
        yield "two of its bands have the same key."
    for band in bands:
        if band.minimum >= band.maximum:
            yield f"the band {band.label!r} ends before it begins."
            return
    if exact(bands[0].minimum) != measure.minimum:
        yield f"its bands begin at {shown(exact(bands[0].minimum))}, and its scores at {shown(measure.minimum)}."
    for one, other in pairwise(bands):
        if one.maximum != other.minimum:
            word = "a gap" if one.maximum < other.minimum else "an overlap"
            between = f"{one.label!r} and {other.label!r}"
            yield f"there is {word} between the bands {between}: let one begin where the other ends."
    if exact(bands[-1].maximum) != measure.maximum:
        yield f"its bands end at {shown(exact(bands[-1].maximum))}, and its scores at {shown(measure.maximum)}."


def shown(number: Fraction) -> str:
    """A number as people write it, with two decimals at most."""
    return f"{float(number):.2f}".rstrip("0").rstrip(".")
