"""The doors of the engine: `execute` and `subscribe`, in meaning graphql-core's own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    MiddlewareManager,
    OperationType,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import Executor, create_source_event_stream, map_source_to_response_event
from graphql.execution.values import VariableValues
from graphql.pyutils import inspect
from graphql.pyutils.is_awaitable import is_async_iterable as default_is_async_iterable
from graphql.pyutils.is_awaitable import is_awaitable as default_is_awaitable
from graphql.type import assert_valid_schema

from graph.engine.executing import Run
from graph.engine.planning import Plan, Refusal, chosen_operation, deciding_variables, fragments_of
from graph.engine.variables import coercer

_MOST_PLANS = 1000
Result = ExecutionResult | Awaitable[ExecutionResult]
Stream = AsyncIterator[ExecutionResult] | ExecutionResult


class Plans:
    """Plans of documents, remembered up to a bound; the least recently used go first."""

    def __init__(self, most: int = _MOST_PLANS) -> None:
        self._most = most
        self._known: OrderedDict[tuple[Any, ...], tuple[Any, Any]] = OrderedDict()

    def prepared(
        self, schema: GraphQLSchema, document: DocumentNode, operation_name: str | None
    ) -> Callable[[VariableValues, bool], Plan]:
        """What makes, or finds, the plan for given variables; raises `Refusal` where there is nothing to plan."""
        key = (id(schema), id(document), operation_name)
        found = self._known.get(key)
        # The document is kept with its plans, so that its identity stays its own.
        if found is None or found[0] is not document:
            found = (document, self._prepare(schema, document, operation_name))
            self._known[key] = found
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        made: Callable[[VariableValues, bool], Plan] = found[1]
        return made

    def _prepare(
        self, schema: GraphQLSchema, document: DocumentNode, operation_name: str | None
    ) -> Callable[[VariableValues, bool], Plan]:
        operation = chosen_operation(document, operation_name)
        fragments = fragments_of(schema, document)
        deciding = sorted(deciding_variables([operation, *(each.definition for each in fragments.values())]))
        keeps = not any(each.variable_signatures for each in fragments.values())
        variants: OrderedDict[tuple[Any, ...], Plan] = OrderedDict()

        def plan(variables: VariableValues, hide_suggestions: bool) -> Plan:
            if not keeps:
                return Plan(schema, operation, fragments, variables, hide_suggestions)
            key = (hide_suggestions, *(variables.coerced.get(name, ...) for name in deciding))
            found = variants.get(key)
            if found is None:
                found = variants[key] = Plan(schema, operation, fragments, variables, hide_suggestions)
                if len(variants) > 16:
                    variants.popitem(last=False)
            return found

        plan.operation = operation  # type: ignore[attr-defined]
        plan.coerce = coercer(schema, operation)  # type: ignore[attr-defined]
        return plan


PLANS = Plans()


def execute(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: Mapping[str, Any] | None = None,
    operation_name: str | None = None,
    field_resolver: Callable[..., Any] | None = None,
    type_resolver: Callable[..., Any] | None = None,
    subscribe_field_resolver: Callable[..., Any] | None = None,
    max_coercion_errors: int = 50,
    enable_early_execution: bool = False,
    middleware: Any = None,
    executor_class: Any = None,
    is_awaitable: Callable[[Any], bool] | None = None,
    is_async_iterable: Callable[[Any], bool] | None = None,
    hide_suggestions: bool = False,
    *,
    plans: Plans = PLANS,
    composes: bool = True,
    **ignored: Any,
) -> Result:
    """Runs one operation of a valid document, breadth-first; the result, or an awaitable of it.

    In meaning graphql-core's `execute`: the same arguments, the same data, the same errors. Fields with a
    `BatchResolver` are resolved once per level. Incremental delivery, executor classes, hooks and abort signals are
    not taken up. With `composes`, fields that declare sources are fetched together where the context has a `fetch`.
    """
    assert_valid_schema(schema)
    manager = _manager(middleware)
    try:
        prepare = plans.prepared(schema, document, operation_name)
        operation = prepare.operation  # type: ignore[attr-defined]
        coerce = prepare.coerce  # type: ignore[attr-defined]
        variables = coerce(variable_values or {}, max_coercion_errors, hide_suggestions)
        if isinstance(variables, list):
            raise Refusal(variables)
    except Refusal as refusal:
        return ExecutionResult(None, refusal.errors)
    root = schema.get_root_type(operation.operation)
    if root is None:
        unconfigured = f"Schema is not configured to execute {operation.operation.value} operation."
        return ExecutionResult(None, [GraphQLError(unconfigured, operation)])
    run = Run(
        prepare(variables, hide_suggestions),
        root_value,
        context_value,
        variables,
        field_resolver or default_field_resolver,
        type_resolver or default_type_resolver,
        manager,
        None if is_awaitable in (None, default_is_awaitable) else is_awaitable,
        is_async_iterable or default_is_async_iterable,
        composes,
    )
    return run.start(root, serially=operation.operation is OperationType.MUTATION)


def subscribe(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: Mapping[str, Any] | None = None,
    operation_name: str | None = None,
    field_resolver: Callable[..., Any] | None = None,
    type_resolver: Callable[..., Any] | None = None,
    subscribe_field_resolver: Callable[..., Any] | None = None,
    event_context: Callable[[], Any] | None = None,
    **options: Any,
) -> Stream | Awaitable[Stream]:
    """The answers to a subscription, one for each event of its source; or one result with what was wrong.

    Either may have to be awaited first. Each event is run by this engine with fresh state: with the context that
    `event_context` makes, where it is given.
    """
    built = Executor.build(
        schema,
        document,
        root_value,
        context_value,
        dict(variable_values or {}),
        operation_name,
        field_resolver,
        type_resolver,
        subscribe_field_resolver,
    )
    if isinstance(built, list):
        return ExecutionResult(None, built)
    if built.operation.operation is not OperationType.SUBSCRIPTION:
        raise GraphQLError("Expected subscription operation.")

    def run_event(event: Executor[Any]) -> Any:
        context = context_value if event_context is None else event_context()
        return execute(
            schema,
            document,
            event.root_value,
            context,
            variable_values,
            operation_name,
            field_resolver,
            type_resolver,
            **options,
        )

    def answers(source: Any) -> Stream:
        if isinstance(source, ExecutionResult):
            return source
        return map_source_to_response_event(built, source, run_event)

    found = create_source_event_stream(built)
    if not isinstance(found, Awaitable):
        return answers(found)

    async def late() -> Stream:
        return answers(await found)

    return late()


def _manager(middleware: Any) -> MiddlewareManager | None:
    if middleware is None or isinstance(middleware, MiddlewareManager):
        return middleware
    if isinstance(middleware, list | tuple):
        return MiddlewareManager(*middleware)
    raise TypeError(
        "Middleware must be passed as a list or tuple of functions or objects, or as a single MiddlewareManager object."
        f" Got {inspect(middleware)} instead."
    )
