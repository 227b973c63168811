"""The doors of the engine: `execute` and `subscribe`, in meaning graphql-core's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import lru_cache, partial
from time import perf_counter
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLDeferDirective,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLStreamDirective,
    MiddlewareManager,
    OperationType,
    default_field_resolver,
    default_type_resolver,
)
from graphql import execute as reference_execute
from graphql import execute_sync as reference_execute_sync
from graphql.execution import (
    AsyncWorkFinishedInfo,
    ExecutionHooks,
    Executor,
    create_source_event_stream,
    map_source_to_response_event,
)
from graphql.pyutils import AbortSignal, inspect
from graphql.pyutils.is_awaitable import is_async_iterable as default_is_async_iterable
from graphql.pyutils.is_awaitable import is_awaitable as default_is_awaitable
from graphql.type import assert_valid_schema

from graph.engine.concrete import default_type
from graph.engine.direct import Direct, direct_of
from graph.engine.fetching import FetchingContext
from graph.engine.planning import Plan, Refusal
from graph.engine.plans import PLANS, Plans
from graph.engine.run import Options, Run, SeveralPayloads
from graph.engine.scheduling import NOT_SYNCHRONOUS

_INCREMENTAL = (GraphQLDeferDirective.name, GraphQLStreamDirective.name)
_UNEXPECTED_DIRECTIVES = (
    "The provided schema unexpectedly contains experimental directives (@defer or @stream)."
    " These directives may only be utilized if experimental execution features are explicitly enabled."
)
Result = ExecutionResult | Awaitable[ExecutionResult]
Stream = AsyncIterator[ExecutionResult] | ExecutionResult


_NOTHING_GIVEN = (None,) * 7


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
    executor_class: type[Executor[Any]] | None = None,
    is_awaitable: Callable[[Any], bool] | None = None,
    is_async_iterable: Callable[[Any], bool] | None = None,
    hide_suggestions: bool = False,
    abort_signal: AbortSignal | None = None,
    hooks: ExecutionHooks | None = None,
    *,
    plans: Plans = PLANS,
    composes: bool = True,
    **more: Any,
) -> Result:
    """Runs one operation of a valid document, breadth-first; the result, or an awaitable of it.

    In meaning graphql-core's `execute`: the same arguments, the same data, the same errors. Fields with a
    `BatchResolver` are resolved once per level. With `composes`, fields that declare sources are fetched together where
    the context is a `FetchingContext`. Whoever gives an executor class of graphql-core's wants to be run by that, and
    is; only to that may be given `more`.

    Raises `GraphQLError` where the answer would come in several payloads, `TypeError` where the schema, the middleware
    or an argument is wrong, and, with an abort signal, what graphql-core raises for it.
    """
    if _is_incremental(schema):
        raise GraphQLError(_UNEXPECTED_DIRECTIVES)
    if executor_class is not None:
        _require_resolvers(schema)
        return reference_execute(
            schema,
            document,
            root_value,
            context_value,
            dict(variable_values or {}),
            operation_name,
            field_resolver,
            type_resolver,
            subscribe_field_resolver,
            max_coercion_errors,
            enable_early_execution,
            middleware,
            executor_class,
            is_awaitable,  # type: ignore[arg-type]
            is_async_iterable,  # type: ignore[arg-type]
            hide_suggestions,
            abort_signal,
            hooks,
            **more,
        )
    _refuse_unknown(more)
    given = (field_resolver, type_resolver, middleware, is_awaitable, is_async_iterable, abort_signal, hooks)
    options = _usual(given, composes)
    asked = (document, root_value, context_value, variable_values, operation_name)
    return _started(schema, *asked, max_coercion_errors, hide_suggestions, options, plans)


def execute_sync(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any = None,
    context_value: Any = None,
    variable_values: Mapping[str, Any] | None = None,
    operation_name: str | None = None,
    field_resolver: Callable[..., Any] | None = None,
    type_resolver: Callable[..., Any] | None = None,
    max_coercion_errors: int = 50,
    middleware: Any = None,
    executor_class: type[Executor[Any]] | None = None,
    check_sync: bool | Callable[[Any], bool] = False,
    hide_suggestions: bool = False,
    abort_signal: AbortSignal | None = None,
    hooks: ExecutionHooks | None = None,
) -> ExecutionResult:
    """The same where nothing has to be awaited. Raises `RuntimeError` where, with `check_sync`, something has to be.

    Without `check_sync` nothing is taken for awaitable: a coroutine is a value like any other.
    """
    if executor_class is not None:
        _require_resolvers(schema)
        return reference_execute_sync(
            schema,
            document,
            root_value,
            context_value,
            dict(variable_values or {}),
            operation_name,
            field_resolver,
            type_resolver,
            max_coercion_errors,
            middleware,
            executor_class,
            check_sync,  # type: ignore[arg-type]
            hide_suggestions,
            abort_signal,
            hooks,
        )
    asked = (document, root_value, context_value, variable_values, operation_name)
    is_awaitable = check_sync if callable(check_sync) else None if check_sync else _never
    is_async_iterable = None if check_sync else _never
    given = (field_resolver, type_resolver, middleware, is_awaitable, is_async_iterable, abort_signal, hooks)
    options = _options(*given, composes=False, may_wait=False)
    try:
        result = _started(schema, *asked, max_coercion_errors, hide_suggestions, options, PLANS)
    except SeveralPayloads as error:
        raise RuntimeError(NOT_SYNCHRONOUS) from error
    assert isinstance(result, ExecutionResult)
    return result


def _refuse_unknown(more: Mapping[str, Any]) -> None:
    """Only executor classes take what nobody here knows."""
    if more:
        raise TypeError(f"There is no argument named {next(iter(more))!r}.")


def _usual(given: tuple[Any, ...], composes: bool) -> Options:
    usual = _PLANNED if composes else _LEVELS
    return usual if given == _NOTHING_GIVEN else _options(*given, composes=composes, may_wait=True)


def _options(
    field_resolver: Callable[..., Any] | None,
    type_resolver: Callable[..., Any] | None,
    middleware: Any,
    is_awaitable: Callable[[Any], bool] | None,
    is_async_iterable: Callable[[Any], bool] | None,
    abort_signal: AbortSignal | None,
    hooks: ExecutionHooks | None,
    *,
    composes: bool,
    may_wait: bool,
) -> Options:
    is_awaitable = None if is_awaitable is default_is_awaitable else is_awaitable
    if type_resolver in (None, default_type_resolver):
        # Ours answers with an awaitable that others may not know for one.
        type_resolver = default_type if is_awaitable is None else default_type_resolver
    return Options(
        field_resolver or default_field_resolver,
        type_resolver,
        _manager(middleware),
        is_awaitable,
        is_async_iterable or default_is_async_iterable,
        abort_signal,
        _finished(hooks),
        composes,
        may_wait,
    )


def _started(
    schema: GraphQLSchema,
    document: DocumentNode,
    root_value: Any,
    context_value: Any,
    variable_values: Mapping[str, Any] | None,
    operation_name: str | None,
    max_coercion_errors: int,
    hide_suggestions: bool,
    options: Options,
    plans: Plans,
) -> Result:
    assert_valid_schema(schema)
    try:
        asked = (schema, document, operation_name, variable_values or {})
        plan, variables = plans.plan(*asked, max_coercion_errors, hide_suggestions)
    except Refusal as refusal:
        return ExecutionResult(None, refusal.errors)
    if options is _PLANNED and isinstance(context_value, FetchingContext):
        direct = _direct(plan, context_value)
        late = direct and direct.fetch(context_value, variables)
        if direct and late:
            return _directly(
                direct, context_value, late, partial(Run, plan, root_value, context_value, variables, _LEVELS)
            )
    return Run(plan, root_value, context_value, variables, options).start()


def execute_directly(
    schema: GraphQLSchema,
    document: DocumentNode,
    context_value: FetchingContext,
    variable_values: Mapping[str, Any],
    operation_name: str | None,
    *,
    hide_suggestions: bool = False,
    plans: Plans = PLANS,
) -> Awaitable[ExecutionResult | None] | None:
    """The answer to an operation that one program fetches whole: no resolver is called, and one round trip is all.

    None, now or later, where it has to be run as others are.
    """
    try:
        plan, variables = plans.plan(schema, document, operation_name, variable_values, 1, hide_suggestions)
    except Refusal:
        return None
    direct = _direct(plan, context_value)
    late = direct and direct.fetch(context_value, variables)
    return direct.answer(context_value, late) if direct and late else None


async def _directly(
    direct: Direct, context: FetchingContext, late: Awaitable[list[Any]], levels: Callable[[], Run]
) -> ExecutionResult:
    """The answer as it was fetched; what does not fit into it is told by a run that goes level by level."""
    found = await direct.answer(context, late)
    if found is not None:
        return found
    result = levels().start()
    return await result if isinstance(result, Awaitable) else result


def _direct(plan: Plan, context: FetchingContext) -> Direct | None:
    """The plan's way without a run, if it has one."""
    if plan.direct is None:
        began = perf_counter()
        plan.direct = direct_of(plan) or False
        context.planned(began)
    return plan.direct or None


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
    max_coercion_errors: int = 50,
    enable_early_execution: bool = False,
    executor_class: type[Executor[Any]] | None = None,
    middleware: Any = None,
    hide_suggestions: bool = False,
    abort_signal: AbortSignal | None = None,
    hooks: ExecutionHooks | None = None,
    *,
    event_context: Callable[[], Any] | None = None,
    is_awaitable: Callable[[Any], bool] | None = None,
    is_async_iterable: Callable[[Any], bool] | None = None,
    plans: Plans = PLANS,
    composes: bool = True,
    **more: Any,
) -> Stream | Awaitable[Stream]:
    """The answers to a subscription, one for each event of its source; or one result with what was wrong.

    Either may have to be awaited first. Each event is run by this engine with fresh state: with the context that
    `event_context` makes, where it is given. Raises `GraphQLError` where the operation is no subscription.
    """
    if executor_class is None:
        _refuse_unknown(more)
    # What is changed after the subscription began does not change it.
    variables = dict(variable_values or {})
    built = (executor_class or Executor).build(
        schema,
        document,
        root_value,
        context_value,
        variables,
        operation_name,
        field_resolver,
        type_resolver,
        subscribe_field_resolver,
        max_coercion_errors,
        enable_early_execution,
        middleware,
        is_awaitable,  # type: ignore[arg-type]
        is_async_iterable,  # type: ignore[arg-type]
        hide_suggestions,
        abort_signal,
        hooks,
        **more,
    )
    if isinstance(built, list):
        return ExecutionResult(None, built)
    if built.operation.operation is not OperationType.SUBSCRIPTION:
        raise GraphQLError("Expected subscription operation.")
    given = (field_resolver, type_resolver, middleware, is_awaitable, is_async_iterable, abort_signal, hooks)
    options = _usual(given, composes)

    def run_event(event: Executor[Any]) -> Any:
        context = context_value if event_context is None else event_context()
        asked = (document, event.root_value, context, variables, operation_name)
        return _started(schema, *asked, max_coercion_errors, hide_suggestions, options, plans)

    def answers(source: Any) -> Stream:
        if isinstance(source, ExecutionResult):
            return source
        return map_source_to_response_event(built, source, *([run_event] if executor_class is None else []))

    found = create_source_event_stream(built)
    if not isinstance(found, Awaitable):
        return answers(found)

    async def late() -> Stream:
        return answers(await found)

    return late()


