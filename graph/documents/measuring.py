"""The second look at a document, parsed but not yet validated: how deep, how wide, how often.

Every node is visited once and every fragment added up once, without recursion, so that no document can make the
measuring itself expensive. What is left for validation is small enough for it to be quick about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableDefinitionNode,
)

from core.errors import RequestError
from graph.limits import Limits

# No front end comes near these, and validation compares many of them with one another.
_MOST = {
    "operations": 30,
    "fragments": 100,
    "variables of an operation": 100,
    "arguments of a field": 30,
    "directives at one place": 5,
    "fields of an input object": 50,
    "values of a list": 200,
    "fragments at one place": 60,
    "places of fragments": 400,
    "fields of one name at one place": 10,
}
_MOST_INTROSPECTIONS = 4


class Totals(NamedTuple):
    """What a selection amounts to, fragments followed. `width` counts its fields on the first level alone."""

    depth: int = 0
    nesting: int = 0
    fields: int = 0
    aliases: int = 0
    introspections: int = 0
    width: int = 0


@dataclass
class _Place:
    """One selection set of a definition: what stands in it and in the inline fragments in it."""

    depth: int
    nesting: int
    fields: int = 0
    aliases: int = 0
    introspections: int = 0
    spreads: list[str] = field(default_factory=list)


def measure(document: DocumentNode, limits: Limits) -> None:
    """Refuses a document that is too deep or too wide, fragments followed, with a `RequestError`."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    fragments = [each for each in document.definitions if isinstance(each, FragmentDefinitionNode)]
    if len(operations) + len(fragments) < len(document.definitions):
        raise RequestError("Only operations and fragments can be run, not definitions.", "GRAPHQL_VALIDATION_FAILED")
    _check_number("operations", len(operations))
    _check_number("fragments", len(fragments))
    places = {each.name.value: list(_places(each.selection_set)) for each in fragments}
    _check_number("places of fragments", sum(1 for each in places.values() for _ in _spreads(each)))
    for each in (*operations, *fragments):
        _check_directives(each)
        _check_variables(each.variable_definitions or ())
    known = _add_up(places)
    fields = 0
    for operation in operations:
        totals = _total(list(_places(operation.selection_set)), known)
        fields += totals.fields
        _check_totals(totals, fields, limits)


def _check_totals(totals: Totals, fields: int, limits: Limits) -> None:
    if totals.introspections > _MOST_INTROSPECTIONS:
        raise RequestError(f"Ask for the schema at most {_MOST_INTROSPECTIONS} times.", "TOO_MANY_FIELDS")
    if totals.depth > limits.max_depth:
        raise RequestError(f"The operation is {totals.depth} levels deep; {limits.max_depth} are allowed.", "TOO_DEEP")
    if totals.nesting > limits.max_nesting:
        raise RequestError(f"Fragments are nested too deeply; {limits.max_nesting} levels are allowed.", "TOO_DEEP")
    if fields > limits.max_fields:
        raise RequestError(f"The document has more than {limits.max_fields} fields.", "TOO_MANY_FIELDS")
    if totals.width > limits.max_root_fields:
        message = f"The operation has {totals.width} root fields; {limits.max_root_fields} are allowed."
        raise RequestError(message, "TOO_MANY_FIELDS")
    if totals.aliases > limits.max_aliases:
        message = f"The operation has {totals.aliases} aliases; {limits.max_aliases} are allowed."
        raise RequestError(message, "TOO_MANY_ALIASES")


