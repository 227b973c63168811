"""One description of a schema, answered in every way a resolver can answer.

A description says what a field's value is: `{"Query.hello": lambda parent: "Hello"}`. Each way makes resolvers of it:
ordinary ones, coroutines that answer at once or some turns of the event loop later, and batches.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

from graph.engine import BatchResolver
from tests.engine.comparing import Asked, compare

Answer = Callable[..., Any]
_MOST_TURNS = 4


class Way(Enum):
    """How resolvers answer."""

    SYNC = "sync"
    ASYNC = "async"
    LATE = "late"
    BATCH = "batch"
    ASYNC_BATCH = "async batch"
    MIXED = "mixed"


ALL_WAYS = tuple(Way)
ORDINARY = (Way.SYNC, Way.ASYNC, Way.LATE)
BATCHES = (Way.BATCH, Way.ASYNC_BATCH)


@dataclass(frozen=True)
class Described:
    """A schema and what its fields are.

    `fields`: "Type.field" -> function `(parent, **arguments)`; fields without one are read from the parent.
    `kinds`: abstract type -> function `(value)` that names the object type; object type -> `(value)`, is it one?
    `scalars`: scalar -> what a value looks like outside; `enums`: enum -> its values in Python by name.
    """

    sdl: str
    fields: Mapping[str, Answer] = field(default_factory=dict)
    kinds: Mapping[str, Answer] = field(default_factory=dict)
    scalars: Mapping[str, Answer] = field(default_factory=dict)
    enums: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def schema(self, way: Way) -> GraphQLSchema:
        """The schema with resolvers that answer this way."""
        made = build_schema(self.sdl)
        for name, answer in self.fields.items():
            type_name, field_name = name.split(".")
            _install(made, type_name, field_name, answer, way)
        for name, kind in self.kinds.items():
            _install_kind(made.type_map[name], kind, way)
        for name, serialize in self.scalars.items():
            scalar = made.type_map[name]
            assert isinstance(scalar, GraphQLScalarType)
            scalar.coerce_output_value = serialize  # type: ignore[method-assign]
        for name, values in self.enums.items():
            enum = made.type_map[name]
            assert isinstance(enum, GraphQLEnumType)
            made.type_map[name] = _with_values(enum, values)
        return made


@dataclass(frozen=True)
class Case:
    """A request, and what is known about its answer.

    `gives` is the data; `fails` has a part of the message of each error by its path ("courses.0.title"). A case whose
    failures compete for one nulled position says so with `competing`: then `fails` lists all that may be told.
    """

    name: str
    described: Described
    document: str
    gives: Any
    fails: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] | None = None
    root: Callable[[], Any] = lambda: None
    operation_name: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    ways: Sequence[Way] = ALL_WAYS
    competing: bool = False

    def asked(self, way: Way) -> Asked:
        """The request, answered this way."""
        return Asked(
            lambda: self.described.schema(way),
            self.document,
            self.variables,
            self.root,
            self.operation_name,
            self.options,
        )


def every(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """Runs a test `(case, way)` for each case in each of its ways."""
    told = [pytest.param(case, way, id=f"{case.name} ({way.value})") for case in cases for way in case.ways]
    return pytest.mark.parametrize(("case", "way"), told)


def check(case: Case, way: Way) -> None:
    """Both executors must agree on the case, and the answer must be what the case says."""
    outcome = compare(case.asked(way))
    assert outcome.text == json.dumps(case.gives)
    told = {".".join(map(str, each.path or ())): each.message for each in outcome.problems}
    assert len(told) == len(outcome.problems), f"One path has several errors: {outcome.problems}"
    if case.competing:
        assert set(told) <= set(case.fails), told
        assert told, "Something is null, and no error says why."
    else:
        assert set(told) == set(case.fails), told
    for path, message in told.items():
        assert case.fails[path] in message, (path, message)


def _install(schema: GraphQLSchema, type_name: str, field_name: str, answer: Answer, way: Way) -> None:
    made = schema.type_map[type_name]
    assert isinstance(made, GraphQLObjectType)
    one = made.fields[field_name]
    if way is Way.MIXED:
        way = (Way.SYNC, Way.ASYNC, Way.LATE, Way.BATCH, Way.ASYNC_BATCH)[_number(type_name, field_name) % 5]
    if way is Way.SYNC:
        one.resolve = lambda parent, _info, **arguments: answer(parent, **arguments)
    elif way in ORDINARY:
        one.resolve = _coroutine(answer, way, type_name + field_name)
    else:
        one.extensions["batch"] = BatchResolver(_batch(answer, way))


def _coroutine(answer: Answer, way: Way, name: str) -> Answer:
    async def resolve(parent: Any, _info: Any, **arguments: Any) -> Any:
        await turns(_number(name, repr(sorted(arguments.items()))) % _MOST_TURNS if way is Way.LATE else 1)
        return answer(parent, **arguments)

    return resolve


def _batch(answer: Answer, way: Way) -> Answer:
    def resolve(parents: Sequence[Any], _info: Any, **arguments: Any) -> list[Any]:
        return [_attempt(answer, parent, arguments) for parent in parents]

    async def resolve_later(parents: Sequence[Any], info: Any, **arguments: Any) -> list[Any]:
        await turns(1)
        return resolve(parents, info, **arguments)

    return resolve if way is Way.BATCH else resolve_later


def _attempt(answer: Answer, parent: Any, arguments: Mapping[str, Any]) -> Any:
    """In a batch, an exception stands in the place of its answer."""
    try:
        return answer(parent, **arguments)
    except Exception as error:
        return error


def _install_kind(named: Any, kind: Answer, way: Way) -> None:
    later = way in (Way.ASYNC, Way.LATE, Way.ASYNC_BATCH)

    async def kind_later(value: Any) -> Any:
        await turns(1)
        return kind(value)

    chosen = kind_later if later else kind
    if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
        named.resolve_type = lambda value, _info, _type: chosen(value)
    else:
        assert isinstance(named, GraphQLObjectType)
        named.is_type_of = lambda value, _info: chosen(value)


def _with_values(enum: GraphQLEnumType, values: Mapping[str, Any]) -> GraphQLEnumType:
    """The same enum with other values in Python. The type is changed in place: fields already point at it."""
    for name, value in values.items():
        enum.values[name].value = value
    enum.__dict__.pop("_value_lookup", None)
    return enum


async def turns(number: int) -> None:
    """Lets the event loop go round so many times."""
    for _ in range(number):
        await asyncio.sleep(0)


def awaitable(value: Any, after: int = 1) -> Any:
    """A coroutine that gives the value, or raises it, some turns later."""

    async def later() -> Any:
        await turns(after)
        if isinstance(value, Exception):
            raise value
        return value

    made = later()
    assert inspect.iscoroutine(made)
    return made


def _number(*names: str) -> int:
    return zlib.crc32(" ".join(names).encode())
