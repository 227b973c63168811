"""Freeform questions."""

from __future__ import annotations

import strawberry

from graph.formats.base import (
    GraphFormat,
    QuestionBlock,
    QuestionInput,
    Response,
    answer_part,
    may,
    secret_setting,
    setting,
)
from models.curriculum import BlockFormat


@strawberry.type(description="Free writing. It is not graded by itself.")
class FreeformQuestion(QuestionBlock):
    """A person reads it, along the rubric."""

    minimum_words: int | None = setting("How many words an answer must have.")
    maximum_words: int | None = setting("How many words an answer may have.")
    placeholder: str | None = setting("What the empty field shows.")
    rubric: str | None = secret_setting("What readers look for in an answer (Markdown).")
    sample_answer: str | None = secret_setting("What a good answer looks like (Markdown).")


@strawberry.input(description="Free writing. It is not graded by itself.")
class FreeformInput(QuestionInput):
    """The question is the block's markdown."""

    minimum_words: strawberry.Maybe[int | None] = may("How many words an answer must have.")
    maximum_words: strawberry.Maybe[int | None] = may("How many words an answer may have.")
    placeholder: strawberry.Maybe[str | None] = may("What the empty field shows.")
    rubric: strawberry.Maybe[str | None] = may("What readers look for in an answer (Markdown).")
    sample_answer: strawberry.Maybe[str | None] = may("What a good answer looks like (Markdown).")


@strawberry.type(description="What was written.")
class FreeformResponse(Response):
    """Read back as it was given."""

    text: str = answer_part("The words.")


@strawberry.input(description="What was written.")
class FreeformResponseInput:
    """All of the answer."""

    text: str = answer_part("The words.")


FORMAT = GraphFormat(BlockFormat.FREEFORM, FreeformQuestion, FreeformInput, FreeformResponse, FreeformResponseInput)
