"""Where everything of a chart stands: boxes in a column, and beside it a lane for each box that arrows lead to.

An arrow leaves its row to the right, goes down its target's lane, and comes back. All arrows to one target share its
lane, and lanes that are not used at the same height share a place, so that a long chart stays narrow.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.flowcharts.charts import Arrow, Box, Chart, Frame, one_line
from core.flowcharts.outline import target_in_words

MARGIN, WIDTH, PADDING, GAP, LINE = 28, 520, 14, 26, 18
FRAME, HEADING, LANE, ROW_INSET = 18, 30, 12, 5
_WIDE = 1.0  # Of the size of the letters; the others are about half as wide.


@dataclass(frozen=True)
class Line:
    """A line of text: what it is (`kind`, `words`, `note`, `warning`, `rule`), and where its letters stand."""

    role: str
    text: str
    y: float


@dataclass(frozen=True)
class Row:
    """The row of an arrow: its lines, and the box around them; the arrow leaves at the middle of its right side."""

    arrow: Arrow
    lines: Sequence[Line]
    top: float
    height: float

    @property
    def middle(self) -> float:
        """The height at which the arrow leaves."""
        return self.top + self.height / 2


@dataclass(frozen=True)
class Placed:
    """A box or the rows at the end of a frame, from the top down."""

    box: Box | None
    top: float
    height: float
    lines: Sequence[Line]
    rows: Sequence[Row]


@dataclass(frozen=True)
class PlacedFrame:
    """A frame with its heading, and the rows at its end."""

    frame: Frame
    top: float
    height: float
    lines: Sequence[Line]
    foot: Placed | None


@dataclass(frozen=True)
class Lane:
    """All arrows to one target: the heights at which they come in, the height of the target, and where it runs."""

    target: int | None
    sources: Sequence[float]
    y: float
    x: float
    number: int


@dataclass
class Layout:
    """Everything of a chart with its place."""

    boxes: list[Placed] = field(default_factory=list)
    frames: list[PlacedFrame] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    start: float = 0
    finish: float = 0
    width: float = 0
    height: float = 0


def layout(chart: Chart) -> Layout:
    """Places a chart."""
    return _Layouter(chart).placed()


class _Layouter:
    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.found = Layout()
        self.y: float = MARGIN + 52  # Below the title.

    def placed(self) -> Layout:
        self.found.start = self.y
        self.y += 30 + GAP
        first = {frame.first: frame for frame in self.chart.frames}
        last = {frame.end - 1: frame for frame in self.chart.frames}
        opened: tuple[float, list[Line]] = (0, [])
        for place, box in enumerate(self.chart.boxes):
            if place in first:
                opened = self._open(first[place])
            self.found.boxes.append(self._box(box))
            if place in last:
                self._close(last[place], *opened)
            self.y += GAP
        self.found.finish = self.y
        self.found.height = self.y + 30 + MARGIN
        self._lay_lanes()
        return self.found

    def _open(self, frame: Frame) -> tuple[float, list[Line]]:
        top = self.y
        y = top + 22
        lines = []
        for role, text, most in (("heading", frame.words, 2), ("note", frame.note, 3)):
            for each in wrapped(text or "", WIDTH, 15 if role == "heading" else 12, most) if text else ():
                lines.append(Line(role, each, y))
                y += LINE
        self.y = y + 4
        return top, lines

    def _close(self, frame: Frame, top: float, lines: list[Line]) -> None:
        foot = None
        if frame.arrows:
            self.y += 12
            start = self.y
            rows = [self._row(arrow, "At the end of this section: ") for arrow in frame.arrows]
            foot = Placed(None, start, self.y - start, (), rows)
        self.y += FRAME
        self.found.frames.append(PlacedFrame(frame, top, self.y - top, lines, foot))

    def _box(self, box: Box) -> Placed:
        top = self.y
        y = top + PADDING + 8
        lines = []
        inside = WIDTH - 2 * PADDING
        texts = (
            ("kind", f"{box.number} · {box.kind}", 11, 1),
            ("words", box.words, 14, 3),
            ("note", box.note, 12, 3),
            ("warning", box.warning, 12, 3),
        )
        for role, text, size, most in texts:
            for each in wrapped(text, inside, size, most) if text else ():
                lines.append(Line(role, each, y))
                y += LINE
        self.y = y - 4
        rows = [self._row(arrow) for arrow in box.arrows]
        self.y += PADDING - 6
        return Placed(box, top, self.y - top, lines, rows)

    def _row(self, arrow: Arrow, before: str = "") -> Row:
        top = self.y
        when = "Always" if arrow.when is None else f"If {arrow.when}"
        text = f"{before}{when} → {target_in_words(self.chart, arrow)}"
        y = top + 16
        lines = []
        for each in wrapped(text, WIDTH - 2 * PADDING - 12, 12, 4):
            lines.append(Line("rule", each, y))
            y += 16
        self.y = y - 6 + ROW_INSET
        height = self.y - top - 3
        return Row(arrow, lines, top, height)

    def _lay_lanes(self) -> None:
        """Gives each target the innermost lane that is free over its whole height."""
        sources: dict[int | None, list[float]] = {}
        feet = [frame.foot for frame in self.found.frames if frame.foot is not None]
        for each in (*self.found.boxes, *feet):
            for row in each.rows:
                sources.setdefault(row.arrow.target, []).append(row.middle)
        spans = sorted((min(ys), target is None, target or 0, target) for target, ys in sources.items())
        # Spans come from the top down, so a lane is free from where its last one ends.
        free_from: list[float] = []
        right = MARGIN + 2 * FRAME + WIDTH + 14
        for top, _, _, target in spans:
            y = self._height_of(target)
            low, high = min(top, y), max(*sources[target], y)
            number = next((n for n, free in enumerate(free_from) if low > free), len(free_from))
            free_from[number : number + 1] = [high + 4]
            self.found.lanes.append(Lane(target, sorted(sources[target]), y, right + LANE * number, number))
        self.found.width = right + LANE * len(free_from) + MARGIN

    def _height_of(self, target: int | None) -> float:
        if target is None:
            return self.found.finish + 15
        return self.found.boxes[target].top + 12


def wrapped(text: str, width: float, size: float, most: int) -> list[str]:
    """Words in lines that are no wider than `width`, `most` of them; too long a word is broken, the rest is cut."""
    lines: list[str] = []
    line = ""
    for word in one_line(text, 600).split(" "):
        for piece in _pieces(word, width, size):
            wider = f"{line} {piece}" if line else piece
            if line and width_of(wider, size) > width:
                lines.append(line)
                line = piece
            else:
                line = wider
    lines.append(line)
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], f"{lines[most - 1].rstrip('.,;: ')} …"]


def _pieces(word: str, width: float, size: float) -> list[str]:
    if width_of(word, size) <= width:
        return [word]
    pieces, piece = [], ""
    for char in word:
        if piece and width_of(piece + char, size) > width - size:
            pieces.append(piece)
            piece = ""
        piece += char
    return [*pieces, piece]


def width_of(text: str, size: float) -> float:
    """About how wide a text is; rather too much than too little."""
    return sum(_width(char) for char in text) * size


def _width(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return _WIDE
    if char in "iljtfr.,:;'!|()[] ":
        return 0.39
    return 0.8 if char.isupper() or char in "mw@%" else 0.62
