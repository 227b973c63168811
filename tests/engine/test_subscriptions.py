"""Subscriptions: a source of events, each of them answered as a request of its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, build_schema, parse
from graphql import subscribe as reference_subscribe

from graph.engine import BatchResolver, dataloaded, subscribe
from tests.engine.comparing import Context, Outcome, outcome_of

_SDL = """
type Tick { number: Int double: Int sure: Int! }
type Query { a: Int }
type Subscription { ticks(to: Int = 2, from: Int): Tick numbers: [Int] other: Int }
"""
Answer = list[Outcome] | Outcome


async def _ticks(_root: Any, _info: Any, to: int, **arguments: Any) -> AsyncIterator[Any]:
    for number in range(arguments.get("from", 0), to):
        await asyncio.sleep(0)
        yield {"ticks": {"number": number}, "numbers": [number, number]}


async def _ticks_that_fail(_root: Any, _info: Any, **_arguments: Any) -> AsyncIterator[Any]:
    yield {"ticks": {"number": 1}}
    raise ValueError("the source broke")


async def _later(_root: Any, info: Any, **arguments: Any) -> Any:
    await asyncio.sleep(0)
    return _ticks(None, info, **arguments)


def _raises(*_: Any, **__: Any) -> Any:
    raise ValueError("no source")


async def _raises_later(*_: Any, **__: Any) -> Any:
    raise ValueError("no source, later")


def _schema(source: Callable[..., Any] = _ticks, *, batched: bool = False) -> GraphQLSchema:
    made = build_schema(_SDL)
    fields = made.subscription_type.fields  # type: ignore[union-attr]
    fields["ticks"].subscribe = source
    fields["numbers"].subscribe = lambda root, info: _ticks(root, info, 2)
    tick = made.type_map["Tick"].fields  # type: ignore[attr-defined]

    def double(parent: Any) -> Any:
        if parent["number"] == 1:
            raise ValueError("one cannot be doubled")
        return parent["number"] * 2

    def doubles(parents: Sequence[Any], _info: Any) -> list[Any]:
        return [double(each) if each["number"] != 1 else ValueError("one cannot be doubled") for each in parents]

    if batched:
        tick["double"].extensions["batch"] = BatchResolver(doubles)
    else:
        tick["double"].resolve = lambda parent, _info: double(parent)
    tick["sure"].resolve = lambda parent, _info: None if parent["number"] == 1 else parent["number"]
    return made


def _answers(subscribing: Callable[..., Any], schema: GraphQLSchema, document: str, **more: Any) -> Answer:
    """All events' outcomes, and an outcome for what the source failed with; or the one outcome of a refusal."""

    async def run() -> Answer:
        found = subscribing(schema, parse(document), context_value=Context(), **more)
        stream = await found if inspect.isawaitable(found) else found
        if isinstance(stream, ExecutionResult):
            return outcome_of(stream)
        outcomes = []
        try:
            async for each in stream:
                outcomes.append(outcome_of(each))
        except ValueError as error:
            outcomes.append(outcome_of(ExecutionResult(None, [GraphQLError(f"raised: {error}")])))
        return outcomes

    return asyncio.run(run())


def _compared(document: str, make: Callable[[], GraphQLSchema] = _schema, **more: Any) -> Answer:
    theirs = _answers(reference_subscribe, dataloaded(make()), document, **more)
    ours = _answers(subscribe, make(), document, **more)
    assert ours == theirs
    return ours


@pytest.mark.parametrize("batched", [False, True])
def test_each_event_is_answered_in_its_turn(batched: bool) -> None:
    ours = _compared("subscription { ticks(to: 3) { number double } }", lambda: _schema(batched=batched))

    assert isinstance(ours, list)
    assert [each.data for each in ours] == [
        {"ticks": {"number": 0, "double": 0}},
        {"ticks": {"number": 1, "double": None}},
        {"ticks": {"number": 2, "double": 4}},
    ]
    assert [[problem.path for problem in each.problems] for each in ours] == [[], [("ticks", "double")], []]


