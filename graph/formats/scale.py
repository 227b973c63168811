"""Scale questions."""

from __future__ import annotations

import strawberry

from graph.formats.base import GraphFormat, QuestionBlock, QuestionInput, Response, answer_part, may, setting
from models.curriculum import BlockFormat


@strawberry.type(description="A point on a labelled line of whole numbers. There is no right answer.")
class ScaleQuestion(QuestionBlock):
    """An opinion or a self-assessment."""

    minimum: int = setting("The first number.")
    maximum: int = setting("The last number.")
    step: int = setting("How far apart the numbers are.")
    minimum_label: str | None = setting("What the first number means.")
    maximum_label: str | None = setting("What the last number means.")
    middle_label: str | None = setting("What the middle means.")


@strawberry.input(description="A point on a labelled line of whole numbers: 1 to 10, unless said otherwise.")
class ScaleInput(QuestionInput):
    """At most 101 numbers."""

    minimum: strawberry.Maybe[int | None] = may("The first number, if not 1.")
    maximum: strawberry.Maybe[int | None] = may("The last number, if not 10.")
    step: strawberry.Maybe[int | None] = may("How far apart the numbers are, if not 1.")
    minimum_label: strawberry.Maybe[str | None] = may("What the first number means.")
    maximum_label: strawberry.Maybe[str | None] = may("What the last number means.")
    middle_label: strawberry.Maybe[str | None] = may("What the middle means.")


@strawberry.type(description="A point on the line.")
class ScaleResponse(Response):
    """Read back as it was given."""

    point: int = answer_part("The number of the point.")


@strawberry.input(description="A point on the line.")
class ScaleResponseInput:
    """All of the answer."""

    point: int = answer_part("The number of the point.")


FORMAT = GraphFormat(BlockFormat.SCALE, ScaleQuestion, ScaleInput, ScaleResponse, ScaleResponseInput)
