"""What a run waits for, and what becomes of it when nobody needs it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql.pyutils import gather_with_cancel

from graph.engine.completing import close_all
from graph.engine.groups import Places


@dataclass(slots=True)
class Waiting:
    """Something awaitable, what to do with its outcome, and the places that it is for."""

    late: Awaitable[Any]
    then: Callable[[Any], None]
    where: Places
    # What it is made of, and what else goes on with it.
    parts: Sequence[Any] = ()

    def close(self) -> None:
        """It will never be awaited, or no further."""
        close_all((self.late, *self.parts))


async def outcome(late: Awaitable[Any]) -> Any:
    """Its value, or the exception in its place."""
    try:
        return await late
    except Exception as error:
        return error


async def all_of(values: Sequence[Awaitable[Any]]) -> list[Any]:
    """The values of all, exceptions in the places of those that fail."""
    tasks = [asyncio.ensure_future(each) for each in values]
    try:
        found = await asyncio.gather(*tasks, return_exceptions=True)
    except asyncio.CancelledError:
        close_all(task.result() for task in tasks if task.done() and not task.cancelled() and not task.exception())
        raise
    for each in found:
        if isinstance(each, BaseException) and not isinstance(each, Exception):
            raise each
    return found


async def cancelled(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancels tasks and waits until they have ended."""
    stopped = list(tasks)
    for task in stopped:
        task.cancel()
    await asyncio.gather(*stopped, return_exceptions=True)


async def gather_all(values: Sequence[Awaitable[Any]]) -> list[Any]:
    """The values of all; where one fails, the others are cancelled. Resolvers find this in their info."""
    return list(await gather_with_cancel(*values))


def track(values: Sequence[Any]) -> None:
    """Lets what is awaitable run to its end, whatever comes of it. Resolvers find this in their info."""
    late = [value for value in values if hasattr(value, "__await__")]
    if late:
        asyncio.gather(*late, return_exceptions=True)
