"""What of a field's arguments is done once for a document, and what for each run."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    parse,
)

from graph.engine import execute


class Counting:
    """A schema that says which values of its scalar were coerced, and with which arguments its field was called."""

    def __init__(self) -> None:
        self.schema: GraphQLSchema = build_schema(
            """
            scalar Colour
            enum Sheen { MATT GLOSS }
            type Query {
              paint(colour: Colour, coats: Int = 2, walls: [String!]): Boolean
              must(coats: Int! = 2): Boolean
              finish(sheen: Sheen = MATT, coats: Int): Boolean
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


def test_what_is_written_out_of_kinds_that_are_built_in_is_coerced_once_however_often_the_document_runs() -> None:
    counting = Counting()
    sheen = counting.schema.type_map["Sheen"]
    assert isinstance(sheen, GraphQLEnumType)
    coerce, coerced = sheen.coerce_input_literal, []
    sheen.coerce_input_literal = lambda node, *rest: (coerced.append(node.value), coerce(node, *rest))[1]  # type: ignore[method-assign]
    counting.run("{ finish(sheen: GLOSS, coats: 3) }", None, None, None)
    # The default is coerced when the schema is looked at first.
    assert coerced.count("GLOSS") == 1
    assert counting.calls == [{"sheen": "GLOSS", "coats": 3}] * 3


def test_what_a_scalar_of_ones_own_makes_of_a_value_may_be_another_each_time() -> None:
    counting = Counting()
    counting.run('{ paint(colour: "red") }', None, None, None)
    assert counting.coerced == ["red"] * 3
    assert counting.calls == [{"colour": "RED", "coats": 2}] * 3


def test_what_a_call_changes_of_its_arguments_no_later_call_finds() -> None:
    class Wall:
        def __init__(self, given: dict[str, Any]) -> None:
            self.given = [given]

    kind = GraphQLInputObjectType("Wall", {"side": GraphQLInputField(GraphQLString)}, out_type=Wall)

    def paint(_parent: Any, _info: Any, wall: Wall) -> int:
        wall.given.append({})
        return len(wall.given)

    field = GraphQLField(GraphQLInt, {"wall": GraphQLArgument(kind)}, resolve=paint)
    schema, document = (
        GraphQLSchema(GraphQLObjectType("Query", {"paint": field})),
        parse('{ paint(wall: { side: "n" }) }'),
    )
    assert [execute(schema, document).data for _ in range(3)] == [{"paint": 2}] * 3  # type: ignore[union-attr]


def test_a_field_of_many_objects_has_its_arguments_coerced_once_for_each() -> None:
    counting = Counting()
    counting.run('query($n: Int) { paint(colour: "red", walls: ["a"], coats: $n) }', {"n": 1}, {"n": 2})
    assert counting.coerced == ["red", "red"]


def test_a_wrong_value_is_told_each_time_and_keeps_nothing_of_the_runs_before() -> None:
    class Root:
        """What a run holds on to."""

    counting, document = Counting(), parse('{ paint(colour: "none") }')
    kept = []
    for _ in range(3):
        root = Root()
        kept.append(weakref.ref(root))
        result = execute(counting.schema, document, root)
        assert isinstance(result, ExecutionResult)
        assert result.errors is not None
        assert "There is no such colour" in result.errors[0].message
        del root, result
    gc.collect()
    assert [each() for each in kept] == [None] * 3
    assert counting.calls == []


def test_a_variable_is_coerced_once_a_run_and_then_looked_up() -> None:
    counting = Counting()
    counting.run("query($c: Colour) { paint(colour: $c) again: paint(colour: $c) }", {"c": "red"}, {"c": "blue"})
    assert counting.coerced == ["red", "blue"]
    assert [each["colour"] for each in counting.calls] == ["RED", "RED", "BLUE", "BLUE"]


def test_beside_a_variable_the_rest_is_coerced_once() -> None:
    counting = Counting()
    counting.run("query($n: Int) { finish(coats: $n, sheen: GLOSS) }", {"n": 1}, {"n": 5})
    assert counting.calls == [{"sheen": "GLOSS", "coats": 1}, {"sheen": "GLOSS", "coats": 5}]


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
