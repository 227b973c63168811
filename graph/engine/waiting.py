"""What a run waits for, and what becomes of it when nobody needs it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from graphql.pyutils import gather_with_cancel

from graph.engine.completing import close_all


@dataclass(eq=False, slots=True)
class Waiting:
    """Something awaitable, what to do with its outcome, and the objects or lists that it is for."""

    late: Awaitable[Any]
    then: Callable[[Any], None]
    containers: Sequence[Any]
    # What to do when nobody needs it any more.
    lost: Callable[[], None] | None = None
    task: asyncio.Future[Any] | None = None
    _first_alive: int = 0

    def close(self) -> None:
        """It will never be awaited, or no further."""
        close_all([self.late])

    def is_useless(self, dead: set[int]) -> bool:
        """Whether none of what it is for is needed; what died stays dead, so nothing is looked at twice."""
        while self._first_alive < len(self.containers) and id(self.containers[self._first_alive]) in dead:
            self._first_alive += 1
        return self._first_alive == len(self.containers)


class Together:
    """Values that go on together, once each is there or is of no use any more."""

    __slots__ = ("_containers", "_dead", "_lost", "_then", "expected", "values")

    def __init__(
        self,
        values: Sequence[Any],
        containers: Sequence[Any],
        then: Callable[[Sequence[Any], Sequence[int]], None],
        dead: set[int],
    ) -> None:
        self.values = list(values)
        self.expected = 0
        self._containers = containers
        self._then = then
        self._dead = dead
        self._lost: set[int] = set()

    def lose(self, place: int) -> None:
        """This one will not be there; whoever loses it closes it."""
        self._lost.add(place)
        self.values[place] = None

    def finish(self) -> None:
        """Goes on with those that are left."""
        places: Sequence[int] = range(len(self.values))
        if self._lost or self._dead:
            lost = {place for place in places if id(self._containers[place]) in self._dead} | self._lost
            close_all(self.values[place] for place in sorted(lost))
            places = [place for place in places if place not in lost]
        if places:
            self._then([self.values[place] for place in places], places)


async def outcome(late: Awaitable[Any]) -> Any:
    """Its value, or the exception in its place."""
    try:
        return await late
    except Exception as error:
        return error


async def stop(begun: Sequence[Waiting]) -> None:
    """Cancels what was begun, and waits until it has ended."""
    tasks = [each.task for each in begun if each.task is not None]
    for task in tasks:
        task.cancel()
    brought = await asyncio.gather(*tasks, return_exceptions=True)
    # What was there already may have brought more that nobody awaits; what had not begun has awaited nothing.
    close_all(brought)
    for each in begun:
        each.close()


async def gather_all(values: Sequence[Awaitable[Any]]) -> list[Any]:
    """The values of all; where one fails, the others are cancelled. Resolvers find this in their info."""
    return list(await gather_with_cancel(*values))


class Background:
    """What goes on beside a run and has no part in its answer; and whom to tell when it has ended."""

    def __init__(self, finished: Callable[[], None] | None, is_awaitable: Callable[[Any], bool]) -> None:
        self._finished = finished
        self._is_awaitable = is_awaitable
        self._futures: set[asyncio.Future[Any]] = set()
        self._telling: asyncio.Task[None] | None = None

    def track(self, values: Sequence[Any]) -> None:
        """Lets what is awaitable run to its end, whatever comes of it. Resolvers find this in their info."""
        late = [value for value in values if self._is_awaitable(value)]
        if not late:
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            close_all(late)
            return
        future = asyncio.gather(*late, return_exceptions=True)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)

    def end(self) -> None:
        """The run has ended: tells so once nothing goes on beside it."""
        if self._finished is None:
            return
        if self._futures:
            self._telling = asyncio.ensure_future(self._tell_later(self._finished))
            return
        with suppress(Exception):
            self._finished()

    async def _tell_later(self, finished: Callable[[], None]) -> None:
        while self._futures:
            await asyncio.wait(list(self._futures))
        with suppress(Exception):
            finished()
