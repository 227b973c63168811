"""Cloze: a text with gaps to fill."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import (
    NONE,
    Item,
    Part,
    Remark,
    Response,
    ScoredFormat,
    WrongField,
    hundredths,
    part_by_part,
    require_known,
    secret,
)
from resolvers.formats.numeric import NumericAnswer, first_number, full_number
from resolvers.formats.short_answer import AcceptedAnswer, first_accepted, full_text, plain
from resolvers.formats.values import ItemId, decimal

_MARK = re.compile(r"\[\[([A-Za-z0-9_-]{1,40})\]\]")
_Typed = Annotated[str, StringConstraints(min_length=1, max_length=500)]
_GapOption = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class GapKind(StrEnum):
    """How a gap is filled."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"


class ClozeGap(Item):
    """One gap. `options` are what a CHOICE offers; what is accepted are texts, or for a NUMBER numbers."""

    kind: GapKind = GapKind.TEXT
    options: list[_GapOption] = Field(default_factory=list, max_length=50)
    weight: int = Field(default=1, ge=1, le=100)
    accepted: list[AcceptedAnswer] = secret([], max_length=100)
    numbers: list[NumericAnswer] = secret([], max_length=100)

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if self.kind == GapKind.CHOICE and len(self.options) < 2:
            raise WrongField("Give at least two options to choose from.", "options")
        if self.kind != GapKind.CHOICE and self.options:
            raise WrongField("Only a gap of the kind CHOICE has options.", "options")
        if len({plain(each) for each in self.options}) != len(self.options):
            raise WrongField("Two options are the same.", "options")
        if self.kind == GapKind.NUMBER and self.accepted:
            raise WrongField("A gap of the kind NUMBER takes numbers.", "accepted")
        if self.kind != GapKind.NUMBER and self.numbers:
            raise WrongField("Only a gap of the kind NUMBER takes these.", "numbers")
        return self

    @property
    def is_scored(self) -> bool:
        """Whether anything is accepted."""
        return bool(self.accepted or self.numbers)

    def met(self, typed: str | None) -> AcceptedAnswer | NumericAnswer | None:
        """The first accepted answer that is what was typed."""
        if typed is None:
            return None
        if self.kind == GapKind.NUMBER:
            return first_number(self.numbers, Fraction(typed))
        return first_accepted(self.accepted, typed)

    def right_text(self) -> str | None:
        """What earns all that the gap is worth, where it can be written down."""
        if self.kind == GapKind.NUMBER:
            return full_number(self.numbers)
        if self.kind == GapKind.TEXT:
            return full_text(self.accepted)
        return next((each for each in self.options if (met := self.met(each)) and met.credit_percent == 100), None)


class ClozeFilled(Part):
    """What was put into one gap: a text, a number, or one of the options."""

    gap_id: ItemId
    text: _Typed


class ClozeResponse(Response):
    """The gaps that were filled, in any order."""

    gaps: list[ClozeFilled] = Field(max_length=100)


