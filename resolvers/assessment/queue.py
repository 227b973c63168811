"""The queue of those who grade: what is read and given points by people.

These functions work with the rights of whoever grades: the fence lets them reach what is theirs to grade, and of that
their own words only. What an attempt comes to by it is for the job that grades.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core.errors import DomainError, InvalidInput, NotFound, SeveralErrors, wrong_kind
from core.ids import tag_of
from core.revisions import require_revision
from core.rows import Row
from core.tables import table_of
from core.writing import Transaction, checked
from models.assessment import Attempt
from models.curriculum import Block
from models.events.assessment import AnswerGraded
from models.grading import Grading, GradingState
from resolvers import events, jobs
from resolvers.assessment.attempts import GRADE
from resolvers.assessment.visible import GRADING


async def give(
    tx: Transaction,
    attempt_id: str,
    block_id: str,
    score: float,
    comment: str | None,
    expected_revision: int,
) -> str:
    """Says what an answer is worth, for the first time or anew; answers the id of its entry in the queue.

    Raises `Conflict` where somebody else graded it in the meantime: two who read the same answer see each other's word
    rather than write over it.
    """
    entry = await _locked(tx, attempt_id, block_id)
    given = _given(entry, score, comment)
    require_revision(entry, expected_revision, given)
    await tx.execute(
        sa.update(GRADING)
        .where(GRADING.c.id == entry.id)
        .values(
            **given,
            state=GradingState.GRADED.value,
            graded_by=tx.viewer.user_id,
            graded_at=sa.func.now(),
            revision=entry.revision + 1,
            updated_at=sa.func.now(),
        )
    )
    told = {"assessment_id": entry.assessment_id, "attempt_id": attempt_id, "block_id": block_id}
    events.record(tx, AnswerGraded(subject_id=entry.id, **told))
    await jobs.enqueue(tx, GRADE, {"attempt_id": attempt_id})
    return str(entry.id)


async def _locked(tx: Transaction, attempt_id: str, block_id: str) -> Row:
    """The entry of an answer; raises `NotFound` where there is none, or none that the viewer may grade."""
    for object_id, kind, field in ((attempt_id, Attempt, "attemptId"), (block_id, Block, "blockId")):
        if tag_of(object_id) != kind.__tag__:
            raise InvalidInput(wrong_kind(table_of(kind).name), "WRONG_KIND_OF_ID", (field,))
    mine = sa.and_(GRADING.c.attempt_id == attempt_id, GRADING.c.block_id == block_id)
    found = await tx.row(sa.select(GRADING).where(mine).with_for_update())
    if found is None:
        raise NotFound("answer to be graded", ("blockId",))
    return found


def _given(entry: Row, score: float, comment: str | None) -> dict[str, Any]:
    """What is to be kept of a grading; raises `SeveralErrors` with the field of each value that will not do."""
    errors: list[DomainError] = []
    problem = _problem(score, entry.points)
    if problem is not None:
        errors.append(InvalidInput(problem, "INVALID", ("score",)))
    try:
        kept = checked(Grading, {"comment": comment or None})
    except SeveralErrors as error:
        errors += error.errors
    if errors:
        raise SeveralErrors(errors)
    return {"score": score, **kept}


def _problem(score: float, points: int) -> str | None:
    if not math.isfinite(score) or not 0 <= score <= points:
        return f"Give from 0 to {points} points."
    if Decimal(str(score)) % Decimal("0.01"):
        return "Give points in hundredths at the finest."
    return None
