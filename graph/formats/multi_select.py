"""Multi-select questions."""

from __future__ import annotations

import strawberry

from graph.fields import described
from graph.formats.base import GraphFormat, Response, ScoredInput, ScoredQuestion, answer_part, may, parts, setting
from graph.formats.multiple_choice import Choice, ChoiceInput
from models.curriculum import BlockFormat
from resolvers.formats.multi_select import PartialCredit

described(
    PartialCredit,
    none="Only a fully right answer earns points.",
    every_decision="Each choice rightly ticked or rightly left out earns its share.",
    halves="One wrong decision halves the points, two leave a quarter, more leave none.",
    right_minus_wrong="Each correct choice earns its share, each wrong one costs its share of the wrong ones.",
    weights="Each choice earns or costs the creditPercent that its author gave it.",
)


@strawberry.type(description="Several answers out of several; without a correct one it is a poll.")
class MultiSelectQuestion(ScoredQuestion):
    """A question with any number of right choices."""

    choices: list[Choice] = parts("The answers to choose from.")
    minimum_selected: int | None = setting("How many choices must be selected at least.")
    maximum_selected: int | None = setting("How many choices may be selected at most.")
    shuffle: bool = setting("Whether each learner sees the choices in an order of their own.")
    partial_credit: PartialCredit = setting("What an answer is worth that is right in part.")


@strawberry.input(description="Several answers out of several. Without a correct choice it is a poll.")
class MultiSelectInput(ScoredInput):
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


@strawberry.type(description="The choices that were ticked.")
class MultiSelectResponse(Response):
    """Read back as it was given."""

    choice_ids: list[str] = answer_part("The ids of the choices, in any order.")


@strawberry.input(description="The choices that were ticked.")
class MultiSelectResponseInput:
    """All of the answer."""

    choice_ids: list[str] = answer_part("The ids of the choices, in any order.")


FORMAT = GraphFormat(
    BlockFormat.MULTI_SELECT, MultiSelectQuestion, MultiSelectInput, MultiSelectResponse, MultiSelectResponseInput
)
