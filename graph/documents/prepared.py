"""What is remembered of a document that was accepted: one record for each of its operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode

# What an operation costs with these variables. They are as the client sent them: nobody has looked at them yet.
Formula = Callable[[Mapping[str, Any]], int]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One operation of an accepted document, ready to run. `hash` is the sha256 of the document's text, in hex."""

    document: DocumentNode
    operation: OperationDefinitionNode
    hash: str
    formula: Formula

    def cost(self, variables: Mapping[str, Any] | None) -> int:
        """What the operation costs with these variables; it never fails, whatever they are."""
        return self.formula(variables or {})
