"""What is remembered of a document that was accepted: one record for each of its operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode

# A cost, or what works it out from the variables: as the client sent them, before anybody has looked at them.
Formula = int | Callable[[Mapping[str, Any]], int]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One operation of an accepted document, ready to run. `hash` is the sha256 of the document's text, in hex.

    Of one that is not remembered, nothing that was worked out for it would be found again.
    """

    document: DocumentNode
    operation: OperationDefinitionNode
    hash: str
    formula: Formula
    is_remembered: bool = True

    def cost(self, variables: Mapping[str, Any] | None) -> int:
        """What the operation costs with these variables; it never fails, whatever they are."""
        return valued(self.formula, variables or {})


def valued(formula: Formula, variables: Mapping[str, Any]) -> int:
    """The value of a formula for these variables."""
    return formula if isinstance(formula, int) else formula(variables)


def account(cost: int, limit: int) -> dict[str, int]:
    """What an answer says of its cost. What remains is what this one request left unused."""
    return {"requested": cost, "limit": limit, "remaining": limit - cost}


def too_costly(cost: int, limit: int) -> GraphQLError:
    """The error of an operation that is not begun."""
    message = f"The operation costs {cost}; {limit} is allowed. Ask for shorter pages, or for fewer lists within lists."
    return GraphQLError(message, extensions={"code": "TOO_COSTLY", "cost": {"requested": cost, "limit": limit}})
