"""The fields that one object answers, put together from selections and fragments by response name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)

Fragments = Mapping[str, FragmentDefinitionNode]


class Found(NamedTuple):
    """A field where it stands: the type it is asked of, and its definition; None where the schema knows none."""

    parent: GraphQLNamedType | None
    definition: GraphQLField | None
    node: FieldNode


class Inside(NamedTuple):
    """Selections of an object of this type."""

    type: GraphQLNamedType | None
    selections: SelectionSetNode


def collect(schema: GraphQLSchema, fragments: Fragments, places: Iterable[Inside]) -> dict[str, list[Found]]:
    """The fields of several selection sets by response name, fragments followed, each of them once."""
    found: dict[str, list[Found]] = {}
    visited: set[str] = set()
    for each in places:
        for field in _fields(schema, fragments, each, visited):
            node = field.node
            found.setdefault(node.alias.value if node.alias else node.name.value, []).append(field)
    return found


def inside(found: Iterable[Found]) -> list[Inside]:
    """What several fields of one response name select of the object that answers them."""
    return [
        Inside(None if each.definition is None else get_named_type(each.definition.type), each.node.selection_set)
        for each in found
        if each.node.selection_set
    ]


def fragments_of(definitions: Iterable[object]) -> dict[str, FragmentDefinitionNode]:
    """The fragments of a document by name."""
    return {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}


def _fields(schema: GraphQLSchema, fragments: Fragments, place: Inside, visited: set[str]) -> Iterator[Found]:
    parent = place.type
    for each in place.selections.selections:
        if isinstance(each, FieldNode):
            yield Found(parent, _definition(schema, parent, each.name.value), each)
        elif isinstance(each, InlineFragmentNode):
            narrowed = parent if each.type_condition is None else schema.get_type(each.type_condition.name.value)
            yield from _fields(schema, fragments, Inside(narrowed, each.selection_set), visited)
        elif isinstance(each, FragmentSpreadNode) and each.name.value not in visited:
            visited.add(each.name.value)
            fragment = fragments.get(each.name.value)
            if fragment is not None:
                narrowed = schema.get_type(fragment.type_condition.name.value)
                yield from _fields(schema, fragments, Inside(narrowed, fragment.selection_set), visited)


def _definition(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    return schema.get_field(parent, name) if is_composite_type(parent) else None
