"""Running subscriptions: what an operation follows, and its answer to one event, whoever delivers that and how.

A stream opens an operation once and answers event after event; a job that sends one event somewhere opens it, answers,
and is done. Nothing is kept from one event to the next: each is read from a snapshot of its own, by whoever the
subscriber is by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import get_argument_values

from core.connection import is_away
from core.database import Database
from core.errors import RequestError
from core.reading import Budget
from core.viewer import Viewer
from graph.context import NOWHERE, Context
from graph.documents.accepting import Refused
from graph.documents.collecting import Inside, collect, fragments_of
from graph.documents.prepared import Prepared, too_costly
from graph.documents.scanning import scan_variables
from graph.engine.variables import coercer
from graph.introspection import check_introspection
from graph.running import Operations, perspective
from graph.subscriptions import Follows
from resolvers.identity import Origin


class Away(Exception):
    """The database could not be asked: the event is not answered yet, and can be answered later."""


@dataclass(frozen=True)
class Subscription:
    """An accepted subscription with its variables, and what it follows."""

    prepared: Prepared
    variables: Mapping[str, Any]
    follows: Follows


def open_subscription(operations: Operations, prepared: Prepared, variables: Mapping[str, Any] | None) -> Subscription:
    """What an accepted operation follows with these variables; raises `Refused` where these are wrong."""
    given = dict(variables or {})
    if prepared.operation.operation is not OperationType.SUBSCRIPTION:
        raise Refused([GraphQLError("Only a subscription can be followed.")])
    cost, limit = prepared.cost(given), operations.limits.max_cost
    if cost > limit:
        raise Refused([too_costly(cost, limit)])
    # Who asks is not known here: where the schema is not for everybody, nothing is suggested to anybody.
    hides = operations.introspection != "everybody"
    try:
        scan_variables(given, operations.limits)
        field, arguments = _root(operations.schema, prepared, given, hides)
        convert = field.extensions["batch"].convert
        follows = field.extensions["follows"](arguments if convert is None else convert(arguments))
    except RequestError as error:
        raise Refused([GraphQLError(str(error), original_error=error)]) from error
    return Subscription(prepared, given, follows)


def admit(operations: Operations, subscription: Subscription, viewer: Viewer) -> None:
    """Raises `RequestError` unless the viewer may subscribe to this; asked again, it says whether they still may."""
    check_introspection(subscription.prepared.document, operations.introspection, viewer)
    perspective(subscription.prepared.operation, subscription.variables, viewer)
    subscription.follows.admit(viewer)


async def answer_of(
    operations: Operations,
    subscription: Subscription,
    event: Any,
    viewer: Viewer,
    database: Database,
    *,
    request_id: str = "",
    origin: Origin = NOWHERE,
) -> dict[str, Any]:
    """The response to one event: a fact's row, as `resolvers.events` reads it, or None for how a job stands.

    It is read as the viewer, from a snapshot of its own. Whether the viewer may subscribe, and whether the event is one
    of those that are followed, has been asked by whoever delivers it (`admit`, and `concerns` of what is followed).
    Raises `Away` where the database could not be asked.
    """
    limits = operations.limits
    context = Context(database, viewer, budget=Budget(limits.max_objects, limits.max_statements), origin=origin)
    try:
        result = await operations.result(subscription.prepared, subscription.variables, context, event)
    except Exception as error:
        if is_away(error):
            raise Away(str(error)) from error
        raise
    _require_answered(result)
    response = operations.response(subscription.prepared, subscription.variables, context, request_id, result)
    # What one event costs is known from the beginning, and the same for each.
    response.pop("extensions", None)
    return response


def _require_answered(result: ExecutionResult) -> None:
    for error in result.errors or ():
        cause = error.original_error
        if cause is not None and (is_away(cause) or (isinstance(cause, RequestError) and cause.code == "UNAVAILABLE")):
            raise Away(str(cause)) from cause


def _root(
    schema: GraphQLSchema, prepared: Prepared, variables: Mapping[str, Any], hides: bool
) -> tuple[GraphQLField, dict[str, Any]]:
    """The one root field and its arguments; raises `Refused` where a variable or an argument does not fit."""
    field, node = _root_field(schema, prepared)
    values = coercer(schema, prepared.operation)(variables, 50, hides)
    if isinstance(values, list):
        raise Refused(values)
    try:
        return field, get_argument_values(field, node, values, hide_suggestions=hides)
    except GraphQLError as error:
        raise Refused([error]) from error


@lru_cache(maxsize=500)
def _root_field(schema: GraphQLSchema, prepared: Prepared) -> tuple[GraphQLField, FieldNode]:
    operation: OperationDefinitionNode = prepared.operation
    root = schema.subscription_type
    fragments = fragments_of(prepared.document.definitions)
    (fields,) = collect(schema, fragments, [Inside(root, operation.selection_set)]).values()
    found = fields[0]
    assert found.definition is not None
    return found.definition, found.node
