"""Regular expressions that authors write: which of them are safe to run on what learners type."""

from __future__ import annotations

import re
import warnings
from itertools import pairwise

import regex

MAX_LENGTH = 200
MAX_SECONDS = 0.2
# Each endless repetition of nearly anything makes a failing match slower by a factor of the answer's length.
MAX_WIDE_REPEATS = 2
_WIDE = (".", r"\W", r"\D", r"\S")

_TOKEN = re.compile(
    r"""
      (?P<backreference> \\[1-9] )
    | (?P<set> \[\^?\]?(?:\\.|[^\]\\])*\] )
    | (?P<flag> \(\?i\) )
    | (?P<open> \((?:\?:|\?P<\w+>|(?!\?)) )
    | (?P<extension> \(\? )
    | (?P<close> \) )
    | (?P<repeat> (?: [*+?] | \{(?!\})\d*,?\d*\} ) \?? )
    | (?P<either> \| )
    | \\. | .
    """,
    re.VERBOSE | re.DOTALL,
)
_COUNTS = re.compile(r"\{(\d*)(,?)(\d*)\}")


def pattern(text: str) -> str:
    """The pattern itself where it is safe; raises ValueError otherwise.

    Only what engines of linear time know is let through (no backreferences, no lookaround), and no repetition of a
    group that can itself match in several ways, which is what makes a backtracking engine explode.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(f"A pattern has at most {MAX_LENGTH} characters.")
    _refuse_unreadable(text)
    tokens = [(token.lastgroup or "", token[0]) for token in _TOKEN.finditer(text)]
    _refuse_extensions(tokens)
    _refuse_nested_repeats(tokens)
    _refuse_wide_repeats(tokens)
    return text


def fits(text: str, typed: str) -> bool:
    """Whether the whole of what was typed fits a pattern that `pattern` let through.

    What takes longer than a moment does not fit: several repetitions in a row can still try a long text in very many
    ways, and no answer may keep the server busy.
    """
    try:
        return regex.fullmatch(text, typed, flags=regex.V0, timeout=MAX_SECONDS, concurrent=True) is not None
    except TimeoutError:
        return False


def _refuse_unreadable(text: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"This pattern cannot be read: {error}.") from error


def _refuse_extensions(tokens: list[tuple[str, str]]) -> None:
    before = ""
    for kind, piece in tokens:
        if kind in ("backreference", "extension"):
            raise ValueError(f"A pattern must not use {piece}, only (?:...), (?P<name>...) and a leading (?i).")
        if kind == "repeat" and before == "repeat":
            raise ValueError("A pattern must not use possessive repetition, such as a++.")
        before = kind


def _refuse_nested_repeats(tokens: list[tuple[str, str]]) -> None:
    varies = [False]  # per open group: can what it holds match in several ways?
    closed = False  # does the piece just read end such a group?
    for kind, piece in tokens:
        if kind == "repeat":
            least, most = _counts(piece)
            if closed and most > 1:
                raise ValueError("A pattern must not repeat a group that itself repeats or chooses, as (a+)* does.")
            varies[-1] |= least != most
        elif kind == "either":
            varies[-1] = True
        elif kind == "open":
            varies.append(False)
        closed = kind == "close" and varies.pop()
        varies[-1] |= closed


def _refuse_wide_repeats(tokens: list[tuple[str, str]]) -> None:
    wide = 0
    for (_, before), (kind, piece) in pairwise(tokens):
        if kind == "repeat" and _counts(piece)[1] > MAX_LENGTH and (before in _WIDE or before.startswith("[^")):
            wide += 1
    if wide > MAX_WIDE_REPEATS:
        raise ValueError(f"A pattern repeats nearly anything, as .* does, at most {MAX_WIDE_REPEATS} times.")


def _counts(repeat: str) -> tuple[float, float]:
    simple = {"*": (0.0, float("inf")), "+": (1.0, float("inf")), "?": (0.0, 1.0)}
    if repeat[0] in simple:
        return simple[repeat[0]]
    match = _COUNTS.match(repeat)
    assert match is not None
    least, comma, most = match.groups()
    return float(least or 0), float((most or "inf") if comma else least)
