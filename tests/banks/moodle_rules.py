"""What answers earn in Moodle, from its XML and the words of its public documentation alone.

It shares no line with the house: it takes Python's own XML reader, and knows nothing of blocks.
"""

from __future__ import annotations

import re
from fractions import Fraction
from html import unescape
from typing import Any
from xml.etree.ElementTree import Element, fromstring

Answer = dict[str, Any]
Case = tuple[Answer, Fraction]


def cases(xml: str) -> dict[str, list[Case]]:
    """Name of a question to some answers to it, each with the share of the points that it earns."""
    found = {}
    for question in fromstring(xml.lstrip()).iter("question"):
        if question.get("type") in _RULES and question.findtext("hidden", "0").strip() != "1":
            found[_text(question.find("name"))] = list(_RULES[question.get("type", "")](question))
    return {name: some for name, some in found.items() if some}


def _text(element: Element | None) -> str:
    words = "" if element is None else "".join(element.find("text").itertext())  # type: ignore[union-attr]
    return " ".join(unescape(re.sub("<[^>]*>", "", words)).split())


def _raw(element: Element) -> str:
    return " ".join((element.findtext("text") or "").split())


def _known(question: Element) -> list[tuple[str, Fraction]]:
    return [(_text(each), Fraction(each.get("fraction", "0")) / 100) for each in question.iter("answer")]


def _choice(question: Element) -> Any:
    """One choice earns its fraction; of several, all that are ticked earn theirs together, from nothing to all."""
    known = _known(question)
    if question.findtext("single", "true") == "true":
        yield from (({"choice": text}, fraction) for text, fraction in known)
        return
    for chosen in ([0], [0, 1], [0, 1, 2], [0, 3], [3], [0, 1, 2, 3]):
        total = sum((known[each][1] for each in chosen), Fraction(0))
        yield {"choices": [known[each][0] for each in chosen]}, min(max(total, Fraction(0)), Fraction(1))


def _truth(question: Element) -> Any:
    yield from (({"truth": text == "true"}, fraction) for text, fraction in _known(question))


def _short(question: Element) -> Any:
    """The first answer that fits counts; a star is anything, and case counts where it is said to."""
    known = [(_raw(each), Fraction(each.get("fraction", "0")) / 100) for each in question.iter("answer")]
    flags = 0 if question.findtext("usecase", "0").strip() == "1" else re.IGNORECASE
    for typed in ("Spider", "spider", "Garden spider", "Moth", "<b>", "<B>", "*", "b"):
        yield {"text": typed}, _first_text(known, typed, flags)


def _first_text(known: list[tuple[str, Fraction]], typed: str, flags: int) -> Fraction:
    for text, fraction in known:
        pieces = [re.escape(each.replace(r"\*", "*")) for each in re.split(r"(?<!\\)\*", text)]
        if re.fullmatch(".*".join(pieces), typed, flags):
            return fraction
    return Fraction(0)


def _number(question: Element) -> Any:
    """The first answer counts whose tolerance holds the number, whose unit has been taken off."""
    known = [
        (_raw(each), Fraction(each.findtext("tolerance") or "0"), Fraction(each.get("fraction", "0")) / 100)
        for each in question.iter("answer")
    ]
    units = [(each.findtext("unit_name"), each.findtext("multiplier") or "1") for each in question.iter("unit")]
    for typed in ("42.195", "42.2", "42.201", "43", "43.1", "42195", "-10", "-7.5", "-12.5", "-13"):
        for unit, factor in units or [(None, "1")]:
            number = Fraction(typed) / Fraction(factor)
            fits = (earned for text, near, earned in known if text == "*" or abs(number - Fraction(text)) <= near)
            yield {"number": typed, "unit": unit}, next(fits, Fraction(0))


