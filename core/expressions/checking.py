"""Whether an expression makes sense where it stands: its names are known, and its types fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction

from core.expressions.nodes import (
    Call,
    Chain,
    Comparison,
    Expression,
    Includes,
    Junction,
    Kind,
    Literal,
    Minus,
    Name,
    Negation,
    OneOf,
)


@dataclass(frozen=True)
class Declared:
    """What a name stands for; `options` are the ids that a CHOICE or CHOICES may have, any where it `is_open`."""

    kind: Kind
    options: frozenset[str] = frozenset()
    is_open: bool = False


@dataclass(frozen=True)
class Scope:
    """What an expression may speak of, by name; and for names that it must not, a sentence that says why not."""

    names: Mapping[str, Declared]
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """What is wrong with an expression, and where, counted in characters from 1."""

    message: str
    position: int


def check(expression: Expression, scope: Scope, wanted: Kind = Kind.TRUTH) -> list[Problem]:
    """What is wrong with an expression that is to give a value of the `wanted` kind; an empty list when nothing is."""
    checker = _Checker(scope)
    checker.want(expression, wanted)
    return sorted(checker.problems, key=lambda each: each.position)


_ORDERED = ("<", "<=", ">", ">=")
_OVER_NUMBERS = ("sum", "mean", "min", "max")
FUNCTIONS = ("answered", "count", "default", *_OVER_NUMBERS)


class _Checker:
    """Collects problems. A node that has one gets no type, so that it is told of once."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.problems: list[Problem] = []

    def tell(self, node: Expression, message: str) -> None:
        self.problems.append(Problem(message, node.at))

    def want(self, node: Expression, wanted: Kind) -> None:
        found = self.type_of(node)
        if found is not None and found.kind is not wanted:
            self.tell(node, f"This is {_a(found.kind)}, and {_a(wanted)} is needed.")

    def type_of(self, node: Expression) -> Declared | None:
        match node:
            case Literal():
                return _type_of_literal(node)
            case Name():
                return self.declared(node)
            case Negation():
                self.want(node.operand, Kind.TRUTH)
                return Declared(Kind.TRUTH)
            case Junction():
                for each in node.operands:
                    self.want(each, Kind.TRUTH)
                return Declared(Kind.TRUTH)
            case Comparison():
                self.compare(node, node.left, node.right, is_order=node.operator in _ORDERED)
                return Declared(Kind.TRUTH)
            case OneOf():
                for each in node.values:
                    self.compare(each, node.operand, each)
                return Declared(Kind.TRUTH)
            case Includes():
                self.include(node)
                return Declared(Kind.TRUTH)
            case Minus():
                self.want(node.operand, Kind.NUMBER)
                return Declared(Kind.NUMBER)
            case Chain():
                for part in (node.first, *(each for _, each in node.rest)):
                    self.want(part, Kind.NUMBER)
                return Declared(Kind.NUMBER)
            case Call():
                return self.call(node)

    def declared(self, node: Name) -> Declared | None:
        if node.name in self.scope.names:
            return self.scope.names[node.name]
        if node.name in self.scope.refused:
            self.tell(node, f"{node.name} cannot be used here: {self.scope.refused[node.name]}")
            return None
        near = get_close_matches(node.name, self.scope.names, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        self.tell(node, f"Nothing here is called {node.name}.{hint}")
        return None

    def compare(self, node: Expression, left: Expression, right: Expression, *, is_order: bool = False) -> None:
        known = (self.type_of(left), self.type_of(right))
        if known[0] is None or known[1] is None:
            return
        kinds = {known[0].kind, known[1].kind}
        if kinds & {Kind.CHOICES, Kind.ANYTHING}:
            self.tell(node, "This cannot be compared. Ask as in: 'a' in habits, or: answered(habits).")
        elif is_order and kinds != {Kind.NUMBER}:
            self.tell(node, "Only numbers are more or less than each other.")
        elif len(kinds) > 1 and kinds != {Kind.CHOICE, Kind.TEXT}:
            self.tell(node, f"{_capital(_a(known[0].kind))} is never {_a(known[1].kind)}.")
        else:
            self.offer(right, known[0])
            self.offer(left, known[1])

    def offer(self, node: Expression, declared: Declared) -> None:
        """A text that is compared with a choice is one of those that there are."""
        if declared.kind not in (Kind.CHOICE, Kind.CHOICES) or declared.is_open or not isinstance(node, Literal):
            return
        if node.value not in declared.options:
            self.tell(node, f"There is no choice {node.value!r}. There are: {', '.join(sorted(declared.options))}.")

    def include(self, node: Includes) -> None:
        declared = self.declared(node.chosen)
        if not isinstance(node.option.value, str):
            self.tell(node.option, "Write the id of a choice in quotes before in.")
        elif declared is not None and declared.kind is not Kind.CHOICES:
            self.tell(node.chosen, f"This is {_a(declared.kind)}: compare it with ==, or list values in brackets.")
        elif declared is not None:
            self.offer(node.option, declared)

    def call(self, node: Call) -> Declared | None:
        if node.function not in FUNCTIONS:
            self.tell(node, f"There is no function {node.function}. There are: {', '.join(FUNCTIONS)}.")
            return None
        if node.function in _OVER_NUMBERS:
            return self.over_numbers(node)
        wanted = 2 if node.function == "default" else 1
        if len(node.arguments) != wanted:
            self.tell(node, f"{node.function} takes {wanted} in its brackets.")
            return None
        return self.default(node) if node.function == "default" else self.ask(node)

    def over_numbers(self, node: Call) -> Declared:
        if not node.arguments:
            self.tell(node, f"{node.function} takes one number at least.")
        for each in node.arguments:
            self.want(each, Kind.NUMBER)
        return Declared(Kind.NUMBER)

    def default(self, node: Call) -> Declared | None:
        value, otherwise = node.arguments
        found = self.type_of(value)
        if found is not None:
            self.compare(node, value, otherwise)
        return found

    def ask(self, node: Call) -> Declared | None:
        (argument,) = node.arguments
        if not isinstance(argument, Name):
            self.tell(argument, f"{node.function} takes a name.")
            return None
        found = self.declared(argument)
        if node.function == "answered":
            return Declared(Kind.TRUTH)
        if found is not None and found.kind is not Kind.CHOICES:
            self.tell(argument, f"This is {_a(found.kind)}: only choices are counted.")
        return Declared(Kind.NUMBER)


def _type_of_literal(node: Literal) -> Declared:
    if isinstance(node.value, bool):
        return Declared(Kind.TRUTH)
    return Declared(Kind.NUMBER if isinstance(node.value, Fraction) else Kind.TEXT)


def _a(kind: Kind) -> str:
    return {Kind.TRUTH: "a yes or no", Kind.CHOICES: "several choices", Kind.ANYTHING: "an answer"}.get(
        kind, f"a {kind.value}"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
