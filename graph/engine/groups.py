"""The objects of a level, and the places in the answer that a field's values go to.

Paths are not carried along: they are found, from where an object was written to, when an error or a resolver asks. What
was found for one object is remembered for those below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql.pyutils import Path

from graph.engine.planning import Field

if TYPE_CHECKING:
    from graph.engine.run import Run


class Way(NamedTuple):
    """How a place of the answer is reached: its path, and the fields that lead there, each with those above it."""

    path: Path | None = None
    field: Field | None = None
    above: Way | None = None

    def below(self, field: Field) -> Way:
        """The way to a field of the object that this leads to."""
        return Way(Path(self.path, field.key, field.parent_type.name), field, self)

    def at(self, index: int) -> Way:
        """The way to an item of the list that this leads to."""
        return self._replace(path=Path(self.path, index, None))

    def fields(self) -> list[Field]:
        """All fields on the way, outermost first."""
        found: list[Field] = []
        at: Way | None = self
        while at is not None and at.field is not None:
            found.append(at.field)
            at = at.above
        return found[::-1]


class Group:
    """The objects of one type at one level, the fields that they still need, and where each of them stands."""

    __slots__ = ("_index", "_trace", "_ways", "containers", "fields", "keys", "outputs", "places", "sources", "spot")

    def __init__(
        self,
        fields: Sequence[Field],
        sources: Sequence[Any],
        outputs: Sequence[dict[str, Any]],
        spot: Spot | None = None,
        containers: Sequence[Any] = (),
        keys: Sequence[Any] = (),
        places: Sequence[int] = (),
        trace: Callable[[Any], Way] | None = None,
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
        self._ways: dict[int, Way] = {}

    def place_of(self, output: Any) -> int | None:
        """The number of this output in the group."""
        if self._index is None:
            self._index = {id(each): number for number, each in enumerate(self.outputs)}
        return self._index.get(id(output))

    def way(self, run: Run, number: int) -> Way:
        """How one object of the group is reached. Levels may be many: this is no recursion."""
        group, unknown = self, []
        while (found := group._known_way(number)) is None:
            assert group.spot is not None
            field, above, place, indices = group.spot.part_at(run, group.containers[number])
            unknown.append((group, number, field, [group.keys[number], *indices]))
            group, number = above, place
        for each, at, field, keys in reversed(unknown):
            found = each._ways[at] = _beyond(found, field, keys)
        return found

    def _known_way(self, number: int) -> Way | None:
        if self._trace is not None:
            return self._trace(self.outputs[number])
        return Way() if self.spot is None else self._ways.get(number)


# Of groups that are joined, known by their identities: the order of their objects.
Orders = dict[tuple[int, ...], Sequence[int]]


class Spot:
    """One field of a level: with each of the concrete types that the level is made of, the same field of that type.

    The spots of a level share its `orders`. `field` is the field as the first of the concrete types has it.
    """

    __slots__ = ("_orders", "field", "parts")

    def __init__(self, parts: Sequence[tuple[Field, Group]], orders: Orders | None = None) -> None:
        self.parts = parts
        self.field = parts[0][0]
        self._orders = {} if orders is None else orders

    def in_order(self, by_part: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """What each part has of something, as one sequence in the order of the level before it was split by type."""
        if len(by_part) == 1:
            return by_part[0]
        joined = [each for found in by_part for each in found]
        return [joined[each] for each in self._order()]

    def _order(self) -> Sequence[int]:
        """Which of all objects, part after part, comes first in the level, which second, and so on."""
        key = tuple([id(group) for _, group in self.parts])
        found = self._orders.get(key)
        if found is None:
            places = [place for _, group in self.parts for place in group.places]
            found = self._orders[key] = sorted(range(len(places)), key=places.__getitem__)
        return found

    def outputs(self) -> Sequence[dict[str, Any]]:
        """The objects that the field's values are to be written to."""
        return self.in_order([group.outputs for _, group in self.parts])

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

    def way(self, run: Run, container: Any, key: Any) -> Way:
        """How a place to write to is reached."""
        field, group, number, indices = self.part_at(run, container)
        return _beyond(group.way(run, number), field, [key, *indices])


def _beyond(way: Way, field: Field, keys: Sequence[Any]) -> Way:
    """The way on to a place within a field's value; the keys to it, innermost first, end with the field's own."""
    found = way.below(field)
    for index in keys[-2::-1]:
        found = found.at(index)
    return found
