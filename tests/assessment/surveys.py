"""Surveys that go on in different ways, as papers have them, in short."""

from __future__ import annotations

from typing import Any

from models.curriculum import BlockFormat
from resolvers.formats import BY_KIND
from resolvers.formats.base import split, validated

Entry = dict[str, Any]


def block(name: str, kind: BlockFormat, show_if: str | None = None, points: int = 0, **values: Any) -> Entry:
    """A block whose id is its name; of a question the name is its key, too."""
    own, key = split(validated(BY_KIND[kind], values))
    rest = {"points": points, "is_required": False, "key": name, "show_if": show_if, "branches": []}
    return {"id": name, "format": kind.value, "settings": own, "answer_key": key, **rest}


def scale(name: str, show_if: str | None = None) -> Entry:
    """A question that is answered by a number from 1 to 10."""
    return block(name, BlockFormat.SCALE, show_if)


def text(name: str, show_if: str | None = None) -> Entry:
    """Something to read."""
    return {**block(name, BlockFormat.TEXT, show_if), "key": None}


def section(name: str, show_if: str | None = None) -> Entry:
    """A page begins."""
    return {**block(name, BlockFormat.SECTION, show_if), "key": None}


def leading(entry: Entry, *rules: tuple[str | None, str | None]) -> Entry:
    """The block with rules of where to go on: (condition, target), None for always, and for the end."""
    return {**entry, "branches": [{"id": "", "condition": each, "goto_block_id": goto} for each, goto in rules]}


def points(**given: int) -> dict[str, dict[str, int]]:
    """Answers to scales."""
    return {name: {"point": point} for name, point in given.items()}
