"""Reflection: something to think about and write down, for oneself alone."""

from __future__ import annotations

from typing import ClassVar

from core.expressions import Declared, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import Response
from resolvers.formats.freeform import FreeformResponse, WrittenFormat


class ReflectionResponse(FreeformResponse):
    """What was written. Nobody else reads it."""


class Reflection(WrittenFormat):
    """Never graded, and private: it can have no points, and neither rules nor reports see what was written."""

    format: ClassVar[BlockFormat] = BlockFormat.REFLECTION
    default_points: ClassVar[int] = 0
    may_earn: ClassVar[bool] = False
    is_private: ClassVar[bool] = True
    response_model: ClassVar[type[Response]] = ReflectionResponse

    def declared(self) -> dict[str, Declared]:
        """Nothing: what is written is private."""
        return {}

    def values(self, response: ReflectionResponse) -> dict[str, Value]:
        """Nothing."""
        return {}
