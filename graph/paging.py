"""Relay connections over keyset pages: `first`/`after`, `last`/`before`, sorts, filters, a count on demand."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.types.base import has_object_definition

from core.paging import DEFAULT_PAGE, MAX_PAGE, Page, PageOf, page
from core.relations import Relation
from core.viewer import require
from graph.declaring import argument, batch_field
from graph.engine import BatchInfo
from graph.sizes import ListSize
from graph.sources import page_source

T = TypeVar("T")
_SIZE = ListSize(DEFAULT_PAGE, ("first", "last"), MAX_PAGE)


@strawberry.type(description="What lies around a page.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether more follows this page.")
    has_previous_page: bool = strawberry.field(description="Whether anything comes before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first row of this page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last row of this page.")


@strawberry.type(description="A row and its place in the list.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str = strawberry.field(description="Pass it as after or before.")
    node: T = strawberry.field(description="The row.", metadata={"passes": True})


def _edges(pages: Sequence[LoadedPage], info: BatchInfo) -> list[Any]:
    return [[Edge(cursor=each.page.cursor(row), node=row) for row in each.page.rows] for each in pages]


def _nodes(pages: Sequence[LoadedPage], info: BatchInfo) -> list[Any]:
    return [each.page.rows for each in pages]


def _page_infos(pages: Sequence[LoadedPage], info: BatchInfo) -> list[PageInfo]:
    return [_page_info(each.page) for each in pages]


def _page_info(found: PageOf) -> PageInfo:
    return PageInfo(
        has_next_page=found.has_next,
        has_previous_page=found.has_previous,
        start_cursor=found.cursor(found.rows[0]) if found.rows else None,
        end_cursor=found.cursor(found.rows[-1]) if found.rows else None,
    )


async def _count(pages: Sequence[LoadedPage], info: BatchInfo) -> list[int]:
    """One fragment may count several lists: those of one relation with the same filters go in one statement."""
    lists: dict[Any, list[Any]] = {}
    for relation, parent, filters in (each.origin for each in pages):
        lists.setdefault((relation, _as_key(filters)), []).append((parent, filters))
    totals = {}
    for key, asked in lists.items():
        parents, filters = [parent for parent, _ in asked], asked[0][1]
        totals[key] = iter(await info.context.reader.counts(key[0], parents, filters))
    return [next(totals[relation, _as_key(filters)]) for relation, _, filters in (each.origin for each in pages)]


def _as_key(filters: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in filters.items())


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    """Relay's connection; at run time an object is a `LoadedPage`."""

    edges: list[Edge[T]] = batch_field(
        _edges, "The rows of this page with their cursors.", passes=True, page_part="edges", weight=0
    )
    nodes: list[T] = batch_field(_nodes, "The rows of this page.", passes=True, page_part="nodes")
    page_info: PageInfo = batch_field(_page_infos, "What lies around this page.", page_part="page_info", weight=0)
    total_count: int = batch_field(
        _count,
        "How many rows the whole list has, over all pages. Costs a statement of its own.",
        page_part="total_count",
        weight=1,
    )


class LoadedPage:
    """A page and where it came from, so that its count can be asked for."""

    __slots__ = ("origin", "page")

    def __init__(self, page: PageOf, origin: tuple[Relation, Any, dict[str, Any]]) -> None:
        self.page = page
        self.origin = origin


def connection(
    relation: Relation,
    description: str,
    *,
    sort: type[StrEnum] | None = None,
    filter: type | None = None,
    scope: str | None = None,
    within: Relation | None = None,
    is_whole: Callable[[BatchInfo, Page, str], Awaitable[None]] | None = None,
) -> Any:
    """A connection field over a relation, with its sorts and filters as arguments; with a `scope`, for holders only.

    Who holds that within some roots only reads the relation `within`, where there is one: the same rows, found faster.
    `is_whole` is asked once the page was read, with the sort, and raises where something may be missing from it.
    """

    async def batch(parents: Sequence[Any], info: BatchInfo, **arguments: Any) -> list[LoadedPage]:
        if scope is not None:
            # Whose permission holds within some course only finds what belongs to that: the row policies see to it.
            require(info.context.viewer, scope, somewhere=True)
        read = within if within is not None and not info.context.viewer.may(str(scope)) else relation
        wanted, filters, sort_name = asked_page(read, arguments)
        is_last = is_whole is None and info.is_last
        reader = info.context.reader
        found = await reader.pages(read, parents, info.columns, wanted, filters, sort_name, is_last=is_last)
        if is_whole is not None:
            await is_whole(info, wanted, sort_name)
        return [LoadedPage(each, (read, parent, filters)) for each, parent in zip(found, parents, strict=True)]

    return batch_field(
        batch,
        description if scope is None else f"{description}\n\nNeeds the permission `{scope}`.",
        _arguments(sort, filter),
        needs=() if relation.key is None else (relation.parent_key,),
        relation=relation,
        connection=True,
        list_size=_SIZE,
        **({"source": page_source(relation, partial(asked_page, relation))} if scope is None else {}),
    )


def asked_page(relation: Relation, arguments: Mapping[str, Any]) -> tuple[Page, dict[str, Any], str]:
    """(page, filters, sort) that a connection's arguments ask for; raises `RequestError` naming what is wrong."""
    filters = _given(arguments.get("filter"))
    chosen = arguments.get("sort")
    sort_name = chosen.name if chosen is not None else relation.default_sort
    first, after, last, before = (arguments.get(each) for each in ("first", "after", "last", "before"))
    return page(first, after, last, before, relation.list_name(sort_name)), filters, sort_name


def sort_enum(name: str, relation: Relation) -> Any:
    """The enum of a relation's sorts, described by machine."""
    kind = StrEnum(name, {each: each.lower() for each in relation.sorts})  # type: ignore[misc]
    made: Any = strawberry.enum(kind, description="The order of the list.")
    for value in made.__strawberry_definition__.values:
        how = relation.sorts[value.name]
        way = "largest or newest first" if how.descending else "smallest or oldest first"
        value.description = f"By {how.column.replace('_', ' ')}, {way}."
    return made


def _given(chosen: Any) -> dict[str, Any]:
    if chosen is None or not has_object_definition(chosen):
        return {}
    # What Python keeps for itself, such as `from`, is written with an underscore behind it.
    return {name.rstrip("_"): value for name, value in vars(chosen).items() if value is not None}


def _arguments(sort: type[StrEnum] | None, chosen: type | None) -> list[inspect.Parameter]:
    size = f"At most {MAX_PAGE}; {DEFAULT_PAGE} when neither first nor last is given."
    made = [
        argument("first", int | None, f"How many rows, from the front. {size}"),
        argument("after", str | None, "Only rows after this cursor."),
        argument("last", int | None, f"How many rows, from the back. {size}"),
        argument("before", str | None, "Only rows before this cursor."),
    ]
    if sort is not None:
        made.append(argument("sort", sort | None, "The order; the first value of the enum when not given."))
    if chosen is not None:
        made.append(argument("filter", chosen | None, "Only rows that meet all of these."))
    return made
