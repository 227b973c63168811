"""Cloze questions."""

from __future__ import annotations

import strawberry

from core.rows import Row
from graph.fields import described
from graph.formats.base import (
    GraphFormat,
    Response,
    ScoredInput,
    ScoredQuestion,
    answer_part,
    may,
    parts,
    secret_of_part,
    setting,
)
from graph.formats.numeric import NumericAnswer, NumericAnswerInput
from graph.formats.short_answer import AcceptedAnswer, AcceptedAnswerInput
from models.curriculum import BlockFormat
from resolvers.formats.cloze import GapKind

described(GapKind, text="Words are typed.", number="A number is typed.", choice="One of the options is chosen.")


@strawberry.type(description="One gap of the text.")
class ClozeGap:
    """An item of the settings."""

    id: str = strawberry.field(description="By which the text marks it, as in [[a]].")
    kind: GapKind = strawberry.field(description="How it is filled.")
    options: list[str] = strawberry.field(description="What there is to choose from; empty unless the kind is CHOICE.")
    weight: int = strawberry.field(description="How much it counts beside the other gaps.")
    accepted: list[AcceptedAnswer] | None = secret_of_part(
        "The texts or options that are recognised; the first that matches counts.", as_item=Row
    )
    numbers: list[NumericAnswer] | None = secret_of_part(
        "The numbers that are recognised; the first that matches counts.", as_item=Row
    )


@strawberry.type(description="A text with gaps to fill; gaps for which nothing is accepted are not scored.")
class ClozeQuestion(ScoredQuestion):
    """The block's own text says what to do."""

    text: str = setting("The text (Markdown), in which each gap is marked by its id, as in [[a]].")
    gaps: list[ClozeGap] = parts("The gaps.")
    every_part_counts: bool = setting("Whether each gap earns its share, or only all of them together.")


@strawberry.input(description="One gap of the text.")
class ClozeGapInput:
    """A number takes `numbers`, everything else `accepted`."""

    id: str = strawberry.field(description="By which the text marks it, as in [[a]].")
    kind: GapKind = strawberry.field(default=GapKind.TEXT, description="How it is filled.")
    options: list[str] = strawberry.field(
        default_factory=list, description="What there is to choose from, for the kind CHOICE: two at least."
    )
    weight: int = strawberry.field(default=1, description="How much it counts beside the other gaps, 1 to 100.")
    accepted: list[AcceptedAnswerInput] = strawberry.field(
        default_factory=list, description="The texts or options that are recognised; the first that matches counts."
    )
    numbers: list[NumericAnswerInput] = strawberry.field(
        default_factory=list, description="The numbers that are recognised, for the kind NUMBER."
    )


@strawberry.input(description="A text with gaps to fill. Gaps for which nothing is accepted are not scored.")
class ClozeInput(ScoredInput):
    """A list given replaces the whole list."""

    text: strawberry.Maybe[str] = may(
        "The text (Markdown), in which each gap is marked by its id, as in [[a]]. Needed for a new block."
    )
    gaps: strawberry.Maybe[list[ClozeGapInput]] = may("The gaps. Needed for a new block.")
    every_part_counts: strawberry.Maybe[bool | None] = may(
        "Whether each gap earns its share, or only all of them together; each of them if nothing is said."
    )


@strawberry.type(description="What was put into one gap.")
class ClozeFilled:
    """A part of an answer."""

    gap_id: str = answer_part("The id of the gap.")
    text: str = answer_part("The words, the number, or the option.")


@strawberry.type(description="What was put into the gaps.")
class ClozeResponse(Response):
    """Read back as it was given."""

    gaps: list[ClozeFilled] = answer_part("The gaps that were filled.")


@strawberry.input(description="What is put into one gap.")
class ClozeFilledInput:
    """A part of an answer."""

    gap_id: str = answer_part("The id of the gap.")
    text: str = answer_part("The words, the number as a decimal string, or the option.")


@strawberry.input(description="What was put into the gaps.")
class ClozeResponseInput:
    """Gaps may be left out."""

    gaps: list[ClozeFilledInput] = answer_part("The gaps that were filled, in any order, each once.")


FORMAT = GraphFormat(BlockFormat.CLOZE, ClozeQuestion, ClozeInput, ClozeResponse, ClozeResponseInput)
