"""The picture of a profile: it is whole and safe whatever is written in it, and says in words what it shows."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from hypothesis import given, settings
from hypothesis import strategies as st

from models.assessment import AttemptPhase
from resolvers.assessment import charts
from resolvers.assessment.profiles import Point, Profile, ProfileScale
from resolvers.curriculum.measuring import measure_of
from tests.assessment.test_measuring import PLAIN

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {"svg", "title", "desc", "g", "rect", "line", "circle", "polygon", "text"}
TEXTS = st.text(max_size=120) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "&amp; ]]> <!--",
        "رفاهية النفس",
        "睡眠の質" * 20,
        "👩‍👩‍👧‍👦" * 9,
    ]
)
PHASES = list(AttemptPhase)


def drawn(label: str, scores: dict[AttemptPhase, int], **fields: Any) -> ProfileScale:
    """A scale from 1 to 10 with these scores."""
    measure = measure_of({**PLAIN, "label": label, "minimum": 1, "maximum": 10, "change_threshold": 2, **fields})
    found = tuple(Point(phase, Fraction(scores[phase]), None, None) for phase in PHASES if phase in scores)
    return ProfileScale(measure, "", found, found[-1] if found else None)


def pictured(*scales: ProfileScale, title: str = "How I am") -> Element:
    """The picture, read back as a browser would."""
    return fromstring(charts.svg(Profile("0199a8f2-7c00-8036-9d1c-2f6f0f0a4b11", "u", scales), title))


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.lists(st.tuples(TEXTS, st.dictionaries(st.sampled_from(PHASES), st.integers(1, 10))), max_size=6))
def test_whatever_is_written_in_it_a_picture_is_only_shapes_and_words(title: str, lines: Any) -> None:
    root = pictured(*(drawn(label, scores) for label, scores in lines), title=title)
    elements = list(root.iter())
    assert {each.tag.removeprefix(SVG) for each in elements} <= DRAWN
    assert not any(
        name.startswith("on") or "href" in name or name == "style" for each in elements for name in each.attrib
    )
    height = float(root.attrib["height"])
    placed = [(float(each.attrib["x"]), float(each.attrib["y"])) for each in root.iter(f"{SVG}text")]
    assert all(0 <= across <= charts.WIDTH and 0 <= down <= height for across, down in placed)


def test_it_is_an_image_that_has_a_name_and_is_told_in_words() -> None:
    before, after = AttemptPhase.PRE, AttemptPhase.POST
    root = pictured(drawn("Sleep", {before: 3, after: 7}), drawn("Company", {before: 5, after: 6}), drawn("Work", {}))
    assert root.attrib["role"] == "img"
    title, desc = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert title is not None
    assert desc is not None
    assert root.attrib["aria-labelledby"] == f"{title.attrib['id']} {desc.attrib['id']}"
    assert desc.text == (
        "Sleep (from 1 to 10): before 3, after 7. +4 better. Counts as a change. "
        "Company (from 1 to 10): before 5, after 6. +1 better. Too small to count. "
        "Work (from 1 to 10): no score. Not enough answers."
    )


def test_phases_differ_by_shape_and_not_by_colour_alone() -> None:
    root = pictured(drawn("Sleep", dict(zip(PHASES, (1, 3, 5, 7, 9), strict=True))))
    (group,) = root.findall(f"{SVG}g")
    shapes = [each for each in group if each.tag.removeprefix(SVG) in {"circle", "polygon", "rect"}][1:]
    looks = [
        (each.tag, len(each.attrib.get("points", "").split()), each.attrib["fill"] == charts.PAPER) for each in shapes
    ]
    assert len(set(looks)) == 5


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_words_stand_out_from_the_paper_as_wcag_asks() -> None:
    root = pictured(drawn("Sleep", dict(zip(PHASES, (1, 3, 5, 7, 9), strict=True))))
    for words in root.iter(f"{SVG}text"):
        contrast = (_luminance(charts.PAPER) + 0.05) / (_luminance(words.attrib["fill"]) + 0.05)
        assert contrast >= 4.5, words.attrib["fill"]


def test_the_table_tells_the_same() -> None:
    scale = drawn("<b>Sleep</b>", {AttemptPhase.PRE: 3, AttemptPhase.POST: 7})
    found = charts.table(Profile("a", "u", (scale,)), "How I am")
    assert "&lt;b&gt;Sleep&lt;/b&gt;" in found
    assert re.findall(r"<td>(.*?)</td>", found) == ["1", "10", "3", "7", "▲ +4 better", "Counts as a change"]
