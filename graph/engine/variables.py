"""The variables of an operation: what they are declared to be is looked up once, their values are coerced each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInputType,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

# Values of these Python types are what the type would make of them.
_AS_GIVEN: dict[Any, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool, GraphQLInt: int}
_INT_RANGE = range(-(2**31), 2**31)
Coerce = Callable[[Mapping[str, Any], int, bool], VariableValues | list[GraphQLError]]


def coercer(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Coerce:
    """What coerces given values, as graphql-core's `get_variable_values` does, with the same errors.

    Where all variables are scalars that are built in and each value is of their kind already, there is nothing to do.
    """
    definitions = operation.variable_definitions or ()
    signatures = [get_variable_signature(schema, each) for each in definitions]
    plain = [found for each in signatures if (found := _plain(each)) is not None]

    def coerce(
        given: Mapping[str, Any], most_errors: int, hide_suggestions: bool
    ) -> VariableValues | list[GraphQLError]:
        if len(plain) == len(signatures):
            values = {each.name: given[each.name] for each, kind in plain if _fits(given.get(each.name), kind)}
            if len(values) == len(plain):
                return VariableValues(
                    {each.name: VariableValueSource(each, values[each.name]) for each, _ in plain}, values
                )
        return get_variable_values(
            schema, definitions, dict(given), max_errors=most_errors, hide_suggestions=hide_suggestions
        )

    return coerce


def _plain(signature: GraphQLVariableSignature | GraphQLError) -> tuple[GraphQLVariableSignature, type] | None:
    if isinstance(signature, GraphQLError):
        return None
    declared: GraphQLInputType = signature.type
    kind = _AS_GIVEN.get(declared.of_type if is_non_null_type(declared) else declared)
    return None if kind is None else (signature, kind)


def _fits(value: Any, kind: type) -> bool:
    return type(value) is kind and (kind is not int or value in _INT_RANGE)
