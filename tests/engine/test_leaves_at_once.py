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
type Person { name: String, age: Int, sure: Boolean!, mood: Mood, weight: Float, friend: Person }
type Query { people: [Person] }
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


def _asked(text: str, *people: Person) -> ExecutionResult:
    """What the engine answers where these people's fields are declared to be attributes."""
    schema = build_schema(_SCHEMA)
    for name in _ATTRIBUTES:
        schema.type_map["Person"].fields[name].extensions["attribute"] = name  # type: ignore[attr-defined]

    async def run() -> ExecutionResult:
        found = execute(schema, parse(text), {"people": list(people)})
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
