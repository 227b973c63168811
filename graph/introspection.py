"""Who may ask for the schema, and which documents do."""

from __future__ import annotations

import re
from typing import Literal

from graphql import DocumentNode, FieldNode, Visitor, visit

from core.errors import Forbidden
from core.viewer import Viewer, require
from models.identity import Scope

Openness = Literal["everybody", "permitted", "nobody"]
# Nearly every document is told by its text alone, far faster than by walking through it.
_NAMES = re.compile(r"__(?:schema|type)\b")


def may_read_schema(openness: Openness, viewer: Viewer) -> bool:
    """Whether the viewer may see what the schema holds, be it by asking or by what an error suggests."""
    return openness == "everybody" or (openness == "permitted" and viewer.may(Scope.SCHEMA_READ))


def check_introspection(document: DocumentNode, openness: Openness, viewer: Viewer) -> None:
    """Refuses a document that asks for the schema, unless the viewer may; raises `RequestError`."""
    if may_read_schema(openness, viewer) or not asks_for_schema(document):
        return
    if openness == "nobody":
        raise Forbidden("to read the schema, which nobody has here")
    require(viewer, Scope.SCHEMA_READ)


def asks_for_schema(document: DocumentNode) -> bool:
    """Whether any operation or fragment of the document asks for the schema; `__typename` does not."""
    if document.loc is not None and not _NAMES.search(document.loc.source.body):
        return False
    finder = _Finder()
    visit(document, finder)
    return finder.found


class _Finder(Visitor):
    """Notes whether a field of introspection is there."""

    found = False

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Looks at one field."""
        self.found = self.found or node.name.value in ("__schema", "__type")
