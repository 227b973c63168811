"""What people do with assessments: begin, answer, hand in. All limits hold under lock, by the database's clock.

These functions work with the rights of the service and see for themselves whose an attempt is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.errors import DomainError, InvalidInput, NotFound, SeveralErrors, wrong_kind
from core.ids import tag_of
from core.jobs import JobKind, Priority
from core.rows import Row
from core.tables import id_type, table_of
from core.viewer import Viewer
from core.writing import Transaction
from models.assessment import Answer, Attempt, AttemptPhase, AttemptStatus
from models.content import Content, Revision, RevisionKind, Stage
from models.curriculum import Assessment, AssessmentKind, BlockFormat, FeedbackMode
from models.events.assessment import AttemptStarted, AttemptSubmitted
from models.identity import User
from resolvers import events, jobs
from resolvers.assessment import files
from resolvers.assessment.allowances import allowance_of, deadline
from resolvers.assessment.papers import drawn, entries_of, in_order, paper_of
from resolvers.assessment.visible import ANSWER, ATTEMPT
from resolvers.assessment.walking import path_through, question_of, walk
from resolvers.formats import QUESTIONS
from resolvers.formats.answering import answered, stored
from resolvers.formats.base import QuestionFormat

GRADE = JobKind("grade_attempt", priority=Priority.HIGH)
EXPIRE = JobKind("expire_attempts", schedule="* * * * *")
IN_PROGRESS, EXPIRED = AttemptStatus.IN_PROGRESS.value, AttemptStatus.EXPIRED.value
AT_ONCE = 500
_ASSESSMENT = table_of(Assessment)


async def start(tx: Transaction, viewer: Viewer, assessment_id: str, phase: AttemptPhase | None = None) -> str:
    """Begins an attempt, or goes on with the one under way; answers its id.

    Raises `NotFound` for an assessment that readers do not see, and `DomainError` when no attempt is left, when one of
    another phase is under way, or when it is not open.
    """
    user_id = str(viewer.user_id)
    if tag_of(assessment_id) != Assessment.__tag__:
        raise InvalidInput(wrong_kind("assessment"), "WRONG_KIND_OF_ID", ("assessmentId",))
    await lock_person(tx, user_id)
    assessment = await live(tx, assessment_id)
    latest = await _latest(tx, user_id, assessment_id)
    if latest is not None and latest.status == IN_PROGRESS:
        if not latest.is_over:
            _require_phase(latest, phase)
            return str(latest.id)
        await _expire(tx, [latest.id])
    _require_open(assessment)
    if phase not in (None, AttemptPhase.NONE) and assessment.kind == AssessmentKind.QUIZ.value:
        raise InvalidInput("A quiz has no phases: it does not measure what changes.", "INVALID", ("phase",))
    wanted, number = phase or AttemptPhase.NONE, 1 if latest is None else latest.number + 1
    taken, extra = (
        await attempts_taken(tx, user_id, assessment_id, wanted),
        await allowance_of(tx, user_id, assessment_id),
    )
    most = extra.attempts(assessment.max_attempts)
    if most is not None and taken >= most:
        raise DomainError("No attempt is left.", "NO_ATTEMPT_LEFT", ("assessmentId",))
    return await _begin(tx, assessment, user_id, number, wanted, extra.minutes(assessment.time_limit_minutes))


async def save(
    tx: Transaction, viewer: Viewer, attempt_id: str, block_id: str, kind: BlockFormat, values: Mapping[str, Any]
) -> None:
    """Keeps an answer in place of an older one, while there is time."""
    attempt = await _under_way(tx, viewer, attempt_id)
    entries = await entries_of(tx, attempt)
    entry = _asked(entries, block_id)
    if entry["format"] != kind.value:
        word = entry["format"].replace("_", " ")
        raise InvalidInput(f"This is a {word} question.", "WRONG_FORMAT", ("answer",))
    value = stored(_checked(question_of(entry), values))
    if kind is BlockFormat.FILE_UPLOAD:
        await files.hand_in(tx, attempt, block_id, value["file_keys"])
    row = {
        "id": Answer.new_id(),
        "attempt_id": attempt_id,
        "user_id": attempt.user_id,
        "block_id": block_id,
        "format": kind.value,
        "value": value,
    }
    statement = insert(ANSWER).values(row)
    kept = {"value": statement.excluded.value, "updated_at": sa.func.now()}
    await tx.execute(statement.on_conflict_do_update(index_elements=["attempt_id", "block_id"], set_=kept))
    await _show(tx, attempt, entries)


async def clear(tx: Transaction, viewer: Viewer, attempt_id: str, block_id: str) -> None:
    """Takes an answer back, while there is time."""
    attempt = await _under_way(tx, viewer, attempt_id)
    entries = await entries_of(tx, attempt)
    _asked(entries, block_id)
    mine = sa.and_(ANSWER.c.attempt_id == attempt_id, ANSWER.c.block_id == block_id)
    gone = await tx.rows(sa.delete(ANSWER).where(mine).returning(ANSWER.c.format))
    if _with_files(gone):
        await files.hand_in(tx, attempt, block_id, [])
    await _show(tx, attempt, entries)


async def submit(tx: Transaction, viewer: Viewer, attempt_id: str) -> None:
    """Hands an attempt in, to be graded. Done once, it is done; when its time is up, what was saved by then counts.

    Raises `SeveralErrors` with each question that has to be answered and is not.
    """
    attempt = await _own(tx, viewer, attempt_id)
    if attempt.status != IN_PROGRESS:
        return
    if attempt.is_over:
        await _expire(tx, [attempt_id])
        return
    steps = walk(await entries_of(tx, attempt), await answers_of(tx, attempt_id))
    missing = [step.block_id for step in steps if step.is_required and step.response is None]
    if missing:
        raise SeveralErrors(
            [InvalidInput("This has to be answered.", "REQUIRED", ("questions", each)) for each in missing]
        )
    await discard_hidden(tx, attempt_id, [step.block_id for step in steps])
    handed_in = {"status": AttemptStatus.SUBMITTED.value, "submitted_at": sa.func.now(), "updated_at": sa.func.now()}
    await tx.execute(sa.update(ATTEMPT).where(ATTEMPT.c.id == attempt_id).values(**handed_in))
    await _to_be_graded(tx, [attempt])


async def expire_overdue(tx: Transaction) -> int:
    """Ends the attempts whose time is up, some hundred at a time; answers how many."""
    overdue = sa.and_(ATTEMPT.c.status == IN_PROGRESS, ATTEMPT.c.deadline_at < sa.func.now())
    found = await tx.rows(
        sa.select(ATTEMPT.c.id)
        .where(overdue)
        .order_by(ATTEMPT.c.deadline_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    if found:
        await _expire(tx, [row.id for row in found])
    return len(found)


async def answers_of(tx: Transaction, attempt_id: str) -> dict[str, dict[str, Any]]:
    """Block id to what was answered there."""
    mine = sa.select(ANSWER.c.block_id, ANSWER.c.value).where(ANSWER.c.attempt_id == attempt_id)
    return {row.block_id: row.value for row in await tx.rows(mine)}


async def question_under_way(
    tx: Transaction, viewer: Viewer, attempt_id: str, block_id: str
) -> tuple[Row, dict[str, Any]]:
    """The viewer's attempt, locked, and one of its questions, while there is time to answer it."""
    attempt = await _under_way(tx, viewer, attempt_id)
    return attempt, _asked(await entries_of(tx, attempt), block_id)


