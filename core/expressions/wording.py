"""An expression as text: in the one written form of the language, and in plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from core.expressions.nodes import (
    Call,
    Chain,
    Comparison,
    Expression,
    Includes,
    Junction,
    Literal,
    Minus,
    Name,
    Negation,
    OneOf,
)
from core.expressions.parsing import ExpressionError, parse

_SIMPLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)?")
# How tightly what a node says holds together; a looser one inside a tighter one needs brackets.
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _ATOM = range(8)


def written(expression: Expression) -> str:
    """The expression in one written form, which `parse` reads as the same expression."""
    return _Written().text(expression, _OR)


def in_words(expression: Expression) -> str:
    """The expression in plain words, such as "mood is below 4 and sleep is not answered"."""
    return _Words().text(expression, _OR)


def text_in_words(text: str | None) -> str | None:
    """What was kept as a text, in plain words; one that cannot be read any more is shown as it is."""
    if text is None:
        return None
    try:
        return in_words(parse(text))
    except ExpressionError:
        return text


class _Written:
    """The written form."""

    def text(self, node: Expression, around: int) -> str:
        said, own = self.say(node), _tightness(node)
        return f"({said})" if own < around else said

    def say(self, node: Expression) -> str:
        match node:
            case Literal():
                return _literal(node.value)
            case Name():
                return _name(node.name)
            case Negation():
                return f"not {self.text(node.operand, _NOT)}"
            case Junction():
                return f" {node.word} ".join(self.text(each, _tightness(node) + 1) for each in node.operands)
            case Comparison():
                return f"{self.text(node.left, _SUM)} {node.operator} {self.text(node.right, _SUM)}"
            case OneOf():
                word = "not in" if node.is_negated else "in"
                return f"{self.text(node.operand, _SUM)} {word} [{', '.join(_literal(e.value) for e in node.values)}]"
            case Includes():
                word = "not in" if node.is_negated else "in"
                return f"{_literal(node.option.value)} {word} {_name(node.chosen.name)}"
            case Minus():
                return f"-{self.text(node.operand, _UNARY)}"
            case Chain():
                inside = _tightness(node) + 1
                rest = (f" {sign} {self.text(each, inside)}" for sign, each in node.rest)
                return self.text(node.first, inside) + "".join(rest)
            case Call():
                return f"{node.function}({', '.join(self.text(each, _OR) for each in node.arguments)})"


_COMPARED = {
    "==": "is",
    "!=": "is not",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
}
_DONE = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_OVER = {"sum": "the sum of", "mean": "the mean of", "min": "the lowest of", "max": "the highest of"}


class _Words(_Written):
    """Plain words."""

    def say(self, node: Expression) -> str:
        match node:
            case Literal(value=bool()):
                return "yes" if node.value else "no"
            case Name():
                return node.name
            case Negation(operand=Name()):
                return f"{self.say(node.operand)} is no"
            case Negation(operand=Call(function="answered", arguments=(asked,))):
                return f"{self.say(asked)} is not answered"
            case Negation():
                return f"it is not so that {self.text(node.operand, _COMPARE)}"
            case Junction():
                return f" {node.word} ".join(self.condition(each, _tightness(node) + 1) for each in node.operands)
            case Comparison():
                return f"{self.text(node.left, _SUM)} {_COMPARED[node.operator]} {self.text(node.right, _SUM)}"
            case OneOf():
                listed = [_literal(each.value) for each in node.values]
                among = f"is none of {_listed(listed, 'and')}" if node.is_negated else f"is {_listed(listed, 'or')}"
                return f"{self.text(node.operand, _SUM)} {among}"
            case Includes():
                word = "does not include" if node.is_negated else "includes"
                return f"{self.say(node.chosen)} {word} {_literal(node.option.value)}"
            case Chain():
                inside = _tightness(node) + 1
                rest = (f" {_DONE[sign]} {self.text(each, inside)}" for sign, each in node.rest)
                return self.text(node.first, inside) + "".join(rest)
            case Call():
                return self.called(node)
            case _:
                return super().say(node)

    def condition(self, node: Expression, around: int) -> str:
        """A name that stands for itself is a yes or no."""
        return f"{self.say(node)} is yes" if isinstance(node, Name) else self.text(node, around)

    def text(self, node: Expression, around: int) -> str:
        if isinstance(node, Name) and around == _OR:
            return self.condition(node, around)
        return super().text(node, around)

    def called(self, node: Call) -> str:
        said = [self.text(each, _AND) for each in node.arguments]
        match node.function, said:
            case "answered", [asked]:
                return f"{asked} is answered"
            case "count", [chosen]:
                return f"the number of choices in {chosen}"
            case "default", [value, otherwise]:
                return f"{value} (or {otherwise} where that is not answered)"
            case name, _:
                return f"{_OVER.get(name, name)} {_listed(said, 'and')}"


def _tightness(node: Expression) -> int:
    match node:
        case Junction():
            return _OR if node.word == "or" else _AND
        case Negation():
            return _NOT
        case Comparison() | OneOf() | Includes():
            return _COMPARE
        case Chain():
            return _SUM if node.rest[0][0] in "+-" else _PRODUCT
        case Minus():
            return _UNARY
        case Literal(value=Fraction() as number) if number < 0:
            return _UNARY
        case _:
            return _ATOM


def _literal(value: Fraction | str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Fraction):
        return _decimal(value)
    turned = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{turned}'"


def _decimal(value: Fraction) -> str:
    """A number as it was written: its denominator is a product of twos and fives."""
    places = 0
    while (value * 10**places).denominator != 1 and places < 40:
        places += 1
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    whole = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{whole}" if value < 0 else whole


def _name(name: str) -> str:
    if _SIMPLE.fullmatch(name):
        return name
    word, _, part = name.partition(".")
    return f"{word}[{_literal(part)}]"


def _listed(items: Sequence[str], word: str) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"
