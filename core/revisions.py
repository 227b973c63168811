"""Whether somebody saved in between: what is saved names the revision that it started from."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from core.errors import Conflict, FieldConflict
from core.rows import Row
from core.writing import camel


def require_revision(current: Row, expected: int, changes: Mapping[str, Any]) -> None:
    """Raises `Conflict`, with what the caller wanted and what stands there, unless the revision is the expected one."""
    if current.revision == expected:
        return
    fields = [
        FieldConflict(camel(name), value, _like(value, getattr(current, name)))
        for name, value in changes.items()
        if getattr(current, name, value) != value
    ]
    raise Conflict(
        f"Somebody saved this in the meantime: you had revision {expected}, it is now {current.revision}.",
        expected_revision=expected,
        actual_revision=current.revision,
        fields=fields,
    )


def _like(value: Any, stored: Any) -> Any:
    """What the database holds, as a member of the enum that the other value is a member of."""
    return type(value)(stored) if isinstance(value, StrEnum) and stored is not None else stored
