"""The most that a document may hold, that its operations may cost, and that an answer may bring."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of documents, operations and answers. Each can be set; docs/documents.md says why it is what it is."""

    max_characters: int = 100_000
    max_tokens: int = 1_000
    max_depth: int = 20
    max_fields: int = 2_000
    max_root_fields: int = 50
    max_aliases: int = 200
    max_cost: int = 25_000
    max_objects: int = 10_000
    max_statements: int = 200
    max_text: int = 250_000

    @property
    def max_nesting(self) -> int:
        """How deeply brackets may nest, fragments followed: fields, with fragments and input objects in between."""
        return 3 * self.max_depth
