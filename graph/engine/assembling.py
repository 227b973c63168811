"""From fetched rows to the answer: what a program's steps brought, written where the field's values belong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLObjectType, get_named_type
from graphql.execution.values import VariableValues

from graph.engine.fetching import Lists, Pages, Program, Step, Unfit
from graph.engine.groups import Group, Spot, Way

if TYPE_CHECKING:
    from graph.engine.planning import Field
    from graph.engine.run import Run

# A step that resolvers have something left to do for: its rows, and their objects.
Left = tuple[Step, Sequence[Any], Sequence[dict[str, Any]]]


class Fetch:
    """One run of a program, for the parents of one level."""

    def __init__(self, run: Run, spot: Spot, program: Program) -> None:
        self._run = run
        self._spot = spot
        self._program = program
        self._left: list[Left] = []
        self._ways: dict[int, dict[int, Way]] = {}
        column = program.top.source.parent_column
        sources = spot.parts[0][1].sources
        self._keys = None if column is None else [getattr(source, column) for source in sources]
        if self._keys is not None and not program.is_pure and len(set(self._keys)) < len(self._keys):
            # Resolvers will write into these objects: two parents must not share one.
            raise Unfit

    def requests(self) -> list[Any]:
        """What to ask of each step, by the arguments of its field; raises where they are wrong."""
        keys = None if self._keys is None else list(dict.fromkeys(key for key in self._keys if key is not None))
        return requests_of(self._program, self._run.variables, keys)

    def write(self, fetched: Sequence[Any]) -> list[list[Group]] | None:
        """Writes the field's values; the levels that are left to resolvers. None where a value does not fit."""
        try:
            found, objects, self._left = assembled(self._program, fetched)
        except Exception:
            # Whatever coercing a value raises is told at its place, level by level.
            return None
        field, group = self._spot.parts[0]
        if self._keys is None:
            for output in group.outputs:
                output[field.key] = found(None)
        else:
            for output, key in zip(group.outputs, self._keys, strict=True):
                output[field.key] = found(key)
            # What several parents share is written out for each of them.
            repeated = ((key, times - 1) for key, times in Counter(self._keys).items() if times > 1)
            objects += sum(_size(found(key)) * times for key, times in repeated)
        self._run.context.spend(objects)
        return [self._groups(*left) for left in self._left]

    def _groups(self, step: Step, rows: Sequence[Any], objects: Sequence[dict[str, Any]]) -> list[Group]:
        """The objects that resolvers have something left to do for, by type."""
        made = step.source.objects(step.columns, rows)
        by_kind: dict[str, tuple[list[Any], list[dict[str, Any]], list[int]]] = {}
        if step.source.discriminator is None or (len(step.rest) == 1 and _is_certain(step)):
            by_kind[next(iter(step.rest))] = (made, list(objects), list(range(len(made))))
        else:
            place = step.columns.index(step.source.discriminator) + 1
            for number, (row, source, output) in enumerate(zip(rows, made, objects, strict=True)):
                kind = step.source.type_name(row[place])
                if kind in step.rest:
                    group = by_kind.setdefault(kind, ([], [], []))
                    group[0].append(source)
                    group[1].append(output)
                    group[2].append(number)
        return [
            Group(step.rest[kind].fields, sources, outputs, self._spot, places=places, trace=self._tracer(step))
            for kind, (sources, outputs, places) in by_kind.items()
        ]

    def _tracer(self, step: Step) -> Callable[[Any], Way]:
        """Finds the way to an object of this step, by walking down from the program's own field."""

        def trace(output: Any) -> Way:
            known = self._ways.get(step.number)
            if known is None:
                known = self._ways[step.number] = {}
                field, group = self._spot.parts[0]
                for parent in group.outputs:
                    way = self._spot.way(self._run, parent, field.key)
                    _walk(parent[field.key], way, step.chain[1:], known)
            return known[id(output)]

        return trace


