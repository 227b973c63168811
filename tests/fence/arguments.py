"""Values for every argument that the schema has, made from the schema itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from graph.door import Gate
from graph.schema import schema
from models.identity import Scope

Leaf = Callable[[str, str], Any]


@lru_cache(maxsize=1)
def contract() -> GraphQLSchema:
    """The schema as clients know it."""
    return build_schema(schema().as_str())


def gate_of(mutation: str) -> Scope | Gate:
    """Who may do this."""
    gate = _declared(mutation)["gate"]
    assert isinstance(gate, Scope | Gate)
    return gate


def works_within(mutation: str) -> bool:
    """Whether those may do this, too, who have the permission for one course only."""
    return bool(_declared(mutation)["within"])


def _declared(mutation: str) -> Mapping[str, Any]:
    kind = schema()._schema.mutation_type
    assert kind is not None
    declared: Mapping[str, Any] = kind.fields[mutation].extensions["strawberry-definition"].metadata
    return declared


def value(kind: GraphQLInputType, name: str, leaf: Leaf, choice: int = 0) -> Any:
    """A whole value of an input type: every field given, of alternatives the one numbered `choice`.

    `leaf(name, type)` makes the scalars.
    """
    if isinstance(kind, GraphQLNonNull):
        return value(kind.of_type, name, leaf, choice)
    if isinstance(kind, GraphQLList):
        return [value(kind.of_type, name, leaf, choice)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        fields = list(kind.fields.items())
        chosen = [fields[choice % len(fields)]] if kind.is_one_of else fields
        return {each: value(field.type, each, leaf, choice) for each, field in chosen}
    return leaf(name, get_named_type(kind).name)


def choices(field: GraphQLField) -> int:
    """How many alternatives the input of a mutation has, one for most."""
    found = get_named_type(field.args["input"].type)
    assert isinstance(found, GraphQLInputObjectType)
    kinds = [get_named_type(each.type) for each in found.fields.values()]
    return max(
        (len(kind.fields) for kind in kinds if isinstance(kind, GraphQLInputObjectType) and kind.is_one_of), default=1
    )


@dataclass(frozen=True)
class Spot:
    """One place of a root field of Query where a text goes in, and the document that has it as `$text`."""

    name: str
    document: str


def spots() -> Iterator[Spot]:
    """Every text argument of every root field of Query, those inside filters included."""
    query = contract().query_type
    assert query is not None
    for name, field in query.fields.items():
        below = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
        for argument, given in field.args.items():
            others = [
                f"{each}: {_plain(other.type)}"
                for each, other in field.args.items()
                if each != argument and is_required_argument(other)
            ]
            for path, kind in _texts(argument, given.type):
                written = ", ".join([f"{argument}: {_holding(given.type, path[1:])}", *others])
                yield Spot(f"{name}.{'.'.join(path)}", f"query($text: {kind}) {{ {name}({written}){below} }}")


def _texts(name: str, kind: GraphQLInputType) -> Iterator[tuple[tuple[str, ...], str]]:
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType):
        for each, field in named.fields.items():
            for path, found in _texts(each, field.type):
                yield (name, *path), found
    elif named.name in ("String", "ID"):
        yield (name,), str(kind)


def _holding(kind: GraphQLInputType, path: tuple[str, ...]) -> str:
    """A value that holds `$text` at the end of the path, and beside it only what it needs."""
    if not path:
        return "$text"
    named = get_named_type(kind)
    assert isinstance(named, GraphQLInputObjectType)
    inner = f"{path[0]}: {_holding(named.fields[path[0]].type, path[1:])}"
    needed = (
        f"{each}: {_plain(field.type)}"
        for each, field in named.fields.items()
        if each != path[0] and is_required_input_field(field)
    )
    return f"{{ {', '.join([inner, *needed])} }}"


def _plain(kind: GraphQLInputType) -> str:
    """The least value of a type."""
    if isinstance(kind, GraphQLNonNull):
        return _plain(kind.of_type)
    if isinstance(kind, GraphQLList):
        return f"[{_plain(kind.of_type)}]"
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        fields = list(kind.fields.items())
        needed = fields[:1] if kind.is_one_of else [each for each in fields if is_required_input_field(each[1])]
        return f"{{ {', '.join(f'{name}: {_plain(field.type)}' for name, field in needed)} }}"
    return {"Int": "1", "Float": "1.5", "Boolean": "true"}.get(get_named_type(kind).name, '"x"')
