"""The same request through graphql-core's executor and through ours, and what counts as the same answer.

**Data** must be equal as JSON, with the order of its keys.

**Errors** are compared by path, message, locations and the type of what was raised. Which errors a response holds is
not always determined: "Handling Execution Errors" (section 6.4.4 of the specification, October 2021) lets one error per
nulled position into the response and allows siblings that have not finished to be cancelled. When several fields below
one nulled position fail, which of them is told depends on the order and the timing of execution. So for every request
we also let graphql-core run every field to its end without propagating anything, which gives all errors there are, one
per path, and then demand of each of the two answers:

1. Every error is one of those that there are, word for word.
2. No two errors null the same position. An error nulls the nearest position, upwards from its path, that may be null.
3. Every null in the data that an error put there has its error, and both answers have errors for the same such nulls.

What is left open is which of several failures below one nulled position is named, and whether failures that nulled
something inside a part that went missing as a whole are told too. With `exactly`, nothing is left open: the lists of
errors must be equal, in their order. A request that never began (an unknown operation, a variable that does not fit)
is always compared exactly.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    is_non_null_type,
    parse,
)
from graphql import execute as reference_execute
from graphql.execution import Executor

from graph.engine import dataloaded, execute

Place = tuple[str | int, ...]
Execute = Callable[..., Any]
_PATIENCE_SECONDS = 120
_KEEP_ALL_ERRORS = "experimental_disableErrorPropagation"


@dataclass(frozen=True)
class Problem:
    """One error of a response, as far as anybody outside can tell."""

    path: Place | None
    message: str
    locations: tuple[tuple[int, int], ...]
    cause: str

    def __str__(self) -> str:
        where = ".".join(map(str, self.path)) if self.path is not None else "(request)"
        return f"{where}: {self.message} [{self.cause}] at {self.locations}"


@dataclass(frozen=True)
class Outcome:
    """A response: its data, and its errors in their order."""

    data: Any
    problems: tuple[Problem, ...]

    @property
    def text(self) -> str:
        """The data as JSON, keys in the order of the answer."""
        return json.dumps(self.data)


@dataclass(frozen=True)
class Failures:
    """Everything that can go wrong in a request, and which positions may not be null."""

    problems: Mapping[Place, Problem]
    never_null: frozenset[Place]

    def nulled_by(self, path: Place) -> Place:
        """The position that an error at this path makes null; `()` is the whole of the data."""
        while path in self.never_null:
            path = path[:-1]
        return path


@dataclass
class Context:
    """What both executors get as context: a place for DataLoaders, anew for each run."""

    loaders: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request that can be run again and again: what must be fresh for each run is made by a function.

    `options` are further arguments of `execute`, such as `middleware`.
    """

    schema: Callable[[], GraphQLSchema]
    document: str
    variables: Mapping[str, Any] | None = None
    root: Callable[[], Any] = lambda: None
    operation_name: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def by_reference(asked: Asked) -> Outcome:
    """graphql-core's answer; batch resolvers run behind DataLoaders."""
    return _run(reference_execute, replace(asked, schema=lambda: dataloaded(asked.schema()))).outcome


def by_ours(asked: Asked) -> Outcome:
    """Our engine's answer. It may leave nothing behind: no running task, no coroutine that nobody awaited."""
    ran = _run(execute, asked)
    assert ran.left_behind == [], f"{asked.document}\nLeft behind: {ran.left_behind}"
    return ran.outcome


def failures(asked: Asked) -> Failures:
    """Everything that fails when each field runs to its end and nothing propagates."""
    never_null: set[Place] = set()
    whole = replace(
        asked,
        schema=lambda: dataloaded(asked.schema()),
        options={**asked.options, "executor_class": to_the_end(never_null)},
    )
    return all_of(_run(reference_execute, whole, prepared=keeping_all_errors).outcome, never_null)


def to_the_end(never_null: set[Place]) -> type[Executor[Any]]:
    """graphql-core's executor, which notes the positions that may not be null."""

    class ToTheEnd(Executor[Any]):
        def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, *rest: Any) -> Any:
            if is_non_null_type(return_type):
                never_null.add(tuple(path.as_list()))
            return super().complete_value(return_type, details, info, path, *rest)

        def handle_field_error(self, raw_error: Any, return_type: Any, details: Any, path: Any) -> None:
            if is_non_null_type(return_type):
                never_null.add(tuple(path.as_list()))
            super().handle_field_error(raw_error, return_type, details, path)

    return ToTheEnd


def all_of(outcome: Outcome, never_null: set[Place]) -> Failures:
    """What is told by an outcome in which nothing propagated."""
    problems = {each.path: each for each in outcome.problems if each.path is not None}
    return Failures(problems, frozenset(never_null))


