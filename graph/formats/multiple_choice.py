"""Multiple-choice questions."""

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
    parts,
    secret_of_part,
    setting,
)
from models.curriculum import BlockFormat
from resolvers.formats.multiple_choice import ChoiceDisplay

described(ChoiceDisplay, list="One below the other.", dropdown="Folded into a menu.")


@strawberry.type(description="One of the answers to choose from.")
class Choice:
    """An item of the settings."""

    id: str = strawberry.field(description="Unique within the question.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")
    is_correct: bool | None = secret_of_part("Whether choosing it is right.")
    feedback: str | None = secret_of_part("What a learner is told who chose it (Markdown).")
    credit_percent: int | None = secret_of_part(
        "What choosing it earns, in hundredths of the points, where that is not the usual."
    )


@strawberry.type(description="One answer out of several; without a correct one it is a poll.")
class MultipleChoiceQuestion(ScoredQuestion):
    """A question with exactly one right choice, or none."""

    choices: list[Choice] = parts("The answers to choose from.")
    shuffle: bool = setting("Whether each learner sees the choices in an order of their own.")
    display: ChoiceDisplay = setting("How the choices are laid out.")


@strawberry.input(description="One of the answers to choose from.")
class ChoiceInput:
    """Without an id the choice gets a new one."""

    id: str | None = strawberry.field(default=None, description="Keep it to keep the choice's identity.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")
    is_correct: bool = strawberry.field(default=False, description="Whether choosing it is right.")
    feedback: str | None = strawberry.field(default=None, description="What a learner is told who chose it (Markdown).")
    credit_percent: int | None = strawberry.field(
        default=None,
        description="What choosing it earns, -100 to 100 hundredths of the points, where that is not the usual.",
    )


@strawberry.input(description="One answer out of several. Without a correct choice it is a poll.")
class MultipleChoiceInput(ScoredInput):
    """A list given replaces the whole list."""

    choices: strawberry.Maybe[list[ChoiceInput]] = may("The answers to choose from; two at least.")
    shuffle: strawberry.Maybe[bool | None] = may("Whether each learner sees the choices in an order of their own.")
    display: strawberry.Maybe[ChoiceDisplay | None] = may("How the choices are laid out.")


@strawberry.type(description="The one choice.")
class MultipleChoiceResponse(Response):
    """Read back as it was given."""

    choice_id: str = answer_part("The id of the choice.")


@strawberry.input(description="The one choice.")
class MultipleChoiceResponseInput:
    """All of the answer."""

    choice_id: str = answer_part("The id of the choice.")


FORMAT = GraphFormat(
    BlockFormat.MULTIPLE_CHOICE,
    MultipleChoiceQuestion,
    MultipleChoiceInput,
    MultipleChoiceResponse,
    MultipleChoiceResponseInput,
)
