"""Valid documents for any schema, with fragments, aliases, directives and variables, made from a source of chance."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

# (type with the field, field, argument, source of chance) -> a value as JSON, or Undefined for any value that fits.
ChooseValue = Callable[[str, str, str, Random], Any]
# (names of the arguments declared, those chosen, source of chance) -> those to give; all that are required among them.
ChooseArguments = Callable[[Collection[str], list[str], Random], list[str]]
_MOST_FRAGMENTS = 4


@dataclass(frozen=True)
class Document:
    """A document with the variables it is sent with."""

    text: str
    variables: dict[str, Any]


@dataclass
class _Variable:
    declared: str
    default: str | None


@dataclass
class Writer:
    """Writes one document.

    `avoid` names fields to leave out ("Query.node"); `choose` may know values that hit, `together` what goes together.
    """

    schema: GraphQLSchema
    random: Random
    depth: int = 4
    width: int = 4
    avoid: Collection[str] = ()
    choose: ChooseValue = lambda *_: Undefined
    together: ChooseArguments = lambda _declared, chosen, _random: chosen
    _fragments: dict[str, tuple[GraphQLNamedType, str]] = field(default_factory=dict)
    _variables: dict[str, _Variable] = field(default_factory=dict)
    _values: dict[str, Any] = field(default_factory=dict)
    # What a response key stands for wherever it is used, so that any two fields of one key can be merged.
    _meanings: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def write(self, kind: str = "query", head: str = "") -> Document:
        """A document with one operation of this kind; `head` goes before its selections (a directive, say)."""
        root = {"query": self.schema.query_type, "mutation": self.schema.mutation_type}[kind]
        assert root is not None
        body = self._selections(root, self.depth)
        declared = ", ".join(
            f"${name}: {each.declared}" + (f" = {each.default}" if each.default is not None else "")
            for name, each in self._variables.items()
        )
        operation = f"{kind} Generated{f'({declared})' if declared else ''} {head} {body}"
        fragments = [f"fragment {name} on {on.name} {text}" for name, (on, text) in self._fragments.items()]
        return Document("\n".join([operation, *fragments]), dict(self._values))

    def _selections(self, on: GraphQLNamedType, depth: int) -> str:
        found = [self._selection(on, depth) for _ in range(self.random.randint(1, self.width))]
        return "{ " + " ".join(found) + " }"

    def _selection(self, on: GraphQLNamedType, depth: int) -> str:
        chance = self.random.randint(0, 99)
        if depth > 0 and chance < 12:
            return self._inline(on, depth)
        if depth > 0 and chance < 22:
            return self._spread(on, depth)
        usable = self._usable(on, depth)
        if chance < 28 or not usable:
            return f"__typename{self._directives()}"
        return self._field(on, *self.random.choice(usable), depth)

    def _usable(self, on: GraphQLNamedType, depth: int) -> list[tuple[str, GraphQLField]]:
        if not isinstance(on, GraphQLObjectType | GraphQLInterfaceType):
            return []
        return [
            (name, each)
            for name, each in on.fields.items()
            if f"{on.name}.{name}" not in self.avoid and (depth > 0 or is_leaf_type(get_named_type(each.type)))
        ]

    def _field(self, on: GraphQLNamedType, name: str, declared: GraphQLField, depth: int) -> str:
        arguments = self._arguments(on.name, name, declared)
        key = self._key(name, (name, arguments, str(declared.type)))
        below = ""
        named = get_named_type(declared.type)
        if is_composite_type(named):
            below = f" {self._selections(named, depth - 1)}"
        return f"{'' if key == name else f'{key}: '}{name}{arguments}{self._directives()}{below}"

    def _key(self, name: str, meaning: tuple[str, ...]) -> str:
        """The field's own name, or an alias where that already means something else (and sometimes anyway)."""
        key, number = name, 0
        if self.random.randint(0, 5) == 0:
            key, number = f"{name}_1", 1
        while self._meanings.setdefault(key, meaning) != meaning:
            number += 1
            key = f"{name}_{number}"
        return key

    def _inline(self, on: GraphQLNamedType, depth: int) -> str:
        if self.random.randint(0, 3) == 0:
            return f"...{self._directives()} {self._selections(on, depth)}"
        inner = self.random.choice(self._overlapping(on))
        return f"... on {inner.name}{self._directives()} {self._selections(inner, depth - 1)}"

    def _spread(self, on: GraphQLNamedType, depth: int) -> str:
        overlapping = self._overlapping(on)
        fitting = [name for name, (inner, _) in self._fragments.items() if inner in overlapping]
        if fitting and (len(self._fragments) >= _MOST_FRAGMENTS or self.random.randint(0, 1)):
            return f"...{self.random.choice(fitting)}{self._directives()}"
        if len(self._fragments) >= _MOST_FRAGMENTS:
            return "__typename"
        inner = self.random.choice(overlapping)
        # Only what is finished can be spread, so no fragment ever spreads itself.
        text = self._selections(inner, depth - 1)
        name = f"F{len(self._fragments)}"
        self._fragments[name] = (inner, text)
        return f"...{name}{self._directives()}"

    def _overlapping(self, on: GraphQLNamedType) -> list[GraphQLNamedType]:
        """The types that a fragment may be on where this type stands."""
        here = self._possible(on)
        return [
            each
            for name, each in self.schema.type_map.items()
            if not name.startswith("__") and is_composite_type(each) and here & self._possible(each)
        ]

    def _possible(self, named: GraphQLNamedType) -> set[str]:
        if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            return {each.name for each in self.schema.get_possible_types(named)}
        return {named.name}

    def _directives(self) -> str:
        if self.random.randint(0, 9):
            return ""
        names: Sequence[str] = self.random.choice((("skip",), ("include",), ("include", "skip")))
        return "".join(f" @{name}(if: {self._condition()})" for name in names)

    def _condition(self) -> str:
        if self.random.randint(0, 1):
            return self.random.choice(("true", "false"))
        return self._variable("Boolean!", lambda: bool(self.random.randint(0, 1)), lambda value: json.dumps(value))

    def _arguments(self, type_name: str, field_name: str, declared: GraphQLField) -> str:
        chosen = [
            name for name, each in declared.args.items() if is_required_argument(each) or self.random.randint(0, 9) < 5
        ]
        given = [
            f"{name}: {self._argument(type_name, field_name, name, declared.args[name])}"
            for name in self.together(declared.args, chosen, self.random)
        ]
        return f"({', '.join(given)})" if given else ""

    def _argument(self, type_name: str, field_name: str, name: str, declared: GraphQLArgument) -> str:
        def value() -> Any:
            chosen = self.choose(type_name, field_name, name, self.random)
            return self._value(declared.type) if chosen is Undefined else chosen

        if self.random.randint(0, 9) < 6:
            return _literal(value(), declared.type)
        kind = str(declared.type)
        if kind.endswith("!") and declared.default_value is not Undefined and self.random.randint(0, 1):
            kind = kind[:-1]
        return self._variable(kind, value, lambda given: _literal(given, declared.type))

    def _variable(self, kind: str, value: Callable[[], Any], literal: Callable[[Any], str]) -> str:
        """A variable of this type: one there is already, or a new one with a default, a value, or neither."""
        known = [name for name, each in self._variables.items() if each.declared == kind]
        if known and self.random.randint(0, 1):
            return f"${self.random.choice(known)}"
        name = f"v{len(self._variables)}"
        default = literal(value()) if self.random.randint(0, 3) == 0 else None
        if default == "null" and kind.endswith("!"):
            default = None
        self._variables[name] = _Variable(kind, default)
        optional = not kind.endswith("!") or default is not None
        if not (optional and self.random.randint(0, 1)):
            self._values[name] = value()
        if self.random.randint(0, 59) == 0:
            self._values[name] = {"of no": "such type"}
        return f"${name}"

    def _value(self, kind: GraphQLInputType) -> Any:
        """Some value of an input type, as JSON."""
        if is_non_null_type(kind):
            return self._value_that_is(kind.of_type)
        return None if self.random.randint(0, 6) == 0 else self._value_that_is(kind)

    def _value_that_is(self, kind: Any) -> Any:
        chance = self.random
        if is_list_type(kind):
            if chance.randint(0, 5) == 0:
                return self._value_that_is(get_named_type(kind))
            return [self._value(kind.of_type) for _ in range(chance.randint(0, 2))]
        if isinstance(kind, GraphQLEnumType):
            return chance.choice(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind)
        values: dict[str, Callable[[], Any]] = {
            "Int": lambda: chance.randint(-3, 30),
            "Float": lambda: chance.choice((0, 1.5, -2, 1e3)),
            "Boolean": lambda: bool(chance.randint(0, 1)),
            "ID": lambda: chance.choice(("a", "7", 7)),
            "DateTime": lambda: chance.choice(("2026-03-01T08:00:00Z", "1999-12-31T23:59:59+02:00")),
            "Date": lambda: "2026-03-01",
        }
        return values.get(kind.name, lambda: chance.choice(("", "a", "two words", 'q"uote', "ü")))()

    def _object(self, kind: GraphQLInputObjectType) -> dict[str, Any]:
        if kind.is_one_of:
            name, only = self.random.choice(list(kind.fields.items()))
            return {name: self._value_that_is(only.type)}
        return {
            name: self._value(each.type)
            for name, each in kind.fields.items()
            if is_required_input_field(each) or self.random.randint(0, 3) == 0
        }


def _literal(value: Any, kind: Any) -> str:
    """A JSON value as it is written in a document, where an argument has this type."""
    if is_non_null_type(kind):
        return _literal(value, kind.of_type)
    if is_list_type(kind):
        if isinstance(value, list):
            return "[" + ", ".join(_literal(each, kind.of_type) for each in value) + "]"
        return _literal(value, kind.of_type)
    if isinstance(value, dict) and isinstance(kind, GraphQLInputObjectType):
        return (
            "{" + ", ".join(f"{name}: {_literal(each, kind.fields[name].type)}" for name, each in value.items()) + "}"
        )
    if isinstance(kind, GraphQLEnumType) and value is not None:
        return str(value)
    return json.dumps(value, ensure_ascii=False)
