"""Short-answer questions."""

from __future__ import annotations

import strawberry

from graph.fields import described
from graph.formats.base import (
    GraphFormat,
    Response,
    ScoredInput,
    ScoredQuestion,
    answer_part,
    may,
    secret_parts,
    setting,
)
from models.curriculum import BlockFormat
from resolvers.formats.short_answer import TextMatch

described(
    TextMatch,
    exact="Letter by letter.",
    ignore_case="Letter by letter, whether capital or small.",
    pattern="The whole answer fits a regular expression; one that starts with (?i) ignores case.",
)


@strawberry.type(description="An answer that is recognised, right or wrong.")
class AcceptedAnswer:
    """A part of the answer key."""

    text: str = strawberry.field(description="The answer, or the pattern.")
    match: TextMatch = strawberry.field(description="How a learner's answer is compared with it.")
    feedback: str | None = strawberry.field(description="What a learner is told who answered so (Markdown).")
    credit_percent: int = strawberry.field(
        description="Its share of the points, -100 to 100; 0 or less for a known mistake."
    )


@strawberry.type(description="A few words, compared with accepted answers; without any, nothing is scored.")
class ShortAnswerQuestion(ScoredQuestion):
    """The first accepted answer that matches counts."""

    accepted: list[AcceptedAnswer] | None = secret_parts(
        "The answers that are recognised; the first that matches counts."
    )
    placeholder: str | None = setting("What the empty field shows.")
    maximum_length: int | None = setting("How many characters an answer may have.")


@strawberry.input(description="An answer that is recognised, right or wrong.")
class AcceptedAnswerInput:
    """With a credit of 0 it is a known mistake that gets its own feedback."""

    text: str = strawberry.field(description="The answer, or the pattern.")
    match: TextMatch = strawberry.field(
        default=TextMatch.IGNORE_CASE, description="How a learner's answer is compared with it."
    )
    feedback: str | None = strawberry.field(
        default=None, description="What a learner is told who answered so (Markdown)."
    )
    credit_percent: int = strawberry.field(
        default=100, description="Its share of the points, -100 to 100; 0 or less for a known mistake."
    )


@strawberry.input(description="A few words, compared with accepted answers. Without any, nothing is scored.")
class ShortAnswerInput(ScoredInput):
    """A list given replaces the whole list."""

    accepted: strawberry.Maybe[list[AcceptedAnswerInput] | None] = may(
        "The answers that are recognised; the first that matches counts."
    )
    placeholder: strawberry.Maybe[str | None] = may("What the empty field shows.")
    maximum_length: strawberry.Maybe[int | None] = may("How many characters an answer may have.")


@strawberry.type(description="What was typed.")
class ShortAnswerResponse(Response):
    """Read back as it was given."""

    text: str = answer_part("The words.")


@strawberry.input(description="What was typed.")
class ShortAnswerResponseInput:
    """All of the answer."""

    text: str = answer_part("The words.")


FORMAT = GraphFormat(
    BlockFormat.SHORT_ANSWER, ShortAnswerQuestion, ShortAnswerInput, ShortAnswerResponse, ShortAnswerResponseInput
)
