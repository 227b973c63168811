"""How far nulls reach: field errors and the places they blot out (specification, section 6.4.4).

A failure nulls the nearest place around it that may be null. What lies below a nulled place is of no use from then on:
no failure there is told, and nothing that would be written there is waited for. Failures that happen together are taken
in the order of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLError, OperationDefinitionNode, is_non_null_type, located_error

if TYPE_CHECKING:
    from graph.engine.groups import Spot
    from graph.engine.planning import Field
    from graph.engine.run import Run

_KEEPS_ERRORS_WHERE_THEY_ARE = "experimental_disableErrorPropagation"


class Failure(NamedTuple):
    """A place that got no value, and why; without an error it is a null where none may be."""

    spot: Spot
    container: Any
    key: Any
    error: Exception | None


class _Located(NamedTuple):
    order: tuple[int, ...]
    path: list[str | int]
    fields: Sequence[Field]
    failure: Failure


class Nulls:
    """What has failed so far (`errors`), and the ids of the objects and lists that are of no use any more (`dead`)."""

    def __init__(self, operation: OperationDefinitionNode) -> None:
        self.errors: list[GraphQLError] = []
        self.dead: set[int] = set()
        self._propagates = propagates(operation)
        # An id is only known by what has it.
        self._buried: list[Any] = []

    def spread(self, run: Run, failures: Sequence[Failure]) -> list[int]:
        """Takes what failed at the same time; the ids of the objects and lists that died of it."""
        # All are located before the first is applied: afterwards the way there is gone.
        alive = [each for each in failures if id(each.container) not in self.dead]
        located = [found for each in alive if (found := _located(run, each)) is not None]
        located.sort(key=lambda each: each.order)
        died: list[int] = []
        for each in located:
            if id(each.failure.container) in self.dead:
                continue
            self.errors.append(_error(each))
            if self._propagates:
                length = _nullable_length(each.path, each.fields)
                if length < len(each.path):
                    died += self.bury(_null_out(run, each.path[:length]))
        return died

    def bury(self, value: Any) -> list[int]:
        """Marks what a nulled place held, and all below; the ids of what was not marked before."""
        self._buried.append(value)
        died: list[int] = []
        pending = [value]
        while pending:
            each = pending.pop()
            if isinstance(each, dict | list) and id(each) not in self.dead:
                self.dead.add(id(each))
                died.append(id(each))
                pending += each.values() if isinstance(each, dict) else each
        return died


def propagates(operation: OperationDefinitionNode) -> bool:
    """Whether a failure nulls more than its own place, as it does unless the operation says otherwise."""
    return all(each.name.value != _KEEPS_ERRORS_WHERE_THEY_ARE for each in operation.directives or ())


def _located(run: Run, failure: Failure) -> _Located | None:
    """Where it happened; None where that has gone with a nulled place."""
    way = failure.spot.way(run, failure.container, failure.key)
    assert way.path is not None
    keys = way.path.as_list()
    order = _order(run.data, keys)
    return None if order is None else _Located(order, keys, way.fields(), failure)


def _error(located: _Located) -> GraphQLError:
    field, error = located.fields[-1], located.failure.error
    if error is None:
        error = TypeError(f"Cannot return null for non-nullable field {field.parent_type}.{field.name}.")
    return located_error(error, field.nodes, located.path)


def _order(data: Any, path: Sequence[str | int]) -> tuple[int, ...] | None:
    """Where a path stands in the answer, as numbers that compare; None where it leads through a null."""
    order = []
    for key in path:
        if data is None:
            return None
        order.append(key if isinstance(key, int) else list(data).index(key))
        data = data[key]
    return tuple(order)


def _nullable_length(path: Sequence[str | int], fields: Sequence[Field]) -> int:
    """How much of the path leads to the nearest place around its end that may be null; 0 is the whole answer."""
    kinds: list[bool] = []
    remaining = iter(fields)
    kind: Any = None
    for key in path:
        if isinstance(key, str):
            kind = next(remaining).definition.type
        else:
            kind = (kind.of_type if is_non_null_type(kind) else kind).of_type
        kinds.append(is_non_null_type(kind))
    for length in range(len(path), 0, -1):
        if not kinds[length - 1]:
            return length
    return 0


def _null_out(run: Run, path: Sequence[str | int]) -> Any:
    """What stands at this place of the answer, which is null from now on."""
    if not path:
        taken: Any = run.data
        run.data = None
        return taken
    parent: Any = run.data
    for key in path[:-1]:
        parent = parent[key]
    taken, parent[path[-1]] = parent[path[-1]], None
    return taken
