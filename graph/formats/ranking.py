"""Ranking questions."""

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
from resolvers.formats.ranking import OrderCredit

described(
    OrderCredit,
    none="Only the right order earns points.",
    positions="Each thing at its right place earns its share.",
    pairs="Each pair in the right order earns its share, each in the wrong order costs it (Kendall's tau).",
)


@strawberry.type(description="One of the things to put in order.")
class RankingItem:
    """An item of the settings."""

    id: str = strawberry.field(description="Unique within the question.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")
    correct_position: int | None = secret_of_part("Its right place, counted from 1.")


@strawberry.type(description="Things to put in order; without right places any order is an opinion.")
class RankingQuestion(ScoredQuestion):
    """Either every item has its right place, or none."""

    items: list[RankingItem] = parts("The things to order. Where they are shuffled, they stand here by alphabet.")
    shuffle: bool = setting("Whether each learner sees the things in an order of their own.")
    order_credit: OrderCredit = setting("What an order is worth that is right in part.", default="none")


@strawberry.input(description="One of the things to put in order.")
class RankingItemInput:
    """Without an id the item gets a new one."""

    id: str | None = strawberry.field(default=None, description="Keep it to keep the item's identity.")
    text: str = strawberry.field(description="What the learner reads (Markdown).")
    correct_position: int | None = strawberry.field(default=None, description="Its right place, counted from 1.")


@strawberry.input(description="Things to put in order. Give every item its right place, or none.")
class RankingInput(ScoredInput):
    """A list given replaces the whole list."""

    items: strawberry.Maybe[list[RankingItemInput]] = may(
        "The things to order; two at least. Needed for a new block. Where they are shuffled, they are kept by alphabet."
    )
    shuffle: strawberry.Maybe[bool | None] = may(
        "Whether each learner sees the things in an order of their own; yes if nothing is said."
    )
    order_credit: strawberry.Maybe[OrderCredit | None] = may(
        "What an order is worth that is right in part; NONE if nothing is said."
    )


@strawberry.type(description="Things in order.")
class RankingResponse(Response):
    """Read back as it was given."""

    item_ids: list[str] = answer_part("The ids of all things, the first first.")


@strawberry.input(description="Things in order.")
class RankingResponseInput:
    """All of the answer."""

    item_ids: list[str] = answer_part("The ids of all things, the first first.")


FORMAT = GraphFormat(BlockFormat.RANKING, RankingQuestion, RankingInput, RankingResponse, RankingResponseInput)
