"""Whether the fields of one response name can be answered at once: the rule "Field Selection Merging".

graphql-core compares every field with every other, which grows with the square of their number: 50 components that each
bring a fragment take it 50 ms. Here fields are put together by response name, as they are for execution, and each is
compared with the first of its name. Verdicts are the same, as a test shows with generated documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    ValidationContext,
    ValidationRule,
    get_named_type,
    is_composite_type,
    is_object_type,
    print_ast,
)
from graphql.utilities.sort_value_node import sort_value_node

from graph.documents.collecting import Found, Inside, collect, fragments_of, inside

Groups = Mapping[str, list[Found]]
# Fields that are looked at once for each type that they may belong to are looked at more often than they are written.
_MOST_LOOKS = 10_000


class FieldsMerge(ValidationRule):
    """Stands in for graphql-core's `OverlappingFieldsCanBeMergedRule`."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._fragments = fragments_of(context.document.definitions)
        self._looks = 0

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Compares all fields of an operation, fragments followed."""
        root = self.context.schema.get_root_type(node.operation)
        for error in self._conflicts([Inside(root, node.selection_set)], by_value=True, by_shape=True):
            self.report_error(error)

    def _conflicts(self, places: list[Inside], *, by_value: bool, by_shape: bool) -> Iterator[GraphQLError]:
        """What cannot be merged in these places and below: other fields or arguments, or answers of another shape."""
        groups = collect(self.context.schema, self._fragments, places)
        self._looks += sum(map(len, groups.values()))
        if self._looks > _MOST_LOOKS:
            raise RecursionError
        for name, found in groups.items():
            if len(found) > 1 and by_shape:
                # graphql-core does not look at the type of `__typename`, nor of what the schema does not know.
                known = [each for each in found if each.definition is not None and _name(each) != "__typename"]
                yield from _other(name, known, _shape, "they return conflicting types")
            apart = _apart(found) if by_value else []
            for together in apart:
                if len(together) > 1:
                    yield from _other(name, together, _name, "they are different fields")
                    yield from _other(name, together, _arguments, "they have differing arguments")
            if len(apart) == 1:
                yield from self._conflicts(inside(found), by_value=True, by_shape=by_shape)
                continue
            if by_shape:
                yield from self._conflicts(inside(found), by_value=False, by_shape=True)
            for together in apart:
                yield from self._conflicts(inside(together), by_value=True, by_shape=False)


def _apart(found: list[Found]) -> list[list[Found]]:
    """Fields that one object may answer together: those of each object type, with those of interfaces and unions."""
    if len(found) == 1:
        return [found]
    concrete = {id(each.parent): each.parent for each in found if is_object_type(each.parent)}
    if len(concrete) <= 1:
        return [found]
    return [
        [each for each in found if each.parent is type or not is_object_type(each.parent)] for type in concrete.values()
    ]


def _other(name: str, found: list[Found], told_by: Any, why: str) -> Iterator[GraphQLError]:
    """The error about the first field that differs from the first of its name."""
    other = next((each for each in found[1:] if told_by(each) != told_by(found[0])), None)
    if other is not None:
        advice = "Use different aliases on the fields to fetch both if this was intentional."
        yield GraphQLError(f"Fields '{name}' conflict because {why}. {advice}", [found[0].node, other.node])


def _name(found: Found) -> str:
    return found.node.name.value


def _arguments(found: Found) -> tuple[tuple[str, str], ...]:
    given = found.node.arguments
    return tuple(sorted((each.name.value, print_ast(sort_value_node(each.value))) for each in given)) if given else ()


def _shape(found: Found) -> str:
    """How an answer looks: its lists and non-nulls around a scalar or an enum, or around any object."""
    assert found.definition is not None
    marks, type = "", found.definition.type
    while isinstance(type, GraphQLNonNull | GraphQLList):
        marks += "!" if isinstance(type, GraphQLNonNull) else "["
        type = type.of_type
    return marks + ("{" if is_composite_type(type) else get_named_type(type).name)
