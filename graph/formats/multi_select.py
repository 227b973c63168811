"""Multi-select questions."""

from __future__ import annotations

import strawberry

from graph.fields import described
from graph.formats.base import GraphFormat, QuestionBlock, QuestionInput, may, parts, setting
from graph.formats.multiple_choice import Choice, ChoiceInput
from models.curriculum import BlockFormat
from resolvers.formats.multi_select import PartialCredit

described(
    PartialCredit,
    none="Only a fully right answer earns points.",
    every_decision="Each choice rightly ticked or rightly left out earns its share.",
    halves="One wrong decision halves the points, two leave a quarter, more leave none.",
)


@strawberry.type(description="Several answers out of several; without a correct one it is a poll.")
class MultiSelectQuestion(QuestionBlock):
    """A question with any number of right choices."""

    choices: list[Choice] = parts("The answers to choose from.")
    minimum_selected: int | None = setting("How many choices must be selected at least.")
    maximum_selected: int | None = setting("How many choices may be selected at most.")
    shuffle: bool = setting("Whether each learner sees the choices in an order of their own.")
    partial_credit: PartialCredit = setting("What an answer is worth that is right in part.")


@strawberry.input(description="Several answers out of several. Without a correct choice it is a poll.")
class MultiSelectInput(QuestionInput):
    """A list given replaces the whole list."""

    choices: strawberry.Maybe[list[ChoiceInput]] = may(
        "The answers to choose from; two at least. Needed for a new block."
    )
    minimum_selected: strawberry.Maybe[int | None] = may("How many choices must be selected at least.")
    maximum_selected: strawberry.Maybe[int | None] = may("How many choices may be selected at most.")
    shuffle: strawberry.Maybe[bool | None] = may("Whether each learner sees the choices in an order of their own.")
    partial_credit: strawberry.Maybe[PartialCredit | None] = may(
        "What an answer is worth that is right in part; NONE if nothing is said."
    )


FORMAT = GraphFormat(BlockFormat.MULTI_SELECT, MultiSelectQuestion, MultiSelectInput)
