"""Rows as light objects: attributes by column name, no ORM, no identity map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg


class Row:
    """One row of a result. `entity` says which model it came from where a reader knows."""

    __slots__ = ("__dict__",)
    entity: type | None = None

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__ = values

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"This row has no column {name!r}; it has {', '.join(self.__dict__)}.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.__dict__})"


_CLASSES: dict[type, type[Row]] = {}


def row_class(entity: type) -> type[Row]:
    """The row class that knows its model; made once per model."""
    if entity not in _CLASSES:
        _CLASSES[entity] = type(f"{entity.__name__}Row", (Row,), {"entity": entity, "__slots__": ()})
    return _CLASSES[entity]


def row_factory(cursor: psycopg.AsyncCursor[Any]) -> Callable[[Sequence[Any]], Row]:
    """psycopg row factory for plain rows."""
    names = [column.name for column in cursor.description or ()]
    return lambda values: Row(dict(zip(names, values, strict=True)))
