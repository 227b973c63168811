"""The arguments of a field: coerced once where no variable is in them, put together quickly where one is the whole.

An argument that is one variable has its value coerced already. What is left of coercing such a field anew for each run
is to look up its variables. Where a variable stands within a list or an object, or belongs to a fragment, graphql-core
coerces the arguments each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    Node,
    VariableNode,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, coerce_argument, get_argument_values

_NO_VALUES = VariableValues({}, {})
_CHANGEABLE = (list, dict, set)
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


def arguments_of(definition: GraphQLField, detail: Any, hide_suggestions: bool) -> dict[str, Any] | Exception | Coerce:
    """The field's arguments where they are always the same, or why there are none; or what coerces them for a run."""
    node: FieldNode = detail.node
    if not definition.args and not node.arguments:
        return {}

    def anew(variables: VariableValues) -> dict[str, Any]:
        return get_argument_values(definition, node, variables, detail.fragment_variable_values, hide_suggestions)

    if detail.fragment_variable_values:
        return anew
    if not any(_holds_variable(each.value) for each in node.arguments or ()):
        try:
            made = anew(_NO_VALUES)
        except Exception as error:
            return error
        # What a resolver could change must be made anew for each.
        return anew if any(isinstance(each, _CHANGEABLE) for each in made.values()) else made
    try:
        return _looked_up(_known(definition, node), anew)
    except _Unknown:
        return anew


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
    made: dict[str, Any] = {}
    try:
        coerce_argument(made, node, name, argument, written, _NO_VALUES, None)
    except Exception as error:
        raise _Unknown from error
    if any(isinstance(each, _CHANGEABLE) for each in made.values()):
        raise _Unknown
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
