"""Attributes are written with their objects: once looked at, and only where nothing about them is out of the ordinary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import pytest
from graphql import ExecutionResult, build_schema, parse

from graph.engine import execute

_SCHEMA = """
enum Mood { GOOD BAD }
interface Being { name: String, age: Int, sure: Boolean! }
type Person implements Being { name: String, age: Int, sure: Boolean!, mood: Mood, weight: Float, friend: Person }
type Robot implements Being { name: String, age: Int, sure: Boolean!, model(of: Int): String }
type Query { people: [Person], beings: [Being] }
"""
_ATTRIBUTES = ("name", "age", "sure", "mood", "weight")


class Person:
    """Somebody who counts how often their name is asked for."""

    def __init__(self, name: Any = "Ada", age: Any = 36, sure: Any = True, mood: Any = "GOOD") -> None:
        self._name, self.age, self.sure, self.mood = name, age, sure, mood
        self.asked = 0

    @property
    def name(self) -> Any:
        """Their name."""
        self.asked += 1
        return self._name() if callable(self._name) else self._name


class Robot(Person):
    """Somebody of another type."""


def _asked(text: str, *people: Person) -> ExecutionResult:
    """What the engine answers where these people's fields are declared to be attributes."""
    schema = build_schema(_SCHEMA)
    for kind in ("Person", "Robot"):
        fields = schema.type_map[kind].fields  # type: ignore[attr-defined]
        for name in fields.keys() & set(_ATTRIBUTES):
            fields[name].extensions["attribute"] = name
    schema.type_map["Being"].resolve_type = lambda value, *_: type(value).__name__  # type: ignore[attr-defined]

    async def run() -> ExecutionResult:
        found = execute(schema, parse(text), {"people": list(people), "beings": list(people)})
        return await found if isawaitable(found) else found

    return asyncio.run(run())


def test_what_fits_is_asked_for_once_and_keeps_its_place_among_the_fields() -> None:
    ada, bob = Person(), Person("Bob", None, False, None)
    result = _asked("{ people { age kind: __typename friend { age } called: name sure mood } }", ada, bob)
    assert result.errors is None
    assert [list(each.items()) for each in result.data["people"]] == [  # type: ignore[index]
        [("age", 36), ("kind", "Person"), ("friend", None), ("called", "Ada"), ("sure", True), ("mood", "GOOD")],
        [("age", None), ("kind", "Person"), ("friend", None), ("called", "Bob"), ("sure", False), ("mood", None)],
    ]
    assert (ada.asked, bob.asked) == (1, 1)


@pytest.mark.parametrize(
    ("person", "asked", "gives"),
    [
        (Person(name=7), "name", "7"),
        (Person(age=36.0), "age", 36),
        (Person(age=True), "age", 1),
        (Person(sure=1), "sure", True),
    ],
    ids=["a number for a text", "a float for a whole number", "a truth for a number", "a number for a truth"],
)
def test_a_value_of_another_kind_is_coerced_for_all(person: Person, asked: str, gives: Any) -> None:
    result = _asked(f"{{ people {{ {asked} }} }}", Person(), person)
    assert result.errors is None
    assert result.data["people"][1] == {asked: gives}  # type: ignore[index]
    assert type(result.data["people"][1][asked]) is type(gives)  # type: ignore[index]


@pytest.mark.parametrize(
    ("person", "asked", "nulled"),
    [
        (Person(age=2**31), "age", ["people", 1, "age"]),
        (Person(mood="SO SO"), "mood", ["people", 1, "mood"]),
        (Person(sure=None), "sure", ["people", 1, "sure"]),
    ],
    ids=["too large", "no such mood", "null where none may be"],
)
def test_a_value_that_does_not_fit_fails_where_it_stands_and_nowhere_else(
    person: Person, asked: str, nulled: list[Any]
) -> None:
    result = _asked(f"{{ people {{ name {asked} }} }}", Person(), person)
    assert [each.path for each in result.errors or ()] == [nulled]
    assert result.data["people"][0]["name"] == "Ada"  # type: ignore[index]


def test_a_value_that_comes_later_is_waited_for() -> None:
    async def late() -> str:
        await asyncio.sleep(0)
        return "Eve"

    result = _asked("{ people { name age } }", Person(), Person(late))
    assert result == ExecutionResult({"people": [{"name": "Ada", "age": 36}, {"name": "Eve", "age": 36}]}, None)


def _fails() -> str:
    raise ValueError("I will not say")


@pytest.mark.parametrize("failing", [_fails, lambda: ValueError("I will not say")], ids=["raised", "given"])
def test_an_attribute_that_fails_says_so_at_its_place(failing: Callable[[], Any]) -> None:
    result = _asked("{ people { name age } }", Person(failing), Person())
    assert result.data == {"people": [{"name": None, "age": 36}, {"name": "Ada", "age": 36}]}
    assert [(each.path, each.message) for each in result.errors or ()] == [(["people", 0, "name"], "I will not say")]


def test_objects_of_several_types_are_written_together_where_the_same_is_asked_of_them() -> None:
    ada, hal, bob = Person(), Robot("Hal", 9), Person("Bob")
    result = _asked("{ beings { kind: __typename name age ... on Robot { age } } }", ada, hal, bob)
    assert result.errors is None
    assert [list(each.items()) for each in result.data["beings"]] == [  # type: ignore[index]
        [("kind", "Person"), ("name", "Ada"), ("age", 36)],
        [("kind", "Robot"), ("name", "Hal"), ("age", 9)],
        [("kind", "Person"), ("name", "Bob"), ("age", 36)],
    ]
    assert [each.asked for each in (ada, hal, bob)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("asked", "of_ada", "of_hal"),
    [
        ("name ... on Robot { age }", {"name": "Ada"}, {"name": "Hal", "age": 9}),
        ("name ... on Robot { age: name }", {"name": "Ada"}, {"name": "Hal", "age": "Hal"}),
        ("... on Person { a: name } ... on Robot { a: age }", {"a": "Ada"}, {"a": 9}),
        ("... on Person { name age } ... on Robot { age name }", {"name": "Ada", "age": 36}, {"age": 9, "name": "Hal"}),
        ("name ... on Robot { model(of: 1) }", {"name": "Ada"}, {"name": "Hal", "model": None}),
        ("name ... on Person { friend { name } }", {"name": "Ada", "friend": None}, {"name": "Hal"}),
    ],
)
def test_where_something_else_is_asked_of_each_type_each_has_what_is_its_own(
    asked: str, of_ada: dict[str, Any], of_hal: dict[str, Any]
) -> None:
    result = _asked(f"{{ beings {{ {asked} }} }}", Person(), Robot("Hal", 9))
    assert result.errors is None
    found = result.data["beings"]  # type: ignore[index]
    assert [list(each.items()) for each in found] == [list(of_ada.items()), list(of_hal.items())]


def test_of_several_types_one_value_that_does_not_fit_fails_alone() -> None:
    result = _asked("{ beings { __typename name age } }", Person(), Robot("Hal", 2**31), Person("Bob"))
    assert [each.path for each in result.errors or ()] == [["beings", 1, "age"]]
    assert [each["name"] for each in result.data["beings"]] == ["Ada", "Hal", "Bob"]  # type: ignore[index]


def test_a_stranger_among_objects_of_several_types_fails_alone() -> None:
    class Ghost(Person):
        pass

    result = _asked("{ beings { name } }", Person(), Ghost("Boo"), Robot("Hal"))
    assert [each.path for each in result.errors or ()] == [["beings", 1]]
    assert result.data == {"beings": [{"name": "Ada"}, None, {"name": "Hal"}]}
