"""Freeform: free writing, read by people."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from models.curriculum import BlockFormat
from resolvers.formats.base import QuestionFormat, Response, WrongField, secret
from resolvers.formats.values import Label, LongText

MAX_TEXT = 100_000


class FreeformResponse(Response):
    """What was written."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]


class WrittenFormat(QuestionFormat):
    """Something to write about, with as many words as the author asks for."""

    minimum_words: int | None = Field(default=None, ge=0, le=100_000)
    maximum_words: int | None = Field(default=None, ge=1, le=100_000)
    placeholder: Label | None = None

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        least, most = self.minimum_words, self.maximum_words
        if least is not None and most is not None and least > most:
            raise WrongField(f"An answer has at most {most} words, so this cannot be more.", "minimum_words")
        return self

    def check(self, response: FreeformResponse) -> None:
        """It has as many words as it has to: pieces of text with space between them."""
        words = len(response.text.split())
        if words < (self.minimum_words or 0):
            raise WrongField(f"Write at least {self.minimum_words} words; these are {words}.", "text")
        if self.maximum_words is not None and words > self.maximum_words:
            raise WrongField(f"Write at most {self.maximum_words} words; these are {words}.", "text")


class Freeform(WrittenFormat):
    """Not graded by itself: points are given by a person, along the rubric."""

    format: ClassVar[BlockFormat] = BlockFormat.FREEFORM
    default_points: ClassVar[int] = 0
    is_graded_by_people: ClassVar[bool] = True
    response_model: ClassVar[type[Response]] = FreeformResponse

    rubric: LongText | None = secret()
    sample_answer: LongText | None = secret()
