"""Rating: a number of stars."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, Self

from pydantic import Field, model_validator

from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import QuestionFormat, Response, WrongField
from resolvers.formats.values import Label


class RatingSymbol(StrEnum):
    """What a rating is given in."""

    STAR = "star"
    HEART = "heart"
    NUMBER = "number"


class RatingResponse(Response):
    """How many stars."""

    rating: int


class Rating(QuestionFormat):
    """From 1 to maximum. An opinion: there is no right answer."""

    format: ClassVar[BlockFormat] = BlockFormat.RATING
    default_points: ClassVar[int] = 0
    response_model: ClassVar[type[Response]] = RatingResponse

    maximum: int = Field(default=5, ge=3, le=10)
    symbol: RatingSymbol = RatingSymbol.STAR
    labels: list[Label] = Field(default_factory=list)

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        if self.labels and len(self.labels) != self.maximum:
            raise WrongField(f"Give {self.maximum} labels, one for each step, or none.", "labels")
        return self

    def check(self, response: RatingResponse) -> None:
        """It is one of the steps."""
        if not 1 <= response.rating <= self.maximum:
            raise WrongField(f"Ratings run from 1 to {self.maximum}.", "rating")

    def declared(self) -> dict[str, Declared]:
        """The number of stars."""
        return {"": Declared(Kind.NUMBER)}

    def values(self, response: RatingResponse) -> dict[str, Value]:
        """The same of an answer."""
        return {"": Fraction(response.rating)}

    def limits(self) -> tuple[Fraction, Fraction]:
        """From one star to all of them."""
        return Fraction(1), Fraction(self.maximum)

    def options(self) -> list[str]:
        """The steps."""
        return [str(step) for step in range(1, self.maximum + 1)]

    def chosen(self, response: RatingResponse) -> list[str]:
        """The step."""
        return [str(response.rating)]
