"""How far nulls reach: field errors and the places they blot out (specification, section 6.4.4).

While a plan runs, a failure is only noted. At the end, failures are taken in the order of the answer. Each nulls the
nearest nullable place around it; one that lies in a place already nulled is dropped, as if it had never been reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLError, is_non_null_type, located_error

if TYPE_CHECKING:
    from graph.engine.executing import Run
    from graph.engine.groups import Spot
    from graph.engine.planning import Field

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
    fields: tuple[Field, ...]
    error: GraphQLError


def settle(
    run: Run, data: dict[str, Any], failures: Sequence[Failure]
) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """The data with its nulls, and the errors, in the order of the answer."""
    errors, nulled = reach(run, data, failures)
    return (None if () in nulled else _without(data, nulled)), errors


def reach(
    run: Run, data: dict[str, Any], failures: Sequence[Failure]
) -> tuple[list[GraphQLError], set[tuple[str | int, ...]]]:
    """The errors in the order of the answer, and the places that they null; nothing is changed."""
    propagates = not any(
        each.name.value == _KEEPS_ERRORS_WHERE_THEY_ARE for each in run.plan.operation.directives or ()
    )
    # All are located before the first is applied: afterwards the way there may be gone.
    located = sorted((_located(run, data, each) for each in failures), key=lambda each: each.order)
    errors: list[GraphQLError] = []
    nulled: set[tuple[str | int, ...]] = set()
    for each in located:
        if any(tuple(each.path[:length]) in nulled for length in range(len(each.path) + 1)):
            continue
        errors.append(each.error)
        place = each.path[: _nullable_length(each.path, each.fields)] if propagates else each.path
        nulled.add(tuple(place))
    return errors, nulled


def _located(run: Run, data: dict[str, Any], failure: Failure) -> _Located:
    path, fields = failure.spot.trace(run, failure.container, failure.key)
    keys = path.as_list()
    field = fields[-1]
    error = failure.error
    if error is None:
        error = TypeError(f"Cannot return null for non-nullable field {field.parent_type}.{field.name}.")
    return _Located(_order(data, keys), keys, fields, located_error(error, field.nodes, keys))


def _order(data: Any, path: Sequence[str | int]) -> tuple[int, ...]:
    """Where a path stands in the answer, as numbers that compare."""
    order = []
    for key in path:
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


def _without(data: dict[str, Any], nulled: set[tuple[str | int, ...]]) -> dict[str, Any]:
    for path in nulled:
        parent: Any = data
        for key in path[:-1]:
            parent = parent[key] if parent is not None else None
        if parent is not None:
            parent[path[-1]] = None
    return data
