"""Batch resolvers: all parents of a level in, one answer per parent out.

Here they run under graphql-core's executor through a DataLoader that is made on first use and keyed by the function
and the field of the document, so there is no list of loaders anywhere to keep.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Protocol

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.types import Info

Batch = Callable[..., Awaitable[Sequence[Any]]]
LoaderKey = tuple[Any, tuple[int, ...]]


class HasLoaders(Protocol):
    """What batching asks of a context: a dictionary that lives as long as one answer."""

    loaders: dict[LoaderKey, DataLoader[Any, Any]]


async def load(info: Info[Any, Any], batch: Batch, parent: Any, /, **arguments: Any) -> Any:
    """The batch's answer for one parent. Parents that ask through the same field of the document go in one call.

    The batch gets `(parents, info, **arguments)`; an exception in place of an answer fails that one path only.
    """
    # One field of a document has one set of arguments, so the first caller's stand for all. A fragment's field may be
    # merged with others of its name in one place and not in another: what is selected below it differs then.
    field = tuple(id(node) for node in info._raw_info.field_nodes)
    return await _load(info, (batch, field), batch, parent, arguments)


async def load_shared(info: Info[Any, Any], batch: Batch, parent: Any, /) -> Any:
    """Like `load`, for a batch without arguments whose answers serve several fields: they all go in one call.

    Fields further down ask later, so what a parent was answered is remembered.
    """
    return await _load(info, (batch, ()), batch, parent, {}, remembered=True)


async def _load(
    info: Info[Any, Any],
    key: LoaderKey,
    batch: Batch,
    parent: Any,
    arguments: dict[str, Any],
    *,
    remembered: bool = False,
) -> Any:
    loaders: dict[LoaderKey, DataLoader[Any, Any]] = info.context.loaders
    if key not in loaders:

        async def run(parents: list[Any]) -> Sequence[Any]:
            answers = await batch(parents, info, **arguments)
            if len(answers) != len(parents):
                raise RuntimeError(f"{batch} gave {len(answers)} answers for {len(parents)} parents.")
            return answers

        loaders[key] = DataLoader(load_fn=run, cache=remembered)
    return await loaders[key].load(parent)


def resolver_of(batch: Batch) -> Callable[..., Awaitable[Any]]:
    """A Strawberry resolver with the batch's own arguments, that goes through `load`."""

    async def resolve(root: Any, info: Info, **arguments: Any) -> Any:
        return await load(info, batch, root, **arguments)

    return with_arguments(resolve, list(inspect.signature(batch, eval_str=True).parameters.values())[2:])


def with_arguments(
    resolve: Callable[..., Awaitable[Any]], arguments: Sequence[inspect.Parameter]
) -> Callable[..., Awaitable[Any]]:
    """Gives a resolver `(root, info, **arguments)` the named arguments that Strawberry shall show in the schema."""
    keyword = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in arguments]
    own = [
        inspect.Parameter("root", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Any),
        inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
    ]
    resolve.__signature__ = inspect.Signature(own + keyword)  # type: ignore[attr-defined]
    resolve.__annotations__ = {each.name: each.annotation for each in own + keyword}
    return resolve


def argument(name: str, kind: Any, description: str, *, default: Any = None) -> inspect.Parameter:
    """An argument for `with_arguments`; pass `inspect.Parameter.empty` as default to make it required."""
    annotation = Annotated[kind, strawberry.argument(description=description)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
