"""Schemas nobody wrote, with resolvers that answer, fail, return the wrong thing or answer late.

All that happens is a function of a seed, the type, the field, the parent and the arguments; so it is the same for every
executor, in whatever order it asks.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import iscoroutine
from itertools import count
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    is_list_type,
    is_non_null_type,
)

from graph.engine import BatchResolver
from tests.engine.ways import awaitable, turns

_LEAVES = ("Int", "Float", "String", "Boolean", "ID", "Colour", "Odd")
_SHAPES = ("{}", "{}", "{}", "{}!", "{}!", "[{}]", "[{}!]", "[{}!]!", "[{}]!", "[[{}!]]", "[[{}]!]!")
_ARGUMENTS = ("Int", "Int! = 3", 'String = "s"', "Colour", "[Int!]", "Filter", "Boolean!", '[String] = ["a"]')
_INPUTS = """
enum Colour { RED GREEN }
scalar Odd
input Filter { size: Int = 2, name: String, colours: [Colour!], inner: Filter }
"""


class Broken(Exception):
    """What a resolver of these worlds fails with."""


@dataclass(frozen=True)
class World:
    """A schema's text and the seed of everything that happens in it; of 1000 values, `trouble` are not as they should."""

    sdl: str
    seed: int
    trouble: int

    def schema(self) -> GraphQLSchema:
        """The schema with its resolvers."""
        made = build_schema(self.sdl)
        for named in made.type_map.values():
            if isinstance(named, GraphQLObjectType) and not named.name.startswith("__"):
                self._give_resolvers(named)
            elif isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
                self._give_resolve_type(named)
            elif isinstance(named, GraphQLScalarType) and named.name == "Odd":
                named.coerce_output_value = _serialize_odd  # type: ignore[method-assign]
        return made

    def root(self) -> Any:
        """The root value."""
        return Thing(self, "Query", "root")

    def field(self, type_name: str, name: str) -> GraphQLField | None:
        """The declaration of a field, if the type has one of that name."""
        named = self._plain.type_map[type_name]
        return named.fields.get(name) if isinstance(named, GraphQLObjectType) else None

    def dice(self, *names: Any) -> Random:
        """Chance, the same for the same names."""
        return Random(zlib.crc32(repr((self.seed, *names)).encode()))

    def _give_resolvers(self, named: GraphQLObjectType) -> None:
        kinds = self.dice("is type of", named.name)
        if kinds.random() < 0.2:
            later = kinds.random() < 0.5

            def is_type_of(value: Any, _info: Any) -> Any:
                dice = self.dice("is", named.name, value)
                answer = isinstance(value, Thing) and value.kind == named.name and dice.random() < 0.95
                return awaitable(answer, dice.randint(0, 2)) if later else answer

            named.is_type_of = is_type_of
        for name, declared in named.fields.items():
            self._give_resolver(named.name, name, declared)

    def _give_resolver(self, type_name: str, name: str, declared: GraphQLField) -> None:
        kind = self.dice("kind", type_name, name).choice(("read", "sync", "async", "late", "batch", "async batch"))

        def answer(parent: Any, arguments: Mapping[str, Any]) -> Any:
            return self.value_of(type_name, name, declared, parent, arguments)

        def resolve(parent: Any, _info: Any, **arguments: Any) -> Any:
            return _raised(answer(parent, arguments), self.dice("raise", parent, name))

        async def resolve_later(parent: Any, _info: Any, **arguments: Any) -> Any:
            dice = self.dice("late", parent, name, arguments)
            await turns(1 if kind == "async" else dice.randint(0, 5))
            return _raised(answer(parent, arguments), dice)

        def resolve_all(parents: Sequence[Any], _info: Any, **arguments: Any) -> Sequence[Any]:
            if self.dice("whole batch", type_name, name, arguments).randint(0, 999) < self.trouble:
                raise Broken("the whole batch")
            return [answer(parent, arguments) for parent in parents]

        async def resolve_all_later(parents: Sequence[Any], info: Any, **arguments: Any) -> Sequence[Any]:
            await turns(self.dice("batch", type_name, name).randint(0, 3))
            return resolve_all(parents, info, **arguments)

        if kind == "sync":
            declared.resolve = resolve
        elif kind in {"async", "late"}:
            declared.resolve = resolve_later
        elif kind != "read":
            declared.extensions["batch"] = BatchResolver(resolve_all if kind == "batch" else resolve_all_later)

    def _give_resolve_type(self, named: GraphQLInterfaceType | GraphQLUnionType) -> None:
        later = self.dice("resolve type", named.name).random() < 0.3
        if self.dice("default", named.name).random() < 0.2:
            return  # Left to the default: what the value says of itself.

        def resolve_type(value: Any, _info: Any, _abstract: Any) -> Any:
            dice = self.dice("which", value)
            chosen: Any = value.kind if isinstance(value, Thing) else None
            if dice.randint(0, 999) < self.trouble:
                chosen = dice.choice((None, "Nobody", "Colour", "Query", 5))
            return awaitable(chosen, dice.randint(0, 2)) if later else chosen

        named.resolve_type = resolve_type

    def value_of(
        self, type_name: str, name: str, declared: GraphQLField, parent: Any, arguments: Mapping[str, Any]
    ) -> Any:
        """What a field is: a value, perhaps the wrong one, or an exception."""
        dice = self.dice(type_name, name, parent, sorted(arguments.items()))
        return self._value(declared.type, dice, f"{parent}.{name}")

    def _value(self, kind: Any, dice: Random, token: str) -> Any:
        if dice.randint(0, 999) < self.trouble:
            return dice.choice((None, None, Broken(f"at {token}"), "wrong", 5, {"wrong": 1}))
        if is_non_null_type(kind):
            return self._value(kind.of_type, dice, token)
        if is_list_type(kind):
            items = [self._value(kind.of_type, dice, f"{token}.{index}") for index in range(dice.randint(0, 3))]
            return _listed(items, dice)
        if dice.random() < 0.08:
            return None
        return self._single(kind, dice, token)

    def _single(self, kind: Any, dice: Random, token: str) -> Any:
        if isinstance(kind, GraphQLObjectType):
            return Thing(self, kind.name, token)
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            possible = self._plain.get_possible_types(kind)
            return Thing(self, dice.choice(possible).name, token)
        if isinstance(kind, GraphQLEnumType):
            return dice.choice(("RED", "GREEN", "RED", "GREEN", "BLUE"))
        values: Mapping[str, Callable[[], Any]] = {
            "Int": lambda: dice.choice((0, 1, -7, 41, True, 2**40)),
            "Float": lambda: dice.choice((0.0, 1.5, 3, -2.25)),
            "Boolean": lambda: dice.choice((True, False)),
        }
        return values.get(kind.name, lambda: dice.choice(("", "word", "odd one", 12)))()

    @cached_property
    def _plain(self) -> GraphQLSchema:
        """The schema without resolvers: what types there are."""
        return build_schema(self.sdl)


