"""True-or-false questions."""

from __future__ import annotations

import strawberry

from graph.formats.base import (
    GraphFormat,
    Response,
    ScoredInput,
    ScoredQuestion,
    answer_part,
    may,
    secret_setting,
    setting,
)
from models.curriculum import BlockFormat


@strawberry.type(description="A statement to judge; without a correct answer it is a poll.")
class TrueFalseQuestion(ScoredQuestion):
    """The statement is the block's text."""

    true_label: str = setting("What the answer for true is called.")
    false_label: str = setting("What the answer for false is called.")
    correct_answer: bool | None = secret_setting("Whether the statement is true.")
    feedback_true: str | None = secret_setting("What a learner is told who answered true (Markdown).")
    feedback_false: str | None = secret_setting("What a learner is told who answered false (Markdown).")


@strawberry.input(description="A statement to judge. Without a correct answer it is a poll.")
class TrueFalseInput(ScoredInput):
    """The statement is the block's markdown."""

    true_label: strawberry.Maybe[str | None] = may("What the answer for true is called, if not True.")
    false_label: strawberry.Maybe[str | None] = may("What the answer for false is called, if not False.")
    correct_answer: strawberry.Maybe[bool | None] = may("Whether the statement is true.")
    feedback_true: strawberry.Maybe[str | None] = may("What a learner is told who answered true (Markdown).")
    feedback_false: strawberry.Maybe[str | None] = may("What a learner is told who answered false (Markdown).")


@strawberry.type(description="The judgement.")
class TrueFalseResponse(Response):
    """Read back as it was given."""

    is_true: bool = answer_part("Whether the statement was called true.")


@strawberry.input(description="The judgement.")
class TrueFalseResponseInput:
    """All of the answer."""

    is_true: bool = answer_part("Whether the statement was called true.")


FORMAT = GraphFormat(
    BlockFormat.TRUE_FALSE, TrueFalseQuestion, TrueFalseInput, TrueFalseResponse, TrueFalseResponseInput
)
