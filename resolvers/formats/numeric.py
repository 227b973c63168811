"""Numeric: a number, compared with a value and its tolerance, or with a range."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, Self

from pydantic import Field, model_validator

from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import Part, Remark, Response, ScoredFormat, WrongField, hundredths, secret
from resolvers.formats.values import DecimalText, Label, Note, UnitName, decimal


class ToleranceKind(StrEnum):
    """What a tolerance is measured in."""

    ABSOLUTE = "absolute"
    PERCENT = "percent"


class NumericAnswer(Part):
    """A value, give or take a tolerance, or a range that may be open at one end. Numbers are decimal strings.

    It earns `credit_percent` of the points; with 0 it is a known mistake that gets its own feedback.
    """

    value: DecimalText | None = None
    tolerance: DecimalText | None = None
    tolerance_kind: ToleranceKind = ToleranceKind.ABSOLUTE
    minimum: DecimalText | None = None
    maximum: DecimalText | None = None
    minimum_inclusive: bool = True
    maximum_inclusive: bool = True
    feedback: Note | None = None
    credit_percent: int = Field(default=100, ge=-100, le=100)

    @model_validator(mode="after")
    def _is_a_value_or_a_range(self) -> Self:
        has_range = self.minimum is not None or self.maximum is not None
        if self.value is None and not has_range:
            raise WrongField("Give a value, or a range with a minimum, a maximum or both.", "value")
        if self.value is not None and has_range:
            raise WrongField("Give a value or a range, not both.", "value")
        return self

    @model_validator(mode="after")
    def _numbers_fit(self) -> Self:
        if self.tolerance is not None and self.value is None:
            raise WrongField("A tolerance belongs to a value; a range has its own limits.", "tolerance")
        if self.tolerance is not None and Decimal(self.tolerance) < 0:
            raise WrongField("A tolerance cannot be negative.", "tolerance")
        if self.minimum is not None and self.maximum is not None and Decimal(self.minimum) >= Decimal(self.maximum):
            raise WrongField("The minimum must be less than the maximum.", "minimum")
        return self

    def accepts(self, number: Fraction) -> bool:
        """Whether the number is within the tolerance, whose ends belong to it, or within the range. Exact."""
        if self.value is not None:
            value, tolerance = Fraction(self.value), Fraction(self.tolerance or 0)
            if self.tolerance_kind == ToleranceKind.PERCENT:
                tolerance = abs(value) * tolerance / 100
            return abs(number - value) <= tolerance
        return self._is_above(number) and self._is_below(number)

    def example(self) -> Fraction:
        """A number that it accepts."""
        if self.value is not None:
            return Fraction(self.value)
        if self.minimum is None:
            return Fraction(self.maximum or 0) - (0 if self.maximum_inclusive else 1)
        if self.maximum is None:
            return Fraction(self.minimum) + (0 if self.minimum_inclusive else 1)
        return (Fraction(self.minimum) + Fraction(self.maximum)) / 2

    def _is_above(self, number: Fraction) -> bool:
        if self.minimum is None:
            return True
        least = Fraction(self.minimum)
        return number >= least if self.minimum_inclusive else number > least

    def _is_below(self, number: Fraction) -> bool:
        if self.maximum is None:
            return True
        most = Fraction(self.maximum)
        return number <= most if self.maximum_inclusive else number < most


def first_number(answers: Sequence[NumericAnswer], number: Fraction) -> NumericAnswer | None:
    """The first answer that the number matches."""
    return next((each for each in answers if each.accepts(number)), None)


def full_number(answers: Sequence[NumericAnswer]) -> str | None:
    """A number that is accepted for all points and can be written as a decimal; None where none was found."""
    for answer in answers:
        example = answer.example()
        met = first_number(answers, example)
        if met is not None and met.credit_percent == 100:
            try:
                written = decimal(f"{Decimal(example.numerator) / Decimal(example.denominator):.30g}")
            except ValueError:  # longer or larger than a decimal may be
                continue
            if Fraction(written) == example and len(written) <= 40:
                return written
    return None


class NumericUnit(Part):
    """A unit that answers may be given in besides the usual one; `factor` of the usual one make up one of it."""

    name: UnitName
    factor: DecimalText

    @model_validator(mode="after")
    def _factor_is_positive(self) -> Self:
        if Decimal(self.factor) <= 0:
            raise WrongField("A factor is greater than nothing.", "factor")
        return self


class NumericResponse(Response):
    """A decimal number, and the unit that it is in, where it is not the usual one."""

    number: DecimalText
    unit: UnitName | None = None


class Numeric(ScoredFormat):
    """The first answer that matches counts. Without any, nothing is scored."""

    format: ClassVar[BlockFormat] = BlockFormat.NUMERIC
    response_model: ClassVar[type[Response]] = NumericResponse

    answers: list[NumericAnswer] = secret([], max_length=100)
    unit: Label | None = None
    other_units: list[NumericUnit] = Field(default_factory=list, max_length=50)
    requires_unit: bool = False
    placeholder: Label | None = None

    @model_validator(mode="after")
    def _units_fit(self) -> Self:
        if self.unit is None and (self.other_units or self.requires_unit):
            raise WrongField("Say which unit the right answers are in.", "unit")
        names = [self.unit, *(each.name for each in self.other_units)]
        for index, name in enumerate(names[1:], 1):
            if name in names[:index]:
                raise WrongField(f"There is a unit {name!r} already.", "other_units", index - 1, "name")
        return self

    def check(self, response: NumericResponse) -> None:
        """The unit is one of the question's, and there where it has to be."""
        known = [each for each in (self.unit, *(each.name for each in self.other_units)) if each is not None]
        if response.unit is None and self.requires_unit:
            raise WrongField(f"Say in which unit: {', '.join(known)}.", "unit")
        if response.unit is not None and response.unit not in known:
            message = f"Use one of these units: {', '.join(known)}." if known else "This number has no unit."
            raise WrongField(message, "unit")

    @property
    def is_scored(self) -> bool:
        """Whether any number is recognised."""
        return bool(self.answers)

    def share(self, response: NumericResponse) -> Fraction | None:
        """The credit of the first answer that matches; the penalty where none does."""
        if not self.is_scored:
            return None
        met = first_number(self.answers, self.amount(response))
        return self.wrong if met is None else hundredths(met.credit_percent)

    def remarks(self, response: NumericResponse) -> list[Remark]:
        """The feedback of the answer that matches."""
        met = first_number(self.answers, self.amount(response))
        return [Remark(met.feedback)] if met and met.feedback else []

    def right_response(self) -> NumericResponse | None:
        """A number that earns all points."""
        number = full_number(self.answers)
        return None if number is None else NumericResponse(number=number, unit=self.unit)

    def declared(self) -> dict[str, Declared]:
        """The number in the usual unit."""
        return {"": Declared(Kind.NUMBER)}

    def values(self, response: NumericResponse) -> dict[str, Value]:
        """The same of an answer."""
        return {"": self.amount(response)}

    def chosen(self, response: NumericResponse) -> list[str]:
        """The number in the usual unit."""
        return [str(self.amount(response))]

    def amount(self, response: NumericResponse) -> Fraction:
        """The number in the usual unit, exactly."""
        factor = next((each.factor for each in self.other_units if each.name == response.unit), "1")
        return Fraction(response.number) * Fraction(factor)
