"""Charts: drawn, in Mermaid and as text; whatever their words hold, they stay words."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.flowcharts import Arrow, Box, Chart, Frame, mermaid, outline, svg
from core.flowcharts.charts import one_line
from core.flowcharts.layout import Layout, layout, width_of, wrapped

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    '</text><script>alert(1)</script>',
    '"]; click b1 href "javascript:alert(1)"',
    "%%{init: {'securityLevel': 'loose'}}%%",
    "`**bold**` <img src=x onerror=alert(1)> &amp; #quot;",
    "two\nlines\r\n  end\n",
    "nul\x00, bell\x07, half a pair \ud800, turned \u202egnol\u202c",
    "]]> <!-- --> <![CDATA[ ]]>",
]  # fmt: skip
A_CHART = Chart(
    "How do you sleep?",
    [
        Box(1, "scale", "How rested are you?", None, [Arrow("rested is below 4", 2), Arrow(None, None)], goes_on=False),
        Box(3, "text", "Good.", "Shown when rested is above 8"),
        Box(4, "scale", "Since when?", warning="Nobody would ever come to this block."),
    ],
    [Frame("More", 1, 3, "Shown when rested is above 1", [Arrow("since is below 2", None)])],
)


def test_a_chart_is_told_as_text() -> None:
    assert outline(A_CHART).splitlines() == [
        "How do you sleep?",
        "3 steps, 1 section and 3 rules.",
        "1. How rested are you? (scale)",
        "   - if rested is below 4: to 4. Since when?",
        "   - always: to the end",
        "",
        "Section: More",
        "   Shown when rested is above 1",
        "3. Good. (text)",
        "   Shown when rested is above 8",
        "4. Since when? (scale)",
        "   Nobody would ever come to this block.",
        "   - at the end of the section, if since is below 2: to the end",
    ]


def test_a_chart_is_written_in_mermaid() -> None:
    assert mermaid(A_CHART).splitlines()[3:] == [
        '  start(["Begin"])',
        '  b1["1. How rested are you?"]',
        '  subgraph s1["More<br/>Shown when rested is above 1"]',
        '  b2["3. Good.<br/>Shown when rested is above 8"]',
        '  b3["4. Since when?<br/>Nobody would ever come to this block."]:::warned',
        "  end",
        '  finish(["The end"])',
        "  start --> b1",
        '  b1 -->|"if rested is below 4"| b3',
        '  b1 -->|"always"| finish',
        "  b2 --> b3",
        '  b3 -->|"if since is below 2"| finish',
        "  b3 --> finish",
        "  classDef warned stroke:#b3261e,stroke-width:3px,stroke-dasharray:6 4",
    ]


def test_a_picture_says_what_it_shows() -> None:
    root = ET.fromstring(svg(A_CHART))
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "title desc")
    assert [(each.get("id"), each.text) for each in root if each.tag in (f"{SVG}title", f"{SVG}desc")] == [
        ("title", "How do you sleep?"),
        ("desc", "A chart of the way through it. 3 steps, 1 section and 3 rules."),
    ]
    said = [each.text for each in root.iter(f"{SVG}text")]
    for words in ("Begin", "How rested are you?", "If rested is below 4 → to 4. Since when?", "The end"):
        assert words in said


@pytest.mark.parametrize("words", HOSTILE)
def test_words_stay_words(words: str) -> None:
    chart = Chart(words, [Box(1, words, words, words, [Arrow(words, 0)], warning=words)], [Frame(words, 0, 1, words)])
    root = ET.fromstring(svg(chart))
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "g", "text", "path",
    }  # fmt: skip
    assert not any(name.startswith("on") or "href" in name for each in root.iter() for name in each.attrib)
    said = mermaid(chart)
    assert len(said.splitlines()) == 12
    for line in said.splitlines()[3:]:
        for label in re.findall(r'"(.*?)"', line):
            assert not set(re.sub(r"#\d+;|<br/>", "", label)) & set('"`%{}<>&;|[]#')
    assert not re.search(r"[\x00-\x08\u202a-\u202e\ud800-\udfff]", said + outline(chart) + svg(chart))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(words=st.text(max_size=60))
def test_whatever_is_written_the_picture_can_be_read(words: str) -> None:
    chart = Chart(words, [Box(1, "text", words, words, [Arrow(words, None)])])
    ET.fromstring(svg(chart))
    assert len(outline(chart).splitlines()) == 5
    assert one_line(one_line(words)) == one_line(words)


def test_lines_are_no_wider_than_there_is_room() -> None:
    text = "Supercalifragilisticexpialidocious " * 3 + "ありがとう" * 20
    lines = wrapped(text, 200, 14, 50)
    assert max(width_of(line, 14) for line in lines) <= 200
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrapped(text, 200, 14, 2)[-1].endswith("…")


def test_nothing_stands_on_anything_else_however_long_it_is() -> None:
    boxes = [
        Box(n + 1, "scale", f"Question {n}?", arrows=[Arrow("x is 1", min(119, n + 2 + n % 7))] if n % 3 else ())
        for n in range(120)
    ]
    frames = [Frame(f"Part {n}", n, n + 12, arrows=[Arrow("y is 1", None)]) for n in range(0, 120, 12)]
    placed = layout(Chart("Long", boxes, frames))
    for above, below in zip(placed.boxes, placed.boxes[1:], strict=False):
        assert above.top + above.height < below.top
    for first, second in combinations(placed.lanes, 2):
        if first.x == second.x:
            (top, bottom), (other_top, other_bottom) = span(placed, first), span(placed, second)
            assert bottom < other_top or other_bottom < top
    assert placed.width < 900


def span(_placed: Layout, lane: object) -> tuple[float, float]:
    """From where to where a lane runs."""
    ys = (*lane.sources, lane.y)  # type: ignore[attr-defined]
    return min(ys), max(ys)
