"""Scale: a point on a labelled line of numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Self

from pydantic import Field, model_validator

from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import QuestionFormat, Response, WrongField
from resolvers.formats.values import Label

MAX_STEPS = 101


class ScaleResponse(Response):
    """The number of the point."""

    point: int


class Scale(QuestionFormat):
    """Whole numbers from minimum to maximum, `step` apart. An opinion: there is no right answer."""

    format: ClassVar[BlockFormat] = BlockFormat.SCALE
    default_points: ClassVar[int] = 0
    response_model: ClassVar[type[Response]] = ScaleResponse

    minimum: int = Field(default=1, ge=-1_000_000, le=1_000_000)
    maximum: int = Field(default=10, ge=-1_000_000, le=1_000_000)
    step: int = Field(default=1, ge=1, le=1_000_000)
    minimum_label: Label | None = None
    maximum_label: Label | None = None
    middle_label: Label | None = None

    @model_validator(mode="after")
    def _steps_fit(self) -> Self:
        width = self.maximum - self.minimum
        if width <= 0:
            raise WrongField("The maximum must be greater than the minimum.", "maximum")
        if width % self.step:
            raise WrongField(f"Steps of {self.step} from {self.minimum} do not end at {self.maximum}.", "step")
        if width // self.step + 1 > MAX_STEPS:
            raise WrongField(f"A scale has at most {MAX_STEPS} points: take longer steps.", "step")
        return self

    def check(self, response: ScaleResponse) -> None:
        """It is one of the points."""
        if response.point not in self._points():
            steps = f" in steps of {self.step}" if self.step > 1 else ""
            raise WrongField(f"Points run from {self.minimum} to {self.maximum}{steps}.", "point")

    def declared(self) -> dict[str, Declared]:
        """The number of the point."""
        return {"": Declared(Kind.NUMBER)}

    def values(self, response: ScaleResponse) -> dict[str, Value]:
        """The same of an answer."""
        return {"": Fraction(response.point)}

    def limits(self) -> tuple[Fraction, Fraction]:
        """From end to end."""
        return Fraction(self.minimum), Fraction(self.maximum)

    def options(self) -> list[str]:
        """The points."""
        return [str(point) for point in self._points()]

    def chosen(self, response: ScaleResponse) -> list[str]:
        """The point."""
        return [str(response.point)]

    def _points(self) -> range:
        return range(self.minimum, self.maximum + 1, self.step)
