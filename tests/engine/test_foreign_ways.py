"""What others' resolvers, scalars and middleware do that ours do not: it means what it means to graphql-core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    parse,
)
from graphql import execute as reference_execute

from graph.engine import BatchResolver, dataloaded, execute, load_shared
from tests.engine.comparing import Asked, compare, outcome_of
from tests.engine.ways import awaitable

_LIST = "type Query { list: [Int] other: Int }"


class _LazyList(list[int]):
    """It has its items only when it is asked for them."""

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2, 3])


class _LazyTuple(tuple[int, ...]):
    def __iter__(self) -> Iterator[int]:
        return iter([1, 2, 3])


class _OnlyNext:
    """An async iterator that is not iterable itself."""

    def __init__(self) -> None:
        self._number = 0

    async def __anext__(self) -> int:
        self._number += 1
        if self._number > 3:
            raise StopAsyncIteration
        return self._number


class _Iterable:
    def __aiter__(self) -> Any:
        return _OnlyNext()


@pytest.mark.parametrize("make", [_LazyList, _LazyTuple, _Iterable])
def test_a_list_is_what_iterating_over_it_gives(make: Callable[[], Any]) -> None:
    outcome = compare(Asked(lambda: build_schema(_LIST), "{ list }", root=lambda: {"list": make()}))
    assert outcome.data == {"list": [1, 2, 3]}


@pytest.mark.parametrize(
    "answers",
    [lambda _: None, lambda _: 7, lambda _: (each for each in [1]), lambda _: awaitable(None)],
    ids=["nothing", "a number", "a generator", "nothing, later"],
)
def test_a_batch_that_gives_no_list_of_answers_fails_its_field_only(answers: Callable[..., Any]) -> None:
    def schema() -> GraphQLSchema:
        made = build_schema(_LIST)
        made.type_map["Query"].fields["list"].extensions = {  # type: ignore[attr-defined]
            "batch": BatchResolver(lambda parents, _info: answers(parents))
        }
        return made

    result: Any = execute(schema(), parse("{ list other }"), {"other": 1})
    outcome = outcome_of(result if not asyncio.iscoroutine(result) else asyncio.run(result))
    assert outcome.data == {"list": None, "other": 1}
    assert [each.path for each in outcome.problems] == [("list",)]


def test_what_completing_raises_is_not_taken_for_a_failure_of_the_batch() -> None:
    calls: list[int] = []

    def fail(value: Any) -> Any:
        calls.append(value)
        raise RuntimeError("broken")

    def schema() -> GraphQLSchema:
        made = build_schema("scalar Odd type Query { list: [Odd] }")
        made.type_map["Odd"].coerce_output_value = fail  # type: ignore[attr-defined]
        made.type_map["Query"].fields["list"].extensions = {  # type: ignore[attr-defined]
            "batch": BatchResolver(lambda parents, _info: [[1, 2]] * len(parents))
        }
        return made

    assert compare(Asked(schema, "{ list }")).data == {"list": [None, None]}


_PETS = """
interface Pet { friend: Friend }
type Cat implements Pet { friend: Friend }
type Dog implements Pet { friend: Friend }
type Friend { echo(n: Int): Int }
type Query { pets: [Pet] }
"""


def _animals() -> Any:
    return {"pets": [{"__typename": "Cat", "friend": {}}, {"__typename": "Dog", "friend": {}}]}


@pytest.mark.parametrize("way", ["resolver", "batch"])
def test_a_fragment_that_is_spread_twice_has_the_arguments_of_each_spread(way: str) -> None:
    schema = build_schema(_PETS)
    echo = schema.type_map["Friend"].fields["echo"]  # type: ignore[attr-defined]
    if way == "batch":
        echo.extensions = {"batch": BatchResolver(lambda parents, _info, n=None: [n] * len(parents))}
        for kind in ("Cat", "Dog"):
            schema.type_map[kind].fields["friend"].extensions = {  # type: ignore[attr-defined]
                "batch": BatchResolver(lambda parents, _info: [{}] * len(parents))
            }
    else:
        echo.resolve = lambda _parent, _info, n=None: n
    text = """
    { pets { ... on Cat { ...F(n: 1) } ... on Dog { ...F(n: 2) } } }
    fragment F($n: Int) on Pet { friend { echo(n: $n) } }
    """
    result: Any = execute(schema, parse(text, experimental_fragment_arguments=True), _animals())
    assert result.data == {"pets": [{"friend": {"echo": 1}}, {"friend": {"echo": 2}}]}


def test_a_batch_of_two_types_has_the_defaults_of_each() -> None:
    def schema() -> GraphQLSchema:
        made = build_schema(
            """
            interface Pet { echo(n: Int): Int }
            type Cat implements Pet { echo(n: Int = 1): Int }
            type Dog implements Pet { echo(n: Int = 2): Int }
            type Query { pets: [Pet] }
            """
        )
        batch = BatchResolver(lambda parents, _info, n: [n] * len(parents))
        for kind in ("Cat", "Dog"):
            made.type_map[kind].fields["echo"].extensions = {"batch": batch}  # type: ignore[attr-defined]
        return made

    result: Any = execute(schema(), parse("{ pets { echo } }"), _animals())
    assert result.data == {"pets": [{"echo": 1}, {"echo": 2}]}


def test_middleware_sees_the_names_of_types() -> None:
    def backwards(next_: Callable[..., Any], root: Any, info: Any, **arguments: Any) -> Any:
        found = next_(root, info, **arguments)
        return found[::-1] if isinstance(found, str) else found

    asked = Asked(
        lambda: build_schema("type Query { a: Abc } type Abc { n: String }"),
        "{ __typename a { __typename n } }",
        root=lambda: {"a": {"n": "xyz"}},
        options={"middleware": [backwards]},
    )
    assert compare(asked).data == {"__typename": "yreuQ", "a": {"__typename": "cbA", "n": "zyx"}}


def test_a_literal_that_may_be_used_once_is_used_once() -> None:
    used: list[str] = []

    def once(node: Any) -> str:
        used.append(node.value)
        if len(used) > 1:
            raise ValueError("It is used up")
        return str(node.value)

    ticket = GraphQLScalarType("Ticket", coerce_input_literal=once, coerce_input_value=str)
    show = GraphQLInputObjectType("Show", {"ticket": GraphQLInputField(ticket), "seat": GraphQLInputField(GraphQLInt)})
    enter = GraphQLField(GraphQLString, {"show": GraphQLArgument(show)}, resolve=lambda *_, show: show["ticket"])
    schema = GraphQLSchema(GraphQLObjectType("Query", {"enter": enter}))
    text = 'query($seat: Int) { enter(show: { ticket: "mine", seat: $seat }) }'
    assert execute(schema, parse(text), variable_values={"seat": 1}).data == {"enter": "mine"}  # type: ignore[union-attr]
    used.clear()
    assert reference_execute(schema, parse(text), variable_values={"seat": 1}).data == {"enter": "mine"}  # type: ignore[union-attr]


def test_who_waits_for_what_somebody_else_waits_for_too_gets_it_when_the_other_has_given_up() -> None:
    async def tens(keys: list[int], _context: Any) -> list[int]:
        await asyncio.sleep(0.05)
        return [each * 10 for each in keys]

    async def ten(_parent: Any, info: Any) -> Any:
        return (await load_shared(info.context, tens, [7]))[0]

    async def fail(*_: Any) -> Any:
        await asyncio.sleep(0.01)
        raise ValueError("broken")

    class Context:
        loaders: dict[Any, Any] = {}

    async def run() -> Any:
        schema = build_schema("type Query { a: A b: B } type A { bad: Int! slow: Int } type B { later: Int }")
        for name, resolve in (("Query.a", lambda *_: {}), ("Query.b", lambda *_: {}), ("A.bad", fail)):
            kind, field = name.split(".")
            schema.type_map[kind].fields[field].resolve = resolve  # type: ignore[attr-defined]
        schema.type_map["A"].fields["slow"].resolve = ten  # type: ignore[attr-defined]
        schema.type_map["B"].fields["later"].resolve = ten  # type: ignore[attr-defined]
        return await execute(schema, parse("{ a { bad slow } b { later } }"), None, Context())  # type: ignore[misc]

    assert asyncio.run(run()).data == {"a": None, "b": {"later": 70}}


def test_many_spreads_of_few_fragments_take_little_time() -> None:
    spreads = " ".join(f"fragment F{number} on A {{ ...F{number + 1} ...F{number + 1} }}" for number in range(40))

    def schema() -> GraphQLSchema:
        made = build_schema("type Query { a: A } type A { x: Int }")
        made.type_map["Query"].fields["a"].extensions = {  # type: ignore[attr-defined]
            "batch": BatchResolver(lambda parents, info: [{"x": len(info.columns)}] * len(parents))
        }
        made.type_map["A"].fields["x"].extensions["needs"] = ("x",)  # type: ignore[attr-defined]
        return dataloaded(made)

    result: Any = execute(schema(), parse(f"{{ a {{ ...F0 }} }} {spreads} fragment F40 on A {{ x }}"))
    assert result.data == {"a": {"x": 1}}
