"""Secrets do not get into logs: every record is cleaned of what looks like one before anybody writes it down.

What is secret by its type (`SecretStr`) never gets this far. This is the net below: for texts of errors, for headers,
for whatever a library writes about itself.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

HIDDEN = "[redacted]"
# Whose formatter takes the arguments apart.
_READ_BY_ARGUMENT = ("uvicorn.access",)
# Nobody reads a longer record, and cleaning it must not become an attack.
_LONGEST = 20_000
_NAMED = r"""
    \b(?:new_?)?(?:pass(?:word|wd|phrase)|secret|(?:access|refresh|id)?_?token|api_?key)\b['"\\]*\s*[:=]\s*
"""
_VALUE = r"""
    (?: b?\\?'(?:[^'\\]|\\.)*'  |  b?\\?"(?:[^"\\]|\\.)*"  |  (?!\[redacted\])[^\s,;&)}\]'"]+ )
"""
_HEADER = r"""['"]?\s*[:=,]\s*(?:b(?=['"]))?['"]?"""
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Our own, by their shape, whole or cut off.
    (re.compile(r"cairn_([a-z]{3})_[0-9A-Za-z]+"), rf"cairn_\1_{HIDDEN}"),
    # Signing secrets of webhooks.
    (re.compile(r"\bwhsec_[\w+/=-]+"), f"whsec_{HIDDEN}"),
    # Tokens of other issuers, and hashes of passwords.
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), HIDDEN),
    (re.compile(r"\$argon2\w*\$[^\s'\"]+"), HIDDEN),
    # The password of an address, be it a database's or a mail server's.
    (re.compile(r"(\b[a-z][a-z0-9+]{1,20}://[^\s:/@'\"]*):[^\s/'\"]+@"), rf"\1:{HIDDEN}@"),
    # Addresses that are secrets themselves: whoever knows them may write there.
    (
        re.compile(
            r"(?i)(\bhttps://(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks)/)[^\s'\"<>]+"
        ),
        rf"\1{HIDDEN}",
    ),
    # Headers as a whole, in lines and in the pairs that libraries write.
    (re.compile(rf"(?i)(\bauthorization{_HEADER}(?:basic|bearer|digest)?\s*)[^\s'\",)]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(\b(?:set-)?cookie['\"]?\s*[:,]\s*(?:b(?=['\"]))?['\"]?)[^'\"\r\n)]+"), rf"\1{HIDDEN}"),
    # Values that are named for what they are: in JSON, in a call, in the query of an address, in a connection string.
    (re.compile(f"({_NAMED}){_VALUE}", re.IGNORECASE | re.VERBOSE), rf"\1{HIDDEN}"),
)


_MAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")


def without_people(text: str) -> str:
    """The text without secrets, and without e-mail addresses: for what is kept, and shown to more than one person."""
    return _MAIL.sub("[address]", redacted(text))


def redacted(text: str) -> str:
    """The text without anything that looks like a secret, and without its end where it is very long."""
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    for pattern, put in _PATTERNS:
        text = pattern.sub(put, text)
    return text


def install() -> None:
    """Cleans every record of this process from here on, whichever logger and handler it goes through. Safe to repeat.

    What a formatter adds to a record by itself, such as further fields, it has to clean by `redacted`.
    """
    made = logging.getLogRecordFactory()
    if not getattr(made, "redacts", False):
        logging.setLogRecordFactory(_redacting(made))


def _redacting(made: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    formatter = logging.Formatter()

    def record(*arguments: Any, **more: Any) -> logging.LogRecord:
        found = made(*arguments, **more)
        if found.name in _READ_BY_ARGUMENT and isinstance(found.args, tuple):
            found.args = tuple(redacted(each) if isinstance(each, str) else each for each in found.args)
            return found
        # A record whose words and arguments do not fit is left to complain for itself.
        try:
            found.msg, found.args = redacted(found.getMessage()), None
        except (TypeError, ValueError):
            return found
        if found.exc_info and found.exc_info[0] is not None:
            # Formatters take this text where there is one.
            found.exc_text = redacted(formatter.formatException(found.exc_info))
        if found.stack_info:
            found.stack_info = redacted(found.stack_info)
        return found

    record.redacts = True  # type: ignore[attr-defined]
    return record
