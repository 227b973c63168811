"""What a document may cost before anybody looks at it closely: size, nesting, fields with fragments followed.

Each fragment is measured once and remembered, so that no document can make the measuring itself expensive.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TokenKind,
)

from core.errors import RequestError

# Python itself refuses to read longer numbers; nothing in a schema needs even this many digits.
_MAX_DIGITS = 400


@dataclass(frozen=True)
class Limits:
    """The most that a document may hold."""

    max_tokens: int = 10_000
    max_depth: int = 20
    max_fields: int = 2_000


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Refuses a document that is too deep or has too many fields, fragments followed; raises `RequestError`."""
    _check_numbers(document)
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    measure = _Measure(fragments)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            depth, fields = measure.selections(definition.selection_set)
            if depth > limits.max_depth:
                raise RequestError(f"The operation is {depth} levels deep; {limits.max_depth} are allowed.", "TOO_DEEP")
            if fields > limits.max_fields:
                raise RequestError(
                    f"The operation has {fields} fields; {limits.max_fields} are allowed.", "TOO_MANY_FIELDS"
                )


def _check_numbers(document: DocumentNode) -> None:
    token = document.loc.start_token if document.loc else None
    while token is not None:
        if token.kind in (TokenKind.INT, TokenKind.FLOAT) and len(token.value or "") > _MAX_DIGITS:
            raise RequestError("The document holds a number with too many digits.", "DOCUMENT_TOO_LARGE")
        token = token.next


class _Measure:
    """(depth, fields) of selections; a fragment that includes itself counts nothing (validation refuses it)."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, tuple[int, int]] = {}

    def selections(self, selection_set: SelectionSetNode | None) -> tuple[int, int]:
        """The deepest of the selections, and all their fields."""
        if selection_set is None:
            return 0, 0
        depth, fields = 0, 0
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                below, inside = self.selections(selection.selection_set)
                below, inside = below + 1, inside + 1
            elif isinstance(selection, FragmentSpreadNode):
                below, inside = self._fragment(selection.name.value)
            else:
                below, inside = self.selections(selection.selection_set)  # type: ignore[attr-defined]
            depth, fields = max(depth, below), fields + inside
        return depth, fields

    def _fragment(self, name: str) -> tuple[int, int]:
        if name not in self._known:
            self._known[name] = (0, 0)
            found = self._fragments.get(name)
            self._known[name] = self.selections(found.selection_set) if found else (0, 0)
        return self._known[name]
