"""The objects of a level, and the places in the answer that a field's values go to.

Paths are not carried along: they are found, from where an object was written to, when an error or a resolver asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from graphql.pyutils import Path

from graph.engine.planning import Field

if TYPE_CHECKING:
    from graph.engine.executing import Run


class Group:
    """The objects of one type at one level, the fields that they still need, and where each of them stands."""

    __slots__ = ("_index", "_trace", "containers", "fields", "keys", "outputs", "places", "sources", "spot")

    def __init__(
        self,
        fields: Sequence[Field],
        sources: Sequence[Any],
        outputs: Sequence[dict[str, Any]],
        spot: Spot | None = None,
        containers: Sequence[Any] = (),
        keys: Sequence[Any] = (),
        places: Sequence[int] = (),
        trace: Callable[[Any], tuple[Path, tuple[Field, ...]]] | None = None,
    ) -> None:
        self.fields = fields
        self.sources = sources
        self.outputs = outputs
        self.spot = spot
        self.containers = containers
        self.keys = keys
        self.places = places
        self._trace = trace
        self._index: dict[int, int] | None = None

    def place_of(self, output: Any) -> int | None:
        """The number of this output in the group."""
        if self._index is None:
            self._index = {id(each): number for number, each in enumerate(self.outputs)}
        return self._index.get(id(output))

    def trace(self, run: Run, number: int) -> tuple[Path | None, tuple[Field, ...]]:
        """The path of one object of the group, and the fields that lead there."""
        if self._trace is not None:
            return self._trace(self.outputs[number])
        if self.spot is None:
            return None, ()
        return self.spot.trace(run, self.containers[number], self.keys[number])


# A field and the containers and keys that its values, or some of them, are for.
Places = tuple["Spot", Sequence[Any], Sequence[Any]]


class Spot:
    """One field of a level: with each of the concrete types that the level is made of, the same field of that type."""

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[tuple[Field, Group]]) -> None:
        self.parts = parts

    @property
    def field(self) -> Field:
        """The field, as the first of the concrete types has it."""
        return self.parts[0][0]

    def in_order(self, by_part: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """What each part has of something, as one sequence in the order of the level before it was split by type."""
        if len(by_part) == 1:
            return by_part[0]
        placed = [
            (place, each)
            for (_, group), found in zip(self.parts, by_part, strict=True)
            for place, each in zip(group.places, found, strict=True)
        ]
        placed.sort(key=itemgetter(0))
        return [each for _, each in placed]

    def places(self) -> Places:
        """Where the field's values are to be written to."""
        outputs = self.in_order([group.outputs for _, group in self.parts])
        return self, outputs, _Same(self.field.key, len(outputs))

    def part_at(self, run: Run, container: Any) -> tuple[Field, Group, int, list[Any]]:
        """(field, group, number of the object in it, keys below the field, innermost first) of a place to write to."""
        indices: list[Any] = []
        while id(container) in run.lists:
            container, key = run.lists[id(container)]
            indices.append(key)
        for field, group in self.parts:
            number = group.place_of(container)
            if number is not None:
                return field, group, number, indices
        raise LookupError("This container belongs to another field.")

    def field_at(self, run: Run, container: Any) -> Field:
        """The field, as the concrete type of the object has it that the container belongs to."""
        return self.part_at(run, container)[0]

    def trace(self, run: Run, container: Any, key: Any) -> tuple[Path, tuple[Field, ...]]:
        """The path of a place to write to, and the fields that lead there, this one included."""
        field, group, number, indices = self.part_at(run, container)
        path, fields = group.trace(run, number)
        keys = [key, *indices][::-1]
        found = Path(path, keys[0], field.parent_type.name)
        for index in keys[1:]:
            found = Path(found, index, None)
        return found, (*fields, field)


class _Same(Sequence[Any]):
    """A sequence of one value, over and over."""

    __slots__ = ("_length", "_value")

    def __init__(self, value: Any, length: int) -> None:
        self._value = value
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, place: Any) -> Any:
        return self._value

    def __iter__(self) -> Iterator[Any]:
        return repeat(self._value, self._length)
