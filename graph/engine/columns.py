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
    GraphQLUnionType,
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
            needed.update(_walk(schema, fragments, named, _possible(schema, named), node.selection_set, set()))
    return tuple(sorted(needed))


def _walk(
    schema: GraphQLSchema,
    fragments: Fragments,
    named: GraphQLNamedType,
    possible: frozenset[str],
    selections: SelectionSetNode,
    seen: set[Any],
) -> Iterator[str]:
    """The columns asked for where an object stands that is of one of the possible types; of what was seen, none."""
    for each in selections.selections:
        if isinstance(each, FieldNode):
            yield from _field(schema, fragments, named, each, seen)
            continue
        if isinstance(each, FragmentSpreadNode):
            fragment = fragments[each.name.value]
            inner = schema.type_map[fragment.type_condition.name.value]
            below = fragment.selection_set
            if (each.name.value, possible) in seen:
                continue
            seen.add((each.name.value, possible))
        else:
            assert isinstance(each, InlineFragmentNode)
            inner = schema.type_map[each.type_condition.name.value] if each.type_condition else named
            below = each.selection_set
        # A fragment on an interface may lead to types that never stand here: rows have none of their columns.
        left = possible & _possible(schema, inner)
        if left:
            yield from _walk(schema, fragments, inner, left, below, seen)


def _field(
    schema: GraphQLSchema, fragments: Fragments, named: GraphQLNamedType, node: FieldNode, seen: set[Any]
) -> Iterator[str]:
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType) or node.name.value not in named.fields:
        return
    field = named.fields[node.name.value]
    extensions: Mapping[str, Any] = field.extensions
    yield from extensions.get("needs", ())
    if extensions.get("passes") and node.selection_set is not None:
        below = get_named_type(field.type)
        yield from _walk(schema, fragments, below, _possible(schema, below), node.selection_set, seen)


def is_end(schema: GraphQLSchema, fragments: Fragments, kind: GraphQLOutputType, nodes: Sequence[FieldNode]) -> bool:
    """Whether all that these field nodes' sub-selections ask for is there with the rows: attributes that are leaves."""
    named = get_named_type(kind)
    return all(
        node.selection_set is None or _is_end(schema, fragments, named, node.selection_set, set()) for node in nodes
    )


def _is_end(
    schema: GraphQLSchema,
    fragments: Fragments,
    named: GraphQLNamedType,
    selections: SelectionSetNode,
    seen: set[str],
) -> bool:
    for each in selections.selections:
        if isinstance(each, FieldNode):
            kinds = [schema.type_map[name] for name in _possible(schema, named)]
            if not all(_ends(schema, fragments, kind, each, seen) for kind in kinds):
                return False
            continue
        if isinstance(each, FragmentSpreadNode):
            if each.name.value in seen:
                continue
            seen.add(each.name.value)
            fragment = fragments[each.name.value]
            inner, below = schema.type_map[fragment.type_condition.name.value], fragment.selection_set
        else:
            assert isinstance(each, InlineFragmentNode)
            inner = schema.type_map[each.type_condition.name.value] if each.type_condition else named
            below = each.selection_set
        if not _is_end(schema, fragments, inner, below, seen):
            return False
    return True


def _ends(schema: GraphQLSchema, fragments: Fragments, kind: GraphQLNamedType, node: FieldNode, seen: set[str]) -> bool:
    name = node.name.value
    if not isinstance(kind, GraphQLObjectType) or name not in kind.fields:
        return name == "__typename"
    field = kind.fields[name]
    if node.selection_set is None:
        return isinstance(field.extensions.get("attribute"), str) and "batch" not in field.extensions
    passes = field.extensions.get("passes") or field.extensions.get("page_part") == "page_info"
    return bool(passes) and _is_end(schema, fragments, get_named_type(field.type), node.selection_set, seen)


def _possible(schema: GraphQLSchema, named: GraphQLNamedType) -> frozenset[str]:
    if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
        return frozenset(each.name for each in schema.get_possible_types(named))
    return frozenset((named.name,))
