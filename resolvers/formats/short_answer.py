"""Short answer: a few words, compared with the accepted ones."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from core.expressions import Declared, Kind, Value
from core.text import unified
from models.curriculum import BlockFormat
from resolvers.formats.base import Part, Remark, Response, ScoredFormat, WrongField, hundredths, secret
from resolvers.formats.patterns import fits, pattern
from resolvers.formats.values import Label, Note

MAX_LENGTH = 10_000


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
    credit_percent: int = Field(default=100, ge=-100, le=100)

    @model_validator(mode="after")
    def _pattern_is_safe(self) -> Self:
        if self.match == TextMatch.PATTERN:
            try:
                pattern(self.text)
            except ValueError as error:
                raise WrongField(str(error), "text") from error
        return self

    def accepts(self, given: str) -> bool:
        """Whether it is this that was typed, which comes as `plain` answers it."""
        if self.match == TextMatch.PATTERN:
            return fits(self.text, given)
        wanted = plain(self.text)
        if self.match == TextMatch.IGNORE_CASE:
            return wanted.casefold() == given.casefold()
        return wanted == given


def plain(text: str) -> str:
    """A text in one written form: letters composed (NFC), one space where there are several, none at the ends."""
    return " ".join(unified(text).split())


def first_accepted(accepted: Sequence[AcceptedAnswer], typed: str) -> AcceptedAnswer | None:
    """The first accepted answer that is what was typed. Spaces and how accents are coded never matter."""
    given = plain(typed)
    return next((each for each in accepted if each.accepts(given)), None)


def full_text(accepted: Sequence[AcceptedAnswer]) -> str | None:
    """A text that is accepted for all points, where there is one that can be written down: patterns cannot."""
    texts = (each.text for each in accepted if each.match != TextMatch.PATTERN)
    return next((each for each in texts if (met := first_accepted(accepted, each)) and met.credit_percent == 100), None)


class ShortAnswerResponse(Response):
    """What was typed."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)]


class ShortAnswer(ScoredFormat):
    """The first accepted answer that matches counts; without any, nothing is scored.

    `maximum_length` is in characters.
    """

    format: ClassVar[BlockFormat] = BlockFormat.SHORT_ANSWER
    response_model: ClassVar[type[Response]] = ShortAnswerResponse

    accepted: list[AcceptedAnswer] = secret([], max_length=100)
    placeholder: Label | None = None
    maximum_length: int | None = Field(default=None, ge=1, le=MAX_LENGTH)

    def check(self, response: ShortAnswerResponse) -> None:
        """It is not too long."""
        if self.maximum_length is not None and len(response.text) > self.maximum_length:
            raise WrongField(f"Write at most {self.maximum_length} characters.", "text")

    @property
    def is_scored(self) -> bool:
        """Whether anything is accepted."""
        return bool(self.accepted)

    def share(self, response: ShortAnswerResponse) -> Fraction | None:
        """The credit of the first accepted answer that matches; the penalty where none does."""
        if not self.is_scored:
            return None
        met = first_accepted(self.accepted, response.text)
        return self.wrong if met is None else hundredths(met.credit_percent)

    def remarks(self, response: ShortAnswerResponse) -> list[Remark]:
        """The feedback of the accepted answer that matches."""
        met = first_accepted(self.accepted, response.text)
        return [Remark(met.feedback)] if met and met.feedback else []

    def right_response(self) -> ShortAnswerResponse | None:
        """The first accepted answer that earns all points, is no pattern, and is not too long to be typed."""
        most = self.maximum_length or MAX_LENGTH
        text = full_text([each for each in self.accepted if len(each.text) <= most])
        return None if text is None else ShortAnswerResponse(text=text)

    def declared(self) -> dict[str, Declared]:
        """The words."""
        return {"": Declared(Kind.TEXT)}

    def values(self, response: ShortAnswerResponse) -> dict[str, Value]:
        """The same of an answer."""
        return {"": plain(response.text)}

    def chosen(self, response: ShortAnswerResponse) -> list[str]:
        """What was typed, whatever its case."""
        return [plain(response.text).casefold()]
