"""Ranking: things to put in order."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from models.curriculum import BlockFormat
from resolvers.formats.base import Item, QuestionFormat, WrongField, name_items, require_own_ids, secret
from resolvers.formats.values import ItemText


class RankingItem(Item):
    """One of the things to order; its right place counts from 1."""

    text: ItemText
    correct_position: int | None = secret()


class Ranking(QuestionFormat):
    """Either every item has its right place, or none has: then any order is an opinion and nothing is scored."""

    format: ClassVar[BlockFormat] = BlockFormat.RANKING

    items: list[RankingItem] = Field(min_length=2, max_length=30)
    shuffle: bool = True

    @model_validator(mode="after")
    def _name_items(self) -> Self:
        """Authors write items in their right order; kept so, or lettered so, the order would give the answer away."""
        require_own_ids(self.items, "items")
        _require_places(self.items)
        if self.shuffle:
            self.items.sort(key=lambda item: (item.text.casefold(), item.text))
        name_items(self.items)
        return self


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
