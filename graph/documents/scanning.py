"""The first look at a document, before it is parsed: one run of a regular expression over its text. And at variables.

The parser is written in Python and takes some microseconds for each token; this takes a tenth of that and stops at the
first limit. It finds the tokens that the parser would find, comments among them, up to the first one that is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.errors import RequestError
from graph.limits import Limits

# Python itself refuses to read longer numbers; nothing in a schema needs even this many digits.
_MOST_DIGITS = 400
# Nothing is ever tried twice at one place, and what never ends counts up to the end: the time is linear.
_TOKEN = re.compile(
    r"""
    [\s,\ufeff]*+
    (?:
        (?P<name> [_A-Za-z][_0-9A-Za-z]*+ )
      | (?P<open> [{(\[] )
      | (?P<close> [})\]] )
      | (?P<number> -?[0-9][0-9.eE+-]*+ )
      | (?P<string> "{3} (?: [^"\\]++ | \\"{3} | \\ | "(?!"") )*+ (?:"{3})? | " (?: [^"\\\r\n]++ | \\. )*+ "? )
      | (?P<other> \#[^\r\n]*+ | \.{3} | [^\s] )
      | (?P<end> \Z )
    )
    """,
    re.VERBOSE,
)


def scan(text: str, limits: Limits) -> None:
    """Refuses a text that is too long, too deep or has too many tokens, with a `RequestError`."""
    if len(text) > limits.max_characters:
        message = f"The document is longer than {limits.max_characters} characters. Send long values as variables."
        raise RequestError(message, "DOCUMENT_TOO_LARGE")
    tokens, depth = 0, 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        tokens += kind != "end"
        if tokens > limits.max_tokens:
            raise RequestError(f"The document has more than {limits.max_tokens} tokens.", "DOCUMENT_TOO_LARGE")
        if kind == "open":
            depth += 1
            if depth > limits.max_nesting:
                message = f"The document is nested too deeply: {limits.max_nesting} levels of brackets are allowed."
                raise RequestError(message, "TOO_DEEP")
        elif kind == "close":
            depth -= 1
        elif kind == "number" and len(found["number"]) > _MOST_DIGITS:
            raise RequestError("The document holds a number with too many digits.", "DOCUMENT_TOO_LARGE")


def scan_variables(variables: Mapping[str, Any] | None, limits: Limits) -> None:
    """Refuses variables that hold a longer text than any field takes, however deep, with a `RequestError`.

    A text within a document can be no longer than the document may be.
    """
    waiting: list[Any] = list(variables.values()) if variables else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if len(value) > limits.max_text:
                message = f"A variable holds a text longer than {limits.max_text} characters."
                raise RequestError(message, "TEXT_TOO_LONG")
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
