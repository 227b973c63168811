"""Reads the answers that Moodle's cloze questions have in their text: `{2:SHORTANSWER:%100%sleep#Yes~%50%rest}`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from gateways.banks.questions import Gap, Option, Text

_FIELD = re.compile(r"\{(?P<weight>\d{0,9}):(?P<kind>[A-Z_]{1,30}):")
_END = re.compile(r"\\.|\}", re.DOTALL)
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
_PERCENT = re.compile(r"%(-?\d+(?:[.,]\d*)?)%", re.ASCII)
_WORD = re.compile(r"\\(.)", re.DOTALL)


BLANK = "_____"


@dataclass(frozen=True)
class Field:
    """A gap as it is written: from where to where in the text, its kind, and its answers."""

    start: int
    end: int
    weight: int
    kind: str
    answers: str


def read_embedded(text: str) -> tuple[str, list[Gap], list[tuple[str, str]]]:
    """(the text with a mark [[a]] for each gap, the gaps, what could not be kept and how it is written).

    What could not be kept is a blank in the text, so that its answers are not shown there.
    """
    gaps: list[Gap] = []
    lost: list[tuple[str, str]] = []
    pieces, end = list[str](), 0
    # What stands in double brackets already would be taken for a mark.
    text = text.replace("[[", "[ [")
    for field in _fields(text):
        pieces.append(text[end : field.start])
        end = field.end
        gap = _gap(field, _letters(len(gaps)))
        if isinstance(gap, Gap):
            gaps.append(gap)
            pieces.append(f"[[{gap.mark}]]")
        else:
            lost.append((gap, text[field.start : field.end]))
            pieces.append(BLANK)
    return "".join([*pieces, text[end:]]), gaps, lost


def _fields(text: str) -> Iterator[Field]:
    place = 0
    while begin := _FIELD.search(text, place):
        end = next((each for each in _END.finditer(text, begin.end()) if each[0] == "}"), None)
        if end is None:
            # What begins later has no end either.
            return
        answers = text[begin.end() : end.start()]
        yield Field(begin.start(), end.end(), int(begin["weight"] or 1), begin["kind"], answers)
        place = end.end()


def _gap(field: Field, name: str) -> Gap | str:
    """The gap, or why there is none."""
    if field.kind not in _KINDS:
        return f"A gap of the kind {field.kind} has no counterpart."
    kind, is_case_sensitive = _KINDS[field.kind]
    options = tuple(_option(each[0].strip(), kind) for each in _PART.finditer(field.answers) if each[0].strip())
    if not options:
        return "A gap has no answers."
    return Gap(name, kind, max(field.weight, 1), options, is_case_sensitive)


def _option(text: str, kind: str) -> Option:
    percent = Decimal(0)
    if text.startswith("="):
        percent, text = Decimal(100), text[1:]
    elif found := _PERCENT.match(text):
        percent, text = Decimal(found[1].replace(",", ".")), text[found.end() :]
    said, _, feedback = _split(text, "#")
    if kind != "number":
        return Option(Text(_plain(said), "html"), percent, Text(_plain(feedback), "html"))
    value, _, tolerance = said.replace(",", ".").partition(":")
    return Option(
        Text(value.strip(), "plain"), percent, Text(_plain(feedback), "html"), tolerance=tolerance.strip() or "0"
    )


def _split(text: str, sign: str) -> tuple[str, str, str]:
    """As `partition`, but for what a backslash stands before, and for the sign in `&#39;`."""
    for found in re.finditer(rf"\\.|&#|{re.escape(sign)}", text, re.DOTALL):
        if found[0] == sign:
            return text[: found.start()], sign, text[found.end() :]
    return text, "", ""


def _plain(text: str) -> str:
    return _WORD.sub(r"\1", text).strip()


def _letters(index: int) -> str:
    return chr(97 + index) if index < 26 else f"gap-{index + 1}"
