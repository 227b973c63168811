"""Grading: what the answers of an attempt are worth. Done again, it comes to the same."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.assessment import AnswerMark, AttemptStatus
from models.content import Stage
from models.curriculum import Assessment, FeedbackMode
from models.events import AttemptGraded
from resolvers import events
from resolvers.assessment.attempts import answers_of, discard_hidden
from resolvers.assessment.papers import entries_of
from resolvers.assessment.scales import measure
from resolvers.assessment.visible import ATTEMPT, MARK
from resolvers.assessment.walking import Step, result_of, walk
from resolvers.formats.answering import stored

_OPEN = (AttemptStatus.SUBMITTED.value, AttemptStatus.EXPIRED.value)


async def grade(tx: Transaction, attempt_id: str) -> None:
    """Marks every answer of an attempt that was handed in, and adds them up.

    Where a person has to read something, the attempt stays handed in until that is done.
    """
    attempt = await tx.row(sa.select(ATTEMPT).where(ATTEMPT.c.id == attempt_id).with_for_update())
    if attempt is None or attempt.status not in _OPEN or attempt.score is not None:
        return
    steps = walk(await entries_of(tx, attempt), await answers_of(tx, attempt_id))
    if attempt.status == AttemptStatus.EXPIRED.value:
        await discard_hidden(tx, attempt_id, [step.block_id for step in steps])
    await measure(tx, attempt, steps)
    result = result_of(steps)
    passed = result.passed(attempt.passing_score)
    is_shown = await _is_due(tx, attempt, passed)
    for step in steps:
        await _mark(tx, attempt, step, is_shown=is_shown)
    if is_shown:
        await _show_all(tx, attempt)
    if any(step.awaits_a_person for step in steps):
        return
    graded: dict[str, Any] = {
        "status": attempt.status if attempt.status == AttemptStatus.EXPIRED.value else AttemptStatus.GRADED.value,
        "score": float(result.score),
        "max_score": float(result.max_score),
        "percentage": None if result.percentage is None else float(result.percentage),
        "passed": passed,
    }
    await tx.execute(sa.update(ATTEMPT).where(ATTEMPT.c.id == attempt_id).values(**graded, updated_at=sa.func.now()))
    told = {"assessment_id": attempt.assessment_id, "user_id": attempt.user_id}
    events.record(tx, AttemptGraded(subject_id=attempt_id, **told))


async def _mark(tx: Transaction, attempt: Row, step: Step, *, is_shown: bool) -> None:
    outcome = step.outcome
    score = outcome.score(step.points)
    row = {
        "id": AnswerMark.new_id(),
        "attempt_id": attempt.id,
        "user_id": attempt.user_id,
        "block_id": step.block_id,
        "format": step.question.format.value,
        "share": None if outcome.share is None else str(outcome.share),
        "score": None if score is None else float(score),
        "points": step.points,
        "remarks": [{"text": each.text, "part": each.part} for each in outcome.remarks],
        "explanation": outcome.explanation,
        "right_value": None if outcome.right_response is None else stored(outcome.right_response),
        "is_shown": is_shown,
    }
    statement = insert(MARK).values(row)
    anew = {name: statement.excluded[name] for name in row if name not in {"id", "attempt_id", "block_id"}}
    await tx.execute(statement.on_conflict_do_update(index_elements=["attempt_id", "block_id"], set_=anew))


async def _show_all(tx: Transaction, attempt: Row) -> None:
    """What was held back of earlier attempts is due now, too."""
    mine = sa.and_(ATTEMPT.c.user_id == attempt.user_id, ATTEMPT.c.assessment_id == attempt.assessment_id)
    held = sa.and_(MARK.c.attempt_id.in_(sa.select(ATTEMPT.c.id).where(mine)), ~MARK.c.is_shown)
    await tx.execute(sa.update(MARK).where(held).values(is_shown=True))


async def _is_due(tx: Transaction, attempt: Row, passed: bool | None) -> bool:
    """Whether feedback is shown once this attempt is graded, by the rule of the assessment as it stands now."""
    table = table_of(Assessment)
    live = sa.select(table.c.feedback_mode, table.c.max_attempts)
    found = await tx.row(live.where(table.c.id == attempt.assessment_id, table.c.stage == Stage.LIVE.value))
    if found is None or not attempt.shows_feedback:
        return False
    match FeedbackMode(found.feedback_mode):
        case FeedbackMode.AFTER_SUBMIT:
            return True
        case FeedbackMode.AFTER_PASS:
            return passed is True
        case FeedbackMode.AFTER_CLOSE:
            return found.max_attempts is not None and attempt.number >= found.max_attempts
        case FeedbackMode.NEVER:
            return False
