"""One round trip: fields whose rows a source can fetch together with those of the fields around them.

A field may declare a source (`field.extensions["source"]`). Where consecutive fields are sources and plain columns,
they become one `Program`: what is to be fetched at each level (`Step`), and generated code that writes the answer's
objects straight from the rows. A field with a resolver of its own ends the program: its parents become ordinary objects
of the level, and it is called breadth-first with all of them. Whatever does not fit goes level by level, as if there
were no programs at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, Protocol

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLString,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from graph.engine.completing import CoercedOnce
from graph.engine.generating import generated
from graph.engine.planning import Field, Selection

Shape = Literal["one", "many", "page"]
# What a source has of these is what the answer holds. A float may be no number, which JSON cannot say.
_AS_IT_IS = {each.name for each in (GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt)}
_TYPENAME = "__typename"


class Source(Protocol):
    """What a field declares: how its rows are found, and what the planner has to know of them."""

    shape: Shape
    # The column of the parent's row that finds the rows; None where they are found by arguments alone. Of a list or a
    # page it has to be unique: into what two parents share, no resolver may write.
    parent_column: str | None
    # The column that says of which type a row is, where the field's type is abstract.
    discriminator: str | None
    # The columns that every object has which resolvers get to see.
    always: tuple[str, ...]

    def has(self, column: str) -> bool:
        """Whether rows have this column. One of whole numbers that is read by a field of type Int fits into 32 bits."""

    def is_nullable(self, column: str) -> bool:
        """Whether the column may be null."""

    def type_name(self, value: Any) -> str:
        """The GraphQL type of rows whose discriminator has this value."""

    def objects(self, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The rows as objects that resolvers know."""

    def request(self, arguments: Mapping[str, Any], keys: Sequence[Any] | None) -> Any:
        """What to ask of this level, given the field's arguments; raises where they are wrong."""


class Page(Protocol):
    """A cut of a list: rows in reading order, and what lies around them."""

    rows: Sequence[tuple[Any, ...]]
    has_next: bool
    has_previous: bool
    total: int | None

    def cursor(self, row: tuple[Any, ...]) -> str:
        """The cursor of one of its rows."""


class Pages(Protocol):
    """The pages of one level: all their rows, with one more for each than was asked where more follows."""

    rows: Sequence[tuple[Any, ...]]

    def cut(self, found: list[Any]) -> list[Any]:
        """What was made of the rows of one parent, as its page has it: no more than was asked, in reading order."""

    def by_parent(self) -> Mapping[Any, Page]:
        """The pages by what they belong to."""

    def empty(self, key: Any) -> Page:
        """The page of a parent that has no rows."""


class Unfit(Exception):
    """This cannot be fetched in one go."""


class FetchingContext:
    """What a context derives from that programs are run for. Of another one, nothing is asked."""

    def fetch(self, program: Program, requests: Sequence[Any], is_last: Callable[[], bool]) -> Awaitable[list[Any]]:
        """What each step of a program brings: rows, or `Pages`; raises where that cannot be.

        `is_last` tells, when it is awaited, whether nothing else will be asked for after it.
        """
        raise Unfit

    def planned(self, began: float) -> None:
        """Hears that something was planned that was not known before; it began then by `time.perf_counter`."""

    def spend(self, objects: int) -> None:
        """Hears how many objects of the answer a program made; what this raises, `execute` raises."""


class Step:
    """One level of a program: what is fetched there, and how its rows become objects."""

    def __init__(self, field: Field, source: Source, parent: Step | None, number: int) -> None:
        self.field = field
        self.source = source
        self.parent = parent
        self.number = number
        self.columns: list[str] = []
        self.children: list[Step] = []
        self.chain: tuple[Field, ...] = ()
        self.wants_total = False
        self.wants_cursors = False
        self.rest: dict[str, Selection] = {}
        self.make: Callable[..., list[dict[str, Any]]] = _nothing
        # From rows to what finds a parent's value by its key, where nothing else has to know the objects; of a page, to
        # all objects by parent.
        self.find: Callable[..., Any] | None = None
        self.wrap: Callable[[Page, Sequence[dict[str, Any]]], dict[str, Any]] | None = None
        # The same from its objects alone, where nothing else of a page is asked for.
        self.wrap_objects: Callable[[Sequence[dict[str, Any]]], dict[str, Any]] | None = None

    def column_index(self, column: str) -> int:
        """Where this column stands in the rows, which begin with what they belong to."""
        if column not in self.columns:
            self.columns.append(column)
        return self.columns.index(column) + 1


