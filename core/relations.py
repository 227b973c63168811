"""Relations between tables as declarations, and the SQL derived from them.

A `Relation` says: rows of this table, found by this key, in this order, with these filters and sorts. From it come the
statement that fetches the children of a whole level at once, the statement that fetches one page per parent, the count,
and the arguments of the GraphQL connection. The stage is never part of a declaration: the reader adds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from core.database import Compiled, compiled
from core.errors import RequestError
from core.ids import tag_of
from core.paging import Page
from core.tables import Table, id_type, table_of

Condition = sa.ColumnElement[bool]


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Filter:
    """A condition with one bound value: `condition(bind)` builds it, `prepare` turns the argument into the value."""

    condition: Callable[[Any], Condition]
    prepare: Callable[[Any], Any] = _same


@dataclass(frozen=True)
class Sort:
    """A named order: one column that is never null, then the id."""

    column: str
    descending: bool = False


@dataclass(frozen=True, eq=False)
class Relation:
    """Rows of `child` that meet `where` and whose column `key` equals the parent's `parent_key` (no key: all rows).

    Compared by identity, so a declaration is a module-level constant. The first sort is the default one.
    """

    child: type[Table]
    key: str | None = None
    parent_key: str = "id"
    sorts: Mapping[str, Sort] = field(default_factory=lambda: {"POSITION": Sort("position")})
    filters: Mapping[str, Filter] = field(default_factory=dict)
    where: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        """Refuses an order by a column that there is not. Rows found by their ids are in no order."""
        if self.key != "id":
            missing = {each.column for each in self.sorts.values()} - set(table_of(self.child).c.keys())
            if missing:
                raise TypeError(f"{self.child.__name__} has no {' and no '.join(sorted(missing))} to sort by.")

    @property
    def default_sort(self) -> str:
        """The name of the sort that applies when none is asked for."""
        return next(iter(self.sorts))

    def list_name(self, sort: str) -> str:
        """What cursors of this list in this order carry, so that none is taken for one of another list."""
        return f"{table_of(self.child).name} {sort}"


@dataclass(frozen=True)
class Perspective:
    """What a staged statement may see."""

    stage: str
    hides_trash: bool


def contains(*columns: sa.ColumnElement[str]) -> Filter:
    """A filter for rows in which any of the columns contains the text, whatever its case."""

    def condition(value: Any) -> Condition:
        return sa.or_(*(column.ilike(value, escape="\\") for column in columns))

    return Filter(condition, _pattern)


def _pattern(text: str) -> str:
    if "\0" in text:
        raise RequestError("A text to look for cannot hold the character U+0000.")
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def equals(column: sa.ColumnElement[Any]) -> Filter:
    """A filter for rows whose column equals the value; where ids are compared, what is no id is refused."""
    return Filter(lambda value: column == value, own_id if isinstance(column.type, UUID) else _same)


def own_id(value: str) -> str:
    """The value, if it is one of our ids; raises `RequestError` otherwise."""
    if tag_of(value) is None:
        raise RequestError("This is not one of our ids.")
    return value


@lru_cache(maxsize=2048)
def children_sql(relation: Relation, columns: tuple[str, ...], perspective: Perspective | None) -> Compiled:
    """All children of all parents in one statement; binds `parents` (ids) and `stage`."""
    table = table_of(relation.child)
    key = table.c[_key(relation)]
    # There is one row for an id: nothing to put in order.
    order = [key] if relation.key == "id" else [key, *_order(table, relation.sorts[relation.default_sort], False)]
    statement = sa.select(*_columns(relation, columns, key)).where(
        key == sa.any_(sa.bindparam("parents", type_=ARRAY(key.type))), *relation.where, *visible(table, perspective)
    )
    return compiled(statement.order_by(*order))


@lru_cache(maxsize=2048)
def page_sql(
    relation: Relation,
    columns: tuple[str, ...],
    perspective: Perspective | None,
    filters: tuple[str, ...],
    sort_name: str,
    has_cursor: bool,
    backward: bool,
) -> Compiled:
    """One page of children per parent in one statement; binds `parents`, `stage`, `cursor_key`, `cursor_id`, `size`.

    A relation without a key has no parents: it is one page of the whole table.
    """
    table = table_of(relation.child)
    sort = relation.sorts[sort_name]
    selected = [
        *_columns(relation, columns, table.c[sort.column]),
        sa.cast(table.c[sort.column], sa.Text).label("sort_key"),
    ]
    query = (
        sa.select(*selected)
        .where(*visible(table, perspective), *_filters(relation, filters))
        .order_by(*_order(table, sort, backward))
        .limit(sa.bindparam("size", type_=sa.Integer))
    )
    if has_cursor:
        query = query.where(_beyond(table, sort, backward))
    if relation.key is None:
        return compiled(query)
    parents = _parents()
    inner = query.where(table.c[relation.key] == parents.c.parent_id).lateral("child")
    outer = sa.select(parents.c.parent_id, *inner.c).select_from(parents.join(inner, sa.true()))
    return compiled(outer.order_by(parents.c.parent_place, *_outer_order(inner, sort, backward)))


@lru_cache(maxsize=512)
def count_sql(relation: Relation, perspective: Perspective | None, filters: tuple[str, ...]) -> Compiled:
    """How many children each parent has (`parent_id`, `total`); a relation without a key gives one row."""
    table = table_of(relation.child)
    conditions = [*visible(table, perspective), *_filters(relation, filters)]
    if relation.key is None:
        return compiled(sa.select(sa.func.count().label("total")).select_from(table).where(*conditions))
    key = table.c[relation.key]
    chosen = key == sa.any_(sa.bindparam("parents", type_=ARRAY(key.type)))
    statement = (
        sa.select(key.label("parent_id"), sa.func.count().label("total")).where(chosen, *conditions).group_by(key)
    )
    return compiled(statement)


def parameters(page: Page, filters: Mapping[str, tuple[Filter, Any]]) -> dict[str, Any]:
    """The bound values of `page_sql`; one row more than asked tells whether there is a next page."""
    values: dict[str, Any] = {"size": page.size + 1}
    if page.cursor is not None:
        values["cursor_key"], values["cursor_id"] = page.cursor
    for name, (how, value) in filters.items():
        values[f"filter_{name}"] = how.prepare(value)
    return values


def visible(table: sa.Table, perspective: Perspective | None) -> list[Condition]:
    """The conditions of the perspective on a staged table; none for a table that is not staged."""
    if perspective is None or "stage" not in table.c:
        return []
    conditions: list[Condition] = [table.c.stage == sa.bindparam("stage", type_=sa.String)]
    if perspective.hides_trash:
        content = table.metadata.tables["content"]
        trashed = sa.exists().where(content.c.id == table.c.id, content.c.trashed_at.is_not(None))
        conditions.append(sa.not_(trashed))
    return conditions


def _filters(relation: Relation, names: tuple[str, ...]) -> list[Condition]:
    chosen = [relation.filters[name].condition(sa.bindparam(f"filter_{name}")) for name in names]
    return [*relation.where, *chosen]


def _key(relation: Relation) -> str:
    if relation.key is None:
        raise ValueError(f"The relation to {relation.child.__name__} has no key: it can only be paged.")
    return relation.key


def _columns(relation: Relation, names: tuple[str, ...], *always: sa.Column[Any]) -> list[sa.Column[Any]]:
    table = table_of(relation.child)
    chosen = [table.c.id, *always, *(table.c[name] for name in (*relation.child.__discriminator__, *names))]
    return list({column.name: column for column in chosen}.values())


def _order(table: sa.Table, sort: Sort, backward: bool) -> list[sa.ColumnElement[Any]]:
    down = sort.descending != backward
    return [column.desc() if down else column.asc() for column in (table.c[sort.column], table.c.id)]


def _outer_order(inner: sa.FromClause, sort: Sort, backward: bool) -> list[sa.ColumnElement[Any]]:
    down = sort.descending != backward
    return [column.desc() if down else column.asc() for column in (inner.c[sort.column], inner.c.id)]


def _beyond(table: sa.Table, sort: Sort, backward: bool) -> Condition:
    column = table.c[sort.column]
    here = sa.tuple_(column, table.c.id)
    # Sent as text and cast in SQL: the cursor keeps the full precision of an instant that way.
    there = sa.tuple_(
        sa.cast(sa.bindparam("cursor_key", type_=sa.Text), column.type),
        sa.cast(sa.bindparam("cursor_id", type_=sa.Text), id_type()),
    )
    return here < there if sort.descending != backward else here > there


def _parents() -> Any:
    ids = sa.func.unnest(sa.bindparam("parents", type_=ARRAY(id_type())))
    return ids.table_valued("parent_id", with_ordinality="parent_place", name="parent").render_derived()