def compare(asked: Asked, *, exactly: bool = False) -> Outcome:
    """Runs the request through both executors; answers our outcome, or fails saying in what they differ."""
    theirs, ours = by_reference(asked), by_ours(asked)
    if theirs == ours and theirs.text == ours.text:
        return ours
    found = differences(theirs, ours, failures(asked), exactly=exactly)
    if found:
        told = [*found, "", asked.document, f"variables: {asked.variables}"]
        for name, outcome in (("graphql-core", theirs), ("ours", ours)):
            told += ["", f"{name}: {outcome.text}", *(f"  {each}" for each in outcome.problems)]
        raise AssertionError("\n".join(told))
    return ours


def differences(theirs: Outcome, ours: Outcome, all_failures: Failures, *, exactly: bool = False) -> list[str]:
    """In what our outcome is not what graphql-core's answer allows; empty when they agree (see the module's text)."""
    if theirs.text != ours.text:
        return ["The data differ."]
    if theirs.problems == ours.problems:
        return []
    if exactly or any(each.path is None for each in (*theirs.problems, *ours.problems)):
        return ["The errors differ."]
    told = [f"There is no such error: {each}" for each in ours.problems if not _exists(each, all_failures)]
    nulled = [all_failures.nulled_by(each.path or ()) for each in ours.problems]
    told += [f"Two errors null the same position: {each}" for each in sorted(set(nulled)) if nulled.count(each) > 1]
    for place in sorted(_seen_nulls(theirs, all_failures) ^ _seen_nulls(ours, all_failures), key=str):
        told.append(f"Only one of the two has an error for the null at {place}.")
    return told


def outcome_of(result: ExecutionResult) -> Outcome:
    """What a result says."""
    return Outcome(result.data, tuple(_problem(each) for each in result.errors or ()))


@dataclass(frozen=True)
class _Ran:
    outcome: Outcome
    left_behind: list[str]


def _run(
    executor: Execute, asked: Asked, *, prepared: Callable[[DocumentNode], DocumentNode] = lambda document: document
) -> _Ran:
    """Runs a request on an event loop of its own, and watches what it leaves behind.

    graphql-core drops coroutines when it cancels; that is told here, and nobody else is warned of it.
    """
    left_behind: list[str] = []

    async def run() -> ExecutionResult:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, told: left_behind.append(str(told)))
        found = executor(
            asked.schema(),
            prepared(parse(asked.document)),
            asked.root(),
            Context(),
            dict(asked.variables) if asked.variables is not None else None,
            asked.operation_name,
            **asked.options,
        )
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                result: ExecutionResult = await found if inspect.isawaitable(found) else found
        except TimeoutError as error:
            raise AssertionError(f"There is no answer: {asked.document}\nvariables: {asked.variables}") from error
        left_behind.extend(str(each) for each in asyncio.all_tasks() - {asyncio.current_task()})
        return result

    # What is left behind is noticed when it is collected: so that happens here, and only with what was made here.
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            # Not `record=True`: that keeps what the warning is about alive, and it would warn again later.
            warnings.showwarning = lambda message, *_rest, **_more: left_behind.append(str(message))
            outcome = outcome_of(asyncio.run(run()))
            gc.collect(1)
    finally:
        gc.enable()
    return _Ran(outcome, left_behind)


def _problem(error: GraphQLError) -> Problem:
    return Problem(
        tuple(error.path) if error.path is not None else None,
        error.message,
        tuple((each.line, each.column) for each in error.locations or ()),
        type(error.original_error).__name__ if error.original_error else "",
    )


def _exists(problem: Problem, all_failures: Failures) -> bool:
    return problem.path is not None and all_failures.problems.get(problem.path) == problem


def _seen_nulls(outcome: Outcome, all_failures: Failures) -> set[Place]:
    """The nulls in the data that this outcome has an error for."""
    nulled = {all_failures.nulled_by(each.path or ()) for each in outcome.problems}
    return {place for place in nulled if _first_null(outcome.data, place) == place}


def _first_null(data: Any, path: Place) -> Place | None:
    """The position of the first null on the way down a path."""
    for depth, key in enumerate(path):
        if data is None:
            return path[:depth]
        data = data[key]
    return path if data is None else None


def keeping_all_errors(document: DocumentNode) -> DocumentNode:
    """The document with the directive that tells graphql-core not to propagate nulls, on every operation."""
    directive = DirectiveNode(name=NameNode(value=_KEEP_ALL_ERRORS), arguments=())
    definitions = [
        replace(each, directives=(*(each.directives or ()), directive))
        if isinstance(each, OperationDefinitionNode)
        else each
        for each in document.definitions
    ]
    return replace(document, definitions=tuple(definitions))
