"""Reads the answers that Moodle's cloze questions have in their text: `{2:SHORTANSWER:%100%sleep#Yes~%50%rest}`."""

from __future__ import annotations

import re
from decimal import Decimal

from gateways.banks.questions import Gap, Option, Text

_FIELD = re.compile(
    r"\{(?P<weight>\d*):(?P<kind>[A-Z_]+):(?P<answers>(?:\\.|[^\\}])*)\}",
    re.DOTALL,
)
_KINDS = {
    **dict.fromkeys(("SHORTANSWER", "SA", "MW"), ("text", False)),
    **dict.fromkeys(("SHORTANSWER_C", "SAC", "MWC"), ("text", True)),
    **dict.fromkeys(("NUMERICAL", "NM"), ("number", False)),
    **dict.fromkeys(
        (
            *("MULTICHOICE", "MC", "MULTICHOICE_V", "MCV", "MULTICHOICE_H", "MCH"),
            *("MULTICHOICE_S", "MCS", "MULTICHOICE_VS", "MCVS", "MULTICHOICE_HS", "MCHS"),
        ),
        ("choice", False),
    ),
}
_PART = re.compile(r"(?:\\.|[^\\~])+", re.DOTALL)
_PERCENT = re.compile(r"%(-?[\d.]+)%")
_WORD = re.compile(r"\\(.)", re.DOTALL)


class UnknownField(ValueError):
    """A kind of gap that has no counterpart, or one that makes no sense."""


def read_embedded(text: str) -> tuple[str, list[Gap]]:
    """(the text with a mark [[a]] for each gap, the gaps). Raises `UnknownField`."""
    gaps: list[Gap] = []

    def mark(found: re.Match[str]) -> str:
        if found["kind"] not in _KINDS:
            raise UnknownField(f"a gap of the kind {found['kind']} cannot be kept")
        kind, is_case_sensitive = _KINDS[found["kind"]]
        name = _letters(len(gaps))
        options = tuple(_option(each[0].strip(), kind) for each in _PART.finditer(found["answers"]))
        if not options:
            raise UnknownField("a gap has no answers")
        gaps.append(Gap(name, kind, max(int(found["weight"] or 1), 1), options, is_case_sensitive))
        return f"[[{name}]]"

    # What stands in double brackets already would be taken for a mark.
    return _FIELD.sub(mark, text.replace("[[", "[ [")), gaps


def _option(text: str, kind: str) -> Option:
    percent = Decimal(0)
    if text.startswith("="):
        percent, text = Decimal(100), text[1:]
    elif found := _PERCENT.match(text):
        percent, text = Decimal(found[1]), text[found.end() :]
    said, _, feedback = _split(text, "#")
    if kind != "number":
        return Option(Text(_plain(said), "html"), percent, Text(_plain(feedback), "html"))
    value, _, tolerance = said.partition(":")
    return Option(
        Text(value.strip(), "plain"), percent, Text(_plain(feedback), "html"), tolerance=tolerance.strip() or "0"
    )


def _split(text: str, sign: str) -> tuple[str, str, str]:
    """As `partition`, but for what a backslash stands before."""
    for found in re.finditer(rf"\\.|{re.escape(sign)}", text, re.DOTALL):
        if found[0] == sign:
            return text[: found.start()], sign, text[found.end() :]
    return text, "", ""


def _plain(text: str) -> str:
    return _WORD.sub(r"\1", text).strip()


def _letters(index: int) -> str:
    return chr(97 + index) if index < 26 else f"gap-{index + 1}"
