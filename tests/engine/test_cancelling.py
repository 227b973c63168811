"""What ends early: requests that are cancelled, failures that make the rest useless, and what is no error at all."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from inspect import isawaitable
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse

from graph.engine import BatchResolver, execute
from tests.engine.comparing import Context

_SDL = "type Node { leaf: Int wait: Int waitSure: Int! failSure: Int! nodes: [Node!] } type Query { node: Node nodes: [Node!] wait: Int fail: Int! }"


class _Waiting:
    """Resolvers that wait until they are cancelled, and say when they began and how they ended."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.running = 0
        self.ended: list[str] = []

    async def wait(self, *_: Any, **__: Any) -> Any:
        self.running += 1
        self.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        finally:
            self.running -= 1

    async def items(self) -> AsyncIterator[Any]:
        try:
            yield {}
            await self.wait()
        finally:
            self.ended.append("closed")


def _schema(**resolvers: Callable[..., Any]) -> GraphQLSchema:
    made = build_schema(_SDL)
    for name, resolve in resolvers.items():
        type_name, field_name = name.split("_")
        made.type_map[type_name].fields[field_name].resolve = resolve  # type: ignore[attr-defined]
    return made


def _batched(schema: GraphQLSchema, type_name: str, field_name: str, function: Callable[..., Any]) -> GraphQLSchema:
    schema.type_map[type_name].fields[field_name].extensions["batch"] = BatchResolver(function)  # type: ignore[attr-defined]
    return schema


def _watched(work: Callable[[list[str]], Coroutine[Any, Any, None]]) -> None:
    """Runs it on a loop of its own; nothing may be left running, and nobody may be told of anything forgotten."""
    told: list[str] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(str(context)))
        await work(told)
        # A task that was cancelled ends in its next turn.
        await asyncio.sleep(0)
        told.extend(f"still running: {each}" for each in asyncio.all_tasks() - {asyncio.current_task()})

    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda message, *_rest, **_more: told.append(str(message))
            asyncio.run(run())
            gc.collect(1)
    finally:
        gc.enable()
    assert told == []


@pytest.mark.parametrize(
    "document",
    [
        "{ wait }",
        "{ a: wait b: wait }",
        "{ node { wait } }",
        "{ nodes { wait waitSure } wait }",
        "{ nodes { nodes { wait } } }",
    ],
)
def test_when_a_request_is_cancelled_everything_it_started_ends(document: str) -> None:
    async def work(_told: list[str]) -> None:
        waiting = _Waiting()
        schema = _schema(
            Query_wait=waiting.wait,
            Node_wait=waiting.wait,
            Node_waitSure=waiting.wait,
            Query_node=lambda *_: {},
            Query_nodes=lambda *_: [{}, {}],
            Node_nodes=lambda *_: [{}, {}],
        )
        task = asyncio.ensure_future(execute(schema, parse(document)))
        await waiting.began.wait()

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert waiting.running == 0
        assert set(waiting.ended) == {"cancelled"}

    _watched(work)


@pytest.mark.parametrize("first", [True, False])
def test_a_batch_that_runs_is_cancelled_with_its_request(first: bool) -> None:
    async def work(_told: list[str]) -> None:
        waiting = _Waiting()
        schema = _schema(Query_nodes=lambda *_: [{}, {}], Node_waitSure=waiting.wait)
        _batched(schema, "Node", "wait", waiting.wait)
        document = "{ nodes { wait waitSure } }" if first else "{ nodes { waitSure wait } }"
        task = asyncio.ensure_future(execute(schema, parse(document), None, Context()))
        await waiting.began.wait()

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert waiting.running == 0

    _watched(work)


def test_an_async_list_is_closed_when_its_request_is_cancelled() -> None:
    async def work(_told: list[str]) -> None:
        waiting = _Waiting()
        task = asyncio.ensure_future(
            execute(_schema(Query_nodes=lambda *_: waiting.items()), parse("{ nodes { leaf } }"))
        )
        await waiting.began.wait()

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert waiting.ended == ["cancelled", "closed"]

    _watched(work)


def test_a_failure_that_nulls_everything_does_not_wait_for_the_rest_forever() -> None:
    async def work(_told: list[str]) -> None:
        waiting = _Waiting()

        async def fail(*_: Any) -> Any:
            await waiting.began.wait()
            raise ValueError("broken")

        result = await asyncio.wait_for(
            execute(_schema(Query_wait=waiting.wait, Query_fail=fail), parse("{ wait fail }")), 5
        )

        assert result.data is None
        assert [each.message for each in result.errors] == ["broken"]
        assert waiting.running == 0

    _watched(work)


