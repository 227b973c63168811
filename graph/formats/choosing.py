"""The input that holds exactly one format's input."""

from __future__ import annotations

from typing import Any

import strawberry

from graph.formats import FORMATS


def _one_of() -> Any:
    """A `@oneOf` input with one field per format, made from the registry."""
    generic: Any = strawberry.Maybe
    values = {
        each.kind.value: strawberry.field(default=None, description=f"For a {_words(each.kind)} block.")
        for each in FORMATS
    }
    annotations = {each.kind.value: generic[each.input] for each in FORMATS}
    made = type("BlockContentInput", (), {**values, "__annotations__": annotations})
    return strawberry.input(made, one_of=True, description="What a block is: exactly one of the formats.")


def _words(kind: str) -> str:
    return kind.replace("_", " ")


BlockContent = _one_of()
