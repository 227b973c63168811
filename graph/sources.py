"""Our tables as sources of the engine: relations, look-ups and pages that it may fetch together in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.composing import Level, Levels, Request, Shape, Text
from core.paging import Page, encode_cursor, require_key
from core.reading import Reader
from core.relations import Perspective, Relation
from core.rows import Row, maker, row_class
from core.tables import Table, table_of
from graph.engine import Program, Unfit

# Filled by the schema: which GraphQL type a row of a model is.
TYPE_NAMES: dict[type[Table], Callable[[Row], str]] = {}
Asked = Callable[[Mapping[str, Any], Sequence[Any] | None], Request]


@dataclass(frozen=True, eq=False)
class TableSource:
    """Rows of a relation. `ask` turns the field's arguments into what is asked of the database."""

    relation: Relation
    shape: Shape
    ask: Asked
    parent_column: str | None

    @property
    def discriminator(self) -> str | None:
        """The column that says of which type a row is."""
        return next(iter(self.relation.child.__discriminator__), None)

    @property
    def always(self) -> tuple[str, ...]:
        """The columns that every row has which resolvers get to see."""
        return ("id", *self.relation.child.__discriminator__)

    def has(self, column: str) -> bool:
        """Whether rows have this column."""
        return column in table_of(self.relation.child).c

    def is_nullable(self, column: str) -> bool:
        """Whether the column may be null."""
        return bool(table_of(self.relation.child).c[column].nullable)

    def type_name(self, value: Any) -> str:
        """The GraphQL type of rows whose discriminator has this value."""
        return TYPE_NAMES[self.relation.child](Row({str(self.discriminator): value}))

    def objects(self, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> list[Row]:
        """The rows as objects that resolvers know."""
        width = len(columns) + 1
        return maker(row_class(self.relation.child), tuple(columns))([row[1:width] for row in rows])

    def request(self, arguments: Mapping[str, Any], keys: Sequence[Any] | None) -> Request:
        """What is asked of the database; raises `RequestError` where an argument is wrong."""
        return self.ask(arguments, keys)


def related_source(relation: Relation, shape: Shape) -> TableSource:
    """The rows of a relation that belong to their parents."""
    if shape == "many":
        _require_owned(relation)
    return TableSource(relation, shape, lambda _arguments, keys: Request(relation, keys), relation.parent_key)


def page_source(
    relation: Relation, asked: Callable[[Mapping[str, Any]], tuple[Page, dict[str, Any], str]]
) -> TableSource:
    """One page of a relation for each parent, or of the whole table."""

    def ask(arguments: Mapping[str, Any], keys: Sequence[Any] | None) -> Request:
        cut, filters, sort = asked(arguments)
        require_key(cut, table_of(relation.child).c[relation.sorts[sort].column].type)
        return Request(relation, keys, page=cut, filters=filters, sort=sort)

    if relation.key is not None:
        _require_owned(relation)
    return TableSource(relation, "page", ask, None if relation.key is None else relation.parent_key)


def _require_owned(relation: Relation) -> None:
    """Raises `TypeError` where two parents may share their rows: resolvers would write into the same objects."""
    if relation.parent_key != "id":
        raise TypeError(f"A list of {relation.child.__name__} is found by `{relation.parent_key}`, not by an id.")


def found_source(relation: Relation, found: Callable[[Mapping[str, Any]], tuple[Relation, str]]) -> TableSource:
    """One row by a key that the arguments hold."""

    def ask(arguments: Mapping[str, Any], keys: Sequence[Any] | None) -> Request:
        by, key = found(arguments)
        if "\0" in key:
            raise Unfit  # The database cannot even be asked.
        return Request(by, [key], single=True)

    return TableSource(relation, "one", ask, None)


class Pages:
    """The pages of one level: their rows, of which each has one more than asked where more follows."""

    def __init__(
        self, level: Level, request: Request, rows: Sequence[tuple[Any, ...]], counts: Mapping[Any, int] | None
    ) -> None:
        assert request.page is not None
        self.rows = rows
        self._level = level
        self._request = request
        self._page = request.page
        self._counts = counts

    def cut(self, found: list[Any]) -> list[Any]:
        """What was made of the rows of one parent, as its page has it: no more than was asked, in reading order."""
        kept = found if len(found) <= self._page.size else found[: self._page.size]
        return kept[::-1] if self._page.backward else kept

    def by_parent(self) -> dict[Any, FetchedPage]:
        """The pages by what they belong to."""
        groups: dict[Any, list[Any]] = {}
        for row in self.rows:
            groups.setdefault(row[0], []).append(row)
        if self._level.parent is None and self._request.keys is None:
            groups.setdefault(None, [])
        return {key: self._made(key, found) for key, found in groups.items()}

    def empty(self, key: Any) -> FetchedPage:
        """The page of a parent that has no rows."""
        return self._made(key, [])

    def _made(self, key: Any, found: list[Any]) -> FetchedPage:
        more, inside = len(found) > self._page.size, self._page.cursor is not None
        return FetchedPage(
            self.cut(found),
            has_next=inside if self._page.backward else more,
            has_previous=more if self._page.backward else inside,
            total=None if self._counts is None else self._counts.get(key, 0),
            list_name=self._request.relation.list_name(self._request.sort),
            id_place=self._level.columns.index("id") + 1 if self._level.cursors else None,
        )


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """One page of rows, in reading order."""

    rows: list[Any]
    has_next: bool
    has_previous: bool
    total: int | None
    list_name: str
    id_place: int | None

    def cursor(self, row: tuple[Any, ...]) -> str:
        """The cursor of one row of this page."""
        assert self.id_place is not None
        return encode_cursor(self.list_name, row[-1], row[self.id_place])


def levels_of(program: Program) -> Levels:
    """What a program fetches, as the database is asked for it."""
    if program.prepared is None:
        program.prepared = Levels(
            [
                Level(
                    step.source.relation,  # type: ignore[attr-defined]
                    step.source.shape,
                    None if step.parent is None else step.parent.number,
                    _with_id(step.columns) if step.wants_cursors else tuple(step.columns),
                    step.wants_total,
                    step.wants_cursors,
                )
                for step in program.steps
            ]
        )
    found: Levels = program.prepared
    return found


def statements_of(program: Program, requests: Sequence[Request], perspective: Perspective) -> list[str]:
    """The SQL that a program sends for these requests: of each step, then of the counts among them."""
    texts, counts = levels_of(program).composed(requests, perspective)
    return [_with_names(text) for text in (*texts, *filter(None, counts))]


def _with_names(text: Text) -> str:
    names = ", ".join(f"${number} is {name}" for number, name in enumerate(text.names, 1))
    return f"{text.sql}\n-- {names}" if names else text.sql


async def fetch(
    reader: Reader, program: Program, requests: Sequence[Request], is_last: Callable[[], bool]
) -> list[Any]:
    """What each step brought: rows, or for pages `Pages`."""
    levels = levels_of(program)
    rows, counts = await reader.fetch(levels, requests, is_last)
    return [
        Pages(level, request, found, counted) if level.shape == "page" else found
        for level, request, found, counted in zip(levels.levels, requests, rows, counts, strict=True)
    ]


def _with_id(columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(columns) if "id" in columns else (*columns, "id")
