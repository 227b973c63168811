"""Running a plan, breadth-first.

A `Group` is all objects of one type that one level of the answer holds: what the resolvers gave (`sources`) and what is
being written (`outputs`). A field is resolved for the whole group; its values are completed together; the objects that
come of them are the next level. Levels of different concrete types below one field go on as one: a field that all of
them have is one call.

Nothing waits for what it does not need: what is late is awaited concurrently, and goes on when it is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    MiddlewareManager,
    OperationType,
    default_field_resolver,
)
from graphql.execution.executor import UNEXPECTED_MULTIPLE_PAYLOADS, invalid_return_type_error
from graphql.execution.values import VariableValues
from graphql.pyutils import AbortSignal, Path
from graphql.type.definition import GraphQLResolveInfoHelpers

from graph.engine.assembling import Fetch
from graph.engine.batching import BatchInfo, BatchResolver, check_count
from graph.engine.columns import columns_of, is_end
from graph.engine.completing import Placing, close_all
from graph.engine.fetching import FetchingContext, Program, program_of
from graph.engine.groups import Group, Orders, Spot
from graph.engine.leaves import LeafWriter
from graph.engine.planning import Field, Plan, Selection
from graph.engine.scheduling import Schedule, aborted
from graph.engine.waiting import gather_all

Made = TypeVar("Made")


class SeveralPayloads(GraphQLError):
    """The answer would not come in one."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is done: what resolves where nothing else does, what counts as late, whom to tell."""

    field_resolver: Callable[..., Any]
    type_resolver: Callable[..., Any]
    middleware: MiddlewareManager | None
    # None for what Python itself awaits.
    is_awaitable: Callable[[Any], bool] | None
    is_async_iterable: Callable[[Any], bool]
    abort_signal: AbortSignal | None
    # Called when all has ended that goes on beside the answer.
    finished: Callable[[], None] | None
    composes: bool
    # Whether anything may have to be awaited.
    may_wait: bool


