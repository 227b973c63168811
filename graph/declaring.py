"""From Strawberry's declarations to what the engine reads: each field's extensions.

A field answered by a batch is declared with `batch_field`; `install` hands its function, the columns it needs and the
attribute a plain field reads to the engine, under the names that `graph/engine/` knows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryOptional
from strawberry.types.field import StrawberryField

from graph.context import Info
from graph.engine import BatchResolver, dataloaded

Batch = Callable[..., Any]
# Values of these need no converting.
_PLAIN = (str, int, float, bool, strawberry.ID)
# Metadata that the engine's planners and the cost of documents read, under the same names.
_HANDED_ON = ("needs", "passes", "source", "page_part", "weight", "list_size", "follows")


def batch_field(
    batch: Batch | None, description: str, arguments: Sequence[inspect.Parameter] = (), **metadata: Any
) -> Any:
    """A field answered by a batch resolver `(parents, info, **arguments)`.

    `metadata` may hold `needs` (the columns of the parents' rows that the batch reads) and whatever else the engine's
    planners look for. Instead of a batch, `batch_of` may make one from the field's Python name.
    """

    def resolve(root: Any, info: Info, **_given: Any) -> Any:
        raise TypeError("Batch fields are resolved by the engine, or through a loader.")

    own = [
        inspect.Parameter("root", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Any),
        inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
    ]
    keyword = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in arguments]
    resolve.__signature__ = inspect.Signature(own + keyword)  # type: ignore[attr-defined]
    resolve.__annotations__ = {each.name: each.annotation for each in own + keyword}
    return strawberry.field(resolver=resolve, description=description, metadata={"batch": batch, **metadata})


def arguments_of(batch: Batch) -> list[inspect.Parameter]:
    """The batch's own arguments, as the schema shows them: all but its parents and its info."""
    return list(inspect.signature(batch, eval_str=True).parameters.values())[2:]


def argument(name: str, kind: Any, description: str, *, default: Any = None) -> inspect.Parameter:
    """An argument for `batch_field`; pass `inspect.Parameter.empty` as default to make it required."""
    annotation = Annotated[kind, strawberry.argument(description=description)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def install(schema: strawberry.Schema) -> None:
    """Hands the declarations of a whole schema to the engine, and makes it fit for graphql-core as well."""
    core = schema._schema
    for kind in core.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for each in kind.fields.values():
                declared = each.extensions.get("strawberry-definition")
                if isinstance(declared, StrawberryField):
                    each.extensions.update(_extensions(schema, declared))
    dataloaded(core)


def _extensions(schema: strawberry.Schema, field: StrawberryField) -> dict[str, Any]:
    metadata = field.metadata
    found = {name: metadata[name] for name in _HANDED_ON if name in metadata}
    if "batch" in metadata:
        function = metadata["batch"] or metadata["batch_of"](field.python_name)
        found["batch"] = BatchResolver(function, _converter(schema, field))
    elif isinstance(metadata.get("column"), str):
        found["attribute"] = metadata["column"]
    elif field.is_basic_field:
        found["attribute"] = field.python_name
    return found


def _is_plain(kind: Any) -> bool:
    """Whether coerced values of an argument's type are what its function takes: built-in scalars, or null."""
    if isinstance(kind, StrawberryOptional):
        kind = kind.of_type
    return kind in _PLAIN


def _converter(schema: strawberry.Schema, field: StrawberryField) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
    """Turns the coerced arguments of a document into those of the function: Python names, input objects."""
    if not field.arguments:
        return None
    registry, config = schema.schema_converter.scalar_registry, schema.config
    graphql_name = config.name_converter.get_graphql_name
    plain = {graphql_name(each): each.python_name for each in field.arguments if _is_plain(each.type)}
    others = [each for each in field.arguments if not _is_plain(each.type)]
    # What is null needs no converting either, unless absent and null are told apart.
    nullable = {graphql_name(each): each.python_name for each in others if type(each.type) is StrawberryOptional}

    def convert(given: dict[str, Any]) -> dict[str, Any]:
        made = {plain[name]: value for name, value in given.items() if name in plain}
        made.update({nullable[name]: None for name, value in given.items() if value is None and name in nullable})
        if len(made) == len(given):
            return made
        return {**convert_arguments(given, others, scalar_registry=registry, config=config), **made}

    return convert
