"""The leaves of a level in one go: objects are written with them, where nothing about them is out of the ordinary.

Most fields of most objects are attributes that hold what the answer will hold. They need no resolver, and completing
them one by one would change nothing. So a selection has code made for it that writes all objects of a level with those
fields in them. Where a value is late, missing or of another kind, all fields of the level go the ordinary way.
"""

from __future__ import annotations

from collections.abc import Sequence
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from graph.engine.completing import Leaf, close_all
from graph.engine.generating import generated

if TYPE_CHECKING:
    from graph.engine.planning import Field, Selection


class LeafWriter:
    """Writes the objects of a selection; `rest` are the fields that it leaves to be resolved.

    Selections of several types that are `alike` ask for the same, and leave nothing to be resolved: the writer of any
    of them will do for the objects of all, but for the names of their types.
    """

    def __init__(self, selection: Selection) -> None:
        parts: list[str] = []
        of_several: list[str] = []
        rest: list[Field] = []
        names: list[str] = []
        alike: list[Any] = []
        self._leaves: list[Leaf] = []
        for field in selection.fields:
            leaf = _leaf(field)
            name: Any = field.definition.extensions.get("attribute")
            if leaf is not None:
                value = several = f"v{len(names)}"
                names.append(name)
                self._leaves.append(leaf)
            elif field.is_typename:
                name, value, several = None, repr(selection.kind.name), "name"
            else:
                value = several = "None"
                rest.append(field)
            parts.append(f"{field.key!r}: {value}")
            of_several.append(f"{field.key!r}: {several}")
            alike.append((field.key, name, str(field.definition.type)))
        self.rest = tuple(rest)
        self.alike = tuple(alike) if self._leaves and not rest else None
        if not self._leaves:
            return
        self._values = generated(f"lambda rows: [({''.join(f'r.{name}, ' for name in names)}) for r in rows]")
        values = "".join(f"v{place}, " for place in range(len(names)))
        self._make = generated(f"lambda rows: [{{{', '.join(parts)}}} for {values} in rows]")
        self._make_several = generated(f"lambda rows: [{{{', '.join(of_several)}}} for {values} name in rows]")

    def objects(self, sources: Sequence[Any]) -> list[dict[str, Any]] | None:
        """An object for each source; None where the leaves have to go the ordinary way."""
        columns = self._columns(sources)
        return None if columns is None else self._make(zip(*columns, strict=True))

    def objects_of_several(self, sources: Sequence[Any], names: Sequence[str]) -> list[dict[str, Any]] | None:
        """The same for sources of types that are alike, whose names are given."""
        columns = self._columns(sources)
        return None if columns is None else self._make_several(zip(*columns, names, strict=True))

    def _columns(self, sources: Sequence[Any]) -> list[Sequence[Any]] | None:
        if not self._leaves:
            return None
        try:
            found = self._values(sources)
        except Exception:
            return None
        columns: list[Sequence[Any]] = []
        for leaf, values in zip(self._leaves, zip(*found, strict=True), strict=True):
            fitting = leaf.fitting(values)
            if fitting is None:
                # They will be asked for once more.
                close_all(found)
                return None
            columns.append(fitting)
        return columns


def _leaf(field: Field) -> Leaf | None:
    """What completes the field, if it is an attribute whose values may be just what the answer holds."""
    name = field.definition.extensions.get("attribute")
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
        return None
    completer = field.completer
    is_plain = field.batch is None and field.arguments == {} and isinstance(completer, Leaf) and completer.may_fit
    return completer if is_plain and isinstance(completer, Leaf) else None
