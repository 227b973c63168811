"""What editors may write: strategies of expressions that make sense, and of what is known when they are evaluated."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from core.expressions import Declared, Kind, Scope
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

OPTIONS = frozenset({"a", "b", "it's"})
SCOPE = Scope(
    {
        "mood": Declared(Kind.NUMBER),
        "sleep.week-end": Declared(Kind.NUMBER),
        "town": Declared(Kind.TEXT),
        "smoker": Declared(Kind.TRUTH),
        "drink": Declared(Kind.CHOICE, OPTIONS),
        "habits": Declared(Kind.CHOICES, OPTIONS),
        "diary": Declared(Kind.ANYTHING),
    },
    {"later": "It is answered later."},
)
Nodes = SearchStrategy[Expression]


def _literal(values: SearchStrategy[Any]) -> SearchStrategy[Literal]:
    return values.map(lambda value: Literal(1, value))


def _name(*names: str) -> SearchStrategy[Name]:
    return st.sampled_from(names).map(lambda name: Name(1, name))


_decimals = st.builds(lambda digits, places: Fraction(digits, 10**places), st.integers(-999, 999), st.integers(0, 2))
_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
_options = st.sampled_from(sorted(OPTIONS))


def numbers(depth: int = 2) -> Nodes:
    """Expressions that give a number."""
    plain: Nodes = _literal(_decimals) | _name("mood", "sleep.week-end") | _count()
    if depth == 0:
        return plain
    inner = st.deferred(lambda: numbers(depth - 1))
    many = st.lists(inner, min_size=1, max_size=3).map(tuple)
    signs = st.sampled_from(["+-", "*/"]).flatmap(
        lambda some: st.lists(st.tuples(st.sampled_from(some), inner), min_size=1, max_size=3).map(tuple)
    )
    return (
        plain
        | st.builds(Minus, st.just(1), inner.filter(lambda node: not isinstance(node, Literal)))
        | st.builds(Chain, st.just(1), inner, signs)
        | st.builds(Call, st.just(1), st.sampled_from(["sum", "mean", "min", "max"]), many)
        | st.builds(Call, st.just(1), st.just("default"), st.tuples(inner, inner))
    )


def _count() -> Nodes:
    return st.builds(Call, st.just(1), st.just("count"), st.tuples(_name("habits")))


def conditions(depth: int = 3) -> Nodes:
    """Expressions that give yes or no."""
    answered = _name("mood", "town", "smoker", "drink", "habits", "diary").map(lambda name: (name,))
    few = st.lists(_literal(_decimals), min_size=1, max_size=3).map(tuple)
    chosen = st.lists(_literal(_options), min_size=1, max_size=3).map(tuple)
    plain: Nodes = (
        _literal(st.booleans())
        | _name("smoker")
        | st.builds(Call, st.just(1), st.just("answered"), answered)
        | st.builds(Comparison, st.just(1), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers(), numbers())
        | st.builds(Comparison, st.just(1), st.sampled_from(["==", "!="]), _name("drink"), _literal(_options))
        | st.builds(Comparison, st.just(1), st.sampled_from(["==", "!="]), _name("town"), _literal(_texts))
        | st.builds(OneOf, st.just(1), numbers(1), few, st.booleans())
        | st.builds(OneOf, st.just(1), _name("drink"), chosen, st.booleans())
        | st.builds(Includes, st.just(1), _literal(_options), _name("habits"), st.booleans())
    )
    if depth == 0:
        return plain
    inner = st.deferred(lambda: conditions(depth - 1))
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return (
        plain
        | st.builds(Negation, st.just(1), inner)
        | st.builds(Junction, st.just(1), st.sampled_from(["and", "or"]), several)
    )


def known() -> SearchStrategy[dict[str, Any]]:
    """What was answered, any of it missing."""
    return st.fixed_dictionaries(
        {},
        optional={
            "mood": st.integers(0, 10).map(Fraction),
            "sleep.week-end": _decimals,
            "town": _texts,
            "smoker": st.booleans(),
            "drink": _options,
            "habits": st.frozensets(_options),
            "diary": st.just(True),
        },
    )


def nonsense() -> SearchStrategy[dict[str, Any]]:
    """Values of any type under any name."""
    value = st.booleans() | _decimals | _texts | st.frozensets(_options)
    return st.dictionaries(st.sampled_from(sorted(SCOPE.names)), value)
