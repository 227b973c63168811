"""What an operation costs, known before it runs: the objects that it could bring, as docs/documents.md explains.

An object costs 1, a scalar nothing, and a list its size times what one of its objects costs. Sizes are the page's, or
what the field declares. Worked out once for a document: only the sizes of pages that are variables are left to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
)

from graph.documents.collecting import Found, Fragments, Inside, collect, inside
from graph.documents.prepared import Formula, valued
from graph.sizes import ASSUMED, ListSize

MUTATION = 10
# Whatever is asked of it: the schema is known by heart, and how often and how deep is limited elsewhere.
INTROSPECTION = {"__schema": 1_000, "__type": 100}
_MANY = 10**12


def formula(schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments) -> Formula:
    """What an operation costs: a number, or what works it out from the request's variables.

    Fields that the schema does not know cost nothing, so that a document can be weighed before it is validated.
    """
    defaults = {
        each.variable.name.value: each.default_value
        for each in operation.variable_definitions or ()
        if each.default_value
    }
    weighing = _Weighing(schema, fragments, defaults)
    root = schema.get_root_type(operation.operation)
    base = MUTATION if operation.operation is OperationType.MUTATION else 0
    return weighing.object([Inside(root, operation.selection_set)], None, base)


@dataclass(frozen=True)
class _Weighing:
    """One operation being weighed. `page` is the size of the page whose parts are weighed."""

    schema: GraphQLSchema
    fragments: Fragments
    defaults: Mapping[str, ValueNode]

    def object(self, places: Iterable[Inside], page: Formula | None, base: int = 0) -> Formula:
        """What the fields of one object cost. Of types that exclude each other, the one that costs most counts."""
        places = list(places)
        type = places[0].type if places else None
        always: list[Formula] = []
        sometimes: dict[str, list[Formula]] = {}
        for found in collect(self.schema, self.fragments, places).values():
            parent = found[0].parent
            cost = self.field(found, page, base)
            if parent is None or parent is type or not is_object_type(parent):
                always.append(cost)
            else:
                sometimes.setdefault(parent.name, []).append(cost)
        return _sum([*always, _largest(_sum(each) for each in sometimes.values())])

    def field(self, found: list[Found], page: Formula | None, base: int) -> Formula:
        """What one field costs, for one parent."""
        first = found[0]
        name = first.node.name.value
        if name in INTROSPECTION:
            return INTROSPECTION[name]
        if first.definition is None:
            return 0
        declared = first.definition.extensions
        if is_leaf_type(get_named_type(first.definition.type)):
            return int(declared.get("weight", 0)) + base
        is_list = _is_list(first.definition.type)
        size = self.size(first, declared.get("list_size", ASSUMED)) if is_list or "list_size" in declared else None
        one = _sum([int(declared.get("weight", 1)), self.object(inside(found), None if is_list else size)])
        if declared.get("page_part") in ("nodes", "edges"):
            size = page
        return _sum([base, one if size is None or not is_list else _product(size, one)])

    def size(self, found: Found, declared: ListSize) -> Formula:
        """How long the list of a field is taken to be."""
        for argument in found.node.arguments or ():
            if argument.name.value in declared.slicing:
                return self._sliced(argument.value, declared)
        return declared.assumed

    def _sliced(self, value: ValueNode, declared: ListSize) -> Formula:
        if not isinstance(value, VariableNode):
            return _literal(value, declared)
        name = value.name.value
        default = self.defaults.get(name)
        absent = declared.assumed if default is None else _literal(default, declared)
        return lambda variables: _given(variables[name], declared) if name in variables else absent


def _is_list(type: GraphQLOutputType) -> bool:
    return is_list_type(type.of_type if isinstance(type, GraphQLNonNull) else type)


def _literal(value: ValueNode, declared: ListSize) -> int:
    if isinstance(value, IntValueNode):
        return _given(int(value.value), declared)
    return _given([None] * len(value.values) if isinstance(value, ListValueNode) else None, declared)


def _given(value: Any, declared: ListSize) -> int:
    """The size that an argument says; what cannot be a size is refused elsewhere."""
    size = len(value) if isinstance(value, list) else value
    return min(max(size, 0), declared.most) if isinstance(size, int) else declared.assumed


def _sum(parts: Iterable[Formula]) -> Formula:
    fixed, open_parts = _apart(parts)
    total = min(sum(fixed), _MANY)
    return (lambda variables: total + sum(each(variables) for each in open_parts)) if open_parts else total


def _largest(parts: Iterable[Formula]) -> Formula:
    fixed, open_parts = _apart(parts)
    most = max(fixed, default=0)
    return (lambda variables: max(most, *(each(variables) for each in open_parts))) if open_parts else most


def _product(size: Formula, one: Formula) -> Formula:
    if isinstance(size, int) and isinstance(one, int):
        return min(size * one, _MANY)
    return lambda variables: valued(size, variables) * valued(one, variables)


def _apart(parts: Iterable[Formula]) -> tuple[list[int], list[Callable[[Mapping[str, Any]], int]]]:
    """What is a number already, and what waits for the variables."""
    parts = list(parts)
    return [each for each in parts if isinstance(each, int)], [each for each in parts if not isinstance(each, int)]
