"""Relay's `Node`: everything with an id, and how an id finds its type."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import strawberry

from core.errors import RequestError
from core.ids import tag_of
from core.paging import MAX_PAGE
from core.relations import Relation
from core.rows import Row
from core.tables import Table, table_of
from graph.context import Info
from graph.engine.batching import argument, load, with_arguments
from graph.engine.selection import columns

# Filled by the schema: which GraphQL type a row of a model is, and how a row of a kind of id is found.
TYPE_NAMES: dict[type[Table], Callable[[Row], str]] = {}
BY_TAG: dict[int, Relation] = {}


def type_name(row: Any, *_: Any) -> str:
    """The name of the GraphQL type of a row."""
    return TYPE_NAMES[type(row).entity](row)


@strawberry.interface(description="Anything with an id that is unique over the whole system.")
class Node:
    """Relay's interface; the id says by itself what kind of thing it belongs to."""

    id: strawberry.ID = strawberry.field(description="Unique over the whole system.", metadata={"needs": ("id",)})

    resolve_type = staticmethod(type_name)

    @classmethod
    def is_type_of(cls, _obj: Any, _info: Any) -> bool:
        """Objects are rows; their type was settled where they were found."""
        return True


def by_id(relation: Relation, description: str) -> Any:
    """A root field for one object, by its id."""

    async def resolve(root: Any, info: Info, id: str) -> Any:
        return await find(info, relation, id)

    arguments = [argument("id", strawberry.ID, "Its id.", default=inspect.Parameter.empty)]
    return strawberry.field(resolver=with_arguments(resolve, arguments), description=description)


def by_id_or_slug(by_id: Relation, by_slug: Relation, description: str) -> Any:
    """A root field for one object, by its id or its slug."""

    async def resolve(root: Any, info: Info, id: str | None, slug: str | None) -> Any:
        if (id is None) == (slug is None):
            raise RequestError("Give either the id or the slug.")
        if slug is not None and "\0" in slug:
            return None  # No slug holds it, and the database cannot even be asked.
        return await (_load_one(info, by_slug, str(slug)) if id is None else find(info, by_id, id))

    arguments = [
        argument("id", strawberry.ID | None, "Its id; or else give the slug."),
        argument("slug", str | None, "Its slug; or else give the id."),
    ]
    return strawberry.field(resolver=with_arguments(resolve, arguments), description=description)


async def find(info: Info, relation: Relation, object_id: str) -> Row | None:
    """The object with this id, or None; raises `RequestError` for an id of another kind."""
    if tag_of(object_id) != relation.child.__tag__:
        raise RequestError(f"This is not the id of a {table_of(relation.child).name}.")
    return await _load_one(info, relation, object_id)


async def find_any(info: Info, object_id: str) -> Row | None:
    """The object with this id, whatever its kind, or None; raises `RequestError` for what is no id of ours."""
    tag = tag_of(object_id)
    if tag is None:
        raise RequestError("This is not one of our ids.")
    relation = BY_TAG.get(tag)
    return None if relation is None else await _load_one(info, relation, object_id)


async def _load_one(info: Info, relation: Relation, key: str) -> Row | None:
    available = table_of(relation.child).c

    async def batch(keys: Sequence[Row], batch_info: Info) -> Sequence[Any]:
        wanted = tuple(name for name in columns(batch_info._raw_info) if name in available)
        found = await batch_info.context.reader.children(relation, keys, wanted)
        return [rows[0] if rows else None for rows in found]

    one: Row | None = await load(info, _BATCHES.setdefault(relation, batch), Row({relation.parent_key: key}))
    return one


# One batch function per relation, so that a document's look-ups of one kind go in one statement.
_BATCHES: dict[Relation, Any] = {}


@strawberry.type
class NodeQuery:
    """Root fields that find anything by its id."""

    @strawberry.field(description="Anything, by its id; null when it does not exist or may not be seen.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id.")]
    ) -> Node | None:
        """Relay's object look-up."""
        found: Any = await find_any(info, id)
        return found  # type: ignore[no-any-return]

    @strawberry.field(description="Several things by their ids, in order; null for each that may not be seen.")
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 100 ids.")]
    ) -> list[Node | None]:
        """Relay's look-up of many."""
        if len(ids) > MAX_PAGE:
            raise RequestError(f"At most {MAX_PAGE} ids.")
        found: Any = await asyncio.gather(*(find_any(info, each) for each in ids))
        return found  # type: ignore[no-any-return]
