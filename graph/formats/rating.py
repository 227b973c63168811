"""Rating questions."""

from __future__ import annotations

import strawberry

from graph.fields import described
from graph.formats.base import GraphFormat, QuestionBlock, QuestionInput, Response, answer_part, may, setting
from models.curriculum import BlockFormat
from resolvers.formats.rating import RatingSymbol

described(RatingSymbol, star="Stars.", heart="Hearts.", number="Plain numbers.")


@strawberry.type(description="A number of stars, from 1 up. There is no right answer.")
class RatingQuestion(QuestionBlock):
    """An opinion."""

    maximum: int = setting("The highest rating.")
    symbol: RatingSymbol = setting("What the rating is given in.")
    labels: list[str] = setting("What each step means, from 1 up; empty where the steps have no names.")


@strawberry.input(description="A number of stars, from 1 up.")
class RatingInput(QuestionInput):
    """A list given replaces the whole list."""

    maximum: strawberry.Maybe[int | None] = may("The highest rating, 3 to 10; 5 if nothing is said.")
    symbol: strawberry.Maybe[RatingSymbol | None] = may("What the rating is given in; STAR if nothing is said.")
    labels: strawberry.Maybe[list[str] | None] = may("What each step means, from 1 up: one for each step, or none.")


@strawberry.type(description="How many stars.")
class RatingResponse(Response):
    """Read back as it was given."""

    rating: int = answer_part("The number of stars.")


@strawberry.input(description="How many stars.")
class RatingResponseInput:
    """All of the answer."""

    rating: int = answer_part("The number of stars.")


FORMAT = GraphFormat(BlockFormat.RATING, RatingQuestion, RatingInput, RatingResponse, RatingResponseInput)
