"""Ranking: things to put in order."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from itertools import combinations
from typing import ClassVar, Self

from pydantic import Field, model_validator

from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import (
    FULL,
    Item,
    Response,
    ScoredFormat,
    WrongField,
    name_items,
    require_known,
    require_own_ids,
    secret,
    text_of,
)
from resolvers.formats.values import ItemId, ItemText


class OrderCredit(StrEnum):
    """What an order is worth that is right in part."""

    NONE = "none"
    POSITIONS = "positions"
    PAIRS = "pairs"


class RankingItem(Item):
    """One of the things to order; its right place counts from 1."""

    text: ItemText
    correct_position: int | None = secret()


class RankingResponse(Response):
    """The ids of all items, the first first."""

    item_ids: list[ItemId] = Field(max_length=30)


class Ranking(ScoredFormat):
    """Either every item has its right place, or none has: then any order is an opinion and nothing is scored."""

    format: ClassVar[BlockFormat] = BlockFormat.RANKING
    response_model: ClassVar[type[Response]] = RankingResponse

    items: list[RankingItem] = Field(min_length=2, max_length=30)
    shuffle: bool = True
    order_credit: OrderCredit = OrderCredit.NONE

    @model_validator(mode="after")
    def _name_items(self) -> Self:
        """Authors write items in their right order; kept so, or lettered so, the order would give the answer away."""
        require_own_ids(self.items, "items")
        _require_places(self.items)
        if self.shuffle:
            self.items.sort(key=lambda item: (item.text.casefold(), item.text))
        name_items(self.items)
        return self

    def check(self, response: RankingResponse) -> None:
        """Every item of the question, once."""
        require_known(response.item_ids, [item.id for item in self.items], "item", "item_ids")
        if len(response.item_ids) < len(self.items):
            raise WrongField(f"Put all {len(self.items)} in order.", "item_ids")

    @property
    def is_scored(self) -> bool:
        """Whether the items have right places."""
        return self.items[0].correct_position is not None

    def share(self, response: RankingResponse) -> Fraction | None:
        """By the rule that the author chose; PAIRS is Kendall's tau without ties (docs/scoring.md)."""
        if not self.is_scored:
            return None
        right = self._in_order()
        if self.order_credit == OrderCredit.PAIRS:
            return self.bounded(_tau(right, response.item_ids))
        held = sum(a == b for a, b in zip(right, response.item_ids, strict=True))
        if self.order_credit == OrderCredit.POSITIONS:
            return self.or_wrong(Fraction(held, len(right)))
        return FULL if held == len(right) else self.wrong

    def right_response(self) -> RankingResponse | None:
        """The right order."""
        return RankingResponse(item_ids=self._in_order()) if self.is_scored else None

    def declared(self) -> dict[str, Declared]:
        """The place of each item, counted from 1, by its id."""
        return {"": Declared(Kind.ANYTHING), **{item.id: Declared(Kind.NUMBER) for item in self.items}}

    def values(self, response: RankingResponse) -> dict[str, Value]:
        """The same of an answer."""
        return {"": True, **{each: Fraction(place) for place, each in enumerate(response.item_ids, 1)}}

    def options(self) -> list[str]:
        """Each item at each place, as `item@place`."""
        return [f"{item.id}@{place}" for item in self.items for place in range(1, len(self.items) + 1)]

    def chosen(self, response: RankingResponse) -> list[str]:
        """Where each item was put."""
        return [f"{each}@{place}" for place, each in enumerate(response.item_ids, 1)]

    def worded(self, option: str) -> str:
        """The item's text, and its place."""
        item, _, place = option.rpartition("@")
        return f"{place}. {text_of(self.items, item)}"

    def _in_order(self) -> list[str]:
        return [item.id for item in sorted(self.items, key=lambda item: item.correct_position or 0)]


def _tau(right: list[str], given: list[str]) -> Fraction:
    """Pairs in the right order less pairs in the wrong one, of all pairs: M. G. Kendall, Biometrika 30 (1938)."""
    place = {item: index for index, item in enumerate(given)}
    agreeing = [place[first] < place[second] for first, second in combinations(right, 2)]
    return Fraction(2 * sum(agreeing) - len(agreeing), len(agreeing))


def _require_places(items: list[RankingItem]) -> None:
    places = [item.correct_position for item in items]
    if not any(place is not None for place in places):
        return
    for index, place in enumerate(places):
        path = ("items", index, "correct_position")
        if place is None:
            raise WrongField("Give every item its place, or none.", *path)
        if not 1 <= place <= len(places):
            raise WrongField(f"Places run from 1 to {len(places)}.", *path)
        if place in places[:index]:
            raise WrongField(f"Place {place} is taken twice.", *path)
