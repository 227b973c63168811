"""The shortest way: a query that one program fetches whole needs no run at all.

Where the only field of the root is a source, and everything below it is fetched with it, there is nothing to schedule:
what the database brought is the answer. Anything out of the ordinary (a wrong argument, a value that does not fit, a
table that the viewer may not read) is left to a `Run`, which tells what is wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from graphql import ExecutionResult, GraphQLError, OperationType, is_non_null_type, located_error
from graphql.execution.values import VariableValues

from graph.engine.assembling import assembled, requests_of
from graph.engine.fetching import FetchingContext, Program, program_of
from graph.engine.nulls import propagates
from graph.engine.planning import Field, Plan


class Direct:
    """A plan's whole answer as one program."""

    def __init__(self, field: Field, program: Program) -> None:
        self._field = field
        self._program = program

    def fetch(self, context: FetchingContext, variables: VariableValues) -> Awaitable[list[Any]] | None:
        """Asks for all of it; None where it has to go the ordinary way."""
        try:
            return context.fetch(self._program, requests_of(self._program, variables, None), lambda: True)
        except Exception:
            return None

    async def answer(self, context: FetchingContext, late: Awaitable[list[Any]]) -> ExecutionResult | None:
        """The answer, from what was asked for; None where something that came does not fit."""
        try:
            fetched = await late
        except Exception as error:
            return self._failed(error)
        try:
            find, objects, _ = assembled(self._program, fetched)
            data = {self._field.key: find(None)}
        except Exception:
            # Whatever coercing a value raises is told at its place, by a run.
            return None
        context.spend(objects)
        return ExecutionResult(data, None)

    def _failed(self, error: Exception) -> ExecutionResult:
        field = self._field
        told: list[GraphQLError] = [located_error(error, field.nodes, [field.key])]
        return ExecutionResult(None if is_non_null_type(field.definition.type) else {field.key: None}, told)


def direct_of(plan: Plan) -> Direct | None:
    """The plan's direct way, where it has one."""
    if plan.operation.operation is not OperationType.QUERY or not propagates(plan.operation):
        return None
    try:
        root = plan.root_selection()
        fields = root.fields
        if len(fields) != 1 or fields[0].batch is None or root.is_incremental:
            return None
        program = program_of(fields[0])
    except GraphQLError:
        return None
    return Direct(fields[0], program) if program is not None and program.is_pure else None
