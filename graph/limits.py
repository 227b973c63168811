"""What a document may cost before anybody looks at it closely: size, nesting, fields with fragments followed.

Each fragment is measured once and remembered, so that no document can make the measuring itself expensive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TokenKind,
)

from core.errors import RequestError

# Python itself refuses to read longer numbers; nothing in a schema needs even this many digits.
_MAX_DIGITS = 400


@dataclass(frozen=True)
class Limits:
    """The most that a document may hold, and that its answer may cost."""

    max_tokens: int = 10_000
    max_depth: int = 20
    max_fields: int = 2_000
    max_objects: int = 10_000
    max_statements: int = 200


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Refuses a document that is too deep or has too many fields, fragments followed; raises `RequestError`."""
    _check_numbers(document)
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    measure = _Measure(fragments)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            depth, fields, introspections = measure.selections(definition.selection_set)
            if introspections > _MAX_INTROSPECTIONS:
                raise RequestError(f"Ask for the schema at most {_MAX_INTROSPECTIONS} times.", "TOO_MANY_FIELDS")
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


_MAX_INTROSPECTIONS = 4


class _Size(NamedTuple):
    """What selections amount to, fragments followed."""

    depth: int = 0
    fields: int = 0
    introspections: int = 0


class _Measure:
    """Sizes of selections; a fragment that includes itself counts nothing (validation refuses it)."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, _Size] = {}

    def selections(self, selection_set: SelectionSetNode | None) -> _Size:
        """The deepest of the selections, and all their fields."""
        depth, fields, introspections = 0, 0, 0
        for selection in selection_set.selections if selection_set else ():
            size = self._selection(selection)
            depth = max(depth, size.depth)
            fields, introspections = fields + size.fields, introspections + size.introspections
        return _Size(depth, fields, introspections)

    def _selection(self, selection: SelectionNode) -> _Size:
        if isinstance(selection, FragmentSpreadNode):
            return self._fragment(selection.name.value)
        inner = self.selections(selection.selection_set)  # type: ignore[attr-defined]
        if not isinstance(selection, FieldNode):
            return inner
        asks_schema = selection.name.value in ("__schema", "__type")
        return _Size(inner.depth + 1, inner.fields + 1, inner.introspections + asks_schema)

    def _fragment(self, name: str) -> _Size:
        if name not in self._known:
            self._known[name] = _Size()
            found = self._fragments.get(name)
            self._known[name] = self.selections(found.selection_set) if found else _Size()
        return self._known[name]