class Cloze(ScoredFormat):
    """The text marks each gap by its id, as in "Sleep comes in [[a]] of 90 minutes." Gaps without a key do not count.

    A gap earns the credit of what it was filled with, times its weight.
    """

    format: ClassVar[BlockFormat] = BlockFormat.CLOZE
    response_model: ClassVar[type[Response]] = ClozeResponse

    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    gaps: list[ClozeGap] = Field(min_length=1, max_length=100)
    every_part_counts: bool = True

    @model_validator(mode="after")
    def _every_gap_is_marked_once(self) -> Self:
        marked = [match[1] for match in _MARK.finditer(self.text)]
        for index, gap in enumerate(self.gaps):
            if marked.count(gap.id) != 1:
                raise WrongField(f"The text has to hold [[{gap.id}]] exactly once.", "gaps", index, "id")
        if unknown := set(marked) - {gap.id for gap in self.gaps}:
            raise WrongField(f"There is no gap {min(unknown)!r}.", "text")
        return self

    @model_validator(mode="after")
    def _right_choices_are_offered(self) -> Self:
        for index, gap in enumerate(self.gaps):
            if gap.kind == GapKind.CHOICE and gap.is_scored and gap.right_text() is None:
                raise WrongField("None of the options earns all points.", "gaps", index, "accepted")
        return self

    def check(self, response: ClozeResponse) -> None:
        """Gaps of the question, each once, filled with what their kind takes."""
        gaps = {gap.id: gap for gap in self.gaps}
        require_known([filled.gap_id for filled in response.gaps], list(gaps), "gap", "gaps", within="gap_id")
        for index, filled in enumerate(response.gaps):
            _require_fitting(gaps[filled.gap_id], filled.text, index)

    @property
    def is_scored(self) -> bool:
        """Whether anything is accepted in any gap."""
        return any(gap.is_scored for gap in self.gaps)

    def share(self, response: ClozeResponse) -> Fraction | None:
        """The weighted mean of what the gaps earn; or all or nothing."""
        if not self.is_scored:
            return None
        earned = list(self._earned(response))
        if not self.every_part_counts:
            return part_by_part(self, [credit == 1 for _, credit in earned], each_counts=False)
        whole = sum(weight for weight, _ in earned)
        gained = sum((weight * credit for weight, credit in earned), NONE) / whole
        return self.bounded(gained) if gained else self.wrong

    def remarks(self, response: ClozeResponse) -> list[Remark]:
        """The feedback of what the gaps were filled with, in the order of the question."""
        given = _given(response)
        met = ((gap.id, gap.met(given.get(gap.id))) for gap in self.gaps)
        return [Remark(found.feedback, name) for name, found in met if found and found.feedback]

    def right_response(self) -> ClozeResponse | None:
        """What earns all points; None where a gap takes patterns only."""
        if not self.is_scored:
            return None
        found = [(gap.id, gap.right_text()) for gap in self.gaps if gap.is_scored]
        filled = [ClozeFilled(gap_id=name, text=text) for name, text in found if text is not None]
        return ClozeResponse(gaps=filled) if len(filled) == len(found) else None

    def declared(self) -> dict[str, Declared]:
        """What each gap was filled with, by its id: a text, a number, or one of the options."""
        kinds = {GapKind.TEXT: Kind.TEXT, GapKind.NUMBER: Kind.NUMBER, GapKind.CHOICE: Kind.CHOICE}
        gaps = {gap.id: Declared(kinds[GapKind(gap.kind)], frozenset(gap.options)) for gap in self.gaps}
        return {"": Declared(Kind.ANYTHING), **gaps}

    def values(self, response: ClozeResponse) -> dict[str, Value]:
        """The same of an answer."""
        given = _given(response)
        filled = ((gap, given[gap.id]) for gap in self.gaps if gap.id in given)
        return {"": True, **{gap.id: _value(gap, text) for gap, text in filled}}

    def options(self) -> list[str]:
        """The options of those gaps that have some, as `gap=option`."""
        return [f"{gap.id}={option}" for gap in self.gaps for option in gap.options]

    def chosen(self, response: ClozeResponse) -> list[str]:
        """What each gap was filled with, as `gap=text`."""
        given = _given(response)
        filled = ((gap, given[gap.id]) for gap in self.gaps if gap.id in given)
        return [f"{gap.id}={_written(gap, text)}" for gap, text in filled]

    def _earned(self, response: ClozeResponse) -> Iterator[tuple[int, Fraction]]:
        """(weight, credit) of every gap that counts."""
        given = _given(response)
        for gap in (each for each in self.gaps if each.is_scored):
            met = gap.met(given.get(gap.id))
            yield gap.weight, NONE if met is None else hundredths(met.credit_percent)


def _given(response: ClozeResponse) -> dict[str, str]:
    return {filled.gap_id: filled.text for filled in response.gaps}


def _value(gap: ClozeGap, text: str) -> Value:
    if gap.kind == GapKind.NUMBER:
        return Fraction(text)
    return plain(text) if gap.kind == GapKind.TEXT else text


def _written(gap: ClozeGap, text: str) -> str:
    if gap.kind == GapKind.TEXT:
        return plain(text).casefold()
    return decimal(text) if gap.kind == GapKind.NUMBER else text


def _require_fitting(gap: ClozeGap, text: str, index: int) -> None:
    path = ("gaps", index, "text")
    if gap.kind == GapKind.CHOICE and text not in gap.options:
        raise WrongField("Choose one of the options.", *path)
    if gap.kind == GapKind.NUMBER:
        if len(text) > 40:
            raise WrongField("A number has at most 40 characters.", *path)
        try:
            Decimal(decimal(text))
        except ValueError as error:
            raise WrongField(str(error), *path) from error
