"""A chart drawn as SVG. Every text is set as text by the XML library, so that nothing in it can become markup."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from core.flowcharts.charts import Chart, one_line
from core.flowcharts.layout import FRAME, MARGIN, PADDING, WIDTH, Lane, Layout, Line, Placed, layout

# Each at least 4.5 to 1 on white; lanes beside each other differ in lightness as well.
COLOURS = ("#1f4e9c", "#9a3412", "#166534", "#6b21a8", "#0e7490", "#9d174d", "#4d5b00", "#44403c")
STYLE = """
text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif;
  fill: #1c1917; font-size: 14px }
.title { font-size: 20px; font-weight: 600 } .summary, .kind { fill: #57534e; font-size: 12px }
.kind { font-size: 11px }
.heading { font-size: 15px; font-weight: 600 } .note { font-size: 12px; font-style: italic; fill: #44403c }
.warning { font-size: 12px; font-weight: 600; fill: #b3261e } .rule { font-size: 12px }
.frame { fill: #f5f5f4; stroke: #a8a29e } .box { fill: #fff; stroke: #57534e } .row { fill: #eef2ff; stroke: none }
.conditional { stroke-dasharray: 5 3 } .warned { stroke: #b3261e; stroke-width: 2.5; stroke-dasharray: 7 4 }
.end { fill: #1c1917 } .end-text { fill: #fff; font-size: 13px; font-weight: 600 }
.line { fill: none; stroke-width: 1.75 } .halo { fill: none; stroke: #fff; stroke-width: 5 }
.on { stroke: #57534e; stroke-width: 1.5; fill: none }
"""
_LEFT = MARGIN + FRAME
_RIGHT = _LEFT + WIDTH


def svg(chart: Chart) -> str:
    """The chart as an SVG document, with a title and a description for those who do not see it."""
    placed = layout(chart)
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-labelledby": "title desc"})
    root.set("viewBox", f"0 0 {placed.width:g} {placed.height:g}")
    root.set("width", f"{placed.width:g}")
    root.set("height", f"{placed.height:g}")
    ET.SubElement(root, "title", {"id": "title"}).text = one_line(chart.title)
    ET.SubElement(root, "desc", {"id": "desc"}).text = f"A chart of the way through it. {chart.summary}"
    ET.SubElement(root, "style").text = STYLE
    ET.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "#fff"})
    _text(root, "title", one_line(chart.title, 44), MARGIN, MARGIN + 14)
    _text(root, "summary", chart.summary, MARGIN, MARGIN + 36)
    for frame in placed.frames:
        _rect(root, "frame", MARGIN, frame.top, WIDTH + 2 * FRAME, frame.height, radius=10)
        _lines(root, frame.lines, _LEFT)
        if frame.foot is not None:
            _rows(root, frame.foot)
    _ways_on(root, chart, placed)
    for box in placed.boxes:
        _box(root, box)
    _pill(root, "Begin", placed.start)
    _pill(root, "The end", placed.finish)
    for lane in placed.lanes:
        _lane(root, lane)
    return ET.tostring(root, encoding="unicode")


def _box(root: ET.Element, placed: Placed) -> None:
    assert placed.box is not None
    looks = "box"
    if placed.box.note is not None:
        looks += " conditional"
    if placed.box.warning is not None:
        looks = "box warned"
    group = ET.SubElement(root, "g", {"id": f"step-{placed.box.number}"})
    _rect(group, looks, _LEFT, placed.top, WIDTH, placed.height, radius=8)
    _lines(group, placed.lines, _LEFT + PADDING)
    _rows(group, placed)


def _rows(root: ET.Element, placed: Placed) -> None:
    for row in placed.rows:
        _rect(root, "row", _LEFT + PADDING - 6, row.top, WIDTH - 2 * PADDING + 12, row.height, radius=4)
        _lines(root, row.lines, _LEFT + PADDING)


def _ways_on(root: ET.Element, chart: Chart, placed: Layout) -> None:
    """Short arrows from each box to the next, where it may come next."""
    middle = _LEFT + WIDTH / 2
    bottoms = [placed.start + 30, *(box.top + box.height for box in placed.boxes)]
    tops = [*(box.top for box in placed.boxes), placed.finish]
    goes_on = [True, *(box.goes_on for box in chart.boxes)]
    feet = {frame.frame.end: frame.foot for frame in placed.frames if frame.foot is not None}
    for place, (bottom, top, may) in enumerate(zip(bottoms, tops, goes_on, strict=True)):
        if may:
            foot = feet.get(place)
            start = bottom if foot is None else foot.top + foot.height
            ET.SubElement(root, "path", {"class": "on", "d": f"M{middle:g} {start:g}V{top - 6:g}"})
            _arrow_head(root, middle, top, "#57534e", down=True)


def _lane(root: ET.Element, lane: Lane) -> None:
    colour = COLOURS[lane.number % len(COLOURS)]
    out = _RIGHT - PADDING + 6
    lines = [f"M{out:g} {y:g}H{lane.x:g}" for y in lane.sources]
    ys = (*lane.sources, lane.y)
    lines.append(f"M{lane.x:g} {min(ys):g}V{max(ys):g}")
    edge = _RIGHT if lane.target is not None else _LEFT + WIDTH / 2 + 50
    lines.append(f"M{lane.x:g} {lane.y:g}H{edge + 6:g}")
    # White beneath the line keeps crossings apart.
    ET.SubElement(root, "path", {"class": "halo", "d": lines[-2]})
    ET.SubElement(root, "path", {"class": "line", "stroke": colour, "d": "".join(lines)})
    _arrow_head(root, edge, lane.y, colour)


def _arrow_head(root: ET.Element, x: float, y: float, colour: str, *, down: bool = False) -> None:
    shape = f"M{x - 5:g} {y - 8:g}h10l-5 8z" if down else f"M{x + 9:g} {y - 5:g}v10l-9 -5z"
    ET.SubElement(root, "path", {"fill": colour, "d": shape})


def _pill(root: ET.Element, words: str, top: float) -> None:
    middle = _LEFT + WIDTH / 2
    _rect(root, "end", middle - 50, top, 100, 30, radius=15)
    element = _text(root, "end-text", words, middle, top + 20)
    element.set("text-anchor", "middle")


def _lines(root: ET.Element, lines: Sequence[Line], x: float) -> None:
    for line in lines:
        _text(root, line.role, line.text, x, line.y)


def _text(root: ET.Element, role: str, words: str, x: float, y: float) -> ET.Element:
    element = ET.SubElement(root, "text", {"class": role, "x": f"{x:g}", "y": f"{y:g}"})
    element.text = words
    return element


def _rect(root: ET.Element, looks: str, left: float, top: float, width: float, height: float, *, radius: float) -> None:
    size = {"x": left, "y": top, "width": width, "height": height, "rx": radius}
    ET.SubElement(root, "rect", {"class": looks, **{name: f"{value:g}" for name, value in size.items()}})
