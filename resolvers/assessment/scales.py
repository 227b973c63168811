"""Scores on scales: what an attempt comes to on each scale of its paper, kept as its person's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.reading import Reader
from core.rows import Row
from core.tables import id_type, table_of
from core.writing import Transaction
from models.assessment import ScaleScore
from models.content import Content, Stage
from models.curriculum import Scale, ScaleRole
from models.events.assessment import ScaleBandReached
from resolvers import events
from resolvers.assessment.visible import PAPER, SCORE
from resolvers.assessment.walking import Step
from resolvers.curriculum.measuring import Measure, Measured, measure_of, measured

_SCALE = table_of(Scale)
# What a paper keeps of the row of a scale: all but the stage and the instants.
_KEPT = [name for name in _SCALE.c.keys() if name not in {"stage", "created_at", "updated_at"}]  # noqa: SIM118
# The number of a formula may be of any size before it is held within the scale.
_MOST = 10**15


async def published_scales(tx: Transaction, assessment_id: str) -> list[dict[str, Any]]:
    """The scales that readers see now, in order, as papers keep them."""
    mine = sa.and_(_SCALE.c.assessment_id == assessment_id, _SCALE.c.stage == Stage.LIVE.value)
    found = await tx.rows(sa.select(_SCALE).where(mine).order_by(_SCALE.c.position, _SCALE.c.id))
    return [{name: getattr(row, name) for name in _KEPT} for row in found]


async def measure(tx: Transaction, attempt: Row, steps: Sequence[Step]) -> None:
    """Keeps what an attempt comes to on each scale of its paper, and records each band. Done again, it does nothing.

    The scale for staff is left out: what it says is no business of whoever answered.
    """
    if not await _has_scales(tx, attempt.paper_id):
        return
    paper = await _paper(tx, attempt.paper_id)
    scales = [measure_of(each) for each in paper.scales if each["role"] != ScaleRole.LEAD.value]
    if not scales:
        return
    rows = [_row(attempt, paper, each, measured_by_steps(each, paper, steps)) for each in scales]
    kept = await tx.rows(insert(SCORE).values(rows).on_conflict_do_nothing().returning(SCORE.c.scale_id, SCORE.c.band))
    told = {"assessment_id": attempt.assessment_id, "user_id": attempt.user_id}
    for each in kept:
        if each.band is not None:
            events.record(tx, ScaleBandReached(subject_id=attempt.id, scale_id=each.scale_id, **told))


def measured_by_steps(scale: Measure, paper: Row, steps: Sequence[Step]) -> Measured:
    """What the answers of an attempt come to on a scale of its paper."""
    given = {step.block_id: (step.question, step.response) for step in steps}
    names = {each["id"]: each["key"] for each in paper.blocks if each["key"] is not None}
    return measured(scale, given, names)


async def _has_scales(tx: Transaction, paper_id: str) -> bool:
    """Whether there is anything to measure: most quizzes have nothing, and their papers need not be read for it."""
    some = sa.func.jsonb_array_length(PAPER.c.scales) > 0
    return await tx.row(sa.select(PAPER.c.id).where(PAPER.c.id == paper_id, some)) is not None


async def _paper(tx: Transaction, paper_id: str) -> Row:
    content = table_of(Content)
    paper = await tx.row(
        sa.select(PAPER.c.id, PAPER.c.blocks, PAPER.c.scales, content.c.root_id)
        .join(content, content.c.id == PAPER.c.assessment_id)
        .where(PAPER.c.id == paper_id)
    )
    assert paper is not None
    return paper


def _row(attempt: Row, paper: Row, scale: Measure, found: Measured) -> dict[str, Any]:
    band = None if found.score is None else scale.band_of(found.score)
    return {
        "id": ScaleScore.new_id(),
        "attempt_id": attempt.id,
        "user_id": attempt.user_id,
        "paper_id": attempt.paper_id,
        "assessment_id": attempt.assessment_id,
        "root_id": paper.root_id,
        "scale_id": scale.id,
        "phase": attempt.phase,
        "submitted_at": attempt.submitted_at,
        "answered": found.answered,
        "raw": None if found.raw is None else float(min(max(found.raw, Fraction(-_MOST)), Fraction(_MOST))),
        "score": None if found.score is None else float(found.score),
        "exact": None if found.score is None else str(found.score),
        "band": None if band is None else band.key,
    }


# Batches -------------------------------------------------------------------------------------------------------------


async def scores_of_attempts(reader: Reader, attempts: Sequence[Row]) -> list[list[Row]]:
    """What each attempt came to: its scales in order, as they were when it began, each with the score."""
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    found = await reader.select(
        sa.select(SCORE).where(SCORE.c.attempt_id == sa.any_(ids)), {"ids": sorted({each.id for each in attempts})}
    )
    papers = await scales_of_papers(reader, {row.paper_id for row in found})
    scores: dict[str, dict[str, Row]] = {}
    for row in found:
        scores.setdefault(row.attempt_id, {})[row.scale_id] = row
    return [
        [_joined(scale, mine[scale["id"]]) for scale in papers.get(attempt.paper_id, ()) if scale["id"] in mine]
        for attempt in attempts
        for mine in [scores.get(attempt.id, {})]
    ]


async def scales_of_papers(reader: Reader, paper_ids: set[str]) -> dict[str, list[dict[str, Any]]]:
    """The scales of papers, in order, by the papers' ids."""
    if not paper_ids:
        return {}
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    papers = sa.select(PAPER.c.id, PAPER.c.scales).where(PAPER.c.id == sa.any_(ids))
    return {row.id: row.scales for row in await reader.select(papers, {"ids": sorted(paper_ids)})}


def _joined(scale: Mapping[str, Any], score: Row) -> Row:
    reached = next((each for each in scale["bands"] if each["key"] == score.band), None)
    own = {name: getattr(score, name) for name in ("answered", "raw", "score", "exact")}
    return Row({**scale, **own, "reached": reached, "counted": len(scale["items"])})
