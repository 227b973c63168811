"""Statements for several levels at once, none of which waits for another.

The rows of a level are found from the predicate of its root: blocks whose lesson is one of the lessons whose module is
one of the modules of the course whose slug is X. Every level is a statement of its own, with the levels above it as
nested sub-selects, so that all can be sent in one go. Sub-selects (not joins) keep a row single that is reached twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.sql.util import ClauseAdapter

from core.database import compiled
from core.paging import Page
from core.pipeline import numbered
from core.policies import grants_of
from core.relations import Perspective, Relation, Sort, visible
from core.tables import Table, id_type, is_unique, table_of

Shape = Literal["one", "many", "page"]


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


@lru_cache(maxsize=1024)
def compose(levels: tuple[Level, ...], variants: tuple[Variant, ...], perspective: Perspective) -> Composed:
    """The statement of each level: (what it belongs to, *columns, and for cursors the sort key as text); its counts.

    What a row belongs to is the value of the relation's key, null at the root.
    """
    made = _Composition(levels, variants, perspective)
    numbers = range(len(levels))
    return tuple(_text(made.rows(each)) for each in numbers), tuple(
        _text(made.count(each)) if levels[each].counts else None for each in numbers
    )


class _Composition:
    def __init__(self, levels: tuple[Level, ...], variants: tuple[Variant, ...], perspective: Perspective) -> None:
        self.levels = levels
        self.variants = variants
        self.perspective = perspective

    def rows(self, number: int) -> sa.Select[Any]:
        """The statement that reads a level."""
        level, variant = self.levels[number], self.variants[number]
        if level.shape == "page":
            names = [*level.columns, "sort_key"] if level.cursors else level.columns
            return self._page(number, "more", names)
        rows = self._rows_alias(number)
        key = variant.relation.key
        # What one key alone finds belongs to nothing.
        found_by_one = level.parent is None and not variant.many_keys
        selected = [sa.null().label("belongs_to") if key is None or found_by_one else rows.c[key].label("belongs_to")]
        statement = sa.select(*selected, *(rows.c[name] for name in level.columns)).where(*self._scope(number, rows))
        if level.shape == "one":
            return self._first(number, rows, statement)
        if key == "id":
            return statement
        sort = variant.relation.sorts[variant.relation.default_sort]
        return statement.order_by(*_order(rows, sort, False))

    def count(self, number: int) -> sa.Select[Any]:
        """(what it belongs to, how many rows in all), whatever page is cut."""
        variant = self.variants[number]
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
        if self.levels[number].shape == "page":
            inner = self._page(number, "size", [column]).subquery(f"s{number}")
            return sa.select(inner.c[column])
        rows = self._rows_alias(number)
        statement = sa.select(rows.c[column]).where(*self._scope(number, rows))
        return self._first(number, rows, statement) if self.levels[number].shape == "one" else statement

    def _first(self, number: int, rows: Any, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Of several rows that one key finds, the first in the declared order."""
        relation = self.variants[number].relation
        if relation.key is None or is_unique(relation.child, relation.key):
            return statement
        order = _order(rows, relation.sorts[relation.default_sort], False)
        return statement.ext(distinct_on(rows.c[relation.key])).order_by(rows.c[relation.key], *order)

    def _page(self, number: int, limit: str, names: Sequence[str]) -> sa.Select[Any]:
        variant = self.variants[number]
        relation = variant.relation
        sort = relation.sorts[variant.sort]
        rows = self._rows_alias(number)
        chosen = [
            sa.cast(rows.c[sort.column], sa.Text).label("sort_key") if name == "sort_key" else rows.c[name]
            for name in names
        ]
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
            sa.select(*chosen, *helpers)
            .where(rows.c[relation.key] == parents.c.key, *conditions)
            .order_by(*order)
            .limit(most)
            .lateral(f"l{number}")
        )
        down = sort.descending != variant.backward
        outer = [column.desc() if down else column.asc() for column in (child.c.order_by, child.c.order_id)]
        selected = [child.c[name] for name in names]
        return (
            sa.select(parents.c.key.label("belongs_to"), *selected)
            .select_from(parents.join(child, sa.true()))
            .order_by(*outer)
        )

    def _parents(self, number: int) -> Any:
        """The distinct keys whose children a level holds, as a table with the column `key`."""
        level = self.levels[number]
        if level.parent is None:
            kind = table_of(level.relation.child).c[str(self.variants[number].relation.key)].type
            given = sa.func.unnest(sa.bindparam(f"keys{number}", type_=ARRAY(kind)))
            return given.table_valued("key", name=f"p{number}").render_derived()
        above = self._keys(level.parent, level.relation.parent_key).distinct().subquery(f"k{number}")
        return sa.select(above.c[level.relation.parent_key].label("key")).subquery(f"p{number}")

    def _scope(self, number: int, rows: Any) -> list[Any]:
        level, variant = self.levels[number], self.variants[number]
        conditions = [*self._visible(number, rows), *self._filters(number, rows)]
        key = variant.relation.key
        if level.parent is not None:
            conditions.append(rows.c[str(key)].in_(self._keys(level.parent, level.relation.parent_key)))
        elif key is not None:
            column = rows.c[key]
            if variant.many_keys:
                conditions.append(column == sa.any_(sa.bindparam(f"keys{number}", type_=ARRAY(column.type))))
            else:
                conditions.append(column == sa.bindparam(f"keys{number}", type_=column.type))
        return conditions

    def _visible(self, number: int, rows: Any) -> list[Any]:
        table = table_of(self.levels[number].relation.child)
        return _adapted(rows, [*visible(table, self.perspective), *self.variants[number].relation.where])

    def _filters(self, number: int, rows: Any) -> list[Any]:
        relation, names = self.variants[number].relation, self.variants[number].filters
        chosen = [relation.filters[name].condition(sa.bindparam(f"filter{number}_{name}")) for name in names]
        return _adapted(rows, chosen)

    def _rows_alias(self, number: int) -> Any:
        return table_of(self.levels[number].relation.child).alias(f"t{number}")


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


def _text(statement: sa.Select[Any]) -> Text:
    prepared = compiled(statement)
    return Text(*numbered(prepared.text), prepared.constants)
