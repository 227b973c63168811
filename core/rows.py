"""Rows as light objects: attributes by column name, no ORM, no identity map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import psycopg


class Row:
    """One row of a result. `entity` says which model it came from where a reader knows.

    It has no `__getattr__` with a better message: that alone would make each attribute cost twice as much.
    """

    __slots__ = ("__dict__",)
    entity: type | None = None

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__ = values

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.__dict__})"


_CLASSES: dict[type, type[Row]] = {}


def row_class(entity: type) -> type[Row]:
    """The row class that knows its model; made once per model."""
    if entity not in _CLASSES:
        _CLASSES[entity] = type(f"{entity.__name__}Row", (Row,), {"entity": entity, "__slots__": ()})
    return _CLASSES[entity]


Maker = Callable[[Sequence[Sequence[Any]]], list[Row]]
_MAKERS: dict[tuple[type[Row], tuple[str, ...]], Maker] = {}
# There are as many as ways to choose columns.
_MOST_MAKERS = 2000


def maker(kind: type[Row], names: tuple[str, ...]) -> Maker:
    """What makes rows of this class of the values of such columns; made once for them."""
    found = _MAKERS.get((kind, names))
    if found is None:
        if len(_MAKERS) >= _MOST_MAKERS:
            _MAKERS.clear()
        found = _MAKERS[kind, names] = _made(kind, names)
    return found


def _made(kind: type[Row], names: tuple[str, ...]) -> Maker:
    """Written out for the columns: rows are made in half the time that way. The last column of a name wins."""
    values = [f"v{place}" for place in range(len(names))]
    columns = ", ".join(f"{name!r}: {value}" for name, value in zip(names, values, strict=True))
    lines = [
        "def make(rows):",
        "    made = []",
        f"    for [{', '.join(values)}] in rows:",
        "        row = new(kind)",
        f"        row.__dict__ = {{{columns}}}",
        "        made.append(row)",
        "    return made",
    ]
    found: dict[str, Any] = {"new": kind.__new__, "kind": kind}
    exec("\n".join(lines), found)  # noqa: S102 - names of columns, written as literals
    make: Maker = found["make"]
    return make


def row_factory(cursor: psycopg.AsyncCursor[Any]) -> Callable[[Sequence[Any]], Row]:
    """psycopg row factory for plain rows."""
    names = [column.name for column in cursor.description or ()]
    return lambda values: Row(dict(zip(names, values, strict=True)))