class Program:
    """A field and all below it that is fetched along with it."""

    def __init__(self, field: Field) -> None:
        self.steps: list[Step] = []
        self.top = self.step(field, None)
        self.is_pure = not any(step.rest for step in self.steps)
        # Filled by whoever fetches: what it made of the steps.
        self.prepared: Any = None

    def step(self, field: Field, parent: Step | None) -> Step:
        """Makes the step of a field, below another step's objects or as the first; raises `Unfit` where none can be."""
        source: Source = field.definition.extensions["source"]
        if parent is not None and source.parent_column is None:
            raise Unfit
        step = Step(field, source, parent, len(self.steps))
        self.steps.append(step)
        if parent is not None and source.shape != "one" and _is_below_one(parent):
            raise Unfit
        _check_type(field, source.shape)
        way = _wrapping(step, field) if source.shape == "page" else (field,)
        step.chain = (*(parent.chain if parent else ()), *way)
        _CodeWriter(self, step, way[-1] if way else None).build()
        return step


class _CodeWriter:
    """Writes the code that makes objects of a step's rows."""

    def __init__(self, program: Program, step: Step, asking: Field | None) -> None:
        self.program = program
        self.step = step
        self.asking = asking
        self.names: dict[str, Any] = {}
        # The expression of the type's name, where it is not the same for all rows.
        self._typename: str | None = None

    def build(self) -> None:
        """Gives the step its `make`, its children, and the selections that are left to resolvers."""
        if self.asking is None:
            return
        kind = get_named_type(self.asking.definition.type)
        if isinstance(kind, GraphQLObjectType):
            self._finish(self._object(kind, _selected(self.asking, kind), with_children=True))
            return
        discriminator = self.step.source.discriminator
        if discriminator is None:
            raise Unfit
        place = self.step.column_index(discriminator)
        self.names["T"], self._typename = _TypeNames(self.step.source), f"T[r[{place}]]"
        makers = self.names["M"] = _RowWriters(self, self.asking)
        # Each kind's columns have to be known before anything is fetched.
        for possible in self.asking.plan.schema.get_possible_types(kind):  # type: ignore[arg-type]
            makers.add(possible)
        # Where all types are asked for the same, none has to be told from the others.
        is_same = len(makers.bodies) == 1 and not self.step.rest
        self._finish(makers.bodies.pop() if is_same else f"M[r[{place}]](r)")

    def _finish(self, body: str) -> None:
        """What is done with the expression of one object."""
        shape, children = self.step.source.shape, "".join(f", c{place}" for place in range(len(self.step.children)))
        self.step.make = self._compiled(f"lambda rows{children}: [{body} for r in rows]")
        if self.step.rest or (shape == "page" and self.step.wrap_objects is None):
            return
        if shape == "one":
            self.step.find = self._compiled(f"lambda rows{children}: {{r[0]: {body} for r in rows}}.get")
        else:
            self.names["Lists"] = Lists
            # The list of nothings that the comprehension makes is cheaper than a loop written in Python.
            found = f"(f := Lists(), [f[r[0]].append({body}) for r in rows])[0]"
            self.step.find = self._compiled(
                f"lambda rows{children}: {found}{'' if shape == 'page' else '.__getitem__'}"
            )

    def _compiled(self, text: str) -> Any:
        return generated(text, self.names)

    def _object(self, kind: GraphQLObjectType, selection: Selection, *, with_children: bool) -> str:
        """The expression of one object, as a row `r` has it."""
        parts = []
        left = []
        for field in selection.fields:
            expression = self._field(kind, field, with_children=with_children)
            if expression is None:
                left.append(field)
                self._need(field)
                expression = "None"
            parts.append(f"{field.key!r}: {expression}")
        if left:
            for column in self.step.source.always:
                self.step.column_index(column)
            if self.step.parent is not None and _is_below_one(self.step):
                raise Unfit
            self.step.rest[kind.name] = Selection(kind, tuple(left), selection.keys)
        return "{" + ", ".join(parts) + "}"

    def _field(self, kind: GraphQLObjectType, field: Field, *, with_children: bool) -> str | None:
        if field.name == _TYPENAME:
            return self._typename or repr(kind.name)
        extensions = field.definition.extensions
        attribute = extensions.get("attribute")
        inner = field.definition.type
        named = get_named_type(inner)
        if attribute is not None and is_leaf_type(named) and not is_list_type(get_nullable_type(inner)):
            return self._column(attribute, inner, named)
        if with_children and "source" in extensions:
            return self._child(field, extensions["source"])
        return None

    def _column(self, column: str, kind: Any, named: GraphQLLeafType) -> str | None:
        source = self.step.source
        if not source.has(column) or (is_non_null_type(kind) and source.is_nullable(column)):
            return None
        place = self.step.column_index(column)
        if named.name in _AS_IT_IS:
            return f"r[{place}]"
        name = f"x{place}_{named.name}"
        self.names[name] = _coerced(named) if not hasattr(named, "values") else _nullable(CoercedOnce(named))
        return f"{name}(r[{place}])"

    def _child(self, field: Field, source: Source) -> str | None:
        steps = len(self.program.steps)
        columns = list(self.step.columns)
        try:
            child = self.program.step(field, self.step)
        except Unfit:
            del self.program.steps[steps:]
            self.step.columns[:] = columns
            return None
        self.step.children.append(child)
        place = self.step.column_index(str(source.parent_column))
        return f"c{len(self.step.children) - 1}(r[{place}])"

    def _need(self, field: Field) -> None:
        """A resolver will read the row: its columns are fetched as well."""
        for column in field.definition.extensions.get("needs", ()):
            if self.step.source.has(column):
                self.step.column_index(column)


