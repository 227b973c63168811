"""What an expression is made of. Nodes are equal when they say the same, wherever they stand in a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction


class Kind(StrEnum):
    """The types of values. A CHOICE is one of some ids, CHOICES any number of them; ANYTHING can only be asked for."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "yes or no"
    CHOICE = "choice"
    CHOICES = "choices"
    ANYTHING = "anything"


@dataclass(frozen=True)
class Node:
    """A piece of an expression; `at` is where it begins in the text, counted from 1."""

    at: int = field(compare=False)


@dataclass(frozen=True)
class Literal(Node):
    """A number, a text, or true or false."""

    value: Fraction | str | bool


@dataclass(frozen=True)
class Name(Node):
    """What an answer or a score is called; a part of an answer is named as in `sleep.weekend`."""

    name: str


@dataclass(frozen=True)
class Negation(Node):
    """Not."""

    operand: Expression


@dataclass(frozen=True)
class Junction(Node):
    """Several conditions: all of them (`and`), or one at least (`or`)."""

    word: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True)
class Comparison(Node):
    """Two values compared: ==, !=, <, <=, > or >=."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class OneOf(Node):
    """Whether a value is among those that are listed; or whether it is none of them."""

    operand: Expression
    values: tuple[Literal, ...]
    is_negated: bool


@dataclass(frozen=True)
class Includes(Node):
    """Whether what was chosen includes a choice; or whether it does not."""

    option: Literal
    chosen: Name
    is_negated: bool


@dataclass(frozen=True)
class Chain(Node):
    """A sum with + and -, or a product with * and /: the first value, and what is done to it, from left to right."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True)
class Minus(Node):
    """A number with its sign turned."""

    operand: Expression


@dataclass(frozen=True)
class Call(Node):
    """One of the few functions."""

    function: str
    arguments: tuple[Expression, ...]


Expression = Literal | Name | Negation | Junction | Comparison | OneOf | Includes | Chain | Minus | Call


def parts(node: Expression) -> Sequence[Expression]:
    """What a node is made of."""
    match node:
        case Negation() | Minus():
            return (node.operand,)
        case Junction():
            return node.operands
        case Comparison():
            return (node.left, node.right)
        case OneOf():
            return (node.operand, *node.values)
        case Includes():
            return (node.option, node.chosen)
        case Chain():
            return (node.first, *(each for _, each in node.rest))
        case Call():
            return node.arguments
        case _:
            return ()


def walk(node: Expression) -> Iterator[tuple[Expression, int]]:
    """Every node of an expression with its depth, the outermost being 1. Deep ones do no harm to it."""
    waiting = [(node, 1)]
    while waiting:
        each, depth = waiting.pop()
        yield each, depth
        waiting += [(part, depth + 1) for part in parts(each)]


def names(node: Expression) -> set[str]:
    """The names that an expression speaks of."""
    return {each.name for each, _ in walk(node) if isinstance(each, Name)}
