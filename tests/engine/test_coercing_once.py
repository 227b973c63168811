"""What of a field's arguments is done once for a document, and what for each run."""

from __future__ import annotations

from typing import Any

from graphql import ExecutionResult, GraphQLScalarType, GraphQLSchema, build_schema, parse

from graph.engine import execute


class Counting:
    """A schema that says which values of its scalar were coerced, and with which arguments its field was called."""

    def __init__(self) -> None:
        self.schema: GraphQLSchema = build_schema(
            """
            scalar Colour
            type Query {
              paint(colour: Colour, coats: Int = 2, walls: [String!]): Boolean
              must(coats: Int! = 2): Boolean
            }
            """
        )
        self.coerced: list[str] = []
        self.calls: list[dict[str, Any]] = []
        scalar = self.schema.type_map["Colour"]
        assert isinstance(scalar, GraphQLScalarType)
        scalar.coerce_input_value = self._coerce
        scalar.coerce_input_literal = lambda node: self._coerce(node.value)  # type: ignore[attr-defined]
        assert self.schema.query_type is not None
        for field in self.schema.query_type.fields.values():
            field.resolve = self._resolve

    def _coerce(self, value: str) -> str:
        self.coerced.append(value)
        if value == "none":
            raise ValueError("There is no such colour")
        return value.upper()

    def _resolve(self, _parent: Any, _info: Any, **arguments: Any) -> bool:
        self.calls.append(arguments)
        return True

    def run(self, text: str, *runs: dict[str, Any] | None) -> list[ExecutionResult]:
        """The results of one document with each of these variables."""
        document, found = parse(text), []
        for variables in runs:
            result = execute(self.schema, document, variable_values=variables)
            assert isinstance(result, ExecutionResult)
            found.append(result)
        return found


def test_what_is_written_out_is_coerced_once_however_often_the_document_runs() -> None:
    counting = Counting()
    counting.run('{ paint(colour: "red") }', None, None, None)
    assert counting.coerced == ["red"]
    assert counting.calls == [{"colour": "RED", "coats": 2}] * 3


def test_a_wrong_value_is_found_out_once_and_told_each_time() -> None:
    (once,) = (alone := Counting()).run('{ paint(colour: "none") }', None)
    thrice = (counting := Counting()).run('{ paint(colour: "none") }', None, None, None)
    assert once.errors is not None
    assert "There is no such colour" in once.errors[0].message
    assert [each.errors for each in thrice] == [once.errors] * 3
    assert counting.coerced == alone.coerced
    assert counting.calls == []


def test_a_variable_is_coerced_once_a_run_and_then_looked_up() -> None:
    counting = Counting()
    counting.run("query($c: Colour) { paint(colour: $c) again: paint(colour: $c) }", {"c": "red"}, {"c": "blue"})
    assert counting.coerced == ["red", "blue"]
    assert [each["colour"] for each in counting.calls] == ["RED", "RED", "BLUE", "BLUE"]


def test_beside_a_variable_the_rest_is_coerced_once() -> None:
    counting = Counting()
    counting.run('query($n: Int) { paint(colour: "red", coats: $n) }', {"n": 1}, {"n": 5})
    assert counting.coerced == ["red"]
    assert counting.calls == [{"colour": "RED", "coats": 1}, {"colour": "RED", "coats": 5}]


def test_a_variable_that_is_not_given_leaves_the_argument_to_its_default() -> None:
    counting = Counting()
    counting.run("query($c: Colour, $n: Int) { paint(colour: $c, coats: $n) }", {}, {"n": None})
    assert counting.calls == [{"coats": 2}, {"coats": None}]


def test_a_variable_that_is_null_is_refused_where_null_is_not_taken() -> None:
    counting = Counting()
    given, null, absent = counting.run("query($n: Int = 3) { must(coats: $n) }", {"n": 1}, {"n": None}, {})
    assert given.errors is None
    assert absent.errors is None
    assert null.errors is not None
    assert null.errors[0].path == ["must"]
    assert counting.calls == [{"coats": 1}, {"coats": 3}]


def test_a_list_is_made_anew_for_each_call_so_that_resolvers_may_change_theirs() -> None:
    counting = Counting()
    counting.run('{ paint(walls: ["north"]) }', None, None)
    first, second = (each["walls"] for each in counting.calls)
    first.append("south")
    assert second == ["north"]


def test_a_variable_within_a_list_is_found_there() -> None:
    counting = Counting()
    counting.run('query($w: String!) { paint(walls: ["north", $w]) }', {"w": "east"}, {"w": "west"})
    assert [each["walls"] for each in counting.calls] == [["north", "east"], ["north", "west"]]