class Run(Schedule):
    """One execution of a plan."""

    def __init__(
        self,
        plan: Plan,
        root_value: Any,
        context: Any,
        variables: VariableValues,
        options: Options,
    ) -> None:
        super().__init__(plan.operation, options.is_awaitable, options.abort_signal, options.finished, options.may_wait)
        self.plan = plan
        self.schema = plan.schema
        self.root_value = root_value
        self.context = context
        self.variables = variables
        self.type_resolver = options.type_resolver
        self.is_async_iterable = options.is_async_iterable
        self.lists: dict[int, tuple[Any, Any]] = {}
        self._field_resolver = options.field_resolver
        self._middleware = options.middleware
        self._fetching = context if isinstance(context, FetchingContext) else None
        self._composes = options.composes and self._fetching is not None and options.middleware is None
        self._is_incremental = False
        self._info_rest: tuple[Any, ...] | None = None

    def start(self) -> ExecutionResult | Awaitable[ExecutionResult]:
        """Runs as far as nothing has to be waited for; the result, or an awaitable of it."""
        if self.abort_signal is not None and self.abort_signal.aborted:
            self.background.end()
            raise aborted(self.abort_signal)
        try:
            selection = self._met(self.plan.root or self._planned(self.plan.root_selection))
        except GraphQLError as error:
            self.nulls.errors.append(error)
            self.data = None
            return self.result()
        self.data = dict.fromkeys(selection.keys)
        group = Group(selection.fields, [self.root_value], [self.data])
        if self.plan.operation.operation is OperationType.MUTATION:
            self.one_by_one(partial(self._run_field, Spot([(field, group)])) for field in selection.fields)
        else:
            self.soon(lambda: self._run_level([group]))
        return self.to_the_end()

    def result(self) -> ExecutionResult:
        """The answer; raises `GraphQLError` where it would not come in one payload."""
        if self._is_incremental:
            raise SeveralPayloads(UNEXPECTED_MULTIPLE_PAYLOADS)
        return super().result()

    # What is resolved --------------------------------------------------------------------------------------------

    def place_objects(self, spot: Spot, parts: Sequence[Placing]) -> None:
        """Writes an empty object for each value, and queues the level that they are."""
        if any(part.kind.is_type_of is not None for part in parts):
            self._check_types(spot, parts)
        else:
            self._place_checked(spot, parts)

    def place_alike(
        self,
        spot: Spot,
        kinds: Sequence[GraphQLObjectType],
        names: Sequence[str],
        values: Sequence[Any],
        containers: Sequence[Any],
        keys: Sequence[Any],
    ) -> bool:
        """Writes the objects of several types at once; false where they are not alike, and nothing is written."""
        if self._middleware is not None or any(kind.is_type_of is not None for kind in kinds):
            return False
        try:
            selections = [self._selection_of(spot, kind) for kind in kinds]
        except Exception:
            # It is told of each object of the type.
            return False
        first, *others = [self._writer_of(each) for each in selections]
        if first.alike is None or any(each.alike != first.alike for each in others):
            return False
        made = first.objects_of_several(values, names)
        if made is None:
            return False
        for output, container, key in zip(made, containers, keys, strict=True):
            container[key] = output
        return True

    def _place_checked(self, spot: Spot, parts: Sequence[Placing]) -> None:
        groups = []
        for kind, values, containers, keys, places in parts:
            try:
                selection = self._selection_of(spot, kind)
            except Exception as error:
                for container, key in zip(containers, keys, strict=True):
                    self.fail(spot, container, key, error)
                continue
            fields, outputs = self._written(selection, values)
            for output, container, key in zip(outputs, containers, keys, strict=True):
                container[key] = output
            if fields:
                groups.append(Group(fields, values, outputs, spot, containers, keys, places))
        if groups:
            self.soon(lambda: self._run_level(groups))

    def _selection_of(self, spot: Spot, kind: GraphQLObjectType) -> Selection:
        """What is asked of objects of this type, of which there are some."""
        known = spot.field.selections.get(kind.name)
        return self._met(known or self._planned(partial(spot.field.selection, kind)))

    def _met(self, selection: Selection) -> Selection:
        """The selection, of which there are objects. What is not met is not asked for."""
        self._is_incremental = self._is_incremental or selection.is_incremental
        return selection

    def _written(self, selection: Selection, sources: Sequence[Any]) -> tuple[Sequence[Field], list[dict[str, Any]]]:
        """The response objects of these sources, and which fields are still to be resolved for them."""
        if self._middleware is None:
            writer = self._writer_of(selection)
            made = writer.objects(sources)
            if made is not None:
                return writer.rest, made
        return selection.fields, [dict.fromkeys(selection.keys) for _ in sources]

    def _writer_of(self, selection: Selection) -> LeafWriter:
        if selection.writer is None:
            selection.writer = LeafWriter(selection)
        writer: LeafWriter = selection.writer
        return writer

    def _check_types(self, spot: Spot, parts: Sequence[Placing]) -> None:
        """Asks `is_type_of` of each value, and goes on with those that are."""
        asked = [answer for part in parts for answer in self._are_of_type(spot, part)]
        rows = [(part.kind, *row) for part in parts for row in zip(*part[1:], strict=True)]

        def go_on(answers: Sequence[Any], places: Sequence[int]) -> None:
            kept: dict[str, Placing] = {}
            for answer, place in zip(answers, places, strict=True):
                kind, value, container, key, in_level = rows[place]
                if answer:
                    kept.setdefault(kind.name, Placing(kind, [], [], [], [])).add(value, container, key, in_level)
                else:
                    details = spot.field_at(self, container).details
                    self.fail(spot, container, key, invalid_return_type_error(kind, value, details))
            self._place_checked(spot, list(kept.values()))

        self.when_all(spot, asked, [row[2] for row in rows], [row[3] for row in rows], go_on)

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
            for field in groups[0].fields:
                self._run_field(Spot([(field, groups[0])]))
            return
        joined: dict[tuple[Any, ...], list[tuple[Field, Group]]] = {}
        for group in groups:
            for field in group.fields:
                joined.setdefault(field.join_key, []).append((field, group))
        orders: Orders = {}
        for parts in joined.values():
            self._run_field(Spot(parts, orders))

    def _run_field(self, spot: Spot) -> None:
        field = spot.field
        if field.is_typename and self._middleware is None:
            for each, group in spot.parts:
                for output in group.outputs:
                    output[each.key] = each.parent_type.name
        elif field.batch is not None and (self._middleware is None or field.definition.resolve is None):
            program = self._program(spot)
            if program is None or not self._run_program(spot, program):
                self._run_batch(spot, field.batch)
        else:
            self._complete(spot, spot.in_order([self._resolve(spot, each, group) for each, group in spot.parts]))

    def _complete(self, spot: Spot, values: Sequence[Any]) -> None:
        outputs: Sequence[Any] = spot.outputs()
        keys: Sequence[Any] = [spot.field.key] * len(outputs)
        dead = self.nulls.dead
        if dead and any(id(output) in dead for output in outputs):
            close_all(value for value, output in zip(values, outputs, strict=True) if id(output) in dead)
            pairs = zip(values, outputs, keys, strict=True)
            alive = [each for each in pairs if id(each[1]) not in dead]
            if not alive:
                return
            values, outputs, keys = zip(*alive, strict=True)
        spot.field.completer.complete(self, spot, values, outputs, keys)

    def _program(self, spot: Spot) -> Program | None:
        """What fetches the field and all below it in one round trip, if anything does."""
        field = spot.field
        if not self._composes or len(spot.parts) > 1:
            return None
        return program_of(field) if field.program is not None else self._planned(partial(program_of, field))

    def _planned(self, make: Callable[[], Made]) -> Made:
        """What planning makes, where it was not made before; the context is told how long that took."""
        began = perf_counter()
        try:
            return make()
        finally:
            if self._fetching is not None:
                self._fetching.planned(began)

    def _run_program(self, spot: Spot, program: Program) -> bool:
        """Sends it; answers false where the field has to go level by level, which tells what is wrong."""
        field, group = spot.parts[0]

        def is_last() -> bool:
            return program.is_pure and self.has_one_thing_left

        try:
            fetch = Fetch(self, spot, program)
            late = self.context.fetch(program, fetch.requests(), is_last)
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
                for output in group.outputs:
                    if id(output) in self.nulls.dead:
                        self.nulls.bury(output[field.key])
                for groups in levels:
                    self.soon(partial(self._run_level, groups))

        self.when(late, go_on, group.outputs)
        return True

    def _run_batch(self, spot: Spot, batch: BatchResolver) -> None:
        """Calls the batch; its answers, or the exception that stands for all of them, are the field's values."""
        parents = spot.in_order([group.sources for _, group in spot.parts])

        def go_on(answers: Any) -> None:
            if not isinstance(answers, Exception):
                try:
                    answers = check_count(answers, parents, batch)
                except Exception as error:
                    answers = error
            self._complete(spot, [answers] * len(parents) if isinstance(answers, Exception) else answers)

        try:
            arguments = spot.field.arguments_for(self.variables)
            answers = batch.call(parents, self.batch_info(spot.field), arguments)
        except Exception as error:
            answers = error
        if self.any_late([answers], {type(answers)}):
            self.when(answers, go_on, spot.outputs())
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
        resolve = field.definition.resolve or self._field_resolver
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
                if values and callable(field.arguments):
                    # What one call may have changed, the next must not find.
                    arguments = field.arguments(self.variables)
                values.append(resolve(source, self.info_at(spot, output), **arguments))
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

        def is_last() -> bool:
            if not self.has_one_thing_left:
                return False
            if field.is_end is None:
                fragments = self.plan.fragment_definitions
                field.is_end = is_end(self.schema, fragments, field.definition.type, field.nodes)
            return field.is_end

        return BatchInfo(self.context, field.name, field.nodes, self.variables.coerced, columns, is_last)

    def info_at(self, spot: Spot, container: Any) -> GraphQLResolveInfo[Any]:
        """What an ordinary resolver finds in its info, for the object that the container belongs to."""
        field, group, number, _ = spot.part_at(self, container)
        if self._info_rest is None:
            helpers = GraphQLResolveInfoHelpers(gather=gather_all, track=self.background.track)
            self._info_rest = (
                self.schema,
                self.plan.fragment_definitions,
                self.root_value,
                self.plan.operation,
                self.variables,
                self.context,
                self.is_awaitable,
                self.abort_signal,
                helpers,
            )
        here = Path(group.way(self, number).path, field.key, field.parent_type.name)
        return GraphQLResolveInfo(
            field.name, list(field.nodes), field.definition.type, field.parent_type, here, *self._info_rest
        )


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
