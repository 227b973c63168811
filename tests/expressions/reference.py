"""A plain evaluator to compare with, made another way: truth is a number, and what is not known lies between.

No is -1, yes is 1 and not known is 0, so that `and` is the least, `or` the greatest and `not` the opposite, as Kleene
has it. Arithmetic is done on (numerator, denominator) by hand.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import Any

from core.expressions import nodes

UNKNOWN = 0


def truth(node: nodes.Expression, known: dict[str, Any]) -> int:
    """-1, 0 or 1."""
    if isinstance(node, nodes.Literal):
        return 1 if node.value else -1
    if isinstance(node, nodes.Name):
        return UNKNOWN if node.name not in known else (1 if known[node.name] else -1)
    if isinstance(node, nodes.Negation):
        return -truth(node.operand, known)
    if isinstance(node, nodes.Junction):
        found = [truth(each, known) for each in node.operands]
        return min(found) if node.word == "and" else max(found)
    if isinstance(node, nodes.Comparison):
        return compared(node.operator, value(node.left, known), value(node.right, known))
    if isinstance(node, nodes.OneOf):
        found = [compared("==", value(node.operand, known), value(each, known)) for each in node.values]
        return -max(found) if node.is_negated else max(found)
    if isinstance(node, nodes.Includes):
        if node.chosen.name not in known:
            return UNKNOWN
        is_there = any(each == node.option.value for each in known[node.chosen.name])
        return 1 if is_there != node.is_negated else -1
    assert isinstance(node, nodes.Call)
    assert node.function == "answered"
    (asked,) = node.arguments
    assert isinstance(asked, nodes.Name)
    return 1 if asked.name in known else -1


def compared(operator: str, left: Any, right: Any) -> int:
    if left is None or right is None:
        return UNKNOWN
    if isinstance(left, str):
        return {True: 1, False: -1}[(left == right) is (operator == "==")]
    difference = left[0] * right[1] - right[0] * left[1]
    holds = {"==": difference == 0, "!=": difference != 0, "<": difference < 0, ">": difference > 0}
    holds |= {"<=": difference <= 0, ">=": difference >= 0}
    return 1 if holds[operator] else -1


def value(node: nodes.Expression, known: dict[str, Any]) -> Any:
    """A text, a number as (numerator, denominator) with a denominator above 0, or None."""
    if isinstance(node, nodes.Literal | nodes.Name):
        found = node.value if isinstance(node, nodes.Literal) else known.get(node.name)
        return (found.numerator, found.denominator) if isinstance(found, Fraction) else found
    if isinstance(node, nodes.Minus):
        return times(value(node.operand, known), (-1, 1))
    if isinstance(node, nodes.Chain):
        return reduce(lambda so_far, step: done(so_far, step, known), node.rest, value(node.first, known))
    assert isinstance(node, nodes.Call)
    found = [value(each, known) for each in node.arguments]
    if node.function == "default":
        return found[0] if found[0] is not None else found[1]
    if node.function == "count":
        chosen = known.get("habits")
        return None if chosen is None else (len(chosen), 1)
    there = [each for each in found if each is not None]
    if not there:
        return None
    if node.function in ("min", "max"):
        ordered = sorted(there, key=lambda each: each[0] / each[1])
        return ordered[0 if node.function == "min" else -1]
    total = reduce(plus, there)
    return total if node.function == "sum" else times(total, (1, len(there)))


def done(so_far: Any, step: Any, known: dict[str, Any]) -> Any:
    sign, operand = step[0], value(step[1], known)
    if so_far is None or operand is None or (sign == "/" and operand[0] == 0):
        return None
    if sign in "+-":
        return plus(so_far, operand if sign == "+" else times(operand, (-1, 1)))
    return times(so_far, operand if sign == "*" else turned(operand))


def plus(left: Any, right: Any) -> Any:
    return left[0] * right[1] + right[0] * left[1], left[1] * right[1]


def times(left: Any, right: Any) -> Any:
    return None if left is None else (left[0] * right[0], left[1] * right[1])


def turned(number: Any) -> Any:
    return (number[1], number[0]) if number[0] > 0 else (-number[1], -number[0])
