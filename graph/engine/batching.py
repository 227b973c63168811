"""Batch resolvers: all parents of a level in, one answer per parent out.

A field has one when `field.extensions["batch"]` is a `BatchResolver`. This engine calls it once a level; under
graphql-core it goes through a DataLoader (`loading.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode


class BatchInfo:
    """What a batch resolver is told besides its parents and arguments."""

    __slots__ = ("_columns", "_is_last", "context", "field_name", "nodes", "variables")

    def __init__(
        self,
        context: Any,
        field_name: str,
        nodes: Sequence[FieldNode],
        variables: Mapping[str, Any],
        columns: Callable[[], tuple[str, ...]],
        is_last: Callable[[], bool] = lambda: False,
    ) -> None:
        self.context = context
        self.field_name = field_name
        self.nodes = nodes
        self.variables = variables
        self._columns = columns
        self._is_last = is_last

    @property
    def is_last(self) -> bool:
        """Whether it is known at this moment that nothing else will be asked for after this batch."""
        return self._is_last()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the selections below this field need of its rows, sorted."""
        return self._columns()


@dataclass(frozen=True, slots=True)
class BatchResolver:
    """A function `(parents, info, **arguments)`, sync or async, that gives one answer per parent, in order.

    An exception in place of an answer fails that parent's path only; one that is raised fails all of them. `convert`,
    where given, turns the coerced arguments of the document into those of the function.
    """

    function: Callable[..., Any]
    convert: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    def call(self, parents: Sequence[Any], info: BatchInfo, arguments: dict[str, Any]) -> Any:
        """The function's answers, or an awaitable of them."""
        return self.function(parents, info, **(self.convert(arguments) if self.convert else arguments))


def check_count(answers: Sequence[Any], parents: Sequence[Any], batch: BatchResolver) -> Sequence[Any]:
    """The answers, when there is one for each parent; raises `RuntimeError` otherwise."""
    if len(answers) != len(parents):
        name = getattr(batch.function, "__qualname__", repr(batch.function))
        raise RuntimeError(f"The batch resolver {name} gave {len(answers)} answers for {len(parents)} parents.")
    return answers
