"""Which columns a selection needs, so that only those are read.

A field says in its extensions which columns of its own row it reads (`needs`). Fields of a wrapper (a connection, an
edge) say that they pass the question on to what they wrap (`passes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)

Fragments = Mapping[str, FragmentDefinitionNode]


def columns_of(
    schema: GraphQLSchema, fragments: Fragments, kind: GraphQLOutputType, nodes: Sequence[FieldNode]
) -> tuple[str, ...]:
    """The columns that these field nodes' sub-selections need of rows of the type, sorted."""
    named = get_named_type(kind)
    needed: set[str] = set()
    for node in nodes:
        if node.selection_set is not None:
            needed.update(_walk(schema, fragments, named, node.selection_set, frozenset()))
    return tuple(sorted(needed))


def _walk(
    schema: GraphQLSchema,
    fragments: Fragments,
    named: GraphQLNamedType,
    selections: SelectionSetNode,
    inside: frozenset[str],
) -> Iterator[str]:
    for each in selections.selections:
        if isinstance(each, FieldNode):
            yield from _field(schema, fragments, named, each, inside)
        elif isinstance(each, InlineFragmentNode):
            condition = each.type_condition
            inner = schema.type_map[condition.name.value] if condition else named
            yield from _walk(schema, fragments, inner, each.selection_set, inside)
        elif isinstance(each, FragmentSpreadNode) and each.name.value not in inside:
            fragment = fragments[each.name.value]
            inner = schema.type_map[fragment.type_condition.name.value]
            yield from _walk(schema, fragments, inner, fragment.selection_set, inside | {each.name.value})


def _field(
    schema: GraphQLSchema, fragments: Fragments, named: GraphQLNamedType, node: FieldNode, inside: frozenset[str]
) -> Iterator[str]:
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType) or node.name.value not in named.fields:
        return
    field = named.fields[node.name.value]
    extensions: Mapping[str, Any] = field.extensions
    yield from extensions.get("needs", ())
    if extensions.get("passes") and node.selection_set is not None:
        yield from _walk(schema, fragments, get_named_type(field.type), node.selection_set, inside)
