"""A dry run through an assessment, for its editors: draft or published, with given answers. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.errors import DomainError, InvalidInput, SeveralErrors
from core.expressions import ExpressionError, in_words, parse
from core.reading import Reader
from core.rows import Row
from models.curriculum import Block, BlockFormat
from resolvers.assessment.papers import rules_by_block, whole
from resolvers.assessment.walking import Hidden, HiddenBecause, Jump, Path, Result, path_through, question_of, result_of
from resolvers.content import drafts
from resolvers.curriculum.batches import answer_keys
from resolvers.curriculum.branches import branches_of
from resolvers.curriculum.measuring import Measure, Measured, measure_of, measured
from resolvers.curriculum.visible import ASSESSMENT, BLOCK, SCALE
from resolvers.formats import QUESTIONS
from resolvers.formats.answering import answered, stored

_ASSESSMENT = ("id", "title", "passing_score", "shuffle", "question_limit")


@dataclass(frozen=True)
class Simulated:
    """What a dry run comes to. `blocks` are all blocks by id; what is wrong with answers stands in `problems`."""

    blocks: Mapping[str, Row]
    path: Path
    answers: Mapping[str, Mapping[str, Any]]
    problems: Sequence[DomainError]
    passing_score: int
    scales: Sequence[Measure]

    @property
    def measured(self) -> list[Measured]:
        """What the answers on the path come to on each scale."""
        given = {step.block_id: (step.question, step.response) for step in self.path.steps}
        names = {block.id: block.key for block in self.blocks.values() if block.key is not None}
        return [measured(scale, given, names) for scale in self.scales]

    @property
    def result(self) -> Result:
        """The points."""
        return result_of(self.path.steps)

    @property
    def discarded(self) -> list[str]:
        """The ids of the questions that were answered and are not on the path."""
        on_path = set(self.path.shown_ids)
        return [each for each in self.answers if each not in on_path]

    @property
    def missing(self) -> list[str]:
        """The ids of the questions that have to be answered and are not."""
        return [step.block_id for step in self.path.steps if step.is_required and step.response is None]


async def blocks_of(reader: Reader, assessment_id: str) -> tuple[Row, list[Row]] | None:
    """An assessment and its blocks in order, with all that walks take; None where its editors see none."""
    stage = {"id": assessment_id, "stage": reader.perspective.stage}
    content = drafts.CONTENT
    found = await reader.select(
        sa.select(*(ASSESSMENT.c[name] for name in _ASSESSMENT))
        # Whose it is not to edit sees no identity of it.
        .join(content, content.c.id == ASSESSMENT.c.id)
        .where(ASSESSMENT.c.id == sa.bindparam("id"), ASSESSMENT.c.stage == sa.bindparam("stage")),
        stage,
    )
    mine = sa.and_(BLOCK.c.assessment_id == sa.bindparam("id"), BLOCK.c.stage == sa.bindparam("stage"))
    blocks = await reader.select(
        sa.select(BLOCK)
        .join(content, content.c.id == BLOCK.c.id)
        .where(mine, content.c.trashed_at.is_(None))
        .order_by(BLOCK.c.position, BLOCK.c.id),
        stage,
        Block,
    )
    return (found[0], blocks) if found else None


async def scales_of(reader: Reader, assessment_id: str) -> list[Measure]:
    """The scales of an assessment in order, those for staff too, at the stage that is looked at."""
    mine = sa.and_(SCALE.c.assessment_id == sa.bindparam("id"), SCALE.c.stage == sa.bindparam("stage"))
    rows = await reader.select(
        sa.select(SCALE)
        .join(drafts.CONTENT, drafts.CONTENT.c.id == SCALE.c.id)
        .where(mine, drafts.CONTENT.c.trashed_at.is_(None))
        .order_by(SCALE.c.position, SCALE.c.id),
        {"id": assessment_id, "stage": reader.perspective.stage},
    )
    return [measure_of(row) for row in rows]


async def simulate(
    reader: Reader, assessment_id: str, given: Sequence[tuple[str, BlockFormat, Mapping[str, Any]]]
) -> Simulated | None:
    """Walks through an assessment with (block id, format, values) as answers; None where its editors see none."""
    found = await blocks_of(reader, assessment_id)
    if found is None:
        return None
    assessment, blocks = found
    entries = await _entries(reader, blocks)
    by_id = {entry["id"]: entry for entry in entries}
    answers: dict[str, Mapping[str, Any]] = {}
    problems: list[DomainError] = []
    for number, (block_id, kind, values) in enumerate(given):
        try:
            answers[block_id] = _taken(by_id.get(block_id), kind, values)
        except SeveralErrors as error:
            problems += [
                InvalidInput(each.message, each.code, ("answers", number, *each.path)) for each in error.errors
            ]
    path = path_through(entries, answers)
    scales = await scales_of(reader, assessment_id)
    shown = {block.id: block for block in blocks}
    return Simulated(shown, path, answers, problems, assessment.passing_score, scales)


async def _entries(reader: Reader, blocks: Sequence[Row]) -> list[dict[str, Any]]:
    """The blocks with their keys and rules."""
    ids = [block.id for block in blocks]
    keys, rules = await answer_keys(reader, ids), await branches_of(reader, ids)
    secrets = {each: key or {} for each, key in zip(ids, keys, strict=True)}
    by_block = rules_by_block([rule for some in rules if some is not None for rule in some])
    return [whole(vars(block), secrets, by_block) for block in blocks]


def _taken(entry: Mapping[str, Any] | None, kind: BlockFormat, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer as it would be kept; raises `SeveralErrors` where it would not be."""
    if entry is None or entry["format"] not in QUESTIONS:
        raise SeveralErrors([InvalidInput("This assessment has no such question.", "NOT_FOUND", ("blockId",))])
    if entry["format"] != kind.value:
        word = entry["format"].replace("_", " ")
        raise SeveralErrors([InvalidInput(f"This is a {word} question.", "WRONG_FORMAT", ("answer",))])
    try:
        return stored(answered(question_of(entry), values))
    except SeveralErrors as error:
        inside = [InvalidInput(each.message, each.code, ("answer", *each.path)) for each in error.errors]
        raise SeveralErrors(inside) from error


