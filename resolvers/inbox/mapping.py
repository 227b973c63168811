"""What a hook takes from a body: pure rules, which look at nothing but the body and the hook."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from jsonpointer import JsonPointerException, resolve_pointer
from pydantic import TypeAdapter, ValidationError

from core.errors import DomainError
from models.inbox import InboundKind, InboundOnce, InboundValue, Word

_WORD: TypeAdapter[str] = TypeAdapter(Word)
# What JSON numbers hold without loss, wherever they are read.
_MOST = 2**53
_NONE: Any = object()


class Misfit(DomainError):
    """A body does not have what the hook's mapping names: mend the mapping, and have the event handled again."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"At {path}: {reason}", "MISFIT", ("mapping",))


def found_at(payload: Any, path: str) -> Any:
    """What a body has at a JSON Pointer; None where it has nothing there."""
    try:
        return resolve_pointer(payload, path, None)
    except JsonPointerException:
        return None


def type_of(payload: Any, path: str | None, action: str) -> str:
    """Of which type a body says it is, as a machine's word; the hook's action where it does not say."""
    found = None if path is None else found_at(payload, path)
    return found if isinstance(found, str) and _is_word(found) else action


def values_of(payload: Any, wanted: Sequence[InboundValue]) -> dict[str, str | int | float | bool]:
    """The values that a mapping names, by name. Raises `Misfit` at the first that is missing or of another kind."""
    values = {}
    for each in wanted:
        found = found_at(payload, each.path)
        if found is not None:
            values[each.name] = _plain(each, found)
        elif each.is_required:
            raise Misfit(each.path, "there is nothing.")
    return values


def key_of(
    payload: Any, once: InboundOnce, person_path: str | None, id_path: str | None, delivery: str | None
) -> str | None:
    """What makes a delivery the same as another, as a hash; None where nothing does, or the body does not have it.

    `delivery` is what the sender calls the delivery, and each repetition of it.
    """
    person = None if person_path is None else _key_part(found_at(payload, person_path))
    event = None if id_path is None else _key_part(found_at(payload, id_path))
    parts = {
        InboundOnce.DELIVERY: [delivery],
        InboundOnce.EVENT: [event],
        InboundOnce.PERSON: [person and person.lower()],
        InboundOnce.PERSON_AND_EVENT: [person and person.lower(), event],
    }[once]
    return None if None in parts else hashlib.sha256(orjson.dumps([once.value, *parts])).hexdigest()


def _key_part(found: Any) -> str | None:
    """A text or number as a part of a key."""
    if isinstance(found, str):
        return found.strip() or None
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _plain(wanted: InboundValue, found: Any) -> str | int | float | bool:
    match wanted.kind:
        case InboundKind.WORD if isinstance(found, str) and _is_word(found):
            return found
        case InboundKind.INTEGER if isinstance(found, int) and not isinstance(found, bool) and abs(found) <= _MOST:
            return found
        case InboundKind.NUMBER if isinstance(found, int | float) and not isinstance(found, bool):
            if math.isfinite(found) and abs(found) <= _MOST:
                return found
        case InboundKind.BOOLEAN if isinstance(found, bool):
            return found
        case InboundKind.INSTANT if isinstance(found, str):
            return _instant(wanted.path, found)
    raise Misfit(wanted.path, f"this is no {wanted.kind.value}.")


def _instant(path: str, text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misfit(path, "this is no instant.") from error
    if found.tzinfo is None:
        raise Misfit(path, "this instant has no offset from UTC.")
    return found.isoformat()


def _is_word(text: str) -> bool:
    try:
        _WORD.validate_python(text)
    except ValidationError:
        return False
    return True
