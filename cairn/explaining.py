"""`cairn explain`: how an operation would run, without running it."""

from __future__ import annotations

import orjson

from core.errors import InvalidInput
from graph import explaining
from graph.documents.accepting import Refused
from graph.engine.planning import Refusal
from graph.running import Operations
from graph.schema import schema


def explained(text: str, variables: str, operation_name: str | None) -> str:
    """The plan of an operation, its variables given as JSON; raises `InvalidInput` that says what is wrong."""
    try:
        given = orjson.loads(variables)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The variables are no JSON: {error}.") from error
    if not isinstance(given, dict):
        raise InvalidInput("The variables must be a JSON object.")
    operations = Operations(schema()._schema)
    try:
        return explaining.explained(operations.schema, operations.prepare(text, operation_name), given)
    except (Refused, Refusal) as refused:
        raise InvalidInput(" ".join(error.message for error in refused.errors)) from refused
