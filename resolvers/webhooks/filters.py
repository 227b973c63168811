"""Filters of webhooks: conditions in the house's one language over what a fact says, such as `revision > 1`.

They are asked before anything is lined up to be sent. What a fact does not say is not known, and then it is not told.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from core.events import Fact
from core.expressions import (
    Declared,
    Expression,
    ExpressionError,
    Kind,
    Problem,
    Scope,
    Value,
    check,
    holds,
    parse,
)
from core.rows import Row
from models.events import BY_TYPE

# A truth is an integer to Python, so it comes first.
_KINDS: tuple[tuple[type, Kind], ...] = ((bool, Kind.TRUTH), (int, Kind.NUMBER), (float, Kind.NUMBER))
_UNKNOWN = "What is in it differs from fact to fact."


def problems_of(text: str, events: Sequence[str]) -> list[Problem]:
    """What is wrong with a filter of facts of these types; an empty list when nothing is."""
    try:
        return check(parse(text), scope_of(events))
    except ExpressionError as error:
        return [Problem(error.message, error.position)]


def scope_of(events: Sequence[str]) -> Scope:
    """What a filter of facts of these types may speak of: what any of them says, by the names of its payload."""
    names: dict[str, Declared] = {
        "type": Declared(Kind.CHOICE, frozenset(events)),
        "subjectId": Declared(Kind.TEXT),
        "actorId": Declared(Kind.TEXT),
    }
    refused: dict[str, str] = {}
    for each in events:
        for name, declared in _declared(BY_TYPE[each]).items():
            if declared is None or names.setdefault(name, declared) != declared:
                refused[name] = _UNKNOWN
    return Scope({name: each for name, each in names.items() if name not in refused}, refused)


def _declared(fact: type[Fact]) -> dict[str, Declared | None]:
    fields = {name: field for name, field in fact.model_fields.items() if name != "subject_id"}
    return {field.alias or name: _kind_of(field.annotation) for name, field in fields.items()}


def _kind_of(annotation: Any) -> Declared | None:
    """What a field holds; None where that cannot be spoken of."""
    if isinstance(annotation, types.UnionType):
        (annotation,) = (each for each in typing.get_args(annotation) if each is not types.NoneType)
    origin = typing.get_origin(annotation)
    if origin is list:
        return Declared(Kind.CHOICES, is_open=True)
    if origin is not None:
        return None
    return Declared(next((kind for known, kind in _KINDS if issubclass(annotation, known)), Kind.TEXT))


def lets_through(text: str, fact: Row) -> bool:
    """Whether a filter holds for a fact of the log, given with its payload."""
    values = {"type": fact.type, "subjectId": fact.subject_id, "actorId": fact.actor_id, **fact.payload}
    return holds(_parsed(text), _known(values))


@lru_cache(maxsize=500)
def _parsed(text: str) -> Expression:
    return parse(text)


def _known(said: Mapping[str, Any]) -> dict[str, Value]:
    return {name: value for name, each in said.items() if (value := _value(each)) is not None}


def _value(said: Any) -> Value | None:
    if isinstance(said, bool | str):
        return said
    if isinstance(said, int | float):
        return Fraction(str(said))
    if isinstance(said, list):
        return frozenset(str(each) for each in said)
    return None
