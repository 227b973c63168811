"""How an operation would run: its plan and the SQL of its round trips, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLSchema

from graph.documents.prepared import Prepared
from graph.engine import explain
from graph.engine.fetching import Program
from graph.running import asked_perspective
from graph.sources import statements_of


def explained(schema: GraphQLSchema, prepared: Prepared, variables: Mapping[str, Any] | None) -> str:
    """The plan of an operation with these variables, as text; raises `Refusal` where they do not fit."""
    operation = prepared.operation
    perspective = asked_perspective(operation, variables or {})

    def statements(program: Program, requests: Sequence[Any]) -> list[str]:
        return statements_of(program, requests, perspective)

    name = operation.name.value if operation.name else None
    return explain(schema, prepared.document, variables, name, statements=statements)
