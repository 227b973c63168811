"""The arguments of a field: coerced once where that gives the same each time, put together quickly where one variable
is the whole.

An argument that is one variable has its value coerced already. What is left of coercing such a field anew for each run
is to look up its variables. Where a variable stands within a list or an object, or belongs to a fragment, graphql-core
coerces the arguments each time. So it does where a value is more than a built-in scalar or an enum: what is made of
others may be changed by who gets it, or mean something else each time. A wrong one is found out each time, too: an
exception that is kept holds on to whatever run it was raised in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    Node,
    Undefined,
    VariableNode,
    get_nullable_type,
    is_enum_type,
    is_non_null_type,
    specified_scalar_types,
)
from graphql.execution.values import VariableValues, coerce_argument, get_argument_values

_NO_VALUES = VariableValues({}, {})
_BUILT_IN = tuple(specified_scalar_types.values())
# From the variables of a run to the arguments; raises what coercing them raises.
Coerce = Callable[[VariableValues], dict[str, Any]]


class _Known(NamedTuple):
    """One argument: a value that was coerced once, or the variable whose value it is."""

    name: str
    value: Any
    variable: str | None = None
    non_null: bool = False


class _Unknown(Exception):
    """This has to be coerced by graphql-core, each time."""


def arguments_of(definition: GraphQLField, detail: Any, hide_suggestions: bool) -> dict[str, Any] | Coerce:
    """The field's arguments where they are always the same, or what coerces them for a run."""
    node: FieldNode = detail.node
    if not definition.args and not node.arguments:
        return {}

    def anew(variables: VariableValues) -> dict[str, Any]:
        return get_argument_values(definition, node, variables, detail.fragment_variable_values, hide_suggestions)

    if detail.fragment_variable_values:
        return anew
    try:
        known = _known(definition, node)
    except _Unknown:
        return anew
    if all(each.variable is None for each in known):
        return {each.name: each.value for each in known}
    return _looked_up(known, anew)


def _known(definition: GraphQLField, node: FieldNode) -> list[_Known]:
    """What is known of each argument that the field will have, whatever the variables are."""
    given = {each.name.value: each.value for each in node.arguments or ()}
    found: list[_Known] = []
    for name, argument in definition.args.items():
        value = given.get(name)
        if isinstance(value, VariableNode):
            is_non_null = is_non_null_type(argument.type)
            found.append(_Known(argument.out_name or name, None, value.name.value, is_non_null))
        elif value is not None and _holds_variable(value):
            raise _Unknown
        else:
            found += _constant(node, name, argument)
    return found


def _constant(node: FieldNode, name: str, argument: GraphQLArgument) -> list[_Known]:
    """An argument that is written out, or left to its default; none where it has neither."""
    written = next((each for each in node.arguments or () if each.name.value == name), None)
    has_default = argument.default is not None or argument.default_value is not Undefined
    if written is None and not has_default and not is_non_null_type(argument.type):
        return []
    kind = get_nullable_type(argument.type)
    if not (kind in _BUILT_IN or is_enum_type(kind)):
        raise _Unknown
    made: dict[str, Any] = {}
    try:
        coerce_argument(made, node, name, argument, written, _NO_VALUES, None)
    except Exception as error:
        raise _Unknown from error
    return [_Known(name, value) for name, value in made.items()]


def _looked_up(known: Sequence[_Known], anew: Coerce) -> Coerce:
    def look_up(variables: VariableValues) -> dict[str, Any]:
        values = variables.coerced
        made: dict[str, Any] = {}
        for name, value, variable, non_null in known:
            if variable is not None:
                value = values.get(variable, values)
                # One that was not given may have a default; one that is null may have to be refused.
                if value is values or (value is None and non_null):
                    return anew(variables)
            made[name] = value
        return made

    return look_up


def _holds_variable(node: Node) -> bool:
    """Whether a variable stands anywhere in a value."""
    pending: list[Node] = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, VariableNode):
            return True
        pending += getattr(each, "values", None) or ()
        pending += [inner.value for inner in getattr(each, "fields", None) or ()]
    return False
