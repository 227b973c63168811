"""Interfaces and unions: how the type of a value is found, and what happens when it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema

from tests.engine.comparing import Asked, compare
from tests.engine.ways import Case, Described, Way, awaitable, check, every

_SDL = """
interface Pet { name: String }
interface Walks implements Pet { name: String legs: Int }
type Cat implements Pet & Walks { name: String legs: Int lives: Int friend: Pet }
type Fish implements Pet { name: String salty: Boolean }
type Rock { name: String }
union Thing = Cat | Fish | Rock
type Query { pet: Pet pets: [Pet] walkers: [Walks] things: [Thing] sure: Pet! surePets: [Pet!] cat: Cat cats: [Cat] }
"""
_DOCUMENT = "{ pets { __typename name ... on Cat { lives } } }"
_TOM = {"is": "Cat", "name": "Tom", "legs": 4, "lives": 9}
_NEMO = {"is": "Fish", "name": "Nemo", "salty": True}
_ROCK = {"is": "Rock", "name": "Rock"}
_SEEN_TOM = {"__typename": "Cat", "name": "Tom", "lives": 9}
_SEEN_NEMO = {"__typename": "Fish", "name": "Nemo"}


def _kind(value: Any) -> Any:
    return value["is"]


_RESOLVED = Described(
    _SDL,
    fields={
        "Query.pet": lambda _parent: _TOM,
        "Query.pets": lambda _parent: [_TOM, _NEMO, None, _TOM],
        "Query.walkers": lambda _parent: [_TOM],
        "Query.things": lambda _parent: [_ROCK, _NEMO, _TOM],
        "Query.surePets": lambda _parent: [_NEMO, _TOM],
        "Cat.friend": lambda _parent: _NEMO,
        "Fish.name": lambda parent: parent["name"],
    },
    kinds={"Pet": _kind, "Walks": _kind, "Thing": _kind},
)

_FOUND = (
    Case("one", _RESOLVED, "{ pet { name } }", {"pet": {"name": "Tom"}}),
    Case("many of several types", _RESOLVED, _DOCUMENT, {"pets": [_SEEN_TOM, _SEEN_NEMO, None, _SEEN_TOM]}),
    Case("an interface of an interface", _RESOLVED, "{ walkers { legs ... on Pet { name } } }",
         {"walkers": [{"legs": 4, "name": "Tom"}]}),
    Case("a union", _RESOLVED, "{ things { ... on Rock { name } ... on Pet { __typename } } }",
         {"things": [{"name": "Rock"}, {"__typename": "Fish"}, {"__typename": "Cat"}]}),
    Case("an interface below an interface", _RESOLVED, "{ pets { ... on Cat { friend { __typename name } } } }",
         {"pets": [{"friend": _SEEN_NEMO}, {}, None, {"friend": _SEEN_NEMO}]}),
    Case("fields in another order for each type", _RESOLVED,
         "{ things { ... on Cat { lives name } ... on Fish { name salty } __typename } }",
         {"things": [{"__typename": "Rock"}, {"name": "Nemo", "salty": True, "__typename": "Fish"},
                     {"lives": 9, "name": "Tom", "__typename": "Cat"}]}),
)  # fmt: skip


def _pets(name: str, value: Any, kinds: dict[str, Callable[[Any], Any]], gives: Any, fails: dict[str, str]) -> Case:
    """Pets of which the first is well and the second is the given value."""
    described = Described(_SDL, fields={"Query.pets": lambda _parent: [_TOM, value]}, kinds=kinds)
    return Case(name, described, _DOCUMENT, {"pets": [_SEEN_TOM, gives]}, fails)


def _raise(_value: Any) -> Any:
    raise ValueError("no idea")


_NOT_FOUND = (
    _pets("a type that is not one of them", {"is": "Rock"}, {"Pet": _kind}, None, {"pets.1": "not a possible type"}),
    _pets("a type that does not exist", {"is": "Nobody"}, {"Pet": _kind}, None, {"pets.1": "does not exist"}),
    _pets("the name of an interface", {"is": "Walks"}, {"Pet": _kind}, None, {"pets.1": "non-object type"}),
    _pets("no type", {"is": None}, {"Pet": _kind}, None, {"pets.1": "must resolve to an Object type"}),
    _pets("not even a name", {"is": 5}, {"Pet": _kind}, None, {"pets.1": "not a valid Object type name"}),
    _pets("a function that fails", {}, {"Pet": _kind}, None, {"pets.1": "is"}),
)
_NULLING = (
    Case("below a list of what must be there", Described(
            _SDL, fields={"Query.surePets": lambda _parent: [_TOM, _ROCK]}, kinds={"Pet": _kind}),
         "{ surePets { name } }", {"surePets": None}, {"surePets.1": "not a possible type"}),
    Case("of the whole", Described(_SDL, fields={"Query.sure": lambda _parent: _ROCK}, kinds={"Pet": _kind}),
         "{ sure { name } }", None, {"sure": "not a possible type"}),
    Case("a function that raises", Described(_SDL, fields={"Query.pet": lambda _parent: _TOM}, kinds={"Pet": _raise}),
         "{ pet { name } }", {"pet": None}, {"pet": "no idea"}),
)  # fmt: skip

_BY_ASKING = {"Cat": lambda value: value["is"] == "Cat", "Fish": lambda value: value["is"] == "Fish"}
_IS_TYPE_OF = (
    _pets("each type is asked", _NEMO, _BY_ASKING, _SEEN_NEMO, {}),
    _pets("no type says yes", _ROCK, _BY_ASKING, None, {"pets.1": "must resolve to an Object type"}),
    _pets("a type that fails when asked", {}, _BY_ASKING, None, {"pets.1": "is"}),
    _pets("found by name, and then it says no", {"is": "Cat", "wild": True},
          {"Pet": _kind, "Cat": lambda value: "wild" not in value}, None, {"pets.1": "Expected value of type"}),
    Case("an object type is asked too", Described(
            _SDL, fields={"Query.cats": lambda _parent: [_TOM, _NEMO]}, kinds=_BY_ASKING),
         "{ cats { name } }", {"cats": [{"name": "Tom"}, None]}, {"cats.1": "Expected value of type"}),
    Case("one object that is not what it should be", Described(
            _SDL, fields={"Query.cat": lambda _parent: _NEMO}, kinds=_BY_ASKING),
         "{ cat { name } }", {"cat": None}, {"cat": "Expected value of type"}),
)  # fmt: skip


@dataclass
class Tabby:
    name: str = "Tom"
    lives: int = 9
    __typename: str = "Cat"


_BY_ITSELF = (
    Case("a mapping that names its type", Described(
            _SDL, fields={"Query.pets": lambda _parent: [{"__typename": "Fish", "name": "Nemo"}]}),
         _DOCUMENT, {"pets": [_SEEN_NEMO]}),
    Case("an object that names its type", Described(_SDL, fields={"Query.pets": lambda _parent: [Tabby()]}),
         _DOCUMENT, {"pets": [_SEEN_TOM]}),
    Case("a value that says nothing", Described(_SDL, fields={"Query.pets": lambda _parent: [_TOM]}),
         _DOCUMENT, {"pets": [None]}, {"pets.0": "must resolve to an Object type"}),
    Case("a resolver of types for the whole request", Described(
            _SDL, fields={"Query.pets": lambda _parent: [_TOM, _NEMO]}),
         _DOCUMENT, {"pets": [_SEEN_TOM, _SEEN_NEMO]}, options={"type_resolver": lambda value, _info, _type: _kind(value)}),
    Case("such a resolver that answers late", Described(
            _SDL, fields={"Query.things": lambda _parent: [_TOM, _NEMO]}),
         "{ things { __typename } }", {"things": [{"__typename": "Cat"}, {"__typename": "Fish"}]},
         options={"type_resolver": lambda value, _info, _type: awaitable(_kind(value), value.get("lives", 0))}),
)  # fmt: skip


@every((*_FOUND, *_IS_TYPE_OF, *_BY_ITSELF))
def test_a_value_is_shown_as_the_type_it_is(case: Case, way: Way) -> None:
    check(case, way)


@every((*_NOT_FOUND, *_NULLING))
def test_a_value_without_a_type_fails_its_position(case: Case, way: Way) -> None:
    check(case, way)


@pytest.mark.parametrize("turns_of_cat", range(3))
@pytest.mark.parametrize("turns_of_fish", range(3))
def test_types_that_are_asked_may_answer_in_any_order(turns_of_cat: int, turns_of_fish: int) -> None:
    kinds = {
        "Cat": lambda value: awaitable(value["is"] == "Cat", turns_of_cat),
        "Fish": lambda value: (
            awaitable(value["is"] == "Fish", turns_of_fish) if turns_of_fish else value["is"] == "Fish"
        ),
    }
    described = Described(_SDL, fields={"Query.pets": lambda _parent: [_TOM, _NEMO, _ROCK]}, kinds=kinds)

    ours = compare(Asked(lambda: described.schema(Way.SYNC), _DOCUMENT))

    assert ours.data == {"pets": [_SEEN_TOM, _SEEN_NEMO, None]}


@pytest.mark.parametrize("has_failed", [True, False], ids=["nobody needs it", "somebody does"])
def test_what_types_say_late_is_awaited_or_let_go(has_failed: bool) -> None:
    async def is_dog(value: Any, _info: Any) -> bool:
        return value == "Rex"

    async def is_cat(value: Any, _info: Any) -> bool:
        return value == "Tom"

    def schema() -> GraphQLSchema:
        made = build_schema("""
            union Pet = Dog | Cat
            type Dog { barks: Int } type Cat { purrs: Int }
            type Person { pet: Pet sure: Int! } type Query { people: [Person] }
        """)
        made.type_map["Dog"].is_type_of = is_dog  # type: ignore[attr-defined]
        made.type_map["Cat"].is_type_of = is_cat  # type: ignore[attr-defined]
        return made

    people = [{"pet": "Tom", "sure": None if has_failed else 1}, {"pet": "Rex", "sure": 1}]
    found = compare(Asked(schema, "{ people { pet { __typename } sure } }", root=lambda: {"people": people}))
    tom = None if has_failed else {"pet": {"__typename": "Cat"}, "sure": 1}
    assert found.data == {"people": [tom, {"pet": {"__typename": "Dog"}, "sure": 1}]}