@pytest.mark.parametrize(
    "document",
    [
        "subscription { ticks { number } }",
        "subscription { t: ticks(to: 1) { n: number __typename } }",
        "subscription S($to: Int) { ticks(to: $to) { ...T } } fragment T on Tick { number sure }",
        "subscription { ticks(to: 3) { sure } }",
        "subscription { ...S } fragment S on Subscription { ticks { number @skip(if: true) double } }",
        "subscription { numbers }",
        "subscription { ticks(to: 0) { number } }",
    ],
)
def test_events_are_answered_as_graphql_core_answers_them(document: str) -> None:
    assert isinstance(_compared(document, variable_values={"to": 2}), list)


@pytest.mark.parametrize(
    ("document", "source"),
    [
        ("subscription { ticks { number } }", _raises),
        ("subscription { ticks { number } }", _raises_later),
        ("subscription { ticks { number } }", lambda *_, **__: ValueError("as a value")),
        ("subscription { ticks { number } }", lambda *_, **__: [1, 2]),
        ("subscription { ticks { number } }", lambda *_, **__: None),
        ("subscription { nothing }", _ticks),
        ('subscription { ticks(to: "x") { number } }', _ticks),
        ("subscription($v: Int!) { ticks(to: $v) { number } }", _ticks),
        ("subscription A { ticks { number } } subscription B { ticks { number } }", _ticks),
        ("subscription { other }", _ticks),
    ],
)
def test_a_subscription_without_a_source_is_refused_with_an_error(document: str, source: Callable[..., Any]) -> None:
    ours = _compared(document, lambda: _schema(source))

    assert isinstance(ours, Outcome)
    assert ours.data is None
    assert len(ours.problems) == 1


def test_a_source_may_come_late() -> None:
    ours = _compared("subscription { ticks { number } }", lambda: _schema(_later))

    assert isinstance(ours, list)
    assert len(ours) == 2


def test_when_the_source_fails_the_stream_fails() -> None:
    ours = _compared("subscription { ticks { number } }", lambda: _schema(_ticks_that_fail))

    assert isinstance(ours, list)
    assert [each.data for each in ours] == [{"ticks": {"number": 1}}, None]
    assert ours[1].problems[0].message == "raised: the source broke"


def test_a_resolver_of_sources_for_the_whole_request_is_used() -> None:
    def source(_root: Any, info: Any, **_: Any) -> Any:
        return _ticks(None, info, 1)

    ours = _compared("subscription { other }", subscribe_field_resolver=source, field_resolver=lambda _root, _info: 7)

    assert isinstance(ours, list)
    assert [each.data for each in ours] == [{"other": 7}]


def test_without_subscriptions_in_the_schema_it_is_refused() -> None:
    ours = _compared("subscription { a }", lambda: build_schema("type Query { a: Int }"))

    assert isinstance(ours, Outcome)
    assert "not configured to execute subscription" in ours.problems[0].message


def test_an_operation_of_another_kind_cannot_be_subscribed_to() -> None:
    for each in (reference_subscribe, subscribe):
        with pytest.raises(GraphQLError, match="Expected subscription operation"):
            each(_schema(), parse("{ a }"))


def test_closing_the_stream_closes_its_source() -> None:
    closed: list[str] = []

    async def source(_root: Any, _info: Any, **_: Any) -> AsyncIterator[Any]:
        try:
            while True:
                yield {"ticks": {"number": 0}}
        finally:
            closed.append("source")

    async def run() -> None:
        found = subscribe(_schema(source), parse("subscription { ticks { number } }"))
        stream = await found if inspect.isawaitable(found) else found
        first = await anext(stream)
        assert first.data == {"ticks": {"number": 0}}
        await stream.aclose()

    asyncio.run(run())
    assert closed == ["source"]


def test_each_event_is_read_anew() -> None:
    calls: list[list[int]] = []

    def doubles(parents: Sequence[Any], _info: Any) -> list[int]:
        calls.append([each["number"] for each in parents])
        return [0 for _ in parents]

    def make() -> GraphQLSchema:
        made = _schema()
        made.type_map["Tick"].fields["double"].extensions["batch"] = BatchResolver(doubles)  # type: ignore[attr-defined]
        return made

    _answers(subscribe, make(), "subscription { ticks(to: 3) { double } }")

    assert calls == [[0], [1], [2]]