# Children by what they belong to; what has none has an empty list.
Lists: Callable[[], defaultdict[Any, list[Any]]] = partial(defaultdict, list)


class _TypeNames(dict[Any, str]):
    """By the discriminator's value: which type a row is of."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source

    def __missing__(self, value: Any) -> str:
        found = self[value] = self._source.type_name(value)
        return found


class _RowWriters(dict[Any, Callable[[Any], dict[str, Any]]]):
    """By the discriminator's value: what makes an object of a row."""

    def __init__(self, maker: _CodeWriter, asking: Field) -> None:
        super().__init__()
        self._writer = maker
        self._asking = asking
        self._bodies: dict[str, str] = {}

    def add(self, kind: GraphQLObjectType) -> None:
        """Makes ready for one concrete type."""
        self._bodies[kind.name] = self._writer._object(kind, _selected(self._asking, kind), with_children=False)

    @property
    def bodies(self) -> set[str]:
        """The different expressions there are."""
        return set(self._bodies.values())

    def __missing__(self, value: Any) -> Callable[[Any], dict[str, Any]]:
        """Many types may stand there, and few do: code is compiled when the first row of its type comes."""
        body = self._bodies[self._writer.step.source.type_name(value)]
        found: Callable[[Any], dict[str, Any]] = self._writer._compiled(f"lambda r: {body}")
        self[value] = found
        return found


