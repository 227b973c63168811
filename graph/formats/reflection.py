"""Reflections."""

from __future__ import annotations

import strawberry

from graph.formats.base import GraphFormat, QuestionBlock, QuestionInput, Response, answer_part, may, setting
from models.curriculum import BlockFormat


@strawberry.type(description="Something to think about and write down, for oneself alone. It is never graded.")
class ReflectionQuestion(QuestionBlock):
    """Nobody else reads what was written."""

    minimum_words: int | None = setting("How many words an answer must have.")
    maximum_words: int | None = setting("How many words an answer may have.")
    placeholder: str | None = setting("What the empty field shows.")


@strawberry.input(description="Something to think about and write down, for oneself alone. It has no points.")
class ReflectionInput(QuestionInput):
    """The question is the block's markdown."""

    minimum_words: strawberry.Maybe[int | None] = may("How many words an answer must have.")
    maximum_words: strawberry.Maybe[int | None] = may("How many words an answer may have.")
    placeholder: strawberry.Maybe[str | None] = may("What the empty field shows.")


@strawberry.type(description="What was written, for oneself.")
class ReflectionResponse(Response):
    """Read back as it was given, by its writer."""

    text: str = answer_part("The words.")


@strawberry.input(description="What was written, for oneself.")
class ReflectionResponseInput:
    """All of the answer."""

    text: str = answer_part("The words.")


FORMAT = GraphFormat(
    BlockFormat.REFLECTION, ReflectionQuestion, ReflectionInput, ReflectionResponse, ReflectionResponseInput
)