def _asked(entries: Sequence[dict[str, Any]], block_id: str) -> dict[str, Any]:
    entry = next((each for each in entries if each["id"] == block_id and each["format"] in QUESTIONS), None)
    if entry is None:
        raise InvalidInput("This attempt has no such question.", "NOT_FOUND", ("blockId",))
    return entry


def _checked(question: QuestionFormat, values: Mapping[str, Any]) -> Any:
    try:
        return answered(question, values)
    except SeveralErrors as error:
        inside = [InvalidInput(each.message, each.code, ("answer", *each.path)) for each in error.errors]
        raise SeveralErrors(inside) from error


async def lock_person(tx: Transaction, user_id: str) -> bool:
    """One beginning, or change of what somebody may, at a time for each person, on however many servers.

    Answers whether there is such a person.
    """
    user = table_of(User)
    return bool(await tx.rows(sa.select(user.c.id).where(user.c.id == user_id).with_for_update(key_share=True)))


async def live(tx: Transaction, assessment_id: str) -> Row:
    """What readers see of an assessment, with the number of the revision that shows it, and its root.

    `is_early` and `is_closed` say whether it is open, by the database's clock.
    """
    content, revision = table_of(Content), table_of(Revision)
    number = (
        sa.select(sa.func.max(revision.c.number))
        .where(revision.c.root_id == content.c.root_id, revision.c.kind == RevisionKind.PUBLISHED.value)
        .scalar_subquery()
    )
    found = await tx.row(
        sa.select(
            _ASSESSMENT,
            content.c.root_id,
            number.label("published"),
            sa.func.coalesce(_ASSESSMENT.c.opens_at > sa.func.clock_timestamp(), sa.false()).label("is_early"),
            sa.func.coalesce(_ASSESSMENT.c.closes_at <= sa.func.clock_timestamp(), sa.false()).label("is_closed"),
        )
        .join(content, content.c.id == _ASSESSMENT.c.id)
        .where(_ASSESSMENT.c.id == assessment_id, _ASSESSMENT.c.stage == Stage.LIVE.value)
    )
    if found is None:
        raise NotFound("assessment", ("assessmentId",))
    return found


