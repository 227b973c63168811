"""Numeric questions."""

from __future__ import annotations

import strawberry

from graph.fields import described
from graph.formats.base import (
    GraphFormat,
    Response,
    ScoredInput,
    ScoredQuestion,
    answer_part,
    may,
    parts,
    secret_parts,
    setting,
)
from models.curriculum import BlockFormat
from resolvers.formats.numeric import ToleranceKind

described(ToleranceKind, absolute="In the unit of the value itself.", percent="In hundredths of the value.")


@strawberry.type(description="A number or a range that is recognised, right or wrong. Numbers are decimal strings.")
class NumericAnswer:
    """A part of the answer key."""

    value: str | None = strawberry.field(description="The number; null where the answer is a range.")
    tolerance: str | None = strawberry.field(
        description="How far from the value an answer may be; null for not at all."
    )
    tolerance_kind: ToleranceKind = strawberry.field(description="What the tolerance is measured in.")
    minimum: str | None = strawberry.field(description="Where the range begins; null where it has no lower end.")
    maximum: str | None = strawberry.field(description="Where the range ends; null where it has no upper end.")
    minimum_inclusive: bool = strawberry.field(description="Whether the minimum itself belongs to the range.")
    maximum_inclusive: bool = strawberry.field(description="Whether the maximum itself belongs to the range.")
    feedback: str | None = strawberry.field(description="What a learner is told who answered so (Markdown).")
    credit_percent: int = strawberry.field(
        description="Its share of the points, -100 to 100; 0 or less for a known mistake."
    )


@strawberry.type(description="A unit that answers may be given in besides the usual one.")
class NumericUnit:
    """A part of the settings."""

    name: str = strawberry.field(description="What the unit is called.")
    factor: str = strawberry.field(description="How many of the usual unit make up one of it.")


@strawberry.type(description="A number, compared with accepted values or ranges; without any, nothing is scored.")
class NumericQuestion(ScoredQuestion):
    """The first answer that matches counts."""

    answers: list[NumericAnswer] | None = secret_parts(
        "The numbers that are recognised; the first that matches counts."
    )
    unit: str | None = setting("What the number counts or measures: the unit of the right answers.")
    other_units: list[NumericUnit] = parts("The units that an answer may be given in besides.")
    requires_unit: bool = setting("Whether an answer has to name its unit.", default=False)
    placeholder: str | None = setting("What the empty field shows.")


@strawberry.input(description='A number or a range that is recognised. Numbers are decimal strings such as "2.5".')
class NumericAnswerInput:
    """Either a value, or a minimum, a maximum or both."""

    value: str | None = strawberry.field(default=None, description="The number, unless the answer is a range.")
    tolerance: str | None = strawberry.field(default=None, description="How far from the value an answer may be.")
    tolerance_kind: ToleranceKind = strawberry.field(
        default=ToleranceKind.ABSOLUTE, description="What the tolerance is measured in."
    )
    minimum: str | None = strawberry.field(default=None, description="Where the range begins.")
    maximum: str | None = strawberry.field(default=None, description="Where the range ends.")
    minimum_inclusive: bool = strawberry.field(
        default=True, description="Whether the minimum itself belongs to the range."
    )
    maximum_inclusive: bool = strawberry.field(
        default=True, description="Whether the maximum itself belongs to the range."
    )
    feedback: str | None = strawberry.field(
        default=None, description="What a learner is told who answered so (Markdown)."
    )
    credit_percent: int = strawberry.field(
        default=100, description="Its share of the points, -100 to 100; 0 or less for a known mistake."
    )


@strawberry.input(description="A unit that answers may be given in besides the usual one.")
class NumericUnitInput:
    """Such as the name cm with the factor 0.01, where the usual unit is m."""

    name: str = strawberry.field(description="What the unit is called.")
    factor: str = strawberry.field(description="How many of the usual unit make up one of it, as a decimal string.")


@strawberry.input(description="A number, compared with accepted values or ranges. Without any, nothing is scored.")
class NumericInput(ScoredInput):
    """A list given replaces the whole list."""

    answers: strawberry.Maybe[list[NumericAnswerInput] | None] = may(
        "The numbers that are recognised; the first that matches counts."
    )
    unit: strawberry.Maybe[str | None] = may("What the number counts or measures: the unit of the right answers.")
    other_units: strawberry.Maybe[list[NumericUnitInput] | None] = may(
        "The units that an answer may be given in besides."
    )
    requires_unit: strawberry.Maybe[bool | None] = may("Whether an answer has to name its unit.")
    placeholder: strawberry.Maybe[str | None] = may("What the empty field shows.")


@strawberry.type(description="A number.")
class NumericResponse(Response):
    """Read back as it was given."""

    number: str = answer_part("The number, as a decimal string.")
    unit: str | None = answer_part("The unit it is in; null for the usual one.")


@strawberry.input(description="A number.")
class NumericResponseInput:
    """All of the answer."""

    number: str = answer_part("The number, as a decimal string.")
    unit: str | None = may("The unit it is in; null for the usual one.")


FORMAT = GraphFormat(BlockFormat.NUMERIC, NumericQuestion, NumericInput, NumericResponse, NumericResponseInput)