def _pairs(question: Element) -> Any:
    """Each question on the left that has its answer earns its part; answers without one are there to mislead."""
    pairs = {_text(each): _text(each.find("answer")) for each in question.iter("subquestion") if _text(each)}
    others = sorted({_text(each.find("answer")) for each in question.iter("subquestion")})
    for chosen in (list(pairs.values()), *([each] * len(pairs) for each in others)):
        given = dict(zip(pairs, chosen, strict=True))
        yield {"pairs": given}, Fraction(sum(pairs[left] == right for left, right in given.items()), len(pairs))


def _order(question: Element) -> Any:
    """Each thing at its place earns its part. Other rules have no counterpart and are not tried."""
    if question.findtext("gradingtype") != "ABSOLUTE_POSITION":
        return
    right = [_text(each) for each in question.iter("answer")]
    for given in (right, right[::-1], [right[1], right[0], *right[2:]], [*right[1:], right[0]]):
        yield {"order": given}, Fraction(sum(a == b for a, b in zip(right, given, strict=True)), len(right))


def _boxes(question: Element) -> Any:
    """[[2]] is a gap for which the second choice is right; all gaps count the same."""
    boxes = [" ".join((each.findtext("text") or "").split()) for each in question if each.find("group") is not None]
    groups = [each.findtext("group") for each in question if each.find("group") is not None]
    gaps = [int(each) - 1 for each in re.findall(r"\[\[(\d+)\]\]", question.findtext("questiontext/text") or "")]
    wrong = {gap: next(box for box, g in zip(boxes, groups, strict=True) if g == groups[gap] and box != boxes[gap])
             for gap in gaps}  # fmt: skip
    for number in range(len(gaps) + 1):
        filled = [boxes[gap] if place < number else wrong[gap] for place, gap in enumerate(gaps)]
        yield {"gaps": filled}, Fraction(number, len(gaps))


_FIELD = re.compile(r"\{(\d*):([A-Z_]+):((?:\\.|[^\\}])*)\}", re.DOTALL)


def _cloze(question: Element) -> Any:
    """Gaps in the text: each earns by the first answer that fits, times its weight."""
    text = question.findtext("questiontext/text") or ""
    fields = [each for each in _FIELD.findall(text) if not each[1].startswith(("MULTIRESPONSE", "MR"))]
    if not fields:
        return
    known = [[_alternative(each) for each in re.split(r"(?<!\\)~", answers)] for _, _, answers in fields]
    for number in range(3):
        filled = [some[min(number, len(some) - 1)][0] for some in known]
        filled = ["Nothing of it" if each == "*" else each for each in filled]
        earned = [
            _first_text(some, typed, 0 if kind == "SHORTANSWER_C" else re.IGNORECASE)
            if kind not in ("NUMERICAL", "NM")
            else next((fraction for value, fraction in some if Fraction(value) == Fraction(typed)), Fraction(0))
            for (_, kind, _), some, typed in zip(fields, known, filled, strict=True)
        ]
        weights = [int(weight or 1) for weight, _, _ in fields]
        total = sum((share * weight for share, weight in zip(earned, weights, strict=True)), Fraction(0))
        yield {"gaps": filled}, total / sum(weights)


def _alternative(written: str) -> tuple[str, Fraction]:
    fraction = Fraction(0)
    if written.startswith("="):
        fraction, written = Fraction(1), written[1:]
    elif weighed := re.match(r"%(-?[\d.,]+)%", written):
        fraction, written = Fraction(weighed[1].replace(",", ".")) / 100, written[weighed.end() :]
    answer = re.split(r"(?<![\\&])#", written)[0]
    value = unescape(re.sub(r"\\(.)", r"\1", answer)).strip()
    return re.sub(r":[\d.,]+$", "", value), fraction


_RULES = {
    "multichoice": _choice,
    "truefalse": _truth,
    "shortanswer": _short,
    "numerical": _number,
    "matching": _pairs,
    "ordering": _order,
    "gapselect": _boxes,
    "ddwtos": _boxes,
    "cloze": _cloze,
}
