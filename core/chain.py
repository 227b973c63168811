"""A chain of hashes over records: none can be changed, removed or put elsewhere without all that follow telling."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

# What the first record follows.
BEGINNING = "0" * 64


def link(previous: str, record: Mapping[str, Any]) -> str:
    """The SHA-256 (64 hexadecimal digits) over the hash before a record and the record's canonical JSON.

    What is null is left out: a column that a later version adds leaves the hashes of older records as they are.
    """
    return hashlib.sha256(previous.encode() + canonical(record)).hexdigest()


def canonical(record: Mapping[str, Any]) -> bytes:
    """A record as JSON in exactly one way: keys sorted, no spaces, instants in UTC with all six digits."""
    kept = {name: value for name, value in record.items() if value is not None}
    return orjson.dumps(kept, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"A {type(value).__name__} has no place in a chain.")
    return value.astimezone(UTC).isoformat(timespec="microseconds")
