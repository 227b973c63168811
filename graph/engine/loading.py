"""Batches behind DataLoaders: so that a schema with batch resolvers runs under graphql-core, too.

Loaders are made on first use, and keyed by the function and the field of the document: there is no list of them
anywhere to keep.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from graphql import GraphQLField, GraphQLInterfaceType, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema
from strawberry.dataloader import DataLoader

from graph.engine.batching import BatchInfo, BatchResolver, check_count
from graph.engine.columns import columns_of

LoaderKey = tuple[Any, tuple[int, ...]]


class HasLoaders(Protocol):
    """What batching under graphql-core asks of a context: a dictionary that lives as long as one answer."""

    loaders: dict[LoaderKey, DataLoader[Any, Any]]


class Loader(DataLoader[Any, Any]):
    """Strawberry's DataLoader, without batches that are never sent.

    Where all who wait for a batch are cancelled just before it is sent, Strawberry (0.341) does not send it, and goes
    on adding to it: whoever came later would wait for ever.
    """

    def load(self, key: Any) -> Awaitable[Any]:
        """What comes of a key."""
        batch = self.batch
        if batch is not None and not batch.dispatched and all(each.future.cancelled() for each in batch.tasks):
            self.batch = None
        return super().load(key)


def dataloaded(schema: GraphQLSchema) -> GraphQLSchema:
    """The schema, its batch fields resolvable by graphql-core: through DataLoaders in `context.loaders`."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for each in kind.fields.values():
                batch = each.extensions.get("batch")
                if batch is not None:
                    each.resolve = _through_loader(each, batch)
    return schema


def _through_loader(field: GraphQLField, batch: BatchResolver) -> Callable[..., Any]:
    async def resolve(parent: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        return await load(info, batch, parent, arguments)

    return resolve


async def load(info: GraphQLResolveInfo[Any], batch: BatchResolver, parent: Any, arguments: dict[str, Any]) -> Any:
    """The batch's answer for one parent. Parents that ask through the same field of the document go in one call."""
    # One field of a document has one set of arguments, so the first caller's stand for all. A fragment's field may be
    # merged with others of its name in one place and not in another: what is selected below it differs then.
    nodes = tuple(id(node) for node in info.field_nodes)
    loaders: dict[LoaderKey, DataLoader[Any, Any]] = info.context.loaders
    loader = loaders.get((batch.function, nodes))
    if loader is None:

        async def run(parents: list[Any]) -> Sequence[Any]:
            told = BatchInfo(
                info.context,
                info.field_name,
                info.field_nodes,
                info.variable_values.coerced,
                lambda: columns_of(info.schema, info.fragments, info.return_type, info.field_nodes),
            )
            answers = batch.call(parents, told, arguments)
            return check_count(await answers if inspect.isawaitable(answers) else answers, parents, batch)

        loader = loaders[batch.function, nodes] = Loader(load_fn=run, cache=False)
    return await loader.load(parent)


async def load_shared(context: HasLoaders, function: Callable[..., Any], keys: Sequence[Any]) -> Sequence[Any]:
    """The answers of `function(keys, context)`, for batches whose answers serve several fields of one answer.

    Fields of one level that ask at the same time go in one call, and no key is asked about twice.
    """
    loader = context.loaders.get((function, ()))
    if loader is None:

        async def run(asked: list[Any]) -> Sequence[Any]:
            answers: Sequence[Any] = await function(asked, context)
            return answers

        loader = context.loaders[function, ()] = Loader(load_fn=run)
    # Who is cancelled must not take along what others wait for as well.
    return await asyncio.gather(*(asyncio.shield(loader.load(key)) for key in keys))