def _coerced(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    """What makes of a scalar's value what the answer holds; null stays null."""
    coerce = kind.coerce_output_value
    return lambda value: None if value is None else coerce(value)


def _nullable(known: CoercedOnce) -> Callable[[Any], Any]:
    known[None] = None
    return known.__getitem__


def program_of(field: Field) -> Program | None:
    """The field's program, or None where it goes level by level, which also tells what is wrong with it."""
    if field.program is None:
        field.program = _made(field) or False
    return field.program or None


def _made(field: Field) -> Program | None:
    if "source" not in field.definition.extensions:
        return None
    try:
        return Program(field)
    except (Unfit, GraphQLError, RecursionError):
        return None


def _selected(field: Field, kind: Any) -> Selection:
    """What is asked of objects of this type; raises `Unfit` where it is none, or some would be answered later."""
    if not isinstance(kind, GraphQLObjectType):
        raise Unfit
    found = field.selection(kind)
    if found.is_incremental:
        raise Unfit
    return found


def _check_type(field: Field, shape: Shape) -> None:
    """The generated code writes no null where none may be: types must leave room for what may be missing."""
    kind = field.definition.type
    if shape == "one" and (is_non_null_type(kind) or is_list_type(kind)):
        raise Unfit
    if shape == "many":
        bare: Any = get_nullable_type(kind)
        if not is_list_type(bare) or is_list_type(get_nullable_type(bare.of_type)):
            raise Unfit


def _is_below_one(step: Step) -> bool:
    """Whether one row may stand in several places of the answer: then its object is shared and must not be changed."""
    at: Step | None = step
    while at is not None and at.parent is not None:
        if at.source.shape == "one":
            return True
        at = at.parent
    return False


def _wrapping(step: Step, field: Field) -> tuple[Field, ...]:
    """Gives the step the code that wraps a page; the fields that lead to the page's rows, none if none does."""
    kind = get_named_type(field.definition.type)
    parts: list[tuple[str, Callable[[Page, Sequence[Any]], Any]]] = []
    ways: list[tuple[Field, ...]] = []
    objects_alone: list[str] | None = []
    for each in _selected(field, kind).fields:
        part = each.definition.extensions.get("page_part")
        alone = None
        if each.name == _TYPENAME:
            parts.append((each.key, _constant(kind.name)))
            alone = repr(kind.name)
        elif part == "nodes":
            ways.append((field, each))
            parts.append((each.key, lambda _page, objects: list(objects)))
            alone = "objects"
        elif part == "edges":
            make, node = _edges(step, each)
            ways += [(field, each, node)] if node is not None else []
            parts.append((each.key, make))
        elif part == "page_info":
            parts.append((each.key, _page_info(step, each)))
        elif part == "total_count":
            step.wants_total = True
            parts.append((each.key, lambda page, _objects: page.total))
        else:
            raise Unfit
        objects_alone = None if objects_alone is None or alone is None else [*objects_alone, f"{each.key!r}: {alone}"]
    if len(ways) > 1:
        raise Unfit
    step.wrap = lambda page, objects: {key: make(page, objects) for key, make in parts}
    if objects_alone and ways:
        step.wrap_objects = generated(f"lambda objects: {{{', '.join(objects_alone)}}}")
    return ways[0] if ways else ()


def _edges(step: Step, field: Field) -> tuple[Callable[[Page, Sequence[Any]], Any], Field | None]:
    """What makes the edges of a page, and the field in them that asks for the row."""
    kind = get_named_type(field.definition.type)
    makers: list[tuple[str, Callable[[Page, Any, Any], Any]]] = []
    node: Field | None = None
    for each in _selected(field, kind).fields:
        if each.name == _TYPENAME:
            makers.append((each.key, _constant(kind.name)))
        elif each.name == "cursor":
            step.wants_cursors = True
            makers.append((each.key, lambda page, row, _object: page.cursor(row)))
        elif each.name == "node" and node is None:
            node = each
            makers.append((each.key, lambda _page, _row, found: found))
        else:
            raise Unfit

    def make(page: Page, objects: Sequence[Any]) -> list[dict[str, Any]]:
        pairs = zip(page.rows, objects, strict=True)
        return [{key: each(page, row, found) for key, each in makers} for row, found in pairs]

    return make, node


def _page_info(step: Step, field: Field) -> Callable[[Page, Sequence[Any]], Any]:
    kind = get_named_type(field.definition.type)
    makers: dict[str, Callable[[Page], Any]] = {
        "hasNextPage": lambda page: page.has_next,
        "hasPreviousPage": lambda page: page.has_previous,
        "startCursor": lambda page: page.cursor(page.rows[0]) if page.rows else None,
        "endCursor": lambda page: page.cursor(page.rows[-1]) if page.rows else None,
        _TYPENAME: lambda _page: kind.name,
    }
    fields = _selected(field, kind).fields
    if any(each.name not in makers for each in fields):
        raise Unfit
    step.wants_cursors = step.wants_cursors or any(each.name.endswith("Cursor") for each in fields)
    return lambda page, _objects: {each.key: makers[each.name](page) for each in fields}


def _constant(value: Any) -> Callable[..., Any]:
    return lambda *_: value


def _nothing(rows: Sequence[Any], *_: Any) -> list[dict[str, Any]]:
    return [{} for _ in rows]
