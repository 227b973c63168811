"""Statements for several levels at once, none of which waits for another.

The rows of a level are found from the predicate of its root: blocks whose lesson is one of the lessons whose module is
one of the modules of the course whose slug is X. Every level is a statement of its own, with the levels above it as
nested sub-selects, so that all can be sent in one go. Sub-selects (not joins) keep a row single that is reached twice.

SQLAlchemy takes a millisecond or two for a statement. Documents that nobody has sent before mostly ask for other
columns of what others have asked for: so a statement is made once for the way that leads to a level, and columns are
put in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, dialect, distinct_on
from sqlalchemy.sql.util import ClauseAdapter

from core.database import compiled
from core.paging import Page
from core.pipeline import numbered
from core.policies import grants_of
from core.relations import Perspective, Relation, Sort, visible
from core.tables import Table, id_type, is_unique, table_of

Shape = Literal["one", "many", "page"]
_PREPARER: Any = dialect().identifier_preparer  # type: ignore[no-untyped-call]


class Level(NamedTuple):
    """One level: rows of a relation, below those of the level with the number `parent`, or from keys that are given."""

    relation: Relation
    shape: Shape
    parent: int | None
    columns: tuple[str, ...]
    counts: bool = False
    # Whether anybody asks where the rows of a page stand in their list.
    cursors: bool = False


class Variant(NamedTuple):
    """What decides a level's SQL besides its declaration: which relation finds it, and how its page is cut."""

    relation: Relation
    sort: str = ""
    filters: tuple[str, ...] = ()
    has_cursor: bool = False
    backward: bool = False
    many_keys: bool = False


@dataclass
class Request:
    """What is asked of one level this time. `keys`: for a level that hangs below no other, what finds its rows."""

    relation: Relation
    keys: Sequence[str] | None = None
    single: bool = False
    page: Page | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""

    def variant(self) -> Variant:
        """What of this decides the SQL."""
        cut = self.page
        return Variant(
            self.relation,
            self.sort,
            tuple(sorted(self.filters)) if self.filters else (),
            cut is not None and cut.cursor is not None,
            cut is not None and cut.backward,
            self.keys is not None and not self.single,
        )

    def values(self, number: int) -> dict[str, Any]:
        """The values of this level's parameters."""
        found: dict[str, Any] = {}
        if self.keys is not None:
            found[f"keys{number}"] = self.keys[0] if self.single else list(self.keys)
        if self.page is not None:
            found[f"size{number}"], found[f"more{number}"] = self.page.size, self.page.size + 1
            if self.page.cursor is not None:
                found[f"cursor_key{number}"], found[f"cursor_id{number}"] = self.page.cursor
        for name, value in self.filters.items():
            found[f"filter{number}_{name}"] = self.relation.filters[name].prepare(value)
        return found


class Text(NamedTuple):
    """SQL with `$1` … and the names of the values that go there; `constants` are those that never change."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]


Composed = tuple[tuple[Text, ...], tuple[Text | None, ...]]
# Of one program, more ways to cut its pages than anybody has.
_MOST_VARIANTS = 64


class Levels:
    """What one program fetches, compared by identity, with the statements for it that were needed so far."""

    def __init__(self, levels: Sequence[Level]) -> None:
        self.levels = tuple(levels)
        # The database roles that are let near every table.
        self.readers = frozenset.intersection(*(readers_of(each.relation.child) for each in levels))
        self._known: dict[tuple[Any, ...], Composed] = {}

    def composed(self, requests: Sequence[Request], perspective: Perspective) -> Composed:
        """The statements for these requests, as `compose` makes them."""
        variants = tuple([each.variant() for each in requests])
        known = self._known.get((perspective, variants))
        if known is None:
            if len(self._known) >= _MOST_VARIANTS:
                self._known.clear()
            known = self._known[perspective, variants] = compose(self.levels, variants, perspective)
        return known


@lru_cache(maxsize=512)
def readers_of(model: type[Table]) -> frozenset[str]:
    """The database roles that may read the model's table, as far as its row policies let them."""
    return frozenset(role for role, commands in grants_of(model.__policies__).items() if "SELECT" in commands)


def compose(levels: Sequence[Level], variants: Sequence[Variant], perspective: Perspective) -> Composed:
    """The statement of each level: (what it belongs to, *columns, and for cursors the sort key as text); its counts.

    What a row belongs to is the value of the relation's key, null at the root.
    """
    rows: list[Text] = []
    counts: list[Text | None] = []
    for number, level in enumerate(levels):
        numbers = _way_to(levels, number)
        way = tuple([(levels[each].relation, levels[each].shape) for each in numbers])
        chosen = tuple([variants[each] for each in numbers])
        rows.append(_put_in(_rows(way, chosen, level.cursors, perspective), numbers, level.columns))
        counts.append(_put_in(_count(way, chosen, perspective), numbers, ()) if level.counts else None)
    return tuple(rows), tuple(counts)


