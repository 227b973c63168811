"""From fetched rows to the answer: what a program's steps brought, written where the field's values belong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError
from graphql.execution.values import VariableValues
from graphql.pyutils import Path

from graph.engine.fetching import Lists, Pages, Program, Step, Unfit
from graph.engine.groups import Group, Spot

if TYPE_CHECKING:
    from graph.engine.executing import Run
    from graph.engine.planning import Field

# What writing raises where a value that was fetched is not one of its field's type.
MISFITS = (GraphQLError, TypeError, ValueError, KeyError, ArithmeticError)
Traced = tuple[Path, tuple["Field", ...]]
# A step that resolvers have something left to do for: its rows, and their objects.
Left = tuple[Step, Sequence[Any], Sequence[dict[str, Any]]]


class Fetch:
    """One run of a program, for the parents of one level."""

    def __init__(self, run: Run, spot: Spot, program: Program) -> None:
        self._run = run
        self._spot = spot
        self._program = program
        self._left: list[Left] = []
        self._paths: dict[int, dict[int, Traced]] = {}
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
        except MISFITS:
            return None
        field, group = self._spot.parts[0]
        if self._keys is None:
            for output in group.outputs:
                output[field.key] = found(None)
        else:
            for output, key in zip(group.outputs, self._keys, strict=True):
                output[field.key] = found(key)
        self._run.context.spend(objects * (1 if self._keys is None else max(1, len(self._keys))))
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

    def _tracer(self, step: Step) -> Callable[[Any], Traced]:
        """Finds the path of an object of this step, by walking down from the program's own field."""

        def trace(output: Any) -> Traced:
            known = self._paths.get(step.number)
            if known is None:
                known = self._paths[step.number] = {}
                field, group = self._spot.parts[0]
                for parent in group.outputs:
                    path, fields = self._spot.trace(self._run, parent, field.key)
                    _walk(parent[field.key], path, fields, step.chain[1:], known)
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
    left: list[Left] = []
    objects: Sequence[dict[str, Any]]
    total = 0
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
        # A parent that many children share is written out for each of them.
        shared = sum([count for child in step.children if child.source.shape == "one"])
        total += shared + (count if step.source.shape != "one" or step.parent is None else 0)
        finders[step.number] = finder
        if step.rest and objects:
            left.append((step, rows, objects))
    left.reverse()
    return finders[0], total, left


def _is_certain(step: Step) -> bool:
    """Whether all rows of the step are of one type."""
    from graphql import GraphQLObjectType, get_named_type

    return isinstance(get_named_type(step.chain[-1].definition.type), GraphQLObjectType)


def _walk(value: Any, path: Path, fields: tuple[Field, ...], chain: Sequence[Field], known: dict[int, Traced]) -> None:
    if isinstance(value, list):
        for number, each in enumerate(value):
            _walk(each, Path(path, number, None), fields, chain, known)
    elif value is not None and not chain:
        known[id(value)] = (path, fields)
    elif value is not None:
        field = chain[0]
        below = Path(path, field.key, field.parent_type.name)
        _walk(value[field.key], below, (*fields, field), chain[1:], known)


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
