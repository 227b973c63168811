"""Everything that is taken for a list, and lists within lists."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from graphql import GraphQLSchema, build_schema, parse

from graph.engine import execute
from tests.engine.comparing import Asked, compare
from tests.engine.ways import Case, Described, Way, awaitable, check, every, turns


def _list(name: str, kind: str, make: Callable[[], Any], gives: Any, fails: dict[str, str] | None = None) -> Case:
    """A field of a list type whose value is made anew for each run."""
    described = Described(f"type Query {{ list: {kind} }}", fields={"Query.list": lambda _parent: make()})
    return Case(f"{kind}: {name}", described, "{ list }", {"list": gives} if gives != "all" else None, fails or {})


class _Countable:
    """Iterable in the oldest way: by index until it ends."""

    def __getitem__(self, index: int) -> int:
        if index > 1:
            raise IndexError(index)
        return index


def _generator(*items: Any) -> Iterator[Any]:
    for item in items:
        if isinstance(item, Exception):
            raise item
        yield item


async def _async_generator(*items: Any) -> AsyncIterator[Any]:
    for item in items:
        await turns(1)
        if isinstance(item, Exception):
            raise item
        yield item


class _AsyncIterable:
    """Not a generator: nothing but `__aiter__` and `__anext__`."""

    def __init__(self, *items: Any) -> None:
        self._left = deque(items)

    def __aiter__(self) -> _AsyncIterable:
        return self

    async def __anext__(self) -> Any:
        if not self._left:
            raise StopAsyncIteration
        return self._left.popleft()


_FORMS = (
    _list("a list", "[Int]", lambda: [1, 2], [1, 2]),
    _list("a tuple", "[Int]", lambda: (1, 2), [1, 2]),
    _list("an empty list", "[Int]", list, []),
    _list("a set", "[Int]", lambda: {1}, [1]),
    _list("a generator", "[Int]", lambda: _generator(1, 2), [1, 2]),
    _list("a map", "[Int]", lambda: map(int, "12"), [1, 2]),
    _list("a range", "[Int]", lambda: range(3), [0, 1, 2]),
    _list("keys of a dictionary", "[Int]", lambda: {1: 2}.keys(), [1]),
    _list("a deque", "[Int]", lambda: deque([1]), [1]),
    _list("items by index", "[Int]", _Countable, None, {"list": "Expected Iterable"}),
    _list("null", "[Int]", lambda: None, None),
    _list("a number", "[Int]", lambda: 1, None, {"list": "Expected Iterable"}),
    _list("a string is no list", "[String]", lambda: "word", None, {"list": "Expected Iterable"}),
    _list("a dictionary is no list", "[String]", lambda: {"a": 1}, None, {"list": "Expected Iterable"}),
    _list("an async generator", "[Int]", lambda: _async_generator(1, 2), [1, 2]),
    _list("an empty async generator", "[Int]", _async_generator, []),
    _list("an async iterable", "[Int]", lambda: _AsyncIterable(1, None, 2), [1, None, 2]),
    _list("awaitable items", "[Int]", lambda: [awaitable(1), 2, awaitable(None), awaitable(4, 3)], [1, 2, None, 4]),
    _list(
        "items that come in another order",
        "[Int]",
        lambda: [awaitable(1, 3), awaitable(2, 0), awaitable(3, 2)],
        [1, 2, 3],
    ),
    _list("awaitable items of a generator", "[Int]", lambda: _generator(awaitable(1), 2), [1, 2]),
    _list("awaitable items of an async generator", "[Int]", lambda: _async_generator(awaitable(1), 2), [1, 2]),
)

_FAILING = (
    _list("an item that is an exception", "[Int]", lambda: [1, ValueError("no"), 3], [1, None, 3], {"list.1": "no"}),
    _list("an awaitable item that fails", "[Int]", lambda: [1, awaitable(ValueError("no"))], [1, None], {"list.1": "no"}),
    _list("a generator that fails", "[Int]", lambda: _generator(1, ValueError("no")), None, {"list": "no"}),
    _list("an async generator that fails", "[Int]", lambda: _async_generator(1, ValueError("no")), None, {"list": "no"}),
    _list("an async generator that fails at once", "[Int!]!", lambda: _async_generator(ValueError("no")), "all", {"list": "no"}),
    _list("a failing item nulls the list", "[Int!]", lambda: [1, ValueError("no")], None, {"list.1": "no"}),
    _list("a null item nulls the list", "[Int!]", lambda: [1, None, 2], None, {"list.1": "Cannot return null"}),
    _list("a null awaitable item nulls the list", "[Int!]", lambda: [awaitable(1), awaitable(None)], None,
          {"list.1": "Cannot return null"}),
    _list("a null item of an async generator nulls the list", "[Int!]", lambda: _async_generator(1, None), None,
          {"list.1": "Cannot return null"}),
    _list("a null item of a generator nulls the list", "[Int!]", lambda: _generator(1, None, 2), None,
          {"list.1": "Cannot return null"}),
    _list("a null item nulls everything", "[Int!]!", lambda: [None], "all", {"list.0": "Cannot return null"}),
    _list("a null list nulls everything", "[Int]!", lambda: None, "all", {"list": "Cannot return null"}),
)  # fmt: skip

_NESTED = (
    _list("of lists", "[[Int]]", lambda: [[1], [], None, (2, 3)], [[1], [], None, [2, 3]]),
    _list("of generators", "[[Int]]", lambda: (_generator(each) for each in (1, 2)), [[1], [2]]),
    _list("of async generators", "[[Int]]", lambda: [_async_generator(1), _async_generator(2, 3)], [[1], [2, 3]]),
    _list("awaitable inner lists", "[[Int]]", lambda: [awaitable([1, awaitable(2)]), [3]], [[1, 2], [3]]),
    _list("three deep", "[[[Int]]]", lambda: [[[1], [2]], [[]]], [[[1], [2]], [[]]]),
    _list("an inner null nulls the inner list", "[[Int!]]", lambda: [[1], [None], [2]], [[1], None, [2]],
          {"list.1.0": "Cannot return null"}),
    _list("an inner null nulls the outer list", "[[Int!]!]", lambda: [[1], [None]], None, {"list.1.0": "Cannot return null"}),
    _list("an inner list that is none", "[[Int]]", lambda: [[1], 2], [[1], None], {"list.1": "Expected Iterable"}),
    _list("an inner list that must be there", "[[Int]!]", lambda: [[1], None], None, {"list.1": "Cannot return null"}),
    _list("a failure in every inner list", "[[Int]]", lambda: [["x"], [1, "y"]], [[None], [1, None]],
          {"list.0.0": "Int cannot", "list.1.1": "Int cannot"}),
)  # fmt: skip

_OBJECTS = Described(
    """
    type Row { cells: [[Cell]] tags: [String!] next: [Row] name: String }
    type Cell { value: Int sure: Int! }
    type Query { rows: [Row] table: [[Row]] late: [Row] one: [Cell!]! }
    """,
    fields={
        "Query.rows": lambda _parent: [{"name": "a", "n": 1}, None, {"name": "b", "n": 2}],
        "Query.table": lambda _parent: [
            [{"name": "a", "n": 1}],
            [],
            None,
            [{"name": "b", "n": 2}, {"name": "c", "n": 3}],
        ],
        "Query.late": lambda _parent: [awaitable({"name": "a", "n": 1}, 2), awaitable({"name": "b", "n": 2}, 0)],
        "Row.cells": lambda parent: [[{"value": parent["n"] * 10 + each}] for each in range(parent["n"])],
        "Row.next": lambda parent: [{"name": f"{parent['name']}x", "n": 0}] * parent["n"],
        "Cell.value": lambda parent: parent["value"],
        "Cell.sure": lambda parent: parent["value"] if parent["value"] != 21 else None,
    },
)
_OF_OBJECTS = (
    Case("objects and null", _OBJECTS, "{ rows { name } }", {"rows": [{"name": "a"}, None, {"name": "b"}]}),
    Case("objects in a table", _OBJECTS, "{ table { name } }",
         {"table": [[{"name": "a"}], [], None, [{"name": "b"}, {"name": "c"}]]}),
    Case("objects that come late", _OBJECTS, "{ late { name next { name } } }",
         {"late": [{"name": "a", "next": [{"name": "ax"}]}, {"name": "b", "next": [{"name": "bx"}, {"name": "bx"}]}]}),
    Case("tables within rows", _OBJECTS, "{ rows { cells { value } } }",
         {"rows": [{"cells": [[{"value": 10}]]}, None, {"cells": [[{"value": 20}], [{"value": 21}]]}]}),
    Case("tables within tables", _OBJECTS, "{ table { next { cells { value } name } } }",
         {"table": [[{"next": [{"cells": [], "name": "ax"}]}], [], None,
                    [{"next": [{"cells": [], "name": "bx"}] * 2}, {"next": [{"cells": [], "name": "cx"}] * 3}]]}),
    Case("a null deep in a table nulls its cell", _OBJECTS, "{ rows { cells { sure } } }",
         {"rows": [{"cells": [[{"sure": 10}]]}, None, {"cells": [[{"sure": 20}], [None]]}]},
         {"rows.2.cells.1.0.sure": "Cannot return null"}),
)  # fmt: skip


@every((*_FORMS, *_NESTED, *_OF_OBJECTS))
def test_a_list_is_completed_item_by_item(case: Case, way: Way) -> None:
    check(case, way)


@every(_FAILING)
def test_what_fails_in_a_list_is_told_at_its_place(case: Case, way: Way) -> None:
    check(case, way)


def test_an_async_generator_without_an_end_ends_where_an_item_cannot_be_coerced() -> None:
    closed = []

    async def endless(*_: Any) -> AsyncIterator[Any]:
        try:
            yield awaitable(1)
            while True:
                yield "abc"
        finally:
            closed.append(True)

    def schema() -> GraphQLSchema:
        made = build_schema("type Query { list: [Int!] }")
        made.type_map["Query"].fields["list"].resolve = endless  # type: ignore[attr-defined]
        return made

    assert compare(Asked(schema, "{ list }"), exactly=True).data == {"list": None}
    assert closed == [True, True]


def test_what_is_said_to_be_late_is_awaited_even_if_something_else_is_said_of_it_later() -> None:
    asked: list[Any] = []

    def is_awaitable(value: Any) -> bool:
        asked.append(value)
        return bool(value == "late" and asked.count(value) <= 2)

    schema = build_schema("type Query { list: [O] } type O { name: String }")

    async def run() -> Any:
        return await execute(schema, parse("{ list { name } }"), {"list": ["late"]}, is_awaitable=is_awaitable)  # type: ignore[misc]

    result = asyncio.run(run())
    assert result.data == {"list": [None]}
    assert [each.path for each in result.errors] == [["list", 0]]
