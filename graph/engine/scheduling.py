"""What of a run is done when: what can be done now, what has to be waited for, and what nobody needs any more.

A run is a queue of calls, and things it waits for. Calls are made until none is left; what failed meanwhile then nulls
its places, and what would be written to them is forgotten. After that whatever comes first goes on, and so forth.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult, OperationDefinitionNode
from graphql.execution import AbortedGraphQLExecutionError
from graphql.pyutils import AbortSignal, inspect
from graphql.pyutils import is_awaitable as default_is_awaitable

from graph.engine.completing import close_all
from graph.engine.nulls import Failure, Nulls
from graph.engine.waiting import Background, Together, Waiting, outcome, stop

if TYPE_CHECKING:
    from graph.engine.groups import Spot
    from graph.engine.run import Run

NOT_SYNCHRONOUS = "GraphQL execution failed to complete synchronously."


class Schedule:
    """The part of a run that knows when things are done, and nothing of what they are."""

    def __init__(
        self,
        operation: OperationDefinitionNode,
        is_awaitable: Callable[[Any], bool] | None,
        abort_signal: AbortSignal | None,
        finished: Callable[[], None] | None,
        may_wait: bool,
    ) -> None:
        self.data: dict[str, Any] | None = {}
        self.nulls = Nulls(operation)
        self.abort_signal = abort_signal
        self.background = Background(finished, is_awaitable or default_is_awaitable)
        self._is_awaitable = is_awaitable
        self._may_wait = may_wait
        self._late: dict[type, bool] = {}
        self._queue: deque[Callable[[], None]] = deque()
        self._serial: deque[Callable[[], None]] = deque()
        self._failures: list[Failure] = []
        self._new: dict[Waiting, None] = {}
        # What is waited for, by the one object or list that it is for; and apart from those what is for many.
        self._for_one: dict[int, dict[Waiting, None]] = {}
        self._for_many: dict[Waiting, None] = {}
        self._togethers: dict[Together, None] = {}
        self._tasks: dict[asyncio.Future[Any], Waiting] = {}
        self._stopped: list[Waiting] = []
        self._done: list[asyncio.Future[Any]] = []
        self._wake: asyncio.Future[None] | None = None

    # What others may ask -----------------------------------------------------------------------------------------

    def soon(self, call: Callable[[], None]) -> None:
        """Makes this call before anything is waited for."""
        self._queue.append(call)

    def one_by_one(self, calls: Iterable[Callable[[], None]]) -> None:
        """Makes each call when the one before has nothing left to do or to wait for."""
        self._serial.extend(calls)

    @property
    def has_one_thing_left(self) -> bool:
        """Whether all that goes on is one thing that is waited for."""
        others = self._queue or self._serial or self._failures or self._togethers or self._stopped
        return not others and len(self._new) + len(self._tasks) == 1

    def fail(self: Run, spot: Spot, container: Any, key: Any, error: Exception | None) -> None:  # type: ignore[misc]
        """Notes why nothing was written there; without an error it is a null that must not be."""
        self._failures.append(Failure(spot, container, key, error))

    def is_late(self, cls: type) -> bool:
        """Whether values of this Python class have to be awaited."""
        found = self._late.get(cls)
        if found is None:
            found = self._late[cls] = hasattr(cls, "__await__")
        return found

    def any_late(self, values: Sequence[Any], classes: set[type]) -> bool:
        """Whether any of the values, which are of these classes, has to be awaited."""
        if self._is_awaitable is not None:
            return any(map(self._is_awaitable, values))
        # Generators are late only where `types.coroutine` made them: that is seen at each value.
        return any(map(self.is_late, classes)) or (GeneratorType in classes and any(map(default_is_awaitable, values)))

    @property
    def is_awaitable(self) -> Callable[[Any], bool]:
        """Whether a value has to be awaited."""
        return self._is_awaitable or default_is_awaitable

    def when(self, late: Awaitable[Any], then: Callable[[Any], None], containers: Sequence[Any]) -> None:
        """Goes on with the value, or with the exception in its place, once it is there; it is for these containers."""
        self._wait(Waiting(late, then, containers))

    def when_all(
        self,
        spot: Spot,
        values: Sequence[Any],
        containers: Sequence[Any],
        keys: Sequence[Any],
        then: Callable[[Sequence[Any], Sequence[int]], None],
    ) -> None:
        """Goes on once all values are there: with those that are left, and which of the given ones those are.

        An exception fails the place that it is for at once, and is not among them; nor is what is of no use any more.
        """
        together = Together(values, containers, then, self.nulls.dead)
        late: list[int] = []
        for place, value in enumerate(values):
            if isinstance(value, Exception):
                self.fail(spot, containers[place], keys[place], value)  # type: ignore[misc]
                together.lose(place)
            elif self.is_awaitable(value):
                late.append(place)
        together.expected = len(late)
        if not late:
            together.finish()
            return
        self._togethers[together] = None

        def arrived(place: int, value: Any) -> None:
            if isinstance(value, Exception):
                self.fail(spot, containers[place], keys[place], value)  # type: ignore[misc]
                together.lose(place)
            else:
                together.values[place] = value
            one_less()

        def lost(place: int) -> None:
            together.lose(place)
            one_less()

        def one_less() -> None:
            together.expected -= 1
            if not together.expected:
                del self._togethers[together]
                together.finish()

        for place in late:
            self._wait(Waiting(values[place], partial(arrived, place), (containers[place],), partial(lost, place)))

    async def listed(self, values: AsyncIterable[Any], ends: Callable[[Any], bool]) -> list[Any]:
        """The items of an async iterable, up to one that makes all others useless."""
        found: list[Any] = []
        iterator = aiter(values)
        try:
            while True:
                try:
                    # An iterator need not be iterable itself.
                    each = await anext(iterator)
                except StopAsyncIteration:
                    break
                found.append(each)
                if self.abort_signal is not None and self.abort_signal.aborted:
                    # One whose items are always there already never lets anything else have its turn.
                    raise aborted(self.abort_signal)
                if ends(each):
                    await _closed(iterator)
                    break
        except GeneratorExit:
            close_all(found)
            raise
        except BaseException:
            close_all(found)
            await _closed(iterator)
            raise
        return found

    # The run itself ----------------------------------------------------------------------------------------------

    def to_the_end(self) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Does all that is to be done: the result, or an awaitable of it where something has to be waited for.

        Raises `RuntimeError` where nothing may be waited for.
        """
        try:
            self._advance()
            if self._new and not self._may_wait:
                raise RuntimeError(NOT_SYNCHRONOUS)
        except BaseException:
            self._abandon()
            raise
        if self._new:
            return self._drive()
        result = self.result()
        if self.abort_signal is not None and self.abort_signal.aborted:
            raise AbortedGraphQLExecutionError(self.abort_signal.reason, result)
        return result

    def _advance(self) -> None:
        """Does everything that can be done now."""
        while True:
            while self._queue:
                self._queue.popleft()()
            if self._failures:
                self._spread()
            elif self._new or self._tasks or self._stopped or not self._serial:
                return
            elif self.data is None or (self.abort_signal is not None and self.abort_signal.aborted):
                self._serial.clear()
            else:
                self._serial.popleft()()

    def _spread(self) -> None:
        """Lets what failed null its places, and forgets what would be written to them."""
        failures, self._failures = self._failures, []
        died = self.nulls.spread(self, failures)  # type: ignore[arg-type]
        if not died:
            return
        useless = [waiting for each in died for waiting in self._for_one.pop(each, ())]
        useless += [waiting for waiting in self._for_many if waiting.is_useless(self.nulls.dead)]
        for waiting in useless:
            self._forget(waiting)

    async def _drive(self) -> ExecutionResult:
        try:
            if self.abort_signal is not None:
                return await self._drive_until(self.abort_signal)
            while self._new or self._tasks or self._stopped:
                if self._stopped:
                    await self._let_end()
                elif len(self._new) == 1 and not self._tasks:
                    # Nothing else is under way: no task is needed to wait for the one.
                    only = next(iter(self._new))
                    value = await outcome(only.late)
                    del self._new[only]
                    self._go_on(only, value)
                else:
                    await self._some()
                self._advance()
            return self.result()
        except BaseException:
            self._stopped += self._tasks.values()
            if self._stopped:
                await self._let_end()
            self._abandon()
            raise

    async def _drive_until(self, abort_signal: AbortSignal) -> ExecutionResult:
        """The same; what is still waited for when the signal is given fails with its reason."""
        signalled = asyncio.ensure_future(abort_signal.wait())
        signalled.add_done_callback(lambda _: self._rouse())
        try:
            while self._new or self._tasks or self._stopped:
                if self._stopped:
                    await self._let_end()
                elif not abort_signal.aborted:
                    await self._some()
                if abort_signal.aborted:
                    for waiting in [*self._for_many, *(each for some in self._for_one.values() for each in some)]:
                        self._stop(waiting)
                        self._go_on(waiting, aborted(abort_signal))
                self._advance()
        finally:
            signalled.cancel()
        if not abort_signal.aborted:
            return self.result()
        partial_result: asyncio.Future[ExecutionResult] = asyncio.get_running_loop().create_future()
        partial_result.set_result(self.result())
        raise AbortedGraphQLExecutionError(abort_signal.reason, partial_result)

    def result(self) -> ExecutionResult:
        """The answer, when all is done."""
        self.background.end()
        return ExecutionResult(self.data, self.nulls.errors or None)

    # What is waited for ------------------------------------------------------------------------------------------

    def _wait(self, waiting: Waiting) -> None:
        self._new[waiting] = None
        if len(waiting.containers) == 1:
            self._for_one.setdefault(id(waiting.containers[0]), {})[waiting] = None
        else:
            self._for_many[waiting] = None

    async def _some(self) -> None:
        """Begins what is new, waits until anything is there, and goes on with what is."""
        for each in self._new:
            each.task = asyncio.ensure_future(outcome(each.late))
            self._tasks[each.task] = each
            each.task.add_done_callback(self._ended)
        self._new.clear()
        if not self._done:
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        done, self._done = self._done, []
        for task in done:
            waiting: Waiting | None = self._tasks.pop(task, None)
            if waiting is not None:
                self._go_on(waiting, task.result())

    def _ended(self, task: asyncio.Future[Any]) -> None:
        if task in self._tasks:
            self._done.append(task)
            self._rouse()

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _go_on(self, waiting: Waiting, value: Any) -> None:
        self._leave_out(waiting)
        waiting.then(value)

    def _leave_out(self, waiting: Waiting) -> None:
        if len(waiting.containers) > 1 or not waiting.containers:
            self._for_many.pop(waiting, None)
            return
        others: dict[Waiting, None] = self._for_one.get(id(waiting.containers[0]), {})
        others.pop(waiting, None)
        if not others:
            self._for_one.pop(id(waiting.containers[0]), None)

    def _forget(self, waiting: Waiting) -> None:
        """Waits for it no longer: nobody needs it."""
        self._leave_out(waiting)
        self._stop(waiting)
        if waiting.lost is not None:
            waiting.lost()

    def _stop(self, waiting: Waiting) -> None:
        if waiting.task is None:
            self._new.pop(waiting, None)
            waiting.close()
        else:
            del self._tasks[waiting.task]
            self._stopped.append(waiting)

    async def _let_end(self) -> None:
        """Ends what is waited for no longer."""
        await stop(self._stopped)
        self._stopped.clear()

    def _abandon(self) -> None:
        """The whole run ends early: closes what will never be awaited."""
        for waiting in self._new:
            waiting.close()
        for together in self._togethers:
            close_all(together.values)


def aborted(signal: AbortSignal) -> Exception:
    """What an operation fails with that was aborted: the signal's reason, where that can be raised."""
    reason = signal.reason
    if isinstance(reason, Exception):
        # Raised again and again, its traceback must not grow.
        return reason.with_traceback(getattr(signal, "_reason_traceback", reason.__traceback__))
    return TypeError(f"Unexpected error value: {inspect(reason)}")


async def _closed(iterator: Any) -> None:
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with suppress(Exception):
            await close()
