"""Freeform: free writing, read by people."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from models.curriculum import BlockFormat
from resolvers.formats.base import QuestionFormat, WrongField, secret
from resolvers.formats.values import Label, LongText


class Freeform(QuestionFormat):
    """Not graded by itself: points are given by a person, along the rubric."""

    format: ClassVar[BlockFormat] = BlockFormat.FREEFORM
    default_points: ClassVar[int] = 0

    minimum_words: int | None = Field(default=None, ge=0, le=100_000)
    maximum_words: int | None = Field(default=None, ge=1, le=100_000)
    placeholder: Label | None = None
    rubric: LongText | None = secret()
    sample_answer: LongText | None = secret()

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        least, most = self.minimum_words, self.maximum_words
        if least is not None and most is not None and least > most:
            raise WrongField(f"An answer has at most {most} words, so this cannot be more.", "minimum_words")
        return self