def _require_open(assessment: Row) -> None:
    if assessment.is_early:
        opens = assessment.opens_at.isoformat(timespec="minutes")
        raise DomainError(f"This opens at {opens}.", "NOT_OPEN_YET", ("assessmentId",))
    if assessment.is_closed:
        raise DomainError("This is closed.", "CLOSED", ("assessmentId",))


async def _latest(tx: Transaction, user_id: str, assessment_id: str) -> Row | None:
    mine = sa.and_(ATTEMPT.c.user_id == user_id, ATTEMPT.c.assessment_id == assessment_id)
    newest = sa.select(ATTEMPT, _is_over()).where(mine).order_by(ATTEMPT.c.number.desc()).limit(1)
    return await tx.row(newest.with_for_update())


def _require_phase(under_way: Row, phase: AttemptPhase | None) -> None:
    if phase is not None and under_way.phase != phase.value:
        message = f"An attempt of the phase {under_way.phase} is under way. Hand that in first."
        raise DomainError(message, "OTHER_PHASE_UNDER_WAY", ("phase",))


async def attempts_taken(tx: Transaction, user_id: str, assessment_id: str, phase: AttemptPhase) -> int:
    """How many attempts a person has made in one phase: each phase has as many as the assessment gives."""
    mine = sa.and_(ATTEMPT.c.user_id == user_id, ATTEMPT.c.assessment_id == assessment_id)
    found = await tx.row(sa.select(sa.func.count().label("number")).where(mine, ATTEMPT.c.phase == phase.value))
    assert found is not None
    return int(found.number)


def _is_over() -> Any:
    return sa.func.coalesce(ATTEMPT.c.deadline_at < sa.func.clock_timestamp(), sa.false()).label("is_over")


