"""Which object type a value of an interface or a union is of, where nobody else says so.

In meaning graphql-core's `default_type_resolver`. That one leaves behind what the types answered where they answer late
and nobody needs it any more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from inspect import iscoroutine
from typing import Any

from graphql import GraphQLAbstractType, GraphQLResolveInfo
from graphql.execution.executor import get_typename


class FirstThatIs:
    """Awaited, the name of the first of several types that says that a value is of it; None where none does.

    Closed, what the types would have said is let go.
    """

    __slots__ = ("_gather", "_said")

    def __init__(self, said: Mapping[str, Awaitable[bool]], gather: Callable[[Sequence[Any]], Awaitable[Any]]) -> None:
        self._said = said
        self._gather = gather

    def __await__(self) -> Generator[Any, None, str | None]:
        return self._found().__await__()

    async def _found(self) -> str | None:
        answers = await self._gather(list(self._said.values()))
        return next((name for name, is_one in zip(self._said, answers, strict=True) if is_one), None)

    def close(self) -> None:
        """Nobody will await it."""
        for each in self._said.values():
            if iscoroutine(each):
                each.close()


def default_type(value: Any, info: GraphQLResolveInfo[Any], abstract: GraphQLAbstractType) -> Any:
    """The name that the value has as its `__typename`, or else that of the first type whose `is_type_of` it meets.

    The answer may have to be awaited. What types are still to say when one is found goes on beside the run.
    """
    name = get_typename(value)
    if isinstance(name, str):
        return name
    late: dict[str, Awaitable[bool]] = {}
    try:
        for kind in info.schema.get_possible_types(abstract):
            said: Any = kind.is_type_of(value, info) if kind.is_type_of else False
            if info.is_awaitable(said):
                late[kind.name] = said
            elif said:
                info.async_helpers.track(list(late.values()))
                return kind.name
    except Exception:
        info.async_helpers.track(list(late.values()))
        raise
    return FirstThatIs(late, info.async_helpers.gather) if late else None
