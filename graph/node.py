"""Relay's `Node`: everything with an id, and how an id finds its type."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import strawberry

from core.errors import RequestError, wrong_kind
from core.ids import tag_of
from core.paging import MAX_PAGE
from core.relations import Relation
from core.rows import Row
from core.tables import Table, table_of
from graph.declaring import argument, batch_field
from graph.engine import BatchInfo
from graph.sizes import ListSize
from graph.sources import TYPE_NAMES, found_source

# Filled by the schema: how a row of a kind of id is found.
BY_TAG: dict[int, Relation] = {}


def type_name(row: Any, *_: Any) -> str:
    """The name of the GraphQL type of a row."""
    return TYPE_NAMES[type(row).entity](row)


def type_names(rows: Sequence[Any]) -> list[str]:
    """The same for several rows."""
    kinds: set[Any] = set(map(type, rows))
    if len(kinds) != 1:
        return [type_name(row) for row in rows]
    model = kinds.pop().entity
    # Rows that say the same of themselves are of one type: they are few kinds, and there may be many rows.
    if not model.__discriminator__:
        return [type_name(rows[0])] * len(rows)
    said = list(map(attrgetter(*model.__discriminator__), rows))
    names = {each: TYPE_NAMES[model](row) for each, row in dict(zip(said, rows, strict=True)).items()}
    return list(map(names.__getitem__, said))


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

    async def batch(parents: Sequence[Any], info: BatchInfo, id: str) -> Sequence[Row | None]:
        return [await find(info, relation, id)] * len(parents)

    def key_of(arguments: Mapping[str, Any]) -> tuple[Relation, str]:
        require_kind(relation, arguments["id"])
        return relation, arguments["id"]

    arguments = [argument("id", strawberry.ID, "Its id.", default=inspect.Parameter.empty)]
    return batch_field(batch, description, arguments, source=found_source(relation, key_of))


def by_id_of(owner: type[Table], relation: Relation, description: str) -> Any:
    """A root field for what belongs to one object of another table, by that object's id."""

    async def batch(parents: Sequence[Any], info: BatchInfo, id: str) -> Sequence[Row | None]:
        if tag_of(id) != owner.__tag__:
            raise RequestError(wrong_kind(table_of(owner).name))
        return (await _found(info, relation, [id], is_last=info.is_last)) * len(parents)

    named = f"The id of the {table_of(owner).name}."
    return batch_field(batch, description, [argument("id", strawberry.ID, named, default=inspect.Parameter.empty)])


def by_id_or_slug(by_id: Relation, by_slug: Relation, description: str) -> Any:
    """A root field for one object, by its id or its slug."""

    async def batch(parents: Sequence[Any], info: BatchInfo, id: str | None, slug: str | None) -> Sequence[Row | None]:
        by, key = key_of({"id": id, "slug": slug})
        # No slug holds a NUL, and the database cannot even be asked.
        return [None if "\0" in key else (await _found(info, by, [key], is_last=info.is_last))[0]] * len(parents)

    def key_of(arguments: Mapping[str, Any]) -> tuple[Relation, str]:
        object_id, slug = arguments.get("id"), arguments.get("slug")
        if (object_id is None) == (slug is None):
            raise RequestError("Give either the id or the slug.")
        if object_id is None:
            return by_slug, str(slug)
        require_kind(by_id, object_id)
        return by_id, object_id

    arguments = [
        argument("id", strawberry.ID | None, "Its id; or else give the slug."),
        argument("slug", str | None, "Its slug; or else give the id."),
    ]
    return batch_field(batch, description, arguments, source=found_source(by_id, key_of))


async def find(info: BatchInfo, relation: Relation, object_id: str) -> Row | None:
    """The object with this id, or None; raises `RequestError` for an id of another kind."""
    require_kind(relation, object_id)
    return (await _found(info, relation, [object_id], is_last=info.is_last))[0]


def require_kind(relation: Relation, object_id: str) -> None:
    """Refuses an id of another kind of thing than the relation's, with a `RequestError`."""
    if tag_of(object_id) != relation.child.__tag__:
        raise RequestError(wrong_kind(table_of(relation.child).name))


async def find_any(info: BatchInfo, object_ids: Sequence[str]) -> list[Row | Exception | None]:
    """The object with each id, whatever its kind, or None; a `RequestError` for what is no id of ours.

    One statement for each kind of thing among them.
    """
    answers: list[Row | Exception | None] = [None] * len(object_ids)
    places: dict[Relation, list[int]] = {}
    for place, object_id in enumerate(object_ids):
        tag = tag_of(object_id)
        relation = None if tag is None else BY_TAG.get(tag)
        if tag is None:
            answers[place] = RequestError("This is not one of our ids.")
        elif relation is not None:
            places.setdefault(relation, []).append(place)
    for relation, found in places.items():
        rows = await _found(info, relation, [object_ids[place] for place in found])
        for place, row in zip(found, rows, strict=True):
            answers[place] = row
    return answers


async def _found(
    info: BatchInfo, relation: Relation, keys: Sequence[str], *, is_last: bool = False
) -> list[Row | None]:
    available = table_of(relation.child).c
    wanted = tuple(name for name in info.columns if name in available)
    parents = [Row({relation.parent_key: key}) for key in keys]
    found = await info.context.reader.children(relation, parents, wanted, is_last=is_last)
    return [rows[0] if rows else None for rows in found]


async def _node(parents: Sequence[Any], info: BatchInfo, id: str) -> Sequence[Any]:
    return [(await find_any(info, [id]))[0]] * len(parents)


async def _nodes(parents: Sequence[Any], info: BatchInfo, ids: list[str]) -> Sequence[Any]:
    if len(ids) > MAX_PAGE:
        raise RequestError(f"At most {MAX_PAGE} ids.")
    return [await find_any(info, ids)] * len(parents)


@strawberry.type
class NodeQuery:
    """Root fields that find anything by its id."""

    node: Node | None = batch_field(
        _node,
        "Anything, by its id; null when it does not exist or may not be seen.",
        [argument("id", strawberry.ID, "The id.", default=inspect.Parameter.empty)],
    )
    nodes: list[Node | None] = batch_field(
        _nodes,
        "Several things by their ids, in order; null for each that may not be seen.",
        [argument("ids", list[strawberry.ID], "At most 100 ids.", default=inspect.Parameter.empty)],
        list_size=ListSize(MAX_PAGE, ("ids",), MAX_PAGE),
    )