async def _begin(
    tx: Transaction, assessment: Row, user_id: str, number: int, phase: AttemptPhase, minutes: int | None
) -> str:
    paper = await paper_of(tx, assessment)
    block_ids = drawn(paper.blocks, assessment)
    attempt_id = Attempt.new_id()
    row = {
        "id": attempt_id,
        "paper_id": paper.id,
        "assessment_id": assessment.id,
        "revision": assessment.published,
        "user_id": user_id,
        "number": number,
        "phase": phase.value,
        "status": IN_PROGRESS,
        "passing_score": assessment.passing_score,
        "shows_feedback": assessment.feedback_mode != FeedbackMode.NEVER.value,
        "block_ids": block_ids,
        "shown_ids": path_through(in_order(paper, block_ids), {}).shown_ids,
        "time_limit_minutes": assessment.time_limit_minutes,
        "closes_at": assessment.closes_at,
        "started_at": sa.func.now(),
        "deadline_at": deadline(sa.func.now(), minutes, assessment.closes_at),
    }
    await tx.insert(Attempt, [row])
    events.record(tx, AttemptStarted(subject_id=attempt_id, assessment_id=assessment.id, user_id=user_id))
    return attempt_id


async def _own(tx: Transaction, viewer: Viewer, attempt_id: str) -> Row:
    """The viewer's attempt, locked; raises `NotFound` for anybody else's."""
    if tag_of(attempt_id) != Attempt.__tag__:
        raise InvalidInput(wrong_kind("attempt"), "WRONG_KIND_OF_ID", ("id",))
    mine = sa.and_(ATTEMPT.c.id == attempt_id, ATTEMPT.c.user_id == viewer.user_id)
    found = await tx.row(sa.select(ATTEMPT, _is_over()).where(mine).with_for_update())
    if found is None:
        raise NotFound("attempt")
    return found


async def _under_way(tx: Transaction, viewer: Viewer, attempt_id: str) -> Row:
    attempt = await _own(tx, viewer, attempt_id)
    if attempt.status != IN_PROGRESS:
        raise DomainError("This attempt is handed in.", "NOT_IN_PROGRESS", ("id",))
    if attempt.is_over:
        raise DomainError("The time is up.", "TIME_IS_UP", ("id",))
    return attempt


async def _show(tx: Transaction, attempt: Row, entries: Sequence[Mapping[str, Any]]) -> None:
    """Notes which way it goes, now that something else is answered."""
    shown = path_through(entries, await answers_of(tx, attempt.id)).shown_ids
    await tx.execute(
        sa.update(ATTEMPT).where(ATTEMPT.c.id == attempt.id).values(shown_ids=shown, updated_at=sa.func.now())
    )


async def discard_hidden(tx: Transaction, attempt_id: str, shown: Sequence[str]) -> None:
    """Forgets what was answered off the path."""
    is_shown = ANSWER.c.block_id == sa.any_(sa.literal(list(shown), ARRAY(id_type())))
    hidden = sa.delete(ANSWER).where(ANSWER.c.attempt_id == attempt_id, ~is_shown)
    if _with_files(await tx.rows(hidden.returning(ANSWER.c.format))):
        await files.let_go(tx, attempt_id, shown)


def _with_files(answers: Sequence[Row]) -> bool:
    return any(each.format == BlockFormat.FILE_UPLOAD.value for each in answers)


async def _expire(tx: Transaction, attempt_ids: Sequence[str]) -> None:
    """Ends attempts whose time is up, as they stand."""
    mine = ATTEMPT.c.id == sa.any_(sa.literal(list(attempt_ids), ARRAY(id_type())))
    over = {"status": EXPIRED, "submitted_at": ATTEMPT.c.deadline_at, "updated_at": sa.func.now()}
    ended = sa.update(ATTEMPT).where(mine, ATTEMPT.c.status == IN_PROGRESS).values(**over)
    await _to_be_graded(tx, await tx.rows(ended.returning(ATTEMPT.c.id, ATTEMPT.c.assessment_id, ATTEMPT.c.user_id)))


async def _to_be_graded(tx: Transaction, attempts: Sequence[Row]) -> None:
    for each in attempts:
        events.record(tx, AttemptSubmitted(subject_id=each.id, assessment_id=each.assessment_id, user_id=each.user_id))
    if attempts:
        await jobs.enqueue_all(tx, [(GRADE, {"attempt_id": each.id}, None) for each in attempts])