# From the root to a level: which relation each step follows, and how many rows are wanted of it.
Way = tuple[tuple[Relation, Shape], ...]
_COLUMNS = "columns_of_"
_COLUMNS_OF = re.compile(rf", {_COLUMNS}(\w+)")
_NUMBERED = re.compile(r"(keys|size|more|cursor_key|cursor_id|filter)(\d+)((?:_\w+)?)")


def _way_to(levels: Sequence[Level], number: int) -> list[int]:
    """The numbers of the levels that lead from the root to this one, which is the last."""
    found = [number]
    while (above := levels[found[-1]].parent) is not None:
        found.append(above)
    return found[::-1]


@lru_cache(maxsize=2048)
def _rows(way: Way, variants: tuple[Variant, ...], cursors: bool, perspective: Perspective) -> Text:
    return _text(_Composition(way, variants, perspective).rows(cursors))


@lru_cache(maxsize=2048)
def _count(way: Way, variants: tuple[Variant, ...], perspective: Perspective) -> Text:
    return _text(_Composition(way, variants, perspective).count())


def _put_in(text: Text, numbers: Sequence[int], columns: Sequence[str]) -> Text:
    """The text with these columns, its values named after the levels as they are numbered among all."""

    def named(found: re.Match[str]) -> str:
        return "".join([f", {found[1]}.{_quoted(each)}" for each in columns])

    def numbered_anew(name: str) -> str:
        found = _NUMBERED.fullmatch(name)
        return f"{found[1]}{numbers[int(found[2])]}{found[3]}" if found else name

    return Text(_COLUMNS_OF.sub(named, text.sql), tuple(map(numbered_anew, text.names)), text.constants)


def _columns_of(alias: str) -> Any:
    """Stands for the columns that will be asked for; something has to be selected before it."""
    return sa.literal_column(f"{_COLUMNS}{alias}")


