"""A profile as a picture: one line for each scale, with a mark for each phase, and what has changed in words.

It is an SVG that stands by itself: no scripts, no links, nothing to load. It is made as a tree of elements, so that a
label can never become markup. What it shows is told by shapes and words as well as by colours, and `table` tells all of
it again for those who do not see it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, tostring

from models.assessment import AttemptPhase
from models.curriculum import ScaleRole
from resolvers.assessment.profiles import Profile, ProfileScale
from resolvers.curriculum.measuring import exact, shown

WIDTH, MARGIN = 780, 24
_LABELS, _LINE = 196, 290
_LEFT = MARGIN + _LABELS + 44
_RIGHT = _LEFT + _LINE
_TOP, _LEAST_ROW, _LINE_HEIGHT, _MOST_LINES = 96, 68, 18, 3
INK, QUIET, RULE, PAPER = "#1b2733", "#4a5968", "#b9c4cf", "#ffffff"
BEFORE, BETWEEN, AFTER, LATER = "#7a3e00", "#5d3a8c", "#0b57a4", "#0a6650"
# How much wider bold letters are; no font is at hand to ask.
_BOLD = 1.1
_STRIPES = ("#eef2f6", "#dfe6ee")
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
# What XML cannot hold, and what would turn the words beside it round.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")

WORDS = {
    AttemptPhase.NONE: "Now",
    AttemptPhase.PRE: "Before",
    AttemptPhase.MID: "Midway",
    AttemptPhase.POST: "After",
    AttemptPhase.FOLLOW_UP: "Later",
}
_COLOURS = {
    AttemptPhase.NONE: INK,
    AttemptPhase.PRE: BEFORE,
    AttemptPhase.MID: BETWEEN,
    AttemptPhase.POST: AFTER,
    AttemptPhase.FOLLOW_UP: LATER,
}
# Whose number is written above its mark; the others stand below.
_ABOVE = {AttemptPhase.NONE, AttemptPhase.POST, AttemptPhase.FOLLOW_UP}


@dataclass(frozen=True)
class _Line:
    """One scale in the picture: where its line is, and the lines of its label."""

    scale: ProfileScale
    label: list[str]
    top: float
    height: float

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def svg(profile: Profile, title: str) -> str:
    """The picture of a profile."""
    lines = list(_lines(profile.scales))
    height = (lines[-1].top + lines[-1].height if lines else _TOP) + MARGIN
    name = f"profile-{profile.assessment_id}"
    root = Element("svg", _attributes(WIDTH, height, name))
    SubElement(root, "title", {"id": f"{name}-title"}).text = clean(title)
    SubElement(root, "desc", {"id": f"{name}-desc"}).text = in_words(profile)
    _box(root, 0, 0, WIDTH, height, PAPER)
    _text(root, MARGIN, 40, _wrapped(clean(title), (WIDTH - 2 * MARGIN) / _BOLD, 20, 1)[0], size=20, weight="600")
    _legend(root, profile.phases)
    for line in lines:
        _row(root, line, is_first=line is lines[0])
    return tostring(root, encoding="unicode")


def in_words(profile: Profile) -> str:
    """The same in sentences, for those who hear it read."""
    return " ".join(_sentence(each) for each in profile.scales)


def table(profile: Profile, title: str) -> str:
    """The same as an HTML table."""
    phases = profile.phases
    root = Element("table")
    SubElement(root, "caption").text = clean(title)
    head = SubElement(SubElement(root, "thead"), "tr")
    for name in ("Scale", "From", "To", *(WORDS[phase] for phase in phases), "Change", "Meaning"):
        SubElement(head, "th", {"scope": "col"}).text = name
    body = SubElement(root, "tbody")
    for scale in profile.scales:
        line = SubElement(body, "tr")
        SubElement(line, "th", {"scope": "row", "dir": "auto"}).text = clean(scale.measure.label)
        scores = [scale.score(phase) for phase in phases]
        ends = [shown(scale.measure.minimum), shown(scale.measure.maximum)]
        told = [*ends, *("" if each is None else shown(each) for each in scores), _change(scale), _verdict(scale)]
        for cell in told:
            SubElement(line, "td").text = cell
    return tostring(root, encoding="unicode", method="html")


def clean(text: str) -> str:
    """A text that a picture can hold: on one line, without what XML cannot hold."""
    return " ".join(_UNFIT.sub("", text).split())


def _attributes(width: float, height: float, name: str) -> dict[str, str]:
    return {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width} {_number(height)}",
        "width": str(width),
        "height": _number(height),
        "role": "img",
        "aria-labelledby": f"{name}-title {name}-desc",
        "font-family": _FONT,
    }


# Lines ---------------------------------------------------------------------------------------------------------------


def _lines(scales: Sequence[ProfileScale]) -> Iterator[_Line]:
    top = float(_TOP)
    for scale in scales:
        label = _wrapped(clean(scale.measure.label), _LABELS, 15, _MOST_LINES)
        height = max(_LEAST_ROW, len(label) * _LINE_HEIGHT + 32)
        yield _Line(scale, label, top, height)
        top += height


def _row(root: Element, line: _Line, *, is_first: bool) -> None:
    scale, group = line.scale, SubElement(root, "g")
    if not is_first:
        _rule(group, MARGIN, line.top, WIDTH - MARGIN)
    first = line.middle - (len(line.label) - 1) * _LINE_HEIGHT / 2 + 5
    weight = "600" if scale.measure.role is ScaleRole.OVERALL else "400"
    for number, words in enumerate(line.label):
        _text(group, MARGIN, first + number * _LINE_HEIGHT, words, size=15, weight=weight)
    _bands(group, line)
    _text(group, _LEFT - 14, line.middle + 4, shown(scale.measure.minimum), size=11, fill=QUIET, anchor="end")
    _text(group, _RIGHT + 14, line.middle + 4, shown(scale.measure.maximum), size=11, fill=QUIET)
    _path(group, line)
    _marks(group, line)
    _told(group, line)


def _bands(group: Element, line: _Line) -> None:
    """The line itself, in stripes where there are bands."""
    edges = [exact(band.minimum) for band in line.scale.measure.bands] or [line.scale.measure.minimum]
    ends = [*edges[1:], line.scale.measure.maximum]
    for number, (low, high) in enumerate(zip(edges, ends, strict=True)):
        left, right = _at(line, low), _at(line, high)
        _box(group, left, line.middle - 7, right - left, 14, _STRIPES[number % 2])
        if number:
            _rule(group, left, line.middle, left, rise=7)


def _path(group: Element, line: _Line) -> None:
    before, after = line.scale.score(AttemptPhase.PRE), line.scale.score(AttemptPhase.POST)
    if before is not None and after is not None:
        ends = {"x1": _number(_at(line, before)), "x2": _number(_at(line, after))}
        level = {"y1": _number(line.middle), "y2": _number(line.middle)}
        SubElement(group, "line", {**ends, **level, "stroke": INK, "stroke-width": "2.5"})


def _marks(group: Element, line: _Line) -> None:
    taken: dict[bool, list[float]] = {True: [], False: []}
    for point in sorted(line.scale.points, key=lambda each: _PRECEDENCE.index(each.phase)):
        across, is_above = _at(line, point.score), point.phase in _ABOVE
        _mark(group, point.phase, across, line.middle)
        width = len(shown(point.score)) * 8 + 6
        if all(abs(across - other) >= width for other in taken[is_above]):
            taken[is_above].append(across)
            below = line.middle + (-13 if is_above else 23)
            _text(
                group,
                across,
                below,
                shown(point.score),
                size=12,
                weight="600",
                fill=_COLOURS[point.phase],
                anchor="middle",
            )


# Numbers are written while there is room, those that matter most first.
_PRECEDENCE = [AttemptPhase.PRE, AttemptPhase.POST, AttemptPhase.NONE, AttemptPhase.FOLLOW_UP, AttemptPhase.MID]


def _mark(group: Element, phase: AttemptPhase, across: float, down: float) -> None:
    """A ring before, a diamond midway, a disc after, a square later; a triangle where there is no phase."""
    x, y, colour = _number(across), _number(down), _COLOURS[phase]
    match phase:
        case AttemptPhase.PRE:
            ring = {"cx": x, "cy": y, "r": "8", "fill": PAPER, "stroke": colour, "stroke-width": "3"}
            SubElement(group, "circle", ring)
        case AttemptPhase.MID:
            corners = (
                f"{x},{_number(down - 7)} {_number(across + 7)},{y} {x},{_number(down + 7)} {_number(across - 7)},{y}"
            )
            SubElement(group, "polygon", {"points": corners, "fill": colour, "stroke": PAPER})
        case AttemptPhase.FOLLOW_UP:
            place = {"x": _number(across - 6), "y": _number(down - 6), "width": "12", "height": "12"}
            SubElement(group, "rect", {**place, "fill": colour, "stroke": PAPER})
        case AttemptPhase.NONE:
            _polygon(group, [(across, down - 8), (across + 8, down + 6), (across - 8, down + 6)], colour)
        case AttemptPhase.POST:
            SubElement(group, "circle", {"cx": x, "cy": y, "r": "6", "fill": colour, "stroke": PAPER})


def _told(group: Element, line: _Line) -> None:
    """What has changed, or what the newest score means."""
    left = _RIGHT + 54
    room = WIDTH - MARGIN - left
    told = [each for each in (_change(line.scale), _verdict(line.scale)) if each]
    first = line.middle + 5 - (len(told) - 1) * 9
    for number, words in enumerate(told):
        down = first + number * _LINE_HEIGHT
        if number == 0 and line.scale.change is not None:
            _text(group, left, down, _wrapped(words, room / _BOLD, 15, 1)[0], size=15, weight="600")
        else:
            _text(group, left, down, _wrapped(words, room, 13, 1)[0], size=13, fill=QUIET)


def _change(scale: ProfileScale) -> str:
    if scale.change is None:
        return ""
    if scale.change == 0:
        return "No change"
    sign, arrow = ("+", "▲") if scale.change > 0 else ("−", "▼")
    return f"{arrow} {sign}{shown(abs(scale.change))} {'better' if scale.is_better else 'worse'}"


def _verdict(scale: ProfileScale) -> str:
    """Whether a change counts; without one the band, or why there is nothing to tell."""
    if scale.change:
        if scale.changed is not None:
            return "Counts as a change" if scale.changed else "Too small to count"
    elif scale.latest is None:
        return "Not enough answers"
    elif scale.change is None and scale.score(AttemptPhase.PRE) is not None:
        return "Not measured again"
    return clean(scale.latest.band.label) if scale.latest is not None and scale.latest.band is not None else ""


def _sentence(scale: ProfileScale) -> str:
    ends = f"from {shown(scale.measure.minimum)} to {shown(scale.measure.maximum)}"
    scores = ", ".join(f"{WORDS[each.phase].lower()} {shown(each.score)}" for each in scale.points) or "no score"
    told = ". ".join(each for each in (_change(scale).lstrip("▲▼ "), _verdict(scale)) if each)
    return f"{clean(scale.measure.label)} ({ends}): {scores}.{f' {told}.' if told else ''}"


# Drawing -------------------------------------------------------------------------------------------------------------


def _legend(root: Element, phases: Sequence[AttemptPhase]) -> None:
    across = float(_LEFT)
    for phase in phases:
        _mark(root, phase, across + 8, 70)
        _text(root, across + 22, 75, WORDS[phase], size=13, fill=INK)
        across += 22 + _width(WORDS[phase], 13) + 22


def _at(line: _Line, score: Fraction) -> float:
    measure = line.scale.measure
    share = (min(max(score, measure.minimum), measure.maximum) - measure.minimum) / (measure.maximum - measure.minimum)
    return _LEFT + float(share) * _LINE


def _box(root: Element, left: float, top: float, width: float, height: float, fill: str) -> None:
    place = {"x": _number(left), "y": _number(top), "width": _number(width), "height": _number(height)}
    SubElement(root, "rect", {**place, "fill": fill})


def _polygon(root: Element, corners: Sequence[tuple[float, float]], fill: str) -> None:
    points = " ".join(f"{_number(across)},{_number(down)}" for across, down in corners)
    SubElement(root, "polygon", {"points": points, "fill": fill, "stroke": PAPER})


def _rule(root: Element, left: float, down: float, right: float, rise: float = 0) -> None:
    ends = {"x1": _number(left), "y1": _number(down - rise), "x2": _number(right), "y2": _number(down + rise)}
    SubElement(root, "line", {**ends, "stroke": RULE, "stroke-width": "1"})


def _text(
    root: Element,
    across: float,
    down: float,
    words: str,
    *,
    size: int,
    weight: str = "400",
    fill: str = INK,
    anchor: str = "start",
) -> None:
    look = {"font-size": str(size), "font-weight": weight, "fill": fill, "text-anchor": anchor}
    place = {"x": _number(across), "y": _number(down), "unicode-bidi": "isolate"}
    SubElement(root, "text", {**place, **look}).text = words


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _wrapped(text: str, room: float, size: int, most: int) -> list[str]:
    """The text in lines that fit, by what letters take at about; the last one says by three dots that there is more."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most:
        line, rest = _line_of(rest, room, size)
        lines.append(line)
    if rest and lines:
        lines[-1] = _cut(lines[-1], room, size)
    return lines or [""]


