"""Kinds of text that several formats share: addresses, decimal numbers, languages, labels and notes.

Each is a string that is checked, and brought into one written form where it has one.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints

_UNSAFE_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f\\\s]")
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
# More digits than a number of the longest text can have: nothing is ever rounded.
_EXACT = Context(prec=60)


def https_address(text: str) -> str:
    """An absolute https address; raises ValueError for anything else."""
    if not _is_https(text):
        raise ValueError("Write a full address that starts with https://.")
    return text


def address(text: str) -> str:
    """An https address, or a path of this site; raises ValueError for anything else."""
    if not (_is_https(text) or _is_path(text)):
        raise ValueError("Write a full address that starts with https://, or a path of this site that starts with /.")
    return text


def decimal(text: str) -> str:
    """A decimal number in one written form: "+1.50" gives "1.5"; raises ValueError for what is no finite number."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("Write a number such as 12, -0.5 or 6.02e23, with a point for decimals.")
    number = Decimal(text).normalize(_EXACT)
    if number == 0:
        return "0"
    return format(number, "f" if -10 <= number.adjusted() <= 20 else "e")


def language_tag(text: str) -> str:
    """A BCP 47 language tag in its usual case: "pt-br" gives "pt-BR"; raises ValueError for other texts."""
    if not _LANGUAGE_TAG.fullmatch(text):
        raise ValueError('Write a language tag such as "en" or "pt-BR".')
    language, *rest = text.lower().split("-")
    return "-".join([language, *(_subtag(each) for each in rest)])


Address = Annotated[str, StringConstraints(max_length=2000), AfterValidator(address)]
HttpsAddress = Annotated[str, StringConstraints(max_length=2000), AfterValidator(https_address)]
DecimalText = Annotated[str, StringConstraints(max_length=40), AfterValidator(decimal)]
LanguageTag = Annotated[str, StringConstraints(max_length=35), AfterValidator(language_tag)]
Label = Annotated[str, StringConstraints(max_length=200)]
ItemText = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Hint = Annotated[str, StringConstraints(min_length=1, max_length=5000)]
Note = Annotated[str, StringConstraints(max_length=5000)]
LongText = Annotated[str, StringConstraints(max_length=20_000)]
ItemId = Annotated[str, StringConstraints(min_length=1, max_length=40)]
UnitName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
FileKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]


def _is_https(text: str) -> bool:
    if _UNSAFE_IN_ADDRESS.search(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:  # no valid host or port
        return False


def _is_path(text: str) -> bool:
    return text.startswith("/") and not text.startswith("//") and not _UNSAFE_IN_ADDRESS.search(text)


def _subtag(text: str) -> str:
    if len(text) == 2:
        return text.upper()
    return text.title() if len(text) == 4 and text.isalpha() else text
