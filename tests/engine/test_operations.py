"""Choosing and running an operation: names, kinds, order of mutations, root values, resolvers for the whole request."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLSchema, MiddlewareManager, build_schema, get_introspection_query, parse
from graphql import execute as reference_execute

from graph.engine import execute
from tests.engine.comparing import Asked, Context, compare
from tests.engine.ways import ALL_WAYS, Case, Described, Way, awaitable, check, every

_TWO = Described("type Query { a: Int b: Int }", fields={"Query.a": lambda _: 1, "Query.b": lambda _: 2})
_BOTH = "query A { a } query B { b }"
_CHOSEN = (
    Case("the only one", _TWO, "query A { a }", {"a": 1}),
    Case("the only one by name", _TWO, "query A { a }", {"a": 1}, operation_name="A"),
    Case("the first by name", _TWO, _BOTH, {"a": 1}, operation_name="A"),
    Case("the second by name", _TWO, _BOTH, {"b": 2}, operation_name="B"),
    Case("one of two without a name", _TWO, _BOTH, None, {"": "Must provide operation name"}),
    Case("one that is not there", _TWO, _BOTH, None, {"": "Unknown operation named"}, operation_name="C"),
    Case("the empty name", _TWO, _BOTH, None, {"": "Unknown operation named"}, operation_name=""),
    Case("none at all", _TWO, "fragment F on Query { a }", None, {"": "Must provide an operation"}),
    Case("a mutation where there are none", _TWO, "mutation { a }", None, {"": "not configured to execute mutation"}),
    Case(
        "a subscription where there are none",
        _TWO,
        "subscription { a }",
        None,
        {"": "not configured to execute subscription"},
    ),
    Case("definitions of types are passed over", _TWO, "{ a } type Foo { bar: Int }", {"a": 1}),
)


class _Counter:
    """What the mutations below change."""

    def __init__(self) -> None:
        self.number = 0
        self.seen: list[int] = []


def _counting(parent: _Counter, to: int) -> Any:
    parent.seen.append(parent.number)
    if to == 13:
        raise ValueError("unlucky")
    parent.number = to
    return {"number": to, "counter": parent}


_COUNTER = Described(
    """
    type Now { number: Int current: Int below: [Now!]! bad: Int! }
    type Query { number: Int }
    type Mutation { set(to: Int!): Now sure(to: Int!): Now! seen: [Int] }
    """,
    fields={
        "Mutation.set": _counting,
        "Mutation.sure": _counting,
        "Mutation.seen": lambda parent: parent.seen,
        "Now.current": lambda parent: parent["counter"].number,
        "Now.below": lambda parent: [parent, parent],
        "Now.bad": lambda _parent: None,
    },
)


def _counter(name: str, document: str, gives: Any, fails: dict[str, str] | None = None, **more: Any) -> Case:
    return Case(name, _COUNTER, f"mutation {document}", gives, fails or {}, root=_Counter, **more)


_SERIAL = (
    _counter("one after the other", "{ a: set(to: 1) { number } b: set(to: 2) { number } seen }",
             {"a": {"number": 1}, "b": {"number": 2}, "seen": [0, 1]}),
    _counter("selections are done before the next begins",
             "{ a: set(to: 1) { below { current below { current } } } b: set(to: 2) { current } }",
             {"a": {"below": [{"current": 1, "below": [{"current": 1}] * 2}] * 2}, "b": {"current": 2}}),
    _counter("one that fails does not stop the next", "{ a: set(to: 1) { current } b: set(to: 13) { current } c: set(to: 3) { current } }",
             {"a": {"current": 1}, "b": None, "c": {"current": 3}}, {"b": "unlucky"}),
    _counter("a failure below one does not stop the next", "{ a: set(to: 1) { bad } b: set(to: 2) { current } seen }",
             {"a": None, "b": {"current": 2}, "seen": [0, 1]}, {"a.bad": "Cannot return null"}),
    _counter("one that must not fail ends them all", "{ a: set(to: 1) { current } b: sure(to: 13) { current } c: set(to: 3) { current } }",
             None, {"b": "unlucky"}),
    _counter("what must not be null below one ends them all", "{ a: sure(to: 1) { bad } b: set(to: 13) { current } }",
             None, {"a.bad": "Cannot return null"}),
    _counter("a fragment at the root", "{ ...M seen } fragment M on Mutation { a: set(to: 4) { current } }",
             {"a": {"current": 4}, "seen": [0]}),
    _counter("a skipped one is not run", "{ a: set(to: 4) @skip(if: true) { current } seen }", {"seen": []}),
)  # fmt: skip


class _Person:
    """Read by attribute; methods are called with info and the arguments."""

    name = "Ann"
    nothing = None

    def greeting(self, info: Any, to: str = "you") -> str:
        return f"{info.field_name} {to}"

    async def later(self, _info: Any) -> str:
        return "later"

    @property
    def broken(self) -> str:
        raise ValueError("broken property")

    def failing(self, _info: Any) -> str:
        raise ValueError("broken method")


_READ = Described(
    "type Query { name: String greeting(to: String): String later: String nothing: Int missing: Int broken: Int failing: Int }"
)
_ALL_READ = '{ name greeting(to: "me") x: greeting later nothing missing broken failing }'


def _read(name: str, root: Callable[[], Any], document: str, gives: Any, fails: dict[str, str] | None = None) -> Case:
    return Case(name, _READ, document, gives, fails or {}, root=root, ways=(Way.SYNC,))


_DEFAULT = (
    _read("attributes and methods", _Person, _ALL_READ,
          {"name": "Ann", "greeting": "greeting me", "x": "greeting you", "later": "later", "nothing": None,
           "missing": None, "broken": None, "failing": None},
          {"broken": "broken property", "failing": "broken method"}),
    _read("keys of a dictionary", lambda: {"name": "Ann", "nothing": None}, "{ name nothing missing }",
          {"name": "Ann", "nothing": None, "missing": None}),
    _read("functions in a dictionary", lambda: {"greeting": lambda _info, to="?": f"hi {to}"}, '{ greeting(to: "a") x: greeting }',
          {"greeting": "hi a", "x": "hi ?"}),
    _read("awaitables in a dictionary", lambda: {"name": awaitable("Ann")}, "{ name }", {"name": "Ann"}),
    _read("attributes of a namespace", lambda: SimpleNamespace(name="Ann"), "{ name missing }", {"name": "Ann", "missing": None}),
    _read("no root at all", lambda: None, "{ name }", {"name": None}),
    _read("a method that does not take the argument", lambda: {"greeting": lambda _info: 1}, '{ greeting(to: "a") }',
          {"greeting": None}, {"greeting": "unexpected keyword argument"}),
    _read("an exception as a value", lambda: {"name": ValueError("as a value")}, "{ name }", {"name": None}, {"name": "as a value"}),
)  # fmt: skip


def _shout(resolve: Any, root: Any, info: Any, **arguments: Any) -> Any:
    value = resolve(root, info, **arguments)
    return awaitable_shout(value) if inspect.isawaitable(value) else value.upper()


async def awaitable_shout(value: Any) -> Any:
    return (await value).upper()


class _Brackets:
    def resolve(self, resolve: Any, root: Any, info: Any, **arguments: Any) -> Any:
        value = resolve(root, info, **arguments)
        return f"({value})" if not inspect.isawaitable(value) else value


_WORDS = Described("type Query { word: String other(x: Int): String }", fields={"Query.word": lambda _: "word"})
_ORDINARY = (Way.SYNC, Way.ASYNC, Way.LATE)
_WHOLE = (
    Case("a middleware", _WORDS, "{ word }", {"word": "WORD"}, options={"middleware": (_shout,)}, ways=_ORDINARY),
    Case("a manager of middleware", _WORDS, "{ word }", {"word": "WORD"}, options={"middleware": MiddlewareManager(_shout)},
         ways=_ORDINARY),
    Case("middleware in its order", _WORDS, "{ other }", {"other": "(OTHER)"}, root=lambda: {"other": "other"},
         options={"middleware": [_Brackets(), _shout]}, ways=(Way.SYNC,)),
    Case("a resolver for fields without one", _WORDS, "{ word other(x: 1) }", {"word": "word", "other": "other {'x': 1}"},
         options={"field_resolver": lambda _root, info, **arguments: f"{info.field_name} {arguments}"}),
    Case("such a resolver that answers late", _WORDS, "{ word other }", {"word": "word", "other": "late"},
         options={"field_resolver": lambda _root, _info: awaitable("late", 2)}),
    Case("such a resolver that fails", _WORDS, "{ word other }", {"word": "word", "other": None}, {"other": "by zero"},
         options={"field_resolver": lambda _root, _info: 1 / 0}),
)  # fmt: skip


@every(_CHOSEN)
def test_the_operation_that_is_asked_for_is_run(case: Case, way: Way) -> None:
    check(case, way)


@every(_SERIAL)
def test_mutations_run_one_after_the_other(case: Case, way: Way) -> None:
    check(case, way)


@every(_DEFAULT)
def test_a_field_without_a_resolver_is_read_from_its_parent(case: Case, way: Way) -> None:
    check(case, way)


@every(_WHOLE)
def test_what_is_given_for_the_whole_request_is_used(case: Case, way: Way) -> None:
    check(case, way)


def _everything() -> GraphQLSchema:
    return build_schema(
        """
        "A directive" directive @marked(by: String = "me") repeatable on FIELD_DEFINITION | OBJECT
        "A thing" interface Thing { id: ID! @deprecated(reason: "old") }
        type A implements Thing { id: ID! list: [[Int!]]! }
        union U = A
        enum E { X @deprecated Y }
        input In @oneOf { a: Int, b: [E!] }
        scalar S @specifiedBy(url: "https://example.org")
        type Query { a(in: In, e: E = X, n: Int = null, s: S): U things(first: Int = 3 @deprecated): [Thing] }
        type Mutation { a: Int }
        type Subscription { a: Int }
        """
    )


@pytest.mark.parametrize("root", [lambda: None, lambda: {"__schema": 1, "__typename": "No"}])
def test_a_schema_describes_itself(root: Callable[[], Any]) -> None:
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True,
        one_of=True,
    )  # fmt: skip

    ours = compare(Asked(_everything, query, root=root))

    assert {each["name"] for each in ours.data["__schema"]["types"]} >= {"A", "Thing", "U", "E", "In", "S", "__Type"}


@pytest.mark.parametrize(
    "document",
    [
        '{ __type(name: "A") { name kind fields { name type { kind ofType { name kind } } } } }',
        '{ __type(name: "Nobody") { name } }',
        "query($n: String!) { __type(name: $n) { possibleTypes { name } interfaces { name } } }",
        "{ a { ... on A { __typename id } } __schema { queryType { name } } x: __typename }",
        '{ __type(name: "Query") { fields { args(includeDeprecated: true) { name defaultValue } } } }',
        '{ a: __type(name: "E") { enumValues(includeDeprecated: true) { name deprecationReason } } b: __type(name: "E")'
        " { enumValues { name } } }",
    ],
)
def test_parts_of_the_schema_can_be_asked_for(document: str) -> None:
    ours = compare(Asked(_everything, document, {"n": "Thing"}))

    assert ours.problems == ()


@pytest.mark.parametrize("way", [Way.SYNC, Way.BATCH])
def test_when_nothing_is_awaited_the_result_comes_at_once(way: Way) -> None:
    result = execute(_TWO.schema(way), parse("{ a b }"), None, Context())

    assert not inspect.isawaitable(result)
    assert result.data == {"a": 1, "b": 2}


@pytest.mark.parametrize("way", ALL_WAYS)
def test_a_schema_that_is_not_valid_is_refused_at_once(way: Way) -> None:
    schema = build_schema("type Query { a: Int } type Foo", assume_valid_sdl=True)

    for each in (reference_execute, execute):
        with pytest.raises((TypeError, GraphQLError)) as refused:
            each(schema, parse("{ a }"))
        assert "Foo" in str(refused.value)


def test_a_resolver_finds_where_it_is() -> None:
    told: list[list[Any]] = []

    def schema() -> GraphQLSchema:
        made = build_schema("type A { b(x: Int): Int } type Query { a: [A] }")
        seen: list[Any] = []
        told.append(seen)

        def resolve(parent: Any, info: Any, **arguments: Any) -> int:
            seen.append((info.field_name, info.path.as_list(), str(info.return_type), str(info.parent_type), parent))
            seen.append((len(info.field_nodes), info.operation.name.value, sorted(info.fragments), arguments))
            seen.append((info.root_value["a"], type(info.context).__name__, info.schema is made))
            return 1

        made.type_map["A"].fields["b"].resolve = resolve  # type: ignore[attr-defined]
        return made

    document = "query Q($x: Int) { a { b(x: $x) ...F } } fragment F on A { b(x: $x) c: b(x: 2) }"
    compare(Asked(schema, document, {"x": 5}, root=lambda: {"a": [1, 2]}))

    theirs, ours = told
    assert len(ours) == 12
    assert sorted(map(str, ours)) == sorted(map(str, theirs))