def _places(selection_set: SelectionSetNode) -> Iterator[_Place]:
    """Every selection set of a definition, the outermost first; raises where too much stands at one place."""
    waiting = [(selection_set, 1, 1)]
    while waiting:
        outer, depth, nesting = waiting.pop()
        place = _Place(depth, nesting)
        names: list[str] = []
        inline = [(outer, nesting)]
        branches = 0
        while inline:
            selections, level = inline.pop()
            place.nesting = max(place.nesting, level)
            for each in selections.selections:
                _check_directives(each)
                if isinstance(each, FieldNode):
                    names.append(each.alias.value if each.alias else each.name.value)
                    _count_field(each, place)
                    if each.selection_set:
                        waiting.append((each.selection_set, depth + 1, level + 1))
                elif isinstance(each, FragmentSpreadNode):
                    place.spreads.append(each.name.value)
                else:
                    branches += 1
                    inline.append((each.selection_set, level + 1))  # type: ignore[attr-defined]
        _check_number("fragments at one place", branches + len(place.spreads))
        _check_number("fields of one name at one place", max(Counter(names).values(), default=0))
        yield place


def _count_field(node: FieldNode, place: _Place) -> None:
    place.fields += 1
    place.aliases += node.alias is not None
    place.introspections += node.name.value in ("__schema", "__type")
    if node.arguments:
        _check_arguments(node.arguments)


def _check_directives(node: Node) -> None:
    directives = node.directives  # type: ignore[attr-defined]
    if directives:
        _check_number("directives at one place", len(directives))
        for each in directives:
            _check_arguments(each.arguments or ())


def _check_variables(variables: Sequence[VariableDefinitionNode]) -> None:
    _check_number("variables of an operation", len(variables))
    _check_values([each.default_value for each in variables if each.default_value])
    for each in variables:
        _check_directives(each)


def _check_arguments(arguments: Sequence[ArgumentNode]) -> None:
    _check_number("arguments of a field", len(arguments))
    _check_values([each.value for each in arguments])


def _check_values(waiting: list[ValueNode]) -> None:
    while waiting:
        value = waiting.pop()
        if isinstance(value, ListValueNode):
            _check_number("values of a list", len(value.values))
            waiting.extend(value.values)
        elif isinstance(value, ObjectValueNode):
            _check_number("fields of an input object", len(value.fields))
            waiting.extend(each.value for each in value.fields)


def _check_number(what: str, found: int) -> None:
    if found > _MOST[what]:
        raise RequestError(f"There are {found} {what}; {_MOST[what]} are allowed.", "DOCUMENT_TOO_LARGE")


def _add_up(places: Mapping[str, list[_Place]]) -> dict[str, Totals]:
    """The totals of each fragment, those it spreads first. Raises where one is within itself."""
    known: dict[str, Totals] = {}
    for name in places:
        # The way down to where one is, and the spreads that are still to be followed from each fragment on it.
        way = {} if name in known else {name: _spreads(places[name])}
        while way:
            last = next(reversed(way))
            following = next((each for each in way[last] if each in places and each not in known), None)
            if following is None:
                known[last] = _total(places[last], known)
                del way[last]
            elif following in way:
                message = f"Cannot spread fragment '{following}' within itself."
                raise RequestError(message, "GRAPHQL_VALIDATION_FAILED")
            else:
                way[following] = _spreads(places[following])
    return known


def _spreads(places: list[_Place]) -> Iterator[str]:
    return (spread for place in places for spread in place.spreads)


def _total(places: list[_Place], known: Mapping[str, Totals]) -> Totals:
    depth = nesting = fields = aliases = introspections = 0
    for place in places:
        inner = [known.get(name, Totals()) for name in place.spreads]
        # Fields of a fragment stand where it is spread: one level down from the place's own parent.
        depth = max(depth, place.depth if place.fields else 0, *(place.depth - 1 + each.depth for each in inner))
        nesting = max(nesting, place.nesting, *(place.nesting + each.nesting for each in inner))
        fields += place.fields + sum(each.fields for each in inner)
        aliases += place.aliases + sum(each.aliases for each in inner)
        introspections += place.introspections + sum(each.introspections for each in inner)
    first = places[0]
    width = first.fields + sum(known.get(name, Totals()).width for name in first.spreads)
    return Totals(depth, nesting, fields, aliases, introspections, width)