def reason(hidden: Hidden, simulated: Simulated) -> str:
    """Why a block is not on the path, in words."""
    because = simulated.blocks[hidden.because_of]
    match hidden.why:
        case HiddenBecause.CONDITION:
            return f"It is shown when {words(because.show_if)}."
        case HiddenBecause.SECTION:
            return f"Its section {name_of(because)!r} is shown when {words(because.show_if)}."
        case HiddenBecause.EMPTY:
            return "Nothing of this section is shown."
        case HiddenBecause.JUMP:
            jump = next(each for each in simulated.path.jumps if each.from_block_id == hidden.because_of)
            return f"It is jumped over: {jump_in_words(jump, simulated)}"


def jump_in_words(jump: Jump, simulated: Simulated) -> str:
    """A rule that applied, as a sentence."""
    source = name_of(simulated.blocks[jump.from_block_id])
    when = "" if jump.branch["condition"] is None else f", as {words(jump.branch['condition'])}"
    if jump.goto_block_id is None:
        return f"after {source!r} it ends{when}."
    return f"after {source!r} it goes on with {name_of(simulated.blocks[jump.goto_block_id])!r}{when}."


def name_of(block: Row, most: int = 60) -> str:
    """A few words to recognise a block by."""
    text = " ".join((block.title or block.body_text or block.format).split())
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def words(condition: str | None) -> str:
    """A condition in words; one that cannot be read any more as it is."""
    try:
        return "always" if condition is None else in_words(parse(condition))
    except ExpressionError:
        return condition or ""
