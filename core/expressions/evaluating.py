"""What an expression comes to. It always comes to something: a value, or None for what is not known.

Nothing is ever raised, whatever the values are: they may be missing, or of other types than when the expression was
checked. A comparison with what is not known is not known; `and`, `or` and `not` follow Kleene's three-valued logic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

Value = Fraction | str | bool | frozenset[str]
# What there is, by its name; what is missing was not answered. A value of True under ANYTHING says only that it is.
Values = Mapping[str, Value]


def holds(expression: Expression, values: Values) -> bool:
    """Whether a condition holds: what is not known does not."""
    return evaluate(expression, values) is True


def evaluate(expression: Expression, values: Values) -> Value | None:
    """What an expression comes to; numbers are exact."""
    match expression:
        case Literal():
            return expression.value
        case Name():
            return values.get(expression.name)
        case Negation():
            return _not(_truth(evaluate(expression.operand, values)))
        case Junction():
            return _junction(expression.word, [_truth(evaluate(each, values)) for each in expression.operands])
        case Comparison():
            left, right = evaluate(expression.left, values), evaluate(expression.right, values)
            return _compared(expression.operator, left, right)
        case OneOf():
            found = evaluate(expression.operand, values)
            listed = _junction("or", [_compared("==", found, each.value) for each in expression.values])
            return _not(listed) if expression.is_negated else listed
        case Includes():
            return _includes(expression, values)
        case Minus():
            return _negative(_number(evaluate(expression.operand, values)))
        case Chain():
            return _chain(expression, values)
        case Call():
            return _called(expression, values)


def _truth(value: Value | None) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Value | None) -> Fraction | None:
    return value if isinstance(value, Fraction) else None


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _negative(value: Fraction | None) -> Fraction | None:
    return None if value is None else -value


def _junction(word: str, values: Sequence[bool | None]) -> bool | None:
    """One value settles it, however little is known of the others: True for `or`, False for `and`."""
    settling = word == "or"
    if settling in values:
        return settling
    return None if None in values else not settling


_ORDER: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _compared(operator: str, left: Value | None, right: Value | None) -> bool | None:
    if left is None or right is None or type(left) is not type(right):
        return None
    if operator in ("==", "!="):
        return (left == right) == (operator == "==")
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return _ORDER[operator](left, right)
    return None


def _includes(expression: Includes, values: Values) -> bool | None:
    chosen = values.get(expression.chosen.name)
    if not isinstance(chosen, frozenset):
        return None
    return (expression.option.value in chosen) != expression.is_negated


def _chain(expression: Chain, values: Values) -> Fraction | None:
    """From left to right; dividing by nothing gives what is not known."""
    found = _number(evaluate(expression.first, values))
    for sign, each in expression.rest:
        operand = _number(evaluate(each, values))
        if found is None or operand is None or (sign == "/" and operand == 0):
            return None
        found = _STEPS[sign](found, operand)
    return found


_STEPS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
}


def _called(expression: Call, values: Values) -> Value | None:
    found = [evaluate(each, values) for each in expression.arguments]
    match expression.function:
        case "answered":
            return bool(found) and found[0] is not None
        case "count":
            return Fraction(len(found[0])) if found and isinstance(found[0], frozenset) else None
        case "default":
            return next((each for each in found if each is not None), None)
        case name:
            numbers = [each for each in found if isinstance(each, Fraction)]
            return _OVER_ALL[name](numbers) if numbers and name in _OVER_ALL else None


# What was not answered is left out of these; where nothing was, nothing is known.
_OVER_ALL: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "sum": lambda numbers: sum(numbers, Fraction(0)),
    "mean": lambda numbers: sum(numbers, Fraction(0)) / len(numbers),
    "min": min,
    "max": max,
}
