"""Scale: a point on a labelled line of numbers."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from models.curriculum import BlockFormat
from resolvers.formats.base import QuestionFormat, WrongField
from resolvers.formats.values import Label

MAX_STEPS = 101


class Scale(QuestionFormat):
    """Whole numbers from minimum to maximum, `step` apart. An opinion: there is no right answer."""

    format: ClassVar[BlockFormat] = BlockFormat.SCALE
    default_points: ClassVar[int] = 0

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
