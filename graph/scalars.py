"""Scalars beyond GraphQL's own."""

from __future__ import annotations

from typing import Any, NewType

import strawberry
from strawberry.scalars import JSON

Long = NewType("Long", int)
# What the schema is told about those that are ours.
SCALARS: dict[object, Any] = {
    Long: strawberry.scalar(
        name="Long", description="A whole number of up to 53 bits.", serialize=int, parse_value=int
    ),
}

__all__ = ["JSON", "SCALARS", "Long"]
