"""A chart as plain text, for those who read rather than look."""

from __future__ import annotations

from collections.abc import Iterator

from core.flowcharts.charts import Arrow, Chart, one_line


def outline(chart: Chart) -> str:
    """The chart as text: a line for each step, with what comes after it beneath."""
    return "\n".join(_lines(chart))


def _lines(chart: Chart) -> Iterator[str]:
    yield one_line(chart.title)
    yield chart.summary
    first = {frame.first: frame for frame in chart.frames}
    last = {frame.end - 1: frame for frame in chart.frames}
    for place, box in enumerate(chart.boxes):
        if place in first:
            yield ""
            yield f"Section: {one_line(first[place].words)}"
            yield from _noted(first[place].note)
        yield f"{box.number}. {one_line(box.words)} ({one_line(box.kind)})"
        yield from _noted(box.note)
        yield from _noted(box.warning)
        for arrow in box.arrows:
            yield f"   - {_said(chart, arrow)}"
        for arrow in last[place].arrows if place in last else ():
            yield f"   - at the end of the section, {_said(chart, arrow)}"


def _noted(text: str | None) -> Iterator[str]:
    if text is not None:
        yield f"   {one_line(text)}"


def _said(chart: Chart, arrow: Arrow) -> str:
    when = "always" if arrow.when is None else f"if {one_line(arrow.when)}"
    return f"{when}: {target_in_words(chart, arrow)}"


def target_in_words(chart: Chart, arrow: Arrow) -> str:
    """Where an arrow leads."""
    if arrow.target is None:
        return "to the end"
    box = chart.boxes[arrow.target]
    return f"to {box.number}. {one_line(box.words, 60)}"
