"""Which columns a selection needs, so that only those are read.

A field says in its metadata which columns of its own row it reads (`needs`). Fields of a wrapper (a connection, an
edge) say that they pass the question on to what they wrap (`passes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLUnionType,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)
from strawberry.types.field import StrawberryField

Composite = GraphQLObjectType | GraphQLInterfaceType
_DEFINITION = "strawberry-definition"


def columns(info: GraphQLResolveInfo[Any]) -> tuple[str, ...]:
    """The columns that the sub-selections of the current field need, sorted; fields of no column need none."""
    named = get_named_type(info.return_type)
    return columns_of_nodes(info, named, info.field_nodes)


def columns_of_nodes(
    info: GraphQLResolveInfo[Any], named: GraphQLNamedType, nodes: Sequence[FieldNode]
) -> tuple[str, ...]:
    """The columns that these field nodes' sub-selections need of rows of the named type."""
    needed: set[str] = set()
    for node in nodes:
        if node.selection_set is not None:
            needed.update(_walk(info, named, node.selection_set))
    return tuple(sorted(needed))


def _walk(info: GraphQLResolveInfo[Any], named: GraphQLNamedType, selections: SelectionSetNode) -> Iterator[str]:
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            yield from _field(info, named, selection)
        elif isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            inner = info.schema.type_map[condition.name.value] if condition else named
            yield from _walk(info, inner, selection.selection_set)
        elif isinstance(selection, FragmentSpreadNode):
            fragment = info.fragments[selection.name.value]
            inner = info.schema.type_map[fragment.type_condition.name.value]
            yield from _walk(info, inner, fragment.selection_set)


def _field(info: GraphQLResolveInfo[Any], named: GraphQLNamedType, node: FieldNode) -> Iterator[str]:
    if isinstance(named, GraphQLUnionType) or node.name.value.startswith("__"):
        return
    assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType)
    field = named.fields[node.name.value]
    declared = field.extensions.get(_DEFINITION)
    metadata = declared.metadata if isinstance(declared, StrawberryField) else {}
    yield from metadata.get("needs", ())
    if metadata.get("passes") and node.selection_set is not None:
        yield from _walk(info, get_named_type(field.type), node.selection_set)