def _line_of(text: str, room: float, size: int) -> tuple[str, str]:
    """As much as fits of a text, up to the end of a word if there is one, and the rest."""
    if _width(text, size) <= room:
        return text, ""
    end = 0
    while _width(text[: end + 1], size) <= room:
        end += 1
    end = _whole(text, max(end, 1))
    space = text.rfind(" ", 0, end + 1)
    cut = space if space > 0 else end
    return text[:cut].rstrip(), text[cut:].lstrip()


def _cut(line: str, room: float, size: int) -> str:
    while line and _width(f"{line}…", size) > room:
        line = line[: _whole(line, len(line) - 1)]
    return f"{line.rstrip()}…"


def _whole(text: str, end: int) -> int:
    """The same place, or one before it where that would tear a letter from its marks."""
    while 0 < end < len(text) and (_is_mark(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return end or 1


def _is_mark(letter: str) -> bool:
    return bool(unicodedata.combining(letter)) or letter in "\u200d\ufe0f" or "\U0001f3fb" <= letter <= "\U0001f3ff"


def _width(text: str, size: int) -> float:
    return sum(_share(letter) for letter in text) * size


def _share(letter: str) -> float:
    if _is_mark(letter):
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.15
    if letter in " iljtfrI.,:;'!|()[]":
        return 0.38
    return 0.78 if letter in "mwMWOQ@%" or letter.isupper() else 0.62
