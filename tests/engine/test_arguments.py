"""Arguments and variables: defaults, coercion, and what cannot be coerced."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.comparing import Asked, compare
from tests.engine.ways import Case, Described, Way, check, every

_ECHO = Described(
    """
    enum Colour { RED GREEN }
    input Inner { deep: Int = 7, words: [String!] }
    input Filter { size: Int!, name: String = "n", inner: Inner, colours: [Colour!] }
    input OneOf @oneOf { a: Int, b: String }
    type Box { echo(value: Int): String }
    type Query {
      int(value: Int): String
      intOr3(value: Int = 3): String
      needed(value: Int!): String
      neededOr3(value: Int! = 3): String
      float(value: Float): String
      boolean(value: Boolean): String
      string(value: String): String
      id(value: ID): String
      colour(value: Colour = GREEN): String
      ints(value: [Int]): String
      solid(value: [Int!]!): String
      table(value: [[Int]]): String
      filter(value: Filter): String
      filterOr(value: Filter = {size: 1}): String
      one(value: OneOf): String
      two(first: Int, second: String = "s"): String
      boxes: [Box]
    }
    """,
    fields={
        **{
            f"Query.{name}": lambda _parent, **arguments: _told(arguments)
            for name in ("int", "intOr3", "needed", "neededOr3", "float", "boolean", "string", "id", "colour", "ints")
        },
        **{
            f"Query.{name}": lambda _parent, **arguments: _told(arguments)
            for name in ("solid", "table", "filter", "filterOr", "one", "two")
        },
        "Query.boxes": lambda _parent: [{"size": 1}, {"size": 2}],
        "Box.echo": lambda parent, **arguments: f"{parent['size']} {_told(arguments)}",
    },
    enums={"Colour": {"RED": "#f00", "GREEN": "#0f0"}},
)


def _told(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, sort_keys=True)


def _echo(field: str, literal: str | None, told: Any, **more: Any) -> Case:
    """A case in which a field is given a literal and must have been called with these arguments."""
    given = f"(value: {literal})" if literal is not None else ""
    name = more.pop("name", f"{field} given {literal}")
    return Case(name, _ECHO, f"{{ {field}{given} }}", {field: _told(told)}, **more)


def _sent(name: str, declared: str, field: str, variables: dict[str, Any], told: Any) -> Case:
    """The same through a variable."""
    return Case(
        name, _ECHO, f"query($v: {declared}) {{ {field}(value: $v) }}", {field: _told(told)}, variables=variables
    )


_LITERALS = (
    _echo("int", "1", {"value": 1}),
    _echo("int", "null", {"value": None}),
    _echo("int", None, {}),
    _echo("intOr3", None, {"value": 3}),
    _echo("intOr3", "null", {"value": None}),
    _echo("intOr3", "4", {"value": 4}),
    _echo("needed", "0", {"value": 0}),
    _echo("neededOr3", None, {"value": 3}),
    _echo("float", "1", {"value": 1.0}),
    _echo("float", "-1.5e2", {"value": -150.0}),
    _echo("boolean", "true", {"value": True}),
    _echo("string", '"a \\"b\\" \\u00fc"', {"value": 'a "b" ü'}),
    _echo("string", '"""\n  block\n    text\n"""', {"value": "block\n  text"}, name="a block string"),
    _echo("id", "12", {"value": "12"}),
    _echo("id", '"12"', {"value": "12"}),
    _echo("colour", "RED", {"value": "#f00"}),
    _echo("colour", None, {"value": "#0f0"}),
    _echo("ints", "[1, null, 2]", {"value": [1, None, 2]}),
    _echo("ints", "[]", {"value": []}),
    _echo("ints", "5", {"value": [5]}),
    _echo("table", "5", {"value": [[5]]}),
    _echo("table", "[[1], null, [2, null]]", {"value": [[1], None, [2, None]]}),
    _echo("solid", "1", {"value": [1]}),
    _echo("filter", "{size: 2}", {"value": {"size": 2, "name": "n"}}),
    _echo("filter", "{size: 2, name: null, inner: {}}", {"value": {"size": 2, "name": None, "inner": {"deep": 7}}}),
    _echo("filter", '{size: 2, inner: {deep: 1, words: "one"}, colours: RED}',
          {"value": {"size": 2, "name": "n", "inner": {"deep": 1, "words": ["one"]}, "colours": ["#f00"]}}),
    _echo("filterOr", None, {"value": {"size": 1, "name": "n"}}),
    _echo("one", "{a: 1}", {"value": {"a": 1}}),
)  # fmt: skip

_VARIABLES = (
    _sent("a value", "Int", "int", {"v": 5}, {"value": 5}),
    _sent("a whole float is an int", "Int", "int", {"v": 5.0}, {"value": 5}),
    _sent("null", "Int", "int", {"v": None}, {"value": None}),
    _sent("no value", "Int", "int", {}, {}),
    _sent("no value, where the argument has a default", "Int", "intOr3", {}, {"value": 3}),
    _sent("null, where the argument has a default", "Int", "intOr3", {"v": None}, {"value": None}),
    _sent("a default", "Int = 8", "int", {}, {"value": 8}),
    _sent("a default before that of the argument", "Int = 8", "intOr3", {}, {"value": 8}),
    _sent("null before a default", "Int = 8", "int", {"v": None}, {"value": None}),
    _sent("a null default", "Int = null", "intOr3", {}, {"value": None}),
    _sent("an int as an id", "ID", "id", {"v": 12}, {"value": "12"}),
    _sent("an int as a float", "Float", "float", {"v": 1}, {"value": 1.0}),
    _sent("an enum", "Colour", "colour", {"v": "RED"}, {"value": "#f00"}),
    _sent("one item for a list", "[Int]", "ints", {"v": 1}, {"value": [1]}),
    _sent("an object", "Filter", "filter", {"v": {"size": 1, "colours": ["GREEN"]}},
          {"value": {"size": 1, "name": "n", "colours": ["#0f0"]}}),
    _sent("a nullable variable where a default stands in", "Int", "neededOr3", {}, {"value": 3}),
    Case("variables inside a literal", _ECHO,
         "query($a: Int, $b: String, $c: Colour!) { filter(value: {size: 1, name: $b, inner: {deep: $a}, colours: [$c]}) }",
         {"filter": _told({"value": {"size": 1, "inner": {"deep": 7}, "name": "n", "colours": ["#f00"]}})},
         variables={"c": "RED"}),
    Case("a variable without value in a list is null", _ECHO, "query($a: Int) { ints(value: [1, $a]) }",
         {"ints": _told({"value": [1, None]})}),
    Case("one variable in several places", _ECHO, "query($a: Int) { int(value: $a) x: intOr3(value: $a) }",
         {"int": _told({"value": 2}), "x": _told({"value": 2})}, variables={"a": 2}),
    Case("more variables than are declared", _ECHO, "query($a: Int) { int(value: $a) }", {"int": _told({"value": 1})},
         variables={"a": 1, "b": 2}),
    Case("a variable in a fragment", _ECHO, "query($a: Int) { ...F } fragment F on Query { int(value: $a) }",
         {"int": _told({"value": 2})}, variables={"a": 2}),
    Case("two arguments in another order", _ECHO, '{ two(second: "x", first: 1) }',
         {"two": _told({"first": 1, "second": "x"})}),
    Case("arguments below a list", _ECHO, "query($a: Int) { boxes { echo(value: $a) none: echo } }",
         {"boxes": [{"echo": '1 {"value": 2}', "none": "1 {}"}, {"echo": '2 {"value": 2}', "none": "2 {}"}]},
         variables={"a": 2}),
)  # fmt: skip

_REFUSED = (
    Case("a required argument that is missing", _ECHO, "{ needed int }", {"needed": None, "int": "{}"},
         fails={"needed": "was not provided"}),
    Case("a required argument that is null", _ECHO, "{ needed(value: null) }", {"needed": None},
         fails={"needed": "non-null"}),
    Case("a required argument whose variable has no value", _ECHO, "query($v: Int) { needed(value: $v) }", {"needed": None},
         fails={"needed": "$v"}),
    Case("a null variable where a default stands in", _ECHO, "query($v: Int) { neededOr3(value: $v) }", {"neededOr3": None},
         variables={"v": None}, fails={"neededOr3": "$v"}),
    Case("a literal of another type", _ECHO, '{ int(value: "1") }', {"int": None}, fails={"int": "Int"}),
    Case("an int too large", _ECHO, "{ int(value: 99999999999) }", {"int": None}, fails={"int": "32-bit"}),
    Case("an unknown enum value", _ECHO, "{ colour(value: BLUE) }", {"colour": None}, fails={"colour": "BLUE"}),
    Case("an unknown field of an input", _ECHO, "{ filter(value: {size: 1, nothing: 1}) }", {"filter": None},
         fails={"filter": "nothing"}),
    Case("two keys of an input that takes one", _ECHO, '{ one(value: {a: 1, b: "x"}) }', {"one": None},
         fails={"one": "xactly one"}),
    Case("a bad argument below a list fails each", _ECHO, '{ boxes { echo(value: "x") } }',
         {"boxes": [{"echo": None}, {"echo": None}]}, fails={"boxes.0.echo": "Int", "boxes.1.echo": "Int"}),
)  # fmt: skip


@every((*_LITERALS, *_VARIABLES))
def test_a_resolver_is_called_with_what_was_given(case: Case, way: Way) -> None:
    check(case, way)


@every(_REFUSED)
def test_an_argument_that_does_not_fit_fails_its_field(case: Case, way: Way) -> None:
    check(case, way)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("Int!", None),
        ("Int", "one"),
        ("Int", 1.5),
        ("Int", True),
        ("Int", 2**40),
        ("Float", "1"),
        ("String", 1),
        ("Boolean", "true"),
        ("ID", 1.5),
        ("Colour", "BLUE"),
        ("Colour", "#f00"),
        ("[Int]", [1, "two"]),
        ("[Int!]", [1, None]),
        ("[[Int]]", [[1], ["x"]]),
        ("Filter", {}),
        ("Filter", {"size": 1, "nothing": 2}),
        ("Filter", {"size": 1, "inner": {"deep": "x", "words": [1]}}),
        ("Filter", 5),
        ("OneOf", {"a": 1, "b": "x"}),
        ("OneOf", {"a": None}),
        ("Nothing", 1),
        ("Query", {}),
    ],
)
def test_a_variable_that_does_not_fit_ends_the_request(declared: str, value: Any) -> None:
    document = f"query($v: {declared}) {{ __typename }}"

    ours = compare(Asked(lambda: _ECHO.schema(Way.SYNC), document, {"v": value}))

    assert ours.data is None
    assert all("$v" in each.message and each.path is None for each in ours.problems), ours.problems


def test_a_required_variable_that_is_missing_ends_the_request() -> None:
    ours = compare(Asked(lambda: _ECHO.schema(Way.SYNC), "query($v: Int!) { needed(value: $v) }", {}))

    assert ours.data is None
    assert len(ours.problems) == 1


@pytest.mark.parametrize("most", [0, 1, 3, 50])
def test_only_so_many_variables_that_do_not_fit_are_told(most: int) -> None:
    document = "query($v: [Int]) { ints(value: $v) }"
    asked = Asked(lambda: _ECHO.schema(Way.SYNC), document, {"v": ["x"] * 5}, options={"max_coercion_errors": most})

    ours = compare(asked)

    assert len(ours.problems) == min(most + 1, 5)
