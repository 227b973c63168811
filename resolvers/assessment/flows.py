"""The map of an assessment: its blocks as a chart, with conditions in words, for its editors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import DomainError
from core.flowcharts import Arrow, Box, Chart, Frame
from core.reading import Reader
from core.rows import Row
from resolvers.assessment.simulating import blocks_of, name_of, words
from resolvers.curriculum.branches import branches_of, problems_on_the_way, reach, settled
from resolvers.curriculum.conditions import problems_beside, standings
from resolvers.curriculum.sections import SECTION, ends_of, sections_of

Rules = Mapping[str, Sequence[Row]]


@dataclass(frozen=True)
class Flow:
    """The chart, and what stands in the way of publishing it."""

    chart: Chart
    problems: Sequence[DomainError]


async def flow_of(reader: Reader, assessment_id: str) -> Flow | None:
    """The flow of an assessment in the stage that is read; None where its editors see none."""
    found = await blocks_of(reader, assessment_id)
    if found is None:
        return None
    assessment, blocks = found
    given = await branches_of(reader, [block.id for block in blocks])
    rules = {block.id: some or [] for block, some in zip(blocks, given, strict=True)}
    is_mixed = assessment.shuffle or assessment.question_limit is not None
    beside = {"kind": "assessment", "parent": assessment.title, "is_mixed": is_mixed}
    stood = list(standings([Row({**vars(block), **beside}) for block in blocks]))
    problems = [*problems_beside(stood), *problems_on_the_way(stood, rules)] if stood else []
    return Flow(chart_of(assessment.title, blocks, rules), problems)


def chart_of(title: str, blocks: Sequence[Row], rules: Rules) -> Chart:
    """Blocks in order, with their rules, as a chart. Sections are frames; one with words only is a step."""
    sections = sections_of([block.format for block in blocks])
    ends = ends_of(sections)
    framed = {place for place, end in ends.items() if end > place + 1}
    boxes = [place for place in range(len(blocks)) if place not in framed]
    # An arrow to a section leads to the first step in it.
    places = {blocks[place].id: number for number, place in enumerate(boxes)}
    places |= {blocks[place].id: places[blocks[place + 1].id] for place in framed}
    lost = _unreached(blocks, rules)

    def arrows(block: Row) -> list[Arrow]:
        return [
            Arrow(None if rule.condition is None else words(rule.condition), places.get(rule.goto_block_id))
            for rule in rules.get(block.id, ())
            if rule.goto_block_id is None or rule.goto_block_id in places
        ]

    def box(place: int) -> Box:
        block = blocks[place]
        section = sections[place]
        warning = "Nobody would ever come to this block." if place in lost else None
        note = _shown_when(block)
        goes_on = _may_go_on(block, blocks[section] if section in framed and section is not None else None, rules)
        return Box(
            place + 1, block.format.replace("_", " "), name_of(block, 300), note, arrows(block), goes_on, warning
        )

    frames = [
        Frame(
            name_of(blocks[place], 300),
            places[blocks[place].id],
            places[blocks[ends[place] - 1].id] + 1,
            _shown_when(blocks[place]),
            arrows(blocks[place]),
        )
        for place in sorted(framed)
    ]
    return Chart(title, [box(place) for place in boxes], frames)


def _shown_when(block: Row) -> str | None:
    return None if block.show_if is None else f"Shown when {words(block.show_if)}"


def _may_go_on(block: Row, section: Row | None, rules: Rules) -> bool:
    """Whether the next block may come after it: unless it is always shown, and one of its rules always applies."""
    around = section is None or settled(section.show_if) is True
    is_sure = around and (block.format == SECTION or settled(block.show_if) is True)
    return not (is_sure and any(settled(rule.condition) is True for rule in rules.get(block.id, ())))


def _unreached(blocks: Sequence[Row], rules: Rules) -> frozenset[int]:
    found = reach(
        [(block.id, block.format, block.show_if) for block in blocks],
        {name: [(rule.condition, rule.goto_block_id) for rule in some] for name, some in rules.items()},
    )
    return found.unreached
