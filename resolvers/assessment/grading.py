"""Grading: what the answers of an attempt are worth. Done again, it comes to the same.

It is done by a job: when an attempt is handed in, and whenever what it is graded by has changed, such as a grader's
word. Nothing else writes scores, so that there is one way to come to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from core.rows import Row
from core.tables import id_type, table_of
from core.writing import Transaction
from models.assessment import AnswerMark, AttemptPhase, AttemptStatus
from models.content import Content, Stage
from models.curriculum import Assessment, FeedbackMode
from models.events.assessment import AttemptGraded, AttemptRegraded
from models.grading import Grading, GradingState
from resolvers import audit, events
from resolvers.assessment.allowances import allowance_of
from resolvers.assessment.attempts import answers_of, attempts_taken, discard_hidden
from resolvers.assessment.papers import entries_of
from resolvers.assessment.scales import measure
from resolvers.assessment.visible import ANSWER, ATTEMPT, GRADING, MARK
from resolvers.assessment.walking import Result, Step, result_of, walk
from resolvers.formats.answering import stored


class Due(Enum):
    """When what was right is shown."""

    NOW = "now"
    AT_CLOSE = "at close"
    NEVER = "never"


_SCORES = ("score", "max_score", "percentage", "passed")


async def grade(tx: Transaction, attempt_id: str) -> None:
    """Marks every answer of an attempt that was handed in, and adds them up.

    Where a person has to read something, the attempt stays handed in until that is done. One that was graded before
    may come to something else: then the audit log holds what it was.
    """
    await one_at_a_time(tx, [attempt_id])
    attempt = await tx.row(sa.select(ATTEMPT).where(ATTEMPT.c.id == attempt_id).with_for_update())
    if attempt is None or attempt.status == AttemptStatus.IN_PROGRESS.value:
        return
    steps = graded_by_people(
        walk(await entries_of(tx, attempt), await answers_of(tx, attempt_id)), await _grades(tx, attempt_id)
    )
    if attempt.status == AttemptStatus.EXPIRED.value:
        await discard_hidden(tx, attempt_id, [step.block_id for step in steps])
    await measure(tx, attempt, steps)
    awaited = [step for step in steps if step.awaits_a_person]
    result = result_of(steps)
    due = await _due(tx, attempt, None if awaited else result.passed(attempt.passing_score))
    await _mark(tx, attempt, steps, due)
    if due is Due.NOW:
        await _show_all(tx, attempt)
    if awaited:
        await _ask_for_grading(tx, attempt, awaited)
    else:
        await _settle(tx, attempt, result)


async def one_at_a_time(tx: Transaction, attempt_ids: Sequence[str]) -> None:
    """Waits until nobody grades an attempt of the same people at the same assessment, until the transaction ends.

    To grade one attempt may show what was held back of others, and depend on what they came to. All of these locks are
    taken in one order, and before any other of a grading.
    """
    key = sa.func.hashtextextended(
        sa.func.concat("grade:", ATTEMPT.c.user_id, ":", ATTEMPT.c.assessment_id), sa.literal_column("0")
    )
    mine = ATTEMPT.c.id == sa.any_(sa.literal(list(attempt_ids), ARRAY(id_type())))
    keys = sa.select(key.label("key")).where(mine).distinct().order_by("key").offset(0).subquery()
    await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(keys.c.key)))


def graded_by_people(steps: Sequence[Step], grades: dict[str, Row]) -> list[Step]:
    """The steps, with what people said that answers are worth: block id to `score` and `points`."""
    return [
        replace(step, given_share=_share(grades[step.block_id])) if step.block_id in grades else step for step in steps
    ]


def _share(given: Row) -> Fraction:
    """What a grader gave, of what there was to be given, exactly: points are given in hundredths."""
    return Fraction(Decimal(str(given.score))) / int(given.points)


async def _grades(tx: Transaction, attempt_id: str) -> dict[str, Row]:
    mine = sa.and_(GRADING.c.attempt_id == attempt_id, GRADING.c.state == GradingState.GRADED.value)
    found = await tx.rows(
        sa.select(GRADING.c.block_id, GRADING.c.score, GRADING.c.points, GRADING.c.comment).where(mine)
    )
    return {row.block_id: row for row in found}


async def _settle(tx: Transaction, attempt: Row, result: Result) -> None:
    """Notes what the whole attempt came to; what it was before goes to the audit log."""
    scores = scores_of(result, attempt.passing_score)
    before = {name: getattr(attempt, name) for name in _SCORES}
    is_first = attempt.max_score is None
    if not is_first and scores == before:
        return
    is_expired = attempt.status == AttemptStatus.EXPIRED.value
    status = AttemptStatus.EXPIRED if is_expired else AttemptStatus.GRADED
    await tx.execute(
        sa.update(ATTEMPT)
        .where(ATTEMPT.c.id == attempt.id)
        .values(**scores, status=status.value, updated_at=sa.func.now())
    )
    told = {"subject_id": attempt.id, "assessment_id": attempt.assessment_id, "user_id": attempt.user_id}
    if is_first:
        events.record(tx, AttemptGraded(**told))
        return
    events.record(tx, AttemptRegraded(**told))
    await audit.record(tx, "attempt_regrade", attempt.id, {"before": before, "after": scores})


def scores_of(result: Result, passing_score: int) -> dict[str, Any]:
    """The columns of an attempt that say what it came to."""
    return {
        "score": float(result.score),
        "max_score": float(result.max_score),
        "percentage": None if result.percentage is None else float(result.percentage),
        "passed": result.passed(passing_score),
    }


# Marks ---------------------------------------------------------------------------------------------------------------


async def _mark(tx: Transaction, attempt: Row, steps: Sequence[Step], due: Due) -> None:
    """Keeps what each answer is worth, in one statement. What was shown once stays shown."""
    if not steps:
        return
    comments = {block_id: row.comment for block_id, row in (await _grades(tx, attempt.id)).items()}
    rows = [
        {**_mark_of(attempt, step), "position": place, "comment": comments.get(step.block_id)}
        for place, step in enumerate(steps)
    ]
    names = list(rows[0])
    given = sa.func.jsonb_populate_recordset(sa.literal_column('NULL::"answer_mark"'), sa.literal(rows, JSONB))
    chosen = given.table_valued(*(sa.column(name, MARK.c[name].type) for name in names))
    when = {"is_shown": due is Due.NOW, "awaits_close": due is Due.AT_CLOSE}
    values = [*(chosen.c[name] for name in names), *map(sa.literal, when.values())]
    statement = insert(MARK).from_select([*names, *when], sa.select(*values))
    anew: dict[str, Any] = {name: statement.excluded[name] for name in names if name not in _NAMES_A_MARK}
    anew |= {name: sa.or_(MARK.c[name], statement.excluded[name]) for name in when}
    anew["updated_at"] = sa.func.now()
    await tx.execute(statement.on_conflict_do_update(index_elements=["attempt_id", "block_id"], set_=anew))


_NAMES_A_MARK = {"id", "attempt_id", "block_id"}


def _mark_of(attempt: Row, step: Step) -> dict[str, Any]:
    outcome = step.outcome
    score = outcome.score(step.points)
    return {
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
    }


async def _show_all(tx: Transaction, attempt: Row) -> None:
    """What was held back of earlier attempts is due now, too."""
    mine = sa.and_(
        ATTEMPT.c.user_id == attempt.user_id,
        ATTEMPT.c.assessment_id == attempt.assessment_id,
        ATTEMPT.c.phase == attempt.phase,
    )
    held = sa.and_(MARK.c.attempt_id.in_(sa.select(ATTEMPT.c.id).where(mine)), ~MARK.c.is_shown)
    await tx.execute(sa.update(MARK).where(held).values(is_shown=True))


async def _due(tx: Transaction, attempt: Row, passed: bool | None) -> Due:
    """When the feedback on this attempt is shown, by the rule of the assessment as it stands now."""
    table = table_of(Assessment)
    mine = sa.and_(table.c.id == attempt.assessment_id, table.c.stage == Stage.LIVE.value)
    found = await tx.row(sa.select(table.c.feedback_mode, table.c.max_attempts, table.c.closes_at).where(mine))
    if found is None or not attempt.shows_feedback:
        return Due.NEVER
    match FeedbackMode(found.feedback_mode):
        case FeedbackMode.AFTER_SUBMIT:
            return Due.NOW
        case FeedbackMode.AFTER_PASS:
            return Due.NOW if passed is True or await _has_passed(tx, attempt) else Due.NEVER
        case FeedbackMode.AFTER_CLOSE:
            allowance = await allowance_of(tx, attempt.user_id, attempt.assessment_id)
            most = allowance.attempts(found.max_attempts)
            # Where it has a close, all wait for it: the last attempt of one is not the last of all. Nor is the last of
            # a phase the last of a person.
            if found.closes_at is not None or most is None or attempt.phase != AttemptPhase.NONE.value:
                return Due.AT_CLOSE
            taken = await attempts_taken(tx, attempt.user_id, attempt.assessment_id, AttemptPhase.NONE)
            return Due.NOW if taken >= most else Due.AT_CLOSE
        case FeedbackMode.NEVER:
            return Due.NEVER


async def _has_passed(tx: Transaction, attempt: Row) -> bool:
    """Whether another attempt of the same person and phase is passed."""
    others = sa.and_(
        ATTEMPT.c.user_id == attempt.user_id,
        ATTEMPT.c.assessment_id == attempt.assessment_id,
        ATTEMPT.c.phase == attempt.phase,
        ATTEMPT.c.id != attempt.id,
    )
    return await tx.row(sa.select(ATTEMPT.c.id).where(others, ATTEMPT.c.passed).limit(1)) is not None


# What people have to read --------------------------------------------------------------------------------------------


async def _ask_for_grading(tx: Transaction, attempt: Row, awaited: Sequence[Step]) -> None:
    """Puts answers into the queue of those who grade. Each stands there once, however often this is done."""
    content = table_of(Content)
    root = await tx.row(sa.select(content.c.root_id).where(content.c.id == attempt.assessment_id))
    assert root is not None
    mine = sa.select(ANSWER.c.id, ANSWER.c.block_id).where(ANSWER.c.attempt_id == attempt.id)
    answers = {row.block_id: row.id for row in await tx.rows(mine)}
    for step in awaited:
        row = {
            "id": Grading.new_id(),
            "attempt_id": attempt.id,
            "answer_id": answers[step.block_id],
            "assessment_id": attempt.assessment_id,
            "root_id": root.root_id,
            "paper_id": attempt.paper_id,
            "block_id": step.block_id,
            "submitted_at": attempt.submitted_at,
            "points": step.points,
            "rubric": getattr(step.question, "rubric", None),
            "sample_answer": getattr(step.question, "sample_answer", None),
            "state": GradingState.AWAITING.value,
            "revision": 1,
        }
        await tx.execute(insert(GRADING).values(row).on_conflict_do_nothing())
