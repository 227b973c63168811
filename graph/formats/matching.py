"""Matching questions."""

from __future__ import annotations

import strawberry

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


@strawberry.type(description="One of the things on the right.")
class MatchingTarget:
    """An item of the settings."""

    id: str = strawberry.field(description="Unique among the question's targets.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")


@strawberry.type(description="One of the things on the left.")
class MatchingPrompt:
    """An item of the settings."""

    id: str = strawberry.field(description="Unique among the question's prompts.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")
    correct_target_id: str | None = secret_of_part("The id of the target that belongs to it.")


@strawberry.type(description="To each thing on the left belongs one on the right; without right ones it is a poll.")
class MatchingQuestion(ScoredQuestion):
    """Prompts without a right target are not scored."""

    prompts: list[MatchingPrompt] = parts("The things on the left.")
    targets: list[MatchingTarget] = parts(
        "The things on the right. Where they are shuffled, they stand here by alphabet."
    )
    shuffle: bool = setting("Whether each learner sees the targets in an order of their own.")
    every_part_counts: bool = setting("Whether each prompt earns its share, or only all of them together.")


@strawberry.input(description="One of the things on the right.")
class MatchingTargetInput:
    """Without an id the target gets a new one."""

    id: str | None = strawberry.field(default=None, description="By which prompts name it; keep it when you save.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")


@strawberry.input(description="One of the things on the left.")
class MatchingPromptInput:
    """Without an id the prompt gets a new one."""

    id: str | None = strawberry.field(default=None, description="Keep it to keep the prompt's identity.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")
    correct_target_id: str | None = strawberry.field(
        default=None, description="The id of the target that belongs to it; none, and it is not scored."
    )


@strawberry.input(description="To each thing on the left belongs one on the right. Without right ones it is a poll.")
class MatchingInput(ScoredInput):
    """A list given replaces the whole list."""

    prompts: strawberry.Maybe[list[MatchingPromptInput]] = may("The things on the left. Needed for a new block.")
    targets: strawberry.Maybe[list[MatchingTargetInput]] = may(
        "The things on the right; two at least. Needed for a new block. Give them ids to name the right ones."
    )
    shuffle: strawberry.Maybe[bool | None] = may(
        "Whether each learner sees the targets in an order of their own; yes if nothing is said."
    )
    every_part_counts: strawberry.Maybe[bool | None] = may(
        "Whether each prompt earns its share, or only all of them together; each of them if nothing is said."
    )


@strawberry.type(description="A prompt, and the target that it was given.")
class MatchingPair:
    """A part of an answer."""

    prompt_id: str = answer_part("The id of the prompt.")
    target_id: str = answer_part("The id of the target.")


@strawberry.type(description="The pairs that were made.")
class MatchingResponse(Response):
    """Read back as it was given."""

    pairs: list[MatchingPair] = answer_part("The pairs.")


@strawberry.input(description="A prompt, and the target that it is given.")
class MatchingPairInput:
    """A part of an answer."""

    prompt_id: str = answer_part("The id of the prompt.")
    target_id: str = answer_part("The id of the target.")


@strawberry.input(description="The pairs that were made.")
class MatchingResponseInput:
    """Prompts may be left out."""

    pairs: list[MatchingPairInput] = answer_part("The pairs, in any order, each prompt once.")


FORMAT = GraphFormat(BlockFormat.MATCHING, MatchingQuestion, MatchingInput, MatchingResponse, MatchingResponseInput)
