"""The shape of an operation's answer, as JSON Schema: what whoever receives it may count on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    TypeNameMetaFieldDef,
    is_abstract_type,
)

from graph.documents.collecting import fragments_of
from graph.documents.prepared import Prepared

Shape = dict[str, Any]
# What is written in JSON of the scalars there are; of all others it may be anything.
_SCALARS: Mapping[str, Shape] = {
    "String": {"type": "string"},
    "ID": {"type": "string"},
    "Int": {"type": "integer"},
    "Long": {"type": "integer"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Date": {"type": "string", "format": "date"},
    "UUID": {"type": "string", "format": "uuid"},
}
_CONDITIONAL = {"skip", "include"}
# A field where it stands, and whether it may be left out.
Placed = tuple[FieldNode, bool]


def shape_of(schema: GraphQLSchema, prepared: Prepared) -> Shape:
    """The JSON Schema of the `data` of an accepted operation's answer, where nothing failed."""
    root = schema.get_root_type(prepared.operation.operation)
    assert root is not None
    maker = _Maker(schema, fragments_of(prepared.document.definitions))
    return maker.object_shape(root, [(prepared.operation.selection_set.selections, False)])


class _Maker:
    """Walks through the selections of one document."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments

    def object_shape(
        self, kind: GraphQLObjectType, selections: Sequence[tuple[Sequence[SelectionNode], bool]]
    ) -> Shape:
        """An object of this very type, of which these selections ask."""
        found: dict[str, list[Placed]] = {}
        for each, optional in selections:
            for node, may_miss in self._fields(kind, each, optional):
                found.setdefault(node.alias.value if node.alias else node.name.value, []).append((node, may_miss))
        properties: Shape = {}
        for name, placed in found.items():
            field = self._definition(kind, placed[0][0].name.value)
            below = [(node.selection_set.selections, miss) for node, miss in placed if node.selection_set is not None]
            properties[name] = self._typename(kind, name, placed) or self._shape(field.type, below)
        required = [name for name, placed in found.items() if not all(miss for _, miss in placed)]
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def _typename(self, kind: GraphQLObjectType, name: str, placed: Sequence[Placed]) -> Shape | None:
        return {"const": kind.name} if placed[0][0].name.value == "__typename" else None

    def _definition(self, kind: GraphQLObjectType, name: str) -> GraphQLField:
        return TypeNameMetaFieldDef if name == "__typename" else kind.fields[name]

    def _shape(self, kind: GraphQLOutputType, below: Sequence[tuple[Sequence[SelectionNode], bool]]) -> Shape:
        if isinstance(kind, GraphQLNonNull):
            return self._not_null(kind.of_type, below)
        found = self._not_null(kind, below)
        return found if found == {} else {"anyOf": [found, {"type": "null"}]}

    def _not_null(self, kind: GraphQLOutputType, below: Sequence[tuple[Sequence[SelectionNode], bool]]) -> Shape:
        if isinstance(kind, GraphQLList):
            return {"type": "array", "items": self._shape(kind.of_type, below)}
        if isinstance(kind, GraphQLEnumType):
            return {"enum": list(kind.values)}
        if isinstance(kind, GraphQLObjectType):
            return self.object_shape(kind, [(each, False) for each, _ in below])
        if is_abstract_type(kind):
            return self._any_of(kind, below)
        return dict(_SCALARS.get(str(kind), {}))

    def _any_of(self, kind: GraphQLAbstractType, below: Sequence[tuple[Sequence[SelectionNode], bool]]) -> Shape:
        """One of several types; those that look the same are told once."""
        shapes: list[Shape] = []
        for each in self._schema.get_possible_types(kind):
            shape = self.object_shape(each, [(selections, False) for selections, _ in below])
            if shape not in shapes:
                shapes.append(shape)
        return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}

    def _fields(self, kind: GraphQLObjectType, selections: Sequence[SelectionNode], optional: bool) -> Iterator[Placed]:
        """The fields that an object of this type answers, fragments followed, and whether each may be left out."""
        for each in selections:
            may_miss = optional or any(one.name.value in _CONDITIONAL for one in each.directives or ())
            if isinstance(each, FieldNode):
                yield each, may_miss
                continue
            inside: Any = each if isinstance(each, InlineFragmentNode) else self._fragments[each.name.value]  # type: ignore[attr-defined]
            if inside.type_condition is None or self._is(kind, inside.type_condition.name.value):
                yield from self._fields(kind, inside.selection_set.selections, may_miss)

    def _is(self, kind: GraphQLObjectType, name: str) -> bool:
        condition = self._schema.type_map[name]
        if isinstance(condition, GraphQLInterfaceType) or is_abstract_type(condition):
            return self._schema.is_sub_type(condition, kind)
        return condition is kind
