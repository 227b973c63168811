"""What becomes of a leaf's value: built-in scalars, custom ones, enums, and values that fit none of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.engine.ways import Case, Described, Way, check, every


def _leaf(kind: str, value: Any, gives: Any, fails: str | None = None) -> Case:
    """A field of a kind that has a value in Python, and what it must look like outside."""
    described = Described(
        f"scalar Odd enum Colour {{ RED GREEN }} type Query {{ leaf: {kind} }}",
        fields={"Query.leaf": lambda _parent: value},
        scalars={"Odd": _odd},
        enums={"Colour": {"RED": "#f00", "GREEN": 2}},
    )
    problems = {"leaf": fails} if fails is not None else {}
    return Case(f"{kind} of {value!r}", described, "{ leaf }", {"leaf": gives}, problems)


def _odd(value: Any) -> Any:
    if value == "even":
        raise ValueError("That is not odd")
    return None if value == "nothing" else {"odd": value}


class _Word(str):
    """A string of another class."""


_CASES = (
    _leaf("Int", 1, 1),
    _leaf("Int", True, 1),
    _leaf("Int", 2.0, 2),
    _leaf("Int", "3", 3),
    _leaf("Int", 1.5, None, "Int cannot represent"),
    _leaf("Int", "x", None, "Int cannot represent"),
    _leaf("Int", 2**31, None, "32-bit"),
    _leaf("Int", [1], None, "Int cannot represent"),
    _leaf("Int", {}, None, "Int cannot represent"),
    _leaf("Int", None, None),
    _leaf("Float", 1, 1.0),
    _leaf("Float", 1.5, 1.5),
    _leaf("Float", "2.5", 2.5),
    _leaf("Float", float("nan"), None, "Float cannot represent"),
    _leaf("Float", float("inf"), None, "Float cannot represent"),
    _leaf("Float", "x", None, "Float cannot represent"),
    _leaf("Float", Decimal("1.5"), 1.5),
    _leaf("String", "word", "word"),
    _leaf("String", "", ""),
    _leaf("String", 1, "1"),
    _leaf("String", True, "true"),
    _leaf("String", 1.5, "1.5"),
    _leaf("String", _Word("word"), "word"),
    _leaf("String", [1], None, "String cannot represent"),
    _leaf("String", {"a": 1}, None, "String cannot represent"),
    _leaf("Boolean", False, False),
    _leaf("Boolean", 1, True),
    _leaf("Boolean", "true", None, "Boolean cannot represent"),
    _leaf("ID", 5, "5"),
    _leaf("ID", "a", "a"),
    _leaf("ID", 1.5, None, "ID cannot represent"),
    _leaf("Odd", 1, {"odd": 1}),
    _leaf("Odd", [1, 2], {"odd": [1, 2]}),
    _leaf("Odd", "even", None, "That is not odd"),
    _leaf("Odd", "nothing", None, "to return non-nullable value"),
    _leaf("Odd", None, None),
    _leaf("Colour", "#f00", "RED"),
    _leaf("Colour", 2, "GREEN"),
    _leaf("Colour", "RED", None, "cannot represent"),
    _leaf("Colour", [], None, "cannot represent"),
    _leaf("Colour", None, None),
    _leaf("[Int]", [1, None], [1, None]),
    _leaf("[Colour]", ["#f00", 2, None], ["RED", "GREEN", None]),
    _leaf("[Odd!]", [1, 2], [{"odd": 1}, {"odd": 2}]),
)

_MANY = Described(
    "scalar Odd enum Colour { RED } type Box { odd: Odd colour: Colour! } type Query { boxes: [Box] ints: [Int] }",
    fields={
        "Query.boxes": lambda _parent: [{"odd": 1}, {"odd": "even"}, {"odd": "nothing"}, {"odd": 2, "bad": True}],
        "Query.ints": lambda _parent: [1, "x", None, 2.5, 3],
        "Box.odd": lambda parent: parent["odd"],
        "Box.colour": lambda parent: "no colour" if parent.get("bad") else "RED",
    },
    scalars={"Odd": _odd},
)
_IN_LISTS = (
    Case("each item fails alone", _MANY, "{ ints }", {"ints": [1, None, None, None, 3]},
         {"ints.1": "Int cannot represent", "ints.3": "Int cannot represent"}),
    Case("one object's field fails alone", _MANY, "{ boxes { odd } }",
         {"boxes": [{"odd": {"odd": 1}}, {"odd": None}, {"odd": None}, {"odd": {"odd": 2}}]},
         {"boxes.1.odd": "not odd", "boxes.2.odd": "non-nullable"}),
    Case("an enum's bad value nulls its object", _MANY, "{ boxes { colour } }",
         {"boxes": [{"colour": "RED"}, {"colour": "RED"}, {"colour": "RED"}, None]}, {"boxes.3.colour": "cannot represent"}),
)  # fmt: skip


@every((*_CASES, *_IN_LISTS))
def test_a_leaf_is_shown_as_its_type_says(case: Case, way: Way) -> None:
    check(case, way)