class _Composition:
    """Makes the statements of the last level of a way; levels are numbered by how far down they are."""

    def __init__(self, way: Way, variants: tuple[Variant, ...], perspective: Perspective) -> None:
        self.way = way
        self.variants = variants
        self.perspective = perspective
        self.last = len(way) - 1

    def rows(self, cursors: bool) -> sa.Select[Any]:
        """The statement that reads the level."""
        number, variant = self.last, self.variants[-1]
        if self.way[-1][1] == "page":
            return self._page(number, "more", None, cursors)
        rows = self._rows_alias(number)
        key = variant.relation.key
        # What one key alone finds belongs to nothing.
        found_by_one = number == 0 and not variant.many_keys
        belongs = sa.null() if key is None or found_by_one else rows.c[key]
        selected = (belongs.label("belongs_to"), _columns_of(f"t{number}"))
        statement = sa.select(*selected).where(*self._scope(number, rows))
        if self.way[-1][1] == "one":
            return self._first(number, rows, statement)
        if key == "id":
            return statement
        sort = variant.relation.sorts[variant.relation.default_sort]
        return statement.order_by(*_order(rows, sort, False))

    def count(self) -> sa.Select[Any]:
        """(what it belongs to, how many rows in all), whatever page is cut."""
        number, variant = self.last, self.variants[-1]
        rows = self._rows_alias(number)
        conditions = [*self._visible(number, rows), *self._filters(number, rows)]
        key = variant.relation.key
        if key is None:
            nothing: Any = sa.null().label("belongs_to")
            return sa.select(nothing, sa.func.count()).select_from(rows).where(*conditions)
        parents = self._parents(number)
        return (
            sa.select(rows.c[key], sa.func.count())
            .where(rows.c[key].in_(sa.select(parents.c.key)), *conditions)
            .group_by(rows.c[key])
        )

    def _keys(self, number: int, column: str) -> sa.Select[Any]:
        """One column of a level's rows, for the level below."""
        if self.way[number][1] == "page":
            inner = self._page(number, "size", column).subquery(f"s{number}")
            return sa.select(inner.c[column])
        rows = self._rows_alias(number)
        statement = sa.select(rows.c[column]).where(*self._scope(number, rows))
        return self._first(number, rows, statement) if self.way[number][1] == "one" else statement

    def _first(self, number: int, rows: Any, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Of several rows that one key finds, the first in the declared order."""
        relation = self.variants[number].relation
        if relation.key is None or is_unique(relation.child, relation.key):
            return statement
        order = _order(rows, relation.sorts[relation.default_sort], False)
        key = rows.c[relation.key]
        return statement.ext(distinct_on(key)).order_by(key, *order)

    def _page(self, number: int, limit: str, only: str | None, cursors: bool = False) -> sa.Select[Any]:
        """A page for each parent: of one column only, or with those that will be asked for."""
        variant = self.variants[number]
        relation = variant.relation
        sort = relation.sorts[variant.sort]
        rows = self._rows_alias(number)
        chosen = [_columns_of(f"t{number}") if only is None else rows.c[only]]
        if cursors:
            chosen.append(sa.cast(rows.c[sort.column], sa.Text).label("sort_key"))
        order = _order(rows, sort, variant.backward)
        conditions = [*self._visible(number, rows), *self._filters(number, rows)]
        if variant.has_cursor:
            conditions.append(_beyond(rows, sort, variant.backward, number))
        most = sa.bindparam(f"{limit}{number}", type_=sa.Integer)
        if relation.key is None:
            root = sa.select(sa.null().label("belongs_to"), *chosen)
            # Where no column is asked for, nothing else says of what there is to be a row for each.
            return root.select_from(rows).where(*conditions).order_by(*order).limit(most)
        parents = self._parents(number)
        helpers = [rows.c[sort.column].label("order_by"), rows.c.id.label("order_id")]
        child = (
            sa.select(*helpers, *chosen)
            .where(rows.c[relation.key] == parents.c.key, *conditions)
            .order_by(*order)
            .limit(most)
            .lateral(f"l{number}")
        )
        down = sort.descending != variant.backward
        outer = [column.desc() if down else column.asc() for column in (child.c.order_by, child.c.order_id)]
        selected = [
            _columns_of(f"l{number}") if only is None else child.c[only],
            *([child.c.sort_key] if cursors else []),
        ]
        return (
            sa.select(parents.c.key.label("belongs_to"), *selected)
            .select_from(parents.join(child, sa.true()))
            .order_by(*outer)
        )

    def _parents(self, number: int) -> Any:
        """The distinct keys whose children a level holds, as a table with the column `key`."""
        relation = self.way[number][0]
        if number == 0:
            kind = table_of(relation.child).c[str(self.variants[number].relation.key)].type
            given = sa.func.unnest(sa.bindparam(f"keys{number}", type_=ARRAY(kind)))
            return given.table_valued("key", name=f"p{number}").render_derived()
        above = self._keys(number - 1, relation.parent_key).distinct().subquery(f"k{number}")
        return sa.select(above.c[relation.parent_key].label("key")).subquery(f"p{number}")

    def _scope(self, number: int, rows: Any) -> list[Any]:
        variant = self.variants[number]
        conditions = [*self._visible(number, rows), *self._filters(number, rows)]
        key = variant.relation.key
        if number > 0:
            conditions.append(rows.c[str(key)].in_(self._keys(number - 1, self.way[number][0].parent_key)))
        elif key is not None:
            column = rows.c[key]
            if variant.many_keys:
                conditions.append(column == sa.any_(sa.bindparam(f"keys{number}", type_=ARRAY(column.type))))
            else:
                conditions.append(column == sa.bindparam(f"keys{number}", type_=column.type))
        return conditions

    def _visible(self, number: int, rows: Any) -> list[Any]:
        table = table_of(self.way[number][0].child)
        return _adapted(rows, [*visible(table, self.perspective), *self.variants[number].relation.where])

    def _filters(self, number: int, rows: Any) -> list[Any]:
        relation, names = self.variants[number].relation, self.variants[number].filters
        chosen = [relation.filters[name].condition(sa.bindparam(f"filter{number}_{name}")) for name in names]
        return _adapted(rows, chosen)

    def _rows_alias(self, number: int) -> Any:
        return table_of(self.way[number][0].child).alias(f"t{number}")


def _adapted(rows: Any, conditions: Sequence[Any]) -> list[Any]:
    """Conditions on a table, as conditions on an alias of it."""
    adapter = ClauseAdapter(rows)
    return [adapter.traverse(each) for each in conditions]


def _order(rows: Any, sort: Sort, backward: bool) -> list[Any]:
    down = sort.descending != backward
    return [column.desc() if down else column.asc() for column in (rows.c[sort.column], rows.c.id)]


def _beyond(rows: Any, sort: Sort, backward: bool, number: int) -> Any:
    column = rows.c[sort.column]
    here = sa.tuple_(column, rows.c.id)
    there = sa.tuple_(
        sa.cast(sa.bindparam(f"cursor_key{number}", type_=sa.Text), column.type),
        sa.cast(sa.bindparam(f"cursor_id{number}", type_=sa.Text), id_type()),
    )
    return here < there if sort.descending != backward else here > there


@lru_cache(maxsize=2048)
def _quoted(name: str) -> str:
    return str(_PREPARER.quote(name))


def _text(statement: sa.Select[Any]) -> Text:
    prepared = compiled(statement)
    return Text(*numbered(prepared.text), prepared.constants)
