"""Numeric: a number, compared with a value and its tolerance, or with a range."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Self

from pydantic import Field, model_validator

from models.curriculum import BlockFormat
from resolvers.formats.base import Part, QuestionFormat, WrongField, secret
from resolvers.formats.values import DecimalText, Label, Note


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
    credit_percent: int = Field(default=100, ge=0, le=100)

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


class Numeric(QuestionFormat):
    """The first answer that matches counts. Without any, nothing is scored."""

    format: ClassVar[BlockFormat] = BlockFormat.NUMERIC

    answers: list[NumericAnswer] = secret([], max_length=100)
    unit: Label | None = None
    placeholder: Label | None = None