@lru_cache(maxsize=64)
def _is_incremental(schema: GraphQLSchema) -> bool:
    """Whether answers may be asked for in several payloads."""
    return any(each.name in _INCREMENTAL for each in schema.directives)


@lru_cache(maxsize=64)
def _require_resolvers(schema: GraphQLSchema) -> None:
    """Raises `TypeError` where graphql-core would pass over a batch."""
    for kind in schema.type_map.values():
        for name, field in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            if "batch" in field.extensions and field.resolve is None:
                raise TypeError(f"Only a batch resolves {kind}.{name}. Give graphql-core `dataloaded(schema)`.")


def _never(_value: Any) -> bool:
    return False


def _finished(hooks: ExecutionHooks | None) -> Callable[[], None] | None:
    hook = None if hooks is None else hooks.async_work_finished
    # graphql-core would tell which of its executors has finished; there is none here.
    return None if hook is None else lambda: hook(AsyncWorkFinishedInfo(None))  # type: ignore[arg-type]


def _manager(middleware: Any) -> MiddlewareManager | None:
    if middleware is None or isinstance(middleware, MiddlewareManager):
        return middleware
    if isinstance(middleware, list | tuple):
        return MiddlewareManager(*middleware)
    raise TypeError(
        "Middleware must be passed as a list or tuple of functions or objects, or as a single MiddlewareManager object."
        f" Got {inspect(middleware)} instead."
    )


# What is nearly always asked for: nothing unusual, in one round trip or level by level.
_PLANNED = _options(*_NOTHING_GIVEN, composes=True, may_wait=True)
_LEVELS = _options(*_NOTHING_GIVEN, composes=False, may_wait=True)