class Thing(Mapping[str, Any]):
    """An object of a world. Read as a mapping it gives its fields' values, and the name of its type."""

    def __init__(self, world: World, kind: str, token: str) -> None:
        self.world = world
        self.kind = kind
        self.token = token

    def __getitem__(self, name: str) -> Any:
        if name == "__typename":
            return self.kind
        declared = self.world.field(self.kind, name)
        if declared is None:
            raise KeyError(name)
        return _raised(self.world.value_of(self.kind, name, declared, self, {}), Random(name))

    def __iter__(self) -> Iterator[str]:
        return iter(("__typename",))

    def __len__(self) -> int:
        return 1

    def __hash__(self) -> int:
        return hash(self.token)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"{self.kind}({self.token})"


def world(chance: Random) -> World:
    """A world: two to five object types, up to two interfaces and unions, every shape of list and non-null."""
    objects = [f"O{number}" for number in range(chance.randint(2, 5))]
    interfaces = [f"I{number}" for number in range(chance.randint(0, 2))]
    unions = [f"U{number}" for number in range(chance.randint(0, 2))]
    names = _Names(chance, (*objects, *interfaces, *unions))
    shared = {each: names.fields(1, 2) for each in interfaces}
    # Every abstract type has at least one object, or nothing could ever stand there.
    implemented = {each: [one for one in interfaces if chance.randint(0, 1)] for each in objects}
    for interface in interfaces:
        if all(interface not in found for found in implemented.values()):
            implemented[chance.choice(objects)].append(interface)
    texts = [_INPUTS]
    texts += [f"interface {each} {{ {' '.join(shared[each])} }}" for each in interfaces]
    for each in objects:
        inherited = [line for interface in implemented[each] for line in shared[interface]]
        head = f" implements {' & '.join(implemented[each])}" if implemented[each] else ""
        texts.append(f"type {each}{head} {{ {' '.join([*inherited, *names.fields(1, 4)])} }}")
    for each in unions:
        members = [one for one in objects if chance.randint(0, 1)] or objects[:1]
        texts.append(f"union {each} = {' | '.join(members)}")
    texts.append(f"type Query {{ {' '.join(names.fields(2, 4))} }}")
    texts.append(f"type Mutation {{ {' '.join(names.fields(1, 3))} }}")
    return World("\n".join(texts), chance.randint(0, 2**31), chance.choice((0, 20, 60, 150)))


class _Names:
    """Field declarations with names that nothing else has."""

    def __init__(self, chance: Random, composites: Sequence[str]) -> None:
        self._chance = chance
        self._composites = composites
        self._numbers = count()

    def fields(self, least: int, most: int) -> list[str]:
        return [self._field() for _ in range(self._chance.randint(least, most))]

    def _field(self) -> str:
        chance = self._chance
        named = chance.choice(self._composites if chance.randint(0, 1) else _LEAVES)
        taken = [f"a{number}: {chance.choice(_ARGUMENTS)}" for number in range(chance.choice((0, 0, 0, 1, 2)))]
        arguments = f"({', '.join(taken)})" if taken else ""
        return f"f{next(self._numbers)}{arguments}: {chance.choice(_SHAPES).format(named)}"


def _raised(value: Any, dice: Random) -> Any:
    """An exception may be raised, or be returned as if it were a value: both fail the field."""
    if isinstance(value, Exception) and dice.random() < 0.7:
        raise value
    return value


def _listed(items: list[Any], dice: Random) -> Any:
    """The items as one of the many things that are taken for a list."""
    form = dice.randint(0, 9)
    if form == 0:
        return tuple(items)
    if any(map(_holds_late, items)):
        # Whatever is not even begun cannot be asked what it holds: nobody could close that.
        return items
    if form == 1:
        return (each for each in items)
    if form == 2:
        return _one_by_one(items)
    if form == 3:
        return [awaitable(each, dice.randint(0, 3)) if dice.random() < 0.5 else each for each in items]
    return items


def _holds_late(value: Any) -> bool:
    return iscoroutine(value) or (isinstance(value, list | tuple) and any(map(_holds_late, value)))


async def _one_by_one(items: Sequence[Any]) -> AsyncIterator[Any]:
    for item in items:
        await turns(1)
        yield item


def _serialize_odd(value: Any) -> Any:
    if value == 12:
        raise ValueError("Twelve is not odd")
    return None if value == "" else f"odd {value}"