def requests_of(program: Program, variables: VariableValues, keys: Sequence[Any] | None) -> list[Any]:
    """What to ask of each step, by its arguments; of the first, by these keys. Raises where an argument is wrong."""
    found = []
    for step in program.steps:
        arguments = step.field.arguments_for(variables)
        batch = step.field.batch
        if batch is not None and batch.convert is not None:
            arguments = batch.convert(arguments)
        found.append(step.source.request(arguments, keys if step is program.top else None))
    return found


def assembled(program: Program, fetched: Sequence[Any]) -> tuple[Callable[[Any], Any], int, list[Left]]:
    """What finds a parent's value by its key, how many objects there are in all, and what is left to resolvers."""
    finders: dict[int, Callable[[Any], Any]] = {}
    counts: dict[int, int] = {}
    left: list[Left] = []
    objects: Sequence[dict[str, Any]]
    for step in reversed(program.steps):
        below = [finders[child.number] for child in step.children]
        rows, objects = fetched[step.number], ()
        if step.wrap_objects is not None and step.find is not None:
            finder, count = _pages_of_objects(step, rows, below)
        elif step.wrap is not None:
            finder, objects, rows = _pages(step, rows, below)
            count = len(rows)
        elif step.find is not None:
            finder, count = step.find(rows, *below), len(rows)
        else:
            objects, count = step.make(rows, *below), len(rows)
            finder = _one(rows, objects) if step.source.shape == "one" else _many(rows, objects)
        counts[step.number] = count
        finders[step.number] = finder
        if step.rest and objects:
            left.append((step, rows, objects))
    left.reverse()
    for step in program.steps:
        if step.source.shape == "one" and step.parent is not None:
            # What many share is written out for each of them.
            counts[step.number] = counts[step.parent.number]
    return finders[0], sum(counts.values()), left


def _is_certain(step: Step) -> bool:
    """Whether all rows of the step are of one type."""
    return isinstance(get_named_type(step.chain[-1].definition.type), GraphQLObjectType)


def _walk(value: Any, way: Way, chain: Sequence[Field], known: dict[int, Way]) -> None:
    if isinstance(value, list):
        for number, each in enumerate(value):
            _walk(each, way.at(number), chain, known)
    elif value is not None and not chain:
        known[id(value)] = way
    elif value is not None:
        _walk(value[chain[0].key], way.below(chain[0]), chain[1:], known)


def _size(value: Any) -> int:
    """How many objects there are in a part of the answer."""
    if isinstance(value, list):
        return sum(map(_size, value))
    return 1 + sum(map(_size, value.values())) if isinstance(value, dict) else 0


def _one(rows: Sequence[Any], objects: Sequence[Any]) -> Callable[[Any], Any]:
    found = {row[0]: each for row, each in zip(rows, objects, strict=True)}
    return found.get


def _many(rows: Sequence[Any], objects: Sequence[Any]) -> Callable[[Any], Any]:
    found = Lists()
    for row, each in zip(rows, objects, strict=True):
        found[row[0]].append(each)
    return found.__getitem__


def _pages_of_objects(
    step: Step, pages: Pages, below: Sequence[Callable[[Any], Any]]
) -> tuple[Callable[[Any], Any], int]:
    """(what finds a parent's page, how many objects all have), where a page is nothing but its objects."""
    assert step.find is not None
    found: dict[Any, list[Any]] = step.find(pages.rows, *below)
    count = 0
    for key, objects in found.items():
        page = found[key] = pages.cut(objects)
        count += len(page)
    wrap = step.wrap_objects
    assert wrap is not None
    return lambda key: wrap(found[key]), count


def _pages(
    step: Step, pages: Pages, below: Sequence[Callable[[Any], Any]]
) -> tuple[Callable[[Any], Any], list[Any], list[Any]]:
    """(what finds a parent's page, all objects, all rows)."""
    assert step.wrap is not None
    found: dict[Any, Any] = {}
    objects: list[Any] = []
    rows: list[Any] = []
    for key, page in pages.by_parent().items():
        made = step.make(page.rows, *below)
        found[key] = step.wrap(page, made)
        objects += made
        rows += page.rows

    def find(key: Any) -> Any:
        known = found.get(key)
        if known is None:
            assert step.wrap is not None
            page = pages.empty(key)
            known = step.wrap(page, ())
        return known

    return find, objects, rows
