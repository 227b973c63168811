"""Running a plan, breadth-first.

A `Group` is all objects of one type that one level of the answer holds: what the resolvers gave (`sources`) and what is
being written (`outputs`). A field is resolved for the whole group; its values are completed together; the objects that
come of them are the next level. Levels of different concrete types below one field go on as one: a field that all of
them have is one call.

Nothing waits for what it does not need: what is late is awaited concurrently, and goes on when it is there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, GraphQLResolveInfo, default_field_resolver
from graphql.execution.executor import invalid_return_type_error
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from graphql.type.definition import GraphQLResolveInfoHelpers

from graph.engine.assembling import Fetch
from graph.engine.batching import BatchInfo, BatchResolver, counted
from graph.engine.completing import Placing, close_all
from graph.engine.fetching import Program, program_of
from graph.engine.groups import Group, Places, Spot
from graph.engine.nulls import Failure, reach, settle
from graph.engine.planning import Field, Plan, tell_planned
from graph.engine.selection import columns_of
from graph.engine.waiting import Waiting, all_of, cancelled, gather_all, outcome, track

Made = TypeVar("Made")


class Run:
    """One execution of a plan."""

    def __init__(
        self,
        plan: Plan,
        root_value: Any,
        context: Any,
        variables: VariableValues,
        field_resolver: Callable[..., Any],
        type_resolver: Callable[..., Any],
        middleware: Any,
        is_awaitable: Callable[[Any], bool] | None,
        is_async_iterable: Callable[[Any], bool],
        composes: bool,
    ) -> None:
        self.plan = plan
        self.schema = plan.schema
        self.root_value = root_value
        self.context = context
        self.variables = variables
        self.type_resolver = type_resolver
        self.is_async_iterable = is_async_iterable
        self.lists: dict[int, tuple[Any, Any]] = {}
        self.failures: list[Failure] = []
        self.data: dict[str, Any] = {}
        self._field_resolver = field_resolver
        self._middleware = middleware
        self._is_awaitable = is_awaitable
        self._composes = composes and hasattr(context, "fetch") and middleware is None
        self._late: dict[type, bool] = {}
        self._queue: deque[Callable[[], None]] = deque()
        self._waiting: list[Waiting] = []
        self._running = 0
        self._failures_seen = 0
        self._serial: deque[tuple[Field, Group]] = deque()
        self._info_rest: tuple[Any, ...] | None = None

    # What is done when -------------------------------------------------------------------------------------------

    def start(self, root: GraphQLObjectType, *, serially: bool) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Runs as far as nothing has to be waited for; the result, or an awaitable of it."""
        try:
            try:
                selection = self.plan.root or self._planned(partial(self.plan.root_selection, root))
            except GraphQLError as error:
                return ExecutionResult(None, [error])
            self.data = dict.fromkeys(selection.keys)
            group = Group(selection, [self.root_value], [self.data])
            if serially:
                self._serial.extend((field, group) for field in selection.fields)
            else:
                self._run_level([group])
            self._drain()
        except BaseException:
            self._abandon()
            raise
        return self._drive() if self._waiting else self._result()

    def when(self, late: Awaitable[Any], then: Callable[[Any], None], where: Places) -> None:
        """Goes on with the value, or with the exception in its place, once it is there; it is for these places."""
        self._waiting.append(Waiting(late, then, where))

    def when_all(self, values: Sequence[Any], then: Callable[[Sequence[Any]], None], where: Places) -> None:
        """Goes on with all values once those that are awaitable are there; exceptions stand in place of values."""
        waited = self._is_awaitable or (lambda value: self.is_late(type(value)))
        places = [place for place, value in enumerate(values) if waited(value)]

        def fill(found: Sequence[Any]) -> None:
            settled = list(values)
            for place, value in zip(places, found, strict=True):
                settled[place] = value
            then(settled)

        if len(places) == 1:
            self._waiting.append(Waiting(values[places[0]], lambda value: fill([value]), where, values))
        else:
            late = all_of([values[place] for place in places])
            self._waiting.append(Waiting(late, fill, where, values))

    async def listed(self, values: Any) -> list[Any]:
        """The items of an async iterable."""
        found: list[Any] = []
        try:
            async for each in values:
                found.append(each)
        except BaseException:
            close_all(found)
            raise
        return found

    def is_late(self, kind: type) -> bool:
        """Whether values of this Python type have to be awaited."""
        found = self._late.get(kind)
        if found is None:
            found = self._late[kind] = hasattr(kind, "__await__")
        return found

    def _drain(self) -> None:
        """Does everything that can be done now. Fields of a mutation start when the one before has nothing left."""
        while True:
            while self._queue:
                self._queue.popleft()()
            if self._waiting or self._running or not self._serial:
                return
            if self.failures and () in reach(self, self.data, self.failures)[1]:
                self._serial.clear()
                return
            field, group = self._serial.popleft()
            self._run_field(Spot([(field, group)]))

    async def _drive(self) -> ExecutionResult:
        tasks: dict[asyncio.Future[Any], Waiting] = {}
        try:
            while self._waiting or tasks:
                await self._forget(tasks)
                if not tasks and len(self._waiting) == 1:
                    # Nothing else is under way: no task is needed to wait for the one.
                    only = self._waiting.pop()
                    self._running = 1
                    value = await outcome(only.late)
                    self._running = 0
                    only.then(value)
                elif self._waiting or tasks:
                    while self._waiting:
                        waiting = self._waiting.pop(0)
                        tasks[asyncio.ensure_future(outcome(waiting.late))] = waiting
                    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    for task in [each for each in tasks if each in done]:
                        tasks.pop(task).then(task.result())
                    self._running = len(tasks)
                self._drain()
        except BaseException:
            self._abandon()
            await cancelled(tasks)
            for waiting in tasks.values():
                waiting.close()
            raise
        return self._result()

    async def _forget(self, tasks: dict[asyncio.Future[Any], Waiting]) -> None:
        """Stops waiting for what would be written to places that are null already, whatever comes."""
        if len(self.failures) == self._failures_seen:
            return
        self._failures_seen = len(self.failures)
        nulled = reach(self, self.data, self.failures)[1]
        moot = [task for task, waiting in tasks.items() if self._is_moot(waiting.where, nulled)]
        await cancelled(moot)
        for task in moot:
            # One that was cancelled before its first step has awaited nothing of what it is made of; one that was done
            # already may have brought more that nobody will await.
            tasks.pop(task).close()
            if not task.cancelled():
                close_all([task.result()])
        self._running = len(tasks)
        for waiting in [each for each in self._waiting if self._is_moot(each.where, nulled)]:
            self._waiting.remove(waiting)
            waiting.close()

    def _is_moot(self, where: Places, nulled: set[tuple[Any, ...]]) -> bool:
        if () in nulled:
            return True
        spot, containers, keys = where
        for container, key in zip(containers, keys, strict=True):
            path = spot.trace(self, container, key)[0].as_list()
            if not any(tuple(path[:length]) in nulled for length in range(1, len(path))):
                return False
        return True

    def _abandon(self) -> None:
        """Closes what will never be awaited."""
        for waiting in self._waiting:
            waiting.close()
        self._waiting.clear()

    def _result(self) -> ExecutionResult:
        data, errors = settle(self, self.data, self.failures) if self.failures else (self.data, None)
        return ExecutionResult(data, errors)

    # What is resolved --------------------------------------------------------------------------------------------

    def place_objects(self, spot: Spot, parts: Sequence[Placing]) -> None:
        """Writes an empty object for each value, and queues the level that they are."""
        if any(part.kind.is_type_of is not None for part in parts):
            self._check_types(spot, parts)
        else:
            self._place_checked(spot, parts)

    def _place_checked(self, spot: Spot, parts: Sequence[Placing]) -> None:
        groups = []
        for kind, values, containers, keys, places in parts:
            try:
                selection = spot.field.selections.get(kind.name) or self._planned(partial(spot.field.selection, kind))
            except GraphQLError as error:
                for container, key in zip(containers, keys, strict=True):
                    self.fail(spot, container, key, error)
                continue
            names = selection.keys
            outputs = [dict.fromkeys(names) for _ in values]
            for output, container, key in zip(outputs, containers, keys, strict=True):
                container[key] = output
            groups.append(Group(selection, values, outputs, spot, containers, keys, places))
        if groups:
            self._queue.append(lambda: self._run_level(groups))

    def _check_types(self, spot: Spot, parts: Sequence[Placing]) -> None:
        """Asks `is_type_of` of each value, and goes on with those that are."""
        asked = [answer for part in parts for answer in self._are_of_type(spot, part)]

        def go_on(answers: Sequence[Any]) -> None:
            rest = iter(answers)
            kept = []
            for kind, values, containers, keys, places in parts:
                left = Placing(kind, [], [], [], [])
                for value, container, key, place in zip(values, containers, keys, places, strict=True):
                    answer = next(rest)
                    if isinstance(answer, Exception):
                        self.fail(spot, container, key, answer)
                    elif not answer:
                        details = spot.field_at(self, container).details
                        self.fail(spot, container, key, invalid_return_type_error(kind, value, details))
                    else:
                        left.add(value, container, key, place)
                if left.values:
                    kept.append(left)
            self._place_checked(spot, kept)

        if any(map(self.is_late, set(map(type, asked)))):
            places = (
                [each for part in parts for each in part.containers],
                [each for part in parts for each in part.keys],
            )
            self.when_all(asked, go_on, (spot, *places))
        else:
            go_on(asked)

    def _are_of_type(self, spot: Spot, part: Placing) -> list[Any]:
        is_type_of = part.kind.is_type_of
        if is_type_of is None:
            return [True] * len(part.values)
        found: list[Any] = []
        for value, container in zip(part.values, part.containers, strict=True):
            try:
                found.append(is_type_of(value, self.info_at(spot, container)))
            except Exception as error:
                found.append(error)
        return found

    def _run_level(self, groups: Sequence[Group]) -> None:
        if len(groups) == 1:
            for field in groups[0].selection.fields:
                self._run_field(Spot([(field, groups[0])]))
            return
        joined: dict[tuple[Any, ...], list[tuple[Field, Group]]] = {}
        for group in groups:
            for field in group.selection.fields:
                joined.setdefault(field.join_key, []).append((field, group))
        for parts in joined.values():
            self._run_field(Spot(parts))

    def _run_field(self, spot: Spot) -> None:
        field = spot.field
        if field.name == "__typename" and "__typename" not in field.parent_type.fields:
            for each, group in spot.parts:
                for output in group.outputs:
                    output[each.key] = each.parent_type.name
        elif field.batch is not None and self._middleware is None:
            program = self._program(spot)
            if program is None or not self._run_program(spot, program):
                self._run_batch(spot, field.batch)
        else:
            self._complete(spot, spot.in_order([self._resolve(spot, each, group) for each, group in spot.parts]))

    def _complete(self, spot: Spot, values: Sequence[Any]) -> None:
        field = spot.field
        _, outputs, keys = where = spot.places()
        if self._is_awaitable is not None and any(map(self._is_awaitable, values)):
            self.when_all(values, lambda settled: field.completer.complete(self, spot, settled, outputs, keys), where)
            return
        field.completer.complete(self, spot, values, outputs, keys)

    def _program(self, spot: Spot) -> Program | None:
        """What fetches the field and all below it in one round trip, if anything does."""
        field = spot.field
        if not self._composes or len(spot.parts) > 1:
            return None
        if field.fetch is None:
            field.fetch = self._planned(partial(program_of, field)) or False
        return field.fetch or None

    def _planned(self, make: Callable[[], Made]) -> Made:
        """What planning makes, where it was not made before; the context is told how long that took."""
        began = perf_counter()
        try:
            return make()
        finally:
            tell_planned(self.context, began)

    def _run_program(self, spot: Spot, program: Program) -> bool:
        """Sends it; answers false where the field has to go level by level, which tells what is wrong."""
        field, group = spot.parts[0]
        asked = [each for each in group.selection.fields if each.name != "__typename"]
        alone = group.spot is None and program.is_pure and len(asked) == 1 and not self._serial
        try:
            fetch = Fetch(self, spot, program)
            late = self.context.fetch(program, fetch.requests(), alone=alone)
        except Exception:
            return False

        def go_on(found: Any) -> None:
            if isinstance(found, Exception):
                self._complete(spot, [found] * len(group.sources))
                return
            levels = fetch.write(found)
            if levels is None:
                assert field.batch is not None
                self._run_batch(spot, field.batch)
            else:
                self._queue.extend(partial(self._run_level, groups) for groups in levels)

        self.when(late, go_on, spot.places())
        return True

    def _run_batch(self, spot: Spot, batch: BatchResolver) -> None:
        parents = spot.in_order([group.sources for _, group in spot.parts])

        def go_on(answers: Any) -> None:
            self._complete(spot, [answers] * len(parents) if isinstance(answers, Exception) else answers)

        self._ask(spot, batch, parents, go_on)

    def _ask(self, spot: Spot, batch: BatchResolver, parents: Sequence[Any], then: Callable[[Any], None]) -> None:
        """Calls the batch; goes on with its answers, or with the exception that stands for all of them."""
        try:
            arguments = spot.field.arguments_for(self.variables)
            answers = batch.call(parents, self.batch_info(spot.field), arguments)
        except Exception as error:
            then(error)
            return

        def go_on(found: Any) -> None:
            try:
                then(found if isinstance(found, Exception) else counted(found, parents, batch))
            except RuntimeError as error:
                then(error)

        if self.is_late(type(answers)):
            self.when(answers, go_on, spot.places())
        else:
            go_on(answers)

    def _resolve(self, spot: Spot, field: Field, group: Group) -> list[Any]:
        """What the field's resolver gives for each object of the group; an exception where it raises one."""
        try:
            arguments = field.arguments_for(self.variables)
        except Exception as error:
            return [error] * len(group.sources)
        attribute = field.definition.extensions.get("attribute")
        if attribute is not None and self._middleware is None:
            return _attributes(group.sources, attribute)
        resolve = field.resolve or self._field_resolver
        if self._middleware is not None:
            resolve = self._middleware.get_field_resolver(resolve)
        elif resolve is default_field_resolver:
            return [
                self._default(spot, field, source, output, arguments)
                for source, output in zip(group.sources, group.outputs, strict=True)
            ]
        values: list[Any] = []
        for source, output in zip(group.sources, group.outputs, strict=True):
            try:
                values.append(resolve(source, self.info_at(spot, output), **arguments))
                # What one call may have changed, the next must not find.
                arguments = field.arguments_for(self.variables) if field.arguments is None else arguments
            except Exception as error:
                values.append(error)
        return values

    def _default(self, spot: Spot, field: Field, source: Any, output: Any, arguments: dict[str, Any]) -> Any:
        """graphql-core's default resolver; its info is made only where something is called."""
        try:
            if isinstance(source, Mapping):
                value = source.get(field.name)
            else:
                value = getattr(source, field.name, None)
            return value(self.info_at(spot, output), **arguments) if callable(value) else value
        except Exception as error:
            return error

    # What resolvers are told -------------------------------------------------------------------------------------

    def batch_info(self, field: Field) -> BatchInfo:
        """What a batch resolver finds in its info."""

        def columns() -> tuple[str, ...]:
            if field.columns is None:
                fragments = self.plan.fragment_definitions
                field.columns = columns_of(self.schema, fragments, field.definition.type, field.nodes)
            return field.columns

        return BatchInfo(self.context, field.name, field.nodes, self.variables.coerced, columns)

    def info_at(self, spot: Spot, container: Any) -> GraphQLResolveInfo[Any]:
        """What an ordinary resolver finds in its info, for the object that the container belongs to."""
        field, group, number, _ = spot.part_at(self, container)
        path, _ = group.trace(self, number)
        if self._info_rest is None:
            helpers = GraphQLResolveInfoHelpers(gather=gather_all, track=track)
            self._info_rest = (
                self.schema,
                self.plan.fragment_definitions,
                self.root_value,
                self.plan.operation,
                self.variables,
                self.context,
                self._is_awaitable or (lambda value: self.is_late(type(value))),
                None,
                helpers,
            )
        here = Path(path, field.key, field.parent_type.name)
        return GraphQLResolveInfo(
            field.name, field.nodes, field.definition.type, field.parent_type, here, *self._info_rest
        )

    def fail(self, spot: Spot, container: Any, key: Any, error: Exception | None) -> None:
        """Notes why nothing was written there; without an error it is a null that must not be."""
        self.failures.append(Failure(spot, container, key, error))


def _attributes(sources: Sequence[Any], name: str) -> list[Any]:
    try:
        return [getattr(source, name) for source in sources]
    except Exception:
        found: list[Any] = []
        for source in sources:
            try:
                found.append(getattr(source, name))
            except Exception as error:
                found.append(error)
        return found
