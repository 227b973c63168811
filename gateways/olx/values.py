"""Reads the values of OLX attributes, which Open edX writes now plainly, now as JSON."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

_LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")


def plain(value: str) -> str:
    """The value without the JSON quotes older exports put around strings."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        decoded = json_value(value)
        return decoded if isinstance(decoded, str) else value
    return value


def json_value(value: str) -> Any:
    """The value as JSON; None when it is none."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def flag(value: str | None) -> bool | None:
    """A truth value; None when there is none."""
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
        plain(value or "").strip().lower()
    )


def is_empty(value: str | None) -> bool:
    """Whether a setting says nothing."""
    return plain(value or "").strip() in ("", "null", "None", "[]", "{}")


def instant(value: str) -> datetime:
    """An ISO 8601 instant; one without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(plain(value).strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def seconds(value: str) -> int | None:
    """A time in a video, as `HH:MM:SS`, `MM:SS` or seconds, in whole seconds; None for none or zero.

    Raises ValueError.
    """
    total = 0.0
    for part in plain(value).strip().split(":"):
        total = total * 60 + float(part or 0)
    return int(total) or None if 0 <= total < 10**9 else None


def decimal_text(value: str) -> str | None:
    """A plain number as a decimal string, without an exponent unless it is very long; None for anything else."""
    if len(value) > _LONGEST_NUMBER or not _NUMBER.fullmatch(value.strip()):
        return None
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        return None
    text = format(number, "f")
    return text if len(text) <= _LONGEST_NUMBER else value.strip()


def first(attributes: Mapping[str, str], *names: str) -> str:
    """The first of the attributes that is there and not empty; else the empty string."""
    return next((attributes[name] for name in names if not is_empty(attributes.get(name))), "")
