"""A chart in Mermaid, to be pasted where that is drawn (https://mermaid.js.org/syntax/flowchart.html)."""

from __future__ import annotations

from collections.abc import Iterator

from core.flowcharts.charts import Arrow, Chart, one_line

# All else is written by its number: quotes end a label, and braces, percents and backticks mean something even inside.
_PLAIN = frozenset(" .,!?'-()…")


def mermaid(chart: Chart) -> str:
    """The chart as a flowchart from the top down."""
    return "\n".join(_lines(chart)) + "\n"


def _lines(chart: Chart) -> Iterator[str]:
    yield "flowchart TD"
    yield f"  accTitle: {_label(chart.title)}"
    yield f"  accDescr: {_label(chart.summary)}"
    yield '  start(["Begin"])'
    first = {frame.first: number for number, frame in enumerate(chart.frames)}
    ends = {frame.end - 1 for frame in chart.frames}
    for place, box in enumerate(chart.boxes):
        if place in first:
            frame = chart.frames[first[place]]
            note = "" if frame.note is None else f"<br/>{_label(frame.note)}"
            yield f'  subgraph s{first[place] + 1}["{_label(frame.words)}{note}"]'
        notes = "".join(f"<br/>{_label(each)}" for each in (box.note, box.warning) if each is not None)
        warned = ":::warned" if box.warning is not None else ""
        yield f'  b{place + 1}["{box.number}. {_label(box.words, 120)}{notes}"]{warned}'
        if place in ends:
            yield "  end"
    yield '  finish(["The end"])'
    yield from _edges(chart)
    yield "  classDef warned stroke:#b3261e,stroke-width:3px,stroke-dasharray:6 4"


def _edges(chart: Chart) -> Iterator[str]:
    yield f"  start --> {_name(0 if chart.boxes else None)}"
    for place, box in enumerate(chart.boxes):
        for arrow in chart.arrows_at(place):
            yield _edge(place, arrow)
        if box.goes_on:
            yield f"  b{place + 1} --> {_name(place + 1 if place + 1 < len(chart.boxes) else None)}"


def _edge(place: int, arrow: Arrow) -> str:
    said = "always" if arrow.when is None else f"if {_label(arrow.when)}"
    return f'  b{place + 1} -->|"{said}"| {_name(arrow.target)}'


def _name(place: int | None) -> str:
    return "finish" if place is None else f"b{place + 1}"


def _label(text: str, most: int = 200) -> str:
    return "".join(each if each.isalnum() or each in _PLAIN else f"#{ord(each)};" for each in one_line(text, most))
