"""From the text that an editor writes to an expression, in time that grows with its length and no faster."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, v_args

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
    walk,
)

MAX_LENGTH = 1000
MAX_DEPTH = 20
MAX_DIGITS = 15
# Words of the language, which nothing can be called.
RESERVED = frozenset({"and", "or", "not", "in", "true", "false"})

GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction ("or" conjunction)*
?conjunction: inversion ("and" inversion)*
?inversion: NOT inversion -> negation
  | comparison
?comparison: total
  | total COMPARE total
  | total "in" list -> one_of
  | total NOT "in" list -> none_of
  | total "in" name -> includes
  | total NOT "in" name -> excludes
?total: product ((PLUS | MINUS) product)*
?product: factor ((TIMES | OVER) factor)*
?factor: MINUS factor -> minus
  | atom
?atom: literal
  | name
  | WORD "(" [disjunction ("," disjunction)*] ")" -> call
  | "(" disjunction ")"
list: "[" signed ("," signed)* "]"
?signed: literal
  | MINUS NUMBER -> negative
literal: NUMBER -> number
  | TEXT -> text
  | TRUE -> true
  | FALSE -> false
name: WORD
  | WORD MEMBER
  | WORD "[" TEXT "]"

NOT: "not"
TRUE: "true"
FALSE: "false"
COMPARE: "==" | "!=" | "<=" | ">=" | "<" | ">" | "="
PLUS: "+"
MINUS: "-"
TIMES: "*"
OVER: "/"
NUMBER: /[0-9]+(\.[0-9]+)?/
TEXT: /"(?:[^"\\\n]|\\["\\])*"/ | /'(?:[^'\\\n]|\\['\\])*'/
WORD: /[A-Za-z][A-Za-z0-9_]*/
MEMBER: /\.[A-Za-z0-9_]+/
%import common.WS
%ignore WS
"""
_HINTS = {"&": "Write and.", "|": "Write or.", "!": "Write not, or != for two values.", "`": "Write texts in quotes."}
_TURNED = re.compile(r"\\(.)")


@dataclass
class ExpressionError(Exception):
    """A text that is no expression: what is wrong, and where it is, counted in characters from 1."""

    message: str
    position: int

    def __str__(self) -> str:
        return self.message


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The expression that a text says; raises `ExpressionError` for what is none, or is too long or too deep."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"A condition has at most {MAX_LENGTH} characters.", MAX_LENGTH + 1)
    try:
        found = cast(Expression, _parser().parse(text))
    except UnexpectedInput as error:
        raise _explained(error, text) from error
    for node, depth in walk(found):
        if depth > MAX_DEPTH:
            raise ExpressionError(f"This is nested more than {MAX_DEPTH} deep.", node.at)
        if isinstance(node, Literal) and isinstance(node.value, Fraction) and not _is_short(node.value):
            raise ExpressionError(f"A number has at most {MAX_DIGITS} digits.", node.at)
    return found


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", transformer=_Builder(), propagate_positions=False)


def _is_short(number: Fraction) -> bool:
    most: int = 10**MAX_DIGITS
    return abs(number) < most and number.denominator < most


def _explained(error: UnexpectedInput, text: str) -> ExpressionError:
    if isinstance(error, UnexpectedCharacters):
        place = error.pos_in_stream or 0
        found = text[place]
        hint = _HINTS.get(found, "")
        if found in "\"'":
            hint = "A text that begins here does not end."
        return ExpressionError(f"{found!r} has no meaning here. {hint}".strip(), place + 1)
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        position = (error.token.start_pos or 0) + 1
        return ExpressionError(f"{str(error.token)!r} cannot stand here.", position)
    if isinstance(error, UnexpectedToken | UnexpectedEOF):
        return ExpressionError("Something is missing at the end.", len(text) + 1)
    raise TypeError(f"lark told of something new: {error!r}") from error


def _at(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _unquoted(token: Token) -> str:
    return _TURNED.sub(r"\1", token[1:-1])


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Builds nodes as the parser finds them, from the inside out."""

    def disjunction(self, first: Any, *rest: Any) -> Any:
        return Junction(first.at, "or", (first, *rest))

    def conjunction(self, first: Any, *rest: Any) -> Any:
        return Junction(first.at, "and", (first, *rest))

    def negation(self, word: Token, operand: Any) -> Any:
        return Negation(_at(word), operand)

    def comparison(self, left: Any, operator: Token, right: Any) -> Any:
        return Comparison(left.at, "==" if operator == "=" else str(operator), left, right)

    def one_of(self, operand: Any, values: Any) -> Any:
        return OneOf(operand.at, operand, values, is_negated=False)

    def none_of(self, operand: Any, _not: Token, values: Any) -> Any:
        return OneOf(operand.at, operand, values, is_negated=True)

    def includes(self, option: Any, chosen: Any) -> Any:
        return Includes(option.at, _text(option), chosen, is_negated=False)

    def excludes(self, option: Any, _not: Token, chosen: Any) -> Any:
        return Includes(option.at, _text(option), chosen, is_negated=True)

    def total(self, first: Any, *rest: Any) -> Any:
        return _chain(first, rest)

    def product(self, first: Any, *rest: Any) -> Any:
        return _chain(first, rest)

    def minus(self, sign: Token, operand: Any) -> Any:
        if isinstance(operand, Literal) and isinstance(operand.value, Fraction) and operand.value > 0:
            return Literal(_at(sign), -operand.value)
        return Minus(_at(sign), operand)

    def negative(self, sign: Token, number: Token) -> Any:
        return Literal(_at(sign), -Fraction(number))

    def call(self, word: Token, *arguments: Any) -> Any:
        return Call(_at(word), str(word), tuple(each for each in arguments if each is not None))

    def list(self, *values: Any) -> Any:
        return values

    def number(self, token: Token) -> Any:
        return Literal(_at(token), Fraction(token))

    def text(self, token: Token) -> Any:
        return Literal(_at(token), _unquoted(token))

    def true(self, token: Token) -> Any:
        return Literal(_at(token), True)

    def false(self, token: Token) -> Any:
        return Literal(_at(token), False)

    def name(self, word: Token, member: Token | None = None) -> Any:
        if member is None:
            return Name(_at(word), str(word))
        part = _unquoted(member) if member.type == "TEXT" else member[1:]
        return Name(_at(word), f"{word}.{part}")


def _chain(first: Any, rest: tuple[Any, ...]) -> Any:
    return Chain(first.at, first, tuple((str(sign), each) for sign, each in zip(rest[::2], rest[1::2], strict=True)))


def _text(option: Any) -> Literal:
    """What stands before `in` and a name; the checker says so where it is no text."""
    return option if isinstance(option, Literal) else Literal(option.at, False)
