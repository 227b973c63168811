"""Identifiers: UUIDs of version 8 (RFC 9562, section 5.8) that sort by time and name the kind of thing they belong to.

Layout, most significant bit first: 48 bits Unix milliseconds, 4 bits version (8), 12 bits entity tag, 2 bits variant,
62 random bits. The tag is a small number that every table declares once (`__tag__`), so `node(id)` knows where to look
without asking the database, and an id of the wrong kind is refused before any SQL runs.
"""

from __future__ import annotations

import secrets
import uuid

from core.clock import now_ms

_VERSION = 0x8 << 76
_VARIANT = 0b10 << 62
_RANDOM_BITS = 62
MAX_TAG = 0xFFF


def new_id(tag: int) -> str:
    """A fresh id in canonical text form for the entity with this tag (0..4095)."""
    if not 0 <= tag <= MAX_TAG:
        raise ValueError(f"entity tag {tag} is outside 0..{MAX_TAG}")
    value = (now_ms() & ((1 << 48) - 1)) << 80 | _VERSION | tag << 64 | _VARIANT | secrets.randbits(_RANDOM_BITS)
    return str(uuid.UUID(int=value))


def tag_of(text: str) -> int | None:
    """The entity tag inside an id, or None when the text is not one of our ids."""
    try:
        value = uuid.UUID(text)
    except (ValueError, AttributeError, TypeError):
        return None
    if str(value) != text or value.version != 8 or value.variant != uuid.RFC_4122:
        return None
    return (value.int >> 64) & MAX_TAG
