"""What `execute` is given besides a document: signals to abort, hooks, predicates, executor classes; and `execute_sync`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, build_schema, parse
from graphql.execution import AbortedGraphQLExecutionError, ExecutionHooks, Executor
from graphql.pyutils import AbortController

from graph.engine import BatchResolver, execute, execute_sync, subscribe

_SDL = """
type Node { word: String wait: String sure: String! }
type Query { word: String other: String! node: Node numbers: [Int] sure: [Int!] nodes: [Node!] }
type Mutation { first: String second: String }
type Subscription { word: String }
"""


def _schema(more: str = "", **resolvers: Callable[..., Any]) -> GraphQLSchema:
    made = build_schema(_SDL + more)
    for name, resolve in resolvers.items():
        type_name, field_name = name.split("_")
        made.type_map[type_name].fields[field_name].resolve = resolve  # type: ignore[attr-defined]
    return made


async def _later(value: Any = "late") -> Any:
    await asyncio.sleep(0)
    return value


async def _never(*_: Any) -> Any:
    await asyncio.Event().wait()


def _fail(*_: Any) -> Any:
    raise ValueError("broken")


def test_an_answer_that_waits_for_nothing_is_there_at_once() -> None:
    found = execute(_schema(Query_word=lambda *_: "now"), parse("{ word }"))

    assert found == ExecutionResult({"word": "now"}, None)


def test_an_answer_that_is_null_already_waits_for_nothing() -> None:
    schema = _schema(Query_word=lambda *_: _later(), Query_other=_fail)

    found = execute(schema, parse("{ word other }"))

    assert isinstance(found, ExecutionResult)
    assert found.data is None
    assert [each.path for each in found.errors or ()] == [["other"]]


def test_an_item_that_nulls_its_list_ends_the_waiting_for_the_others() -> None:
    async def fail() -> Any:
        raise ValueError("broken")

    async def work() -> ExecutionResult:
        schema = _schema(Query_sure=lambda *_: [_never(), fail()])
        return await asyncio.wait_for(execute(schema, parse("{ sure }")), 5)  # type: ignore[arg-type]

    result = asyncio.run(work())

    assert result.data == {"sure": None}
    assert [each.path for each in result.errors or ()] == [["sure", 1]]


def test_an_object_that_is_null_ends_the_waiting_for_its_fields_and_for_no_others() -> None:
    async def sure(source: Any, _info: Any) -> Any:
        await asyncio.sleep(0)
        return _fail() if source["bad"] else "sure"

    async def wait(source: Any, _info: Any) -> Any:
        return await _never() if source["bad"] else await _later()

    async def work() -> ExecutionResult:
        schema = _schema(Node_sure=sure, Node_wait=wait, Query_node=lambda *_: {"bad": True})
        schema.type_map["Query"].fields["nodes"].resolve = lambda *_: [{"bad": False}]  # type: ignore[attr-defined]
        return await asyncio.wait_for(execute(schema, parse("{ node { sure wait } nodes { sure wait } }")), 5)  # type: ignore[arg-type]

    assert asyncio.run(work()).data == {"node": None, "nodes": [{"sure": "sure", "wait": "late"}]}


def test_a_list_without_an_end_ends_with_the_item_that_nulls_it() -> None:
    closed = asyncio.Event()

    async def numbers() -> AsyncIterator[int | None]:
        try:
            yield 1
            while True:
                yield None
        finally:
            closed.set()

    async def work() -> ExecutionResult:
        return await execute(_schema(Query_sure=lambda *_: numbers()), parse("{ sure }"))  # type: ignore[misc]

    result = asyncio.run(work())

    assert result.data == {"sure": None}
    assert [each.path for each in result.errors or ()] == [["sure", 1]]
    assert closed.is_set()


def test_what_came_late_is_not_awaited_again() -> None:
    inner = _later()

    async def outer(*_: Any) -> Any:
        return inner

    async def work() -> ExecutionResult:
        return await execute(_schema(Query_word=outer), parse("{ word }"))  # type: ignore[misc]

    result = asyncio.run(work())

    inner.close()
    assert result.data == {"word": None}
    assert "cannot represent" in (result.errors or ())[0].message


# Aborting -------------------------------------------------------------------------------------------------------------


def test_an_operation_that_was_aborted_before_does_not_begin() -> None:
    controller = AbortController()
    controller.abort(ValueError("enough"))

    with pytest.raises(ValueError, match="enough"):
        execute(_schema(Query_word=_fail), parse("{ word }"), abort_signal=controller.signal)


def test_an_operation_that_is_aborted_ends_what_it_began_and_tells_what_it_has() -> None:
    controller = AbortController()
    ended: list[str] = []

    async def wait(*_: Any) -> Any:
        controller.abort(ValueError("enough"))
        try:
            await _never()
        finally:
            ended.append("wait")

    async def work() -> ExecutionResult:
        schema = _schema(Query_word=wait, Query_node=lambda *_: {"word": "there"})
        found = execute(schema, parse("{ word node { word } }"), abort_signal=controller.signal)
        assert isinstance(found, Awaitable)
        with pytest.raises(AbortedGraphQLExecutionError, match="enough") as raised:
            await asyncio.wait_for(found, 5)
        partial: ExecutionResult = await raised.value.aborted_result
        return partial

    result = asyncio.run(work())

    assert ended == ["wait"]
    assert result.data == {"word": None, "node": {"word": "there"}}
    assert [each.message for each in result.errors or ()] == ["enough"]


def test_a_mutation_that_is_aborted_does_not_go_on_with_the_next_field() -> None:
    controller = AbortController()

    def first(*_: Any) -> Any:
        controller.abort("enough")
        return _never()

    async def work() -> None:
        schema = _schema(Mutation_first=first, Mutation_second=lambda *_: pytest.fail("It began."))
        found = execute(schema, parse("mutation { first second }"), abort_signal=controller.signal)
        with pytest.raises(AbortedGraphQLExecutionError):
            await asyncio.wait_for(found, 5)  # type: ignore[arg-type]

    asyncio.run(work())


def test_an_aborted_subscription_ends() -> None:
    controller = AbortController()

    async def words() -> AsyncIterator[Any]:
        yield {"word": "one"}
        await _never()

    async def work() -> Any:
        schema = _schema()
        schema.type_map["Subscription"].fields["word"].subscribe = lambda *_: words()  # type: ignore[attr-defined]
        stream: Any = subscribe(schema, parse("subscription { word }"), abort_signal=controller.signal)
        first = await anext(stream)
        controller.abort(ValueError("enough"))
        with pytest.raises(ValueError, match="enough"):
            await anext(stream)
        return first

    assert asyncio.run(work()).data == {"word": "one"}


# Hooks, classes, experiments ------------------------------------------------------------------------------------------


def test_whoever_asks_is_told_when_all_work_has_ended() -> None:
    async def work() -> None:
        ended = asyncio.Event()
        tracked = asyncio.get_running_loop().create_future()

        def word(_source: Any, info: Any) -> str:
            info.async_helpers.track([tracked])
            return "now"

        hooks = ExecutionHooks(async_work_finished=lambda _info: ended.set())
        assert execute(_schema(Query_word=word), parse("{ word }"), hooks=hooks) == ({"word": "now"}, None)
        await asyncio.sleep(0)
        assert not ended.is_set()

        tracked.set_result(None)
        await asyncio.wait_for(ended.wait(), 5)

    asyncio.run(work())


def test_an_executor_class_that_is_given_runs_the_operation() -> None:
    class Loud(Executor[Any]):
        def build_response(self, data: Any) -> Any:
            return super().build_response({name: f"{value}!" for name, value in data.items()})

    schema = _schema(Query_word=lambda *_: "now")

    assert execute(schema, parse("{ word }"), executor_class=Loud) == ({"word": "now!"}, None)
    assert execute_sync(schema, parse("{ word }"), executor_class=Loud) == ({"word": "now!"}, None)


def test_a_schema_with_several_payloads_is_refused() -> None:
    schema = _schema("directive @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT")

    with pytest.raises(GraphQLError, match="unexpectedly contains experimental directives"):
        execute(schema, parse("{ word }"))


@pytest.mark.parametrize("document", ["{ ... @defer { word } }", "{ numbers @stream(initialCount: 0) }"])
def test_an_operation_with_several_payloads_is_refused(document: str) -> None:
    with pytest.raises(GraphQLError, match="multiple payloads"):
        execute(_schema(), parse(document))
    with pytest.raises(RuntimeError, match="failed to complete synchronously"):
        execute_sync(_schema(), parse(document))


# `execute_sync` -------------------------------------------------------------------------------------------------------


def test_what_is_synchronous_is_executed_synchronously() -> None:
    assert execute_sync(_schema(Query_word=lambda *_: "now"), parse("{ word }")) == ({"word": "now"}, None)


def test_with_a_check_nothing_may_have_to_be_awaited() -> None:
    with pytest.raises(RuntimeError, match="failed to complete synchronously"):
        execute_sync(_schema(Query_word=lambda *_: _later()), parse("{ word }"), check_sync=True)


def test_without_a_check_a_coroutine_is_a_value_like_any_other() -> None:
    late = _later()

    result = execute_sync(_schema(Query_word=lambda *_: late), parse("{ word }"))

    late.close()
    assert result.data == {"word": None}
    assert result.errors is not None
    assert "cannot represent value" in result.errors[0].message


def test_what_counts_as_awaitable_may_be_said() -> None:
    class Promise:
        def __await__(self) -> Any:
            yield from asyncio.sleep(0).__await__()
            return "kept"

    def is_promise(value: Any) -> bool:
        return isinstance(value, Promise)

    async def work() -> Any:
        schema = _schema(Query_word=lambda *_: Promise(), Query_numbers=lambda *_: [1, 2])
        found = execute(schema, parse("{ word numbers }"), is_awaitable=is_promise)
        return await found  # type: ignore[misc]

    assert asyncio.run(work()) == ({"word": "kept", "numbers": [1, 2]}, None)


def _with_a_batch() -> GraphQLSchema:
    schema = build_schema("type Query { items: [Item] } type Item { tenfold: Int }")
    items = schema.type_map["Item"].fields  # type: ignore[attr-defined]
    items["tenfold"].extensions["batch"] = BatchResolver(lambda parents, _info: [each["n"] * 10 for each in parents])
    return schema


def test_a_batch_that_has_no_resolver_answers_beside_middleware() -> None:
    def passes_on(following: Any, source: Any, info: Any, **arguments: Any) -> Any:
        return following(source, info, **arguments)

    root = {"items": [{"n": 1}, {"n": 2}]}
    found = execute(_with_a_batch(), parse("{ items { tenfold } }"), root, middleware=[passes_on])
    assert found == ExecutionResult({"items": [{"tenfold": 10}, {"tenfold": 20}]}, None)


def test_an_executor_class_that_would_pass_over_a_batch_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Item\.tenfold"):
        execute(_with_a_batch(), parse("{ items { tenfold } }"), {}, executor_class=Executor)