def test_a_failure_that_nulls_an_object_does_not_wait_for_its_other_fields() -> None:
    async def work(_told: list[str]) -> None:
        waiting = _Waiting()

        async def fail(*_: Any) -> Any:
            await waiting.began.wait()
            raise ValueError("broken")

        schema = _schema(Query_node=lambda *_: {}, Node_wait=waiting.wait, Node_failSure=fail)
        result = await asyncio.wait_for(execute(schema, parse("{ node { wait failSure } }")), 5)

        assert result.data == {"node": None}
        assert waiting.running == 0

    _watched(work)


@pytest.mark.parametrize("document", ["{ wait fail }", "{ fail wait }", "{ nodes { waitSure failSure } }"])
def test_what_nobody_waits_for_any_more_leaves_nothing_behind(document: str) -> None:
    async def work(_told: list[str]) -> None:
        async def late(*_: Any) -> Any:
            await asyncio.sleep(0)
            raise ValueError("late")

        def fail(*_: Any) -> Any:
            raise ValueError("broken")

        schema = _schema(
            Query_wait=late, Query_fail=fail, Query_nodes=lambda *_: [{}, {}], Node_waitSure=late, Node_failSure=fail
        )
        found = execute(schema, parse(document))
        # Where nothing is left to wait for, the answer is there at once.
        result = await found if isawaitable(found) else found

        assert len(result.errors) == 1

    _watched(work)


class _Stop(BaseException):
    """Like KeyboardInterrupt, but nothing that an event loop treats specially."""


def _stop(*_: Any, **__: Any) -> Any:
    raise _Stop


async def _stop_later(*_: Any, **__: Any) -> Any:
    await asyncio.sleep(0)
    raise _Stop


@pytest.mark.parametrize("resolve", [_stop, _stop_later])
@pytest.mark.parametrize("document", ["{ wait }", "{ node { wait } }", "{ nodes { wait leaf } }"])
@pytest.mark.parametrize("batched", [False, True])
def test_what_is_no_ordinary_exception_passes_through(
    document: str, resolve: Callable[..., Any], batched: bool
) -> None:
    async def work(_told: list[str]) -> None:
        schema = _schema(Query_node=lambda *_: {}, Query_nodes=lambda *_: [{}, {}])
        for type_name in ("Query", "Node"):
            if batched:
                _batched(schema, type_name, "wait", resolve)
            else:
                schema.type_map[type_name].fields["wait"].resolve = resolve  # type: ignore[attr-defined]
        with pytest.raises(_Stop):
            await _awaited(execute(schema, parse(document), None, Context()))

    _watched(work)


def test_an_interrupt_from_the_keyboard_passes_through() -> None:
    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(_schema(Query_wait=interrupt), parse("{ wait }"))


def test_a_resolver_that_is_cancelled_by_itself_cancels_the_request() -> None:
    async def work(_told: list[str]) -> None:
        async def cancelled(*_: Any) -> Any:
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await execute(_schema(Query_wait=cancelled), parse("{ wait }"))

    _watched(work)


async def _awaited(result: Any) -> Any:
    return await result if asyncio.iscoroutine(result) or isinstance(result, asyncio.Future) else result


def test_requests_side_by_side_know_nothing_of_each_other() -> None:
    async def work(_told: list[str]) -> None:
        def echo(parents: Sequence[Any], info: Any) -> list[Any]:
            return [info.context.number for _ in parents]

        async def slowly(parents: Sequence[Any], info: Any) -> list[Any]:
            await asyncio.sleep(0)
            return echo(parents, info)

        schema = _batched(_schema(Query_nodes=lambda *_: [{}, {}]), "Node", "wait", slowly)
        document = parse("{ nodes { wait } }")

        async def one(number: int) -> Any:
            context = Context()
            context.number = number  # type: ignore[attr-defined]
            return (await execute(schema, document, None, context)).data

        found = await asyncio.gather(*(one(number) for number in range(20)))

        assert found == [{"nodes": [{"wait": number}] * 2} for number in range(20)]

    _watched(work)


def test_the_next_field_of_a_mutation_begins_when_what_the_one_before_gave_up_has_ended() -> None:
    async def work(_told: list[str]) -> None:
        told: list[str] = []

        async def slow_to_end(*_: Any) -> Any:
            told.append("begun")
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                told.append("ended")

        async def fail(*_: Any) -> Any:
            await asyncio.sleep(0)
            raise ValueError("broken")

        schema = build_schema(
            "type Node { wait: Int fail: Int! } type Query { node: Node } type Mutation { first: Node second: Int }"
        )
        for type_name, name, resolve in (
            ("Mutation", "first", lambda *_: {}),
            ("Mutation", "second", lambda *_: told.append("second")),
            ("Node", "wait", slow_to_end),
            ("Node", "fail", fail),
        ):
            schema.type_map[type_name].fields[name].resolve = resolve  # type: ignore[attr-defined]
        result = await execute(schema, parse("mutation { first { wait fail } second }"))

        assert result.data == {"first": None, "second": None}
        assert told == ["begun", "ended", "second"]

    _watched(work)
