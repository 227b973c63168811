"""Time zones and languages as people name them."""

from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import available_timezones

_LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zone(name: str) -> str:
    """The name, if it is one of the IANA time zones; raises `ValueError` otherwise."""
    if name not in _zones():
        raise ValueError("This is no IANA time zone, such as Europe/Berlin.")
    return name


def known_locale(tag: str) -> str:
    """The tag, if it is a language tag such as de, pt-BR or zh-Hant-TW; raises `ValueError` otherwise."""
    if not _LANGUAGE_TAG.fullmatch(tag):
        raise ValueError("This is no language tag, such as de or pt-BR.")
    return tag
