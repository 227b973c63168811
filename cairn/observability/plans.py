"""The plans of slow operations, told now and then: explaining one takes time of its own."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic

from graphql import GraphQLSchema

from cairn.observability.operations import Operation
from graph.explaining import explained

_AGAIN_SECONDS = 600
_MOST_REMEMBERED = 1000


@dataclass
class SlowPlans:
    """Explains an operation unless it did within the last ten minutes; most of all a busy system must not explain."""

    schema: GraphQLSchema
    _told: OrderedDict[tuple[str, str | None], float] = field(default_factory=OrderedDict)

    def __call__(self, operation: Operation) -> str | None:
        """The plan in words; None where there is none, or it was told not long ago."""
        prepared = operation.prepared
        if prepared is None or operation.context is None:
            return None
        key, now = (prepared.hash, operation.name), monotonic()
        if now - self._told.get(key, -_AGAIN_SECONDS) < _AGAIN_SECONDS:
            return None
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)
        return explained(self.schema, prepared, operation.variables)
