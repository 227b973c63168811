"""A plan outlives the request it was made for: nothing of one request may be found in another."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, build_schema, parse
from graphql.execution import ExecutionHooks
from graphql.pyutils import AbortController

from graph.engine import Plans, execute, execute_sync, subscribe
from tests.engine.comparing import Asked, compare

_SCHEMA = "type Query { a(text: String): Query b: Int list: [Int] } type Subscription { b: Int }"


def _schema() -> GraphQLSchema:
    return build_schema(_SCHEMA)


def test_no_request_is_told_from_the_values_of_another() -> None:
    class Secret(str):
        """A text that can be found again."""

    plans, text = Plans(), Secret("hunter2")
    document = parse("query($text: String, $no: Boolean = false) { a(text: $text) @skip(if: $no) { b } }")
    execute(_schema(), document, variable_values={"text": text}, plans=plans)
    gc.collect()
    assert not any(isinstance(each, dict) and text in each.values() for each in gc.get_referrers(text))


def test_a_resolver_that_is_replaced_is_not_called_again() -> None:
    schema, document = _schema(), parse("{ b }")
    field = schema.type_map["Query"].fields["b"]  # type: ignore[attr-defined]
    found = []
    for answer in (1, 2):
        field.resolve = lambda *_, answer=answer: answer
        found.append(execute(schema, document))
    assert found == [ExecutionResult({"b": 1}, None), ExecutionResult({"b": 2}, None)]


def test_what_a_resolver_does_to_its_nodes_no_other_notices() -> None:
    def resolve(_parent: Any, info: Any) -> int:
        info.field_nodes.append(info.field_nodes[0])
        return len(info.field_nodes)

    schema, document = _schema(), parse("{ b }")
    schema.type_map["Query"].fields["b"].resolve = resolve  # type: ignore[attr-defined]
    assert [execute(schema, document) for _ in range(2)] == [ExecutionResult({"b": 2}, None)] * 2


def test_an_answer_in_several_payloads_is_refused_only_where_one_is_asked_for() -> None:
    schema, document = _schema(), parse("{ a { ... @defer { b } } }")
    for _ in range(2):
        assert execute(schema, document, {"a": None}) == ExecutionResult({"a": None}, None)
        with pytest.raises(GraphQLError, match="multiple payloads"):
            execute(schema, document, {"a": {"b": 1}})


def test_variables_that_decide_may_be_anything_where_nobody_validated() -> None:
    compare(Asked(_schema, "query($x: [Int]) { b @skip(if: $x) }", {"x": [1]}, lambda: {"b": 1}))


@pytest.mark.parametrize("value", [None, 1, True])
def test_a_context_may_have_what_attributes_it_likes(value: Any) -> None:
    class Context:
        planned = fetch = spend = value

    assert execute(_schema(), parse("{ b }"), {"b": 1}, Context()) == ExecutionResult({"b": 1}, None)


def test_an_argument_that_nobody_knows_is_refused() -> None:
    with pytest.raises(TypeError, match="vairables"):
        execute(_schema(), parse("{ b }"), vairables={})
    with pytest.raises(TypeError, match="vairables"):
        subscribe(_schema(), parse("subscription { b }"), vairables={})


def test_where_there_is_no_such_operation_the_end_is_told_all_the_same() -> None:
    told: list[Any] = []
    result = execute(_schema(), parse("mutation { b }"), hooks=ExecutionHooks(async_work_finished=told.append))
    assert isinstance(result, ExecutionResult)
    assert [each.message for each in result.errors or ()] == ["Schema is not configured to execute mutation operation."]
    assert len(told) == 1


def test_a_reason_to_abort_is_raised_as_it_is_where_nothing_may_wait() -> None:
    controller = AbortController()
    controller.abort(GraphQLError("enough"))
    with pytest.raises(GraphQLError, match="enough"):
        execute_sync(_schema(), parse("{ b }"), abort_signal=controller.signal)


@pytest.mark.parametrize("fields", [10, 1000])
def test_plans_are_kept_up_to_so_many_fields_in_all(fields: int) -> None:
    schema, plans, kept = _schema(), Plans(2000), []
    for _ in range(60):
        document = parse(f"{{ {' '.join(f'b{number}: b' for number in range(fields))} }}")
        kept.append(weakref.ref(document))
        execute(schema, document, {"b": 1}, plans=plans)
        del document
    gc.collect()
    assert 1 <= sum(each() is not None for each in kept) <= 2000 / fields
    assert kept[-1]() is not None


def test_variants_of_a_document_count_as_documents_do() -> None:
    names = [f"v{number}" for number in range(8)]
    text = f"query({' '.join(f'${name}: Boolean!' for name in names)}) {{ %s }}"
    document = parse(text % " ".join(f"{name}: b @skip(if: ${name})" for name in names))
    schema, plans = _schema(), Plans(400)
    other = parse("{ b }")
    there = weakref.ref(other)
    execute(schema, other, plans=plans)
    del other
    for number in range(256):
        variables = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        expected = {name: 1 for name in names if not variables[name]}
        assert execute(schema, document, {"b": 1}, variable_values=variables, plans=plans) == ExecutionResult(
            expected, None
        )
    gc.collect()
    assert there() is None


def test_threads_may_share_plans() -> None:
    schema, documents = _schema(), [parse("{ b }") for _ in range(30)]
    plans = Plans(120)

    def work(_number: int) -> bool:
        return all(
            execute(schema, each, {"b": 1}, plans=plans) == ExecutionResult({"b": 1}, None) for each in documents
        )

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(40)))


def test_a_subscription_runs_on_a_schema_that_knows_several_payloads() -> None:
    async def ticks(*_: Any) -> AsyncIterator[dict[str, int]]:
        for number in (1, 2):
            yield {"b": number}

    schema = build_schema(_SCHEMA + " directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD")
    schema.type_map["Subscription"].fields["b"].subscribe = ticks  # type: ignore[attr-defined]

    async def answers() -> list[Any]:
        stream: Any = subscribe(schema, parse("subscription { b }"))
        return [each async for each in stream]

    assert asyncio.run(answers()) == [ExecutionResult({"b": number}, None) for number in (1, 2)]


def test_of_the_variants_of_a_document_the_one_that_was_used_last_stays() -> None:
    schema, plans = build_schema("type Query { a: Int " + " ".join(f"b{n}: Int" for n in range(8)) + " }"), Plans()
    flags = " ".join(f"$v{n}: Boolean!" for n in range(8))
    document = parse(f"query ({flags}) {{ a " + " ".join(f"b{n} @include(if: $v{n})" for n in range(8)) + " }")

    def plan(number: int) -> Any:
        variables = {f"v{n}": bool(number >> n & 1) for n in range(8)}
        execute(schema, document, {}, variable_values=variables, plans=plans)
        ((_, kept),) = plans._known.values()
        return next(reversed(kept._plans.values()))

    first = plan(0)
    for number in range(1, 200):
        plan(number)
        assert plan(0) is first
