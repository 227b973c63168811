"""Short answer: a few words, compared with the accepted ones."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from models.curriculum import BlockFormat
from resolvers.formats.base import Part, QuestionFormat, WrongField, secret
from resolvers.formats.patterns import pattern
from resolvers.formats.values import Label, Note


class TextMatch(StrEnum):
    """How a typed answer is compared with an accepted one."""

    EXACT = "exact"
    IGNORE_CASE = "ignore_case"
    PATTERN = "pattern"


class AcceptedAnswer(Part):
    """An answer that earns `credit_percent` of the points; with 0 it is a known mistake that gets its own feedback."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    match: TextMatch = TextMatch.IGNORE_CASE
    feedback: Note | None = None
    credit_percent: int = Field(default=100, ge=0, le=100)

    @model_validator(mode="after")
    def _pattern_is_safe(self) -> Self:
        if self.match == TextMatch.PATTERN:
            try:
                pattern(self.text)
            except ValueError as error:
                raise WrongField(str(error), "text") from error
        return self


class ShortAnswer(QuestionFormat):
    """The first accepted answer that matches counts; without any, nothing is scored.

    `maximum_length` is in characters.
    """

    format: ClassVar[BlockFormat] = BlockFormat.SHORT_ANSWER

    accepted: list[AcceptedAnswer] = secret([], max_length=100)
    placeholder: Label | None = None
    maximum_length: int | None = Field(default=None, ge=1, le=10_000)
