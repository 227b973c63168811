"""Regrading: attempts of earlier revisions are graded by the keys that are published now.

A key is corrected where the question is the same: its format, its words and all that learners see of its settings. A
question that was asked otherwise, with a choice more or less for one, keeps the key that it was asked with: what was
answered to one question is no answer to another. Points stay what they were.

It goes on in batches, each a transaction of its own that also says how far it is: whoever is killed in between, the
next one goes on from there, and what is counted is counted once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.errors import DomainError, NotFound
from core.jobs import JobKind, Priority
from core.rows import Row
from core.tables import id_type
from core.viewer import scope_within
from core.writing import Transaction
from models.assessment import AttemptStatus
from models.curriculum import Assessment
from models.grading import GradingState, Regrade, RegradeState
from models.identity import Scope
from resolvers import jobs
from resolvers.assessment.attempts import live
from resolvers.assessment.grading import grade, graded_by_people, one_at_a_time, scores_of
from resolvers.assessment.papers import in_order, paper_of
from resolvers.assessment.visible import ANSWER, ATTEMPT, GRADING, MARK, PAPER, REGRADE
from resolvers.assessment.walking import Step, question_of, result_of, walk
from resolvers.content import drafts, publishing
from resolvers.formats import QUESTIONS
from resolvers.formats.base import split

REGRADE_JOB = JobKind("regrade_assessment", priority=Priority.LOW, time_limit=3600)
AT_ONCE = 100
MOST_NAMED = 1000
_LEARNERS_SEE = ("format", "title", "body")

# Calling for it ------------------------------------------------------------------------------------------------------


async def begin(tx: Transaction, assessment_id: str, *, is_preview: bool) -> str:
    """Has attempts of earlier revisions graded anew, or finds out what would come of it; answers the regrade's id.

    Raises `NotFound` where the viewer may not publish, and `DomainError` for what is not published.
    """
    identity = await drafts.locked(tx, Assessment, assessment_id)
    scope, viewer = Scope.CONTENT_PUBLISH, tx.viewer
    if not viewer.may(scope) and scope_within(scope, identity.root_id) not in viewer.within:
        raise NotFound("assessment")
    if not await publishing.is_live(tx, Assessment, assessment_id):
        raise DomainError("This is not published.", "NOT_PUBLISHED", ("id",))
    regrade_id = Regrade.new_id()
    row = {
        "id": regrade_id,
        "assessment_id": assessment_id,
        "root_id": identity.root_id,
        "is_preview": is_preview,
        "state": RegradeState.RUNNING.value,
        "questions": [],
        "attempt_ids": [],
        "job_id": await jobs.enqueue(tx, REGRADE_JOB, {"regrade_id": regrade_id}),
    }
    await tx.insert(Regrade, [row])
    return regrade_id


# Doing it ------------------------------------------------------------------------------------------------------------


@dataclass
class Report:
    """What a batch found, to be added to what was found before. `questions` is by block, in the order of the paper."""

    attempts: int
    answers_changed: int
    scores_changed: int
    newly_passed: int
    no_longer_passed: int
    questions: dict[str, dict[str, int]]
    attempt_ids: list[str]

    @classmethod
    def of(cls, regrade: Row) -> Report:
        """What was found so far."""
        return cls(
            regrade.attempts,
            regrade.answers_changed,
            regrade.scores_changed,
            regrade.newly_passed,
            regrade.no_longer_passed,
            {each["block_id"]: dict(each["counts"]) for each in regrade.questions},
            list(regrade.attempt_ids),
        )

    def values(self) -> dict[str, Any]:
        """The columns of the regrade that hold it."""
        questions = [{"block_id": block_id, "counts": counts} for block_id, counts in self.questions.items()]
        return {**vars(self), "questions": questions}

    def add(self, attempt: Row, compared: Sequence[Compared], scores: Mapping[str, Any] | None) -> None:
        """Counts one attempt, with each of its answers, and what it comes to if all of it is graded."""
        self.attempts += 1
        for each in compared:
            counts = self.questions.setdefault(each.block_id, {"answers": 0, "changed": 0, "kept": 0})
            counts["answers"] += 1
            counts["changed"] += each.is_changed
            counts["kept"] += not each.is_same_question
            self.answers_changed += each.is_changed
        if scores is None or all(getattr(attempt, name) == value for name, value in scores.items()):
            return
        self.scores_changed += 1
        self.newly_passed += scores["passed"] is True and attempt.passed is not True
        self.no_longer_passed += attempt.passed is True and scores["passed"] is not True
        if len(self.attempt_ids) < MOST_NAMED:
            self.attempt_ids.append(attempt.id)


@dataclass(frozen=True)
class Compared:
    """An answer before and after: whether it is worth something else, and whether its question is still the same."""

    block_id: str
    is_changed: bool
    is_same_question: bool


async def step(tx: Transaction, regrade_id: str) -> int | None:
    """Does the next batch; answers how far it is in percent, None when all is done."""
    regrade = await tx.row(sa.select(REGRADE).where(REGRADE.c.id == regrade_id).with_for_update())
    if regrade is None or regrade.state != RegradeState.RUNNING.value:
        return None
    if regrade.paper_id is None:
        # In a transaction of its own: from here on, what is handed in is graded by the corrected keys.
        return await _pin(tx, regrade)
    key = await _paper(tx, regrade.paper_id)
    papers = await _earlier(tx, key, is_locked=not regrade.is_preview)
    corrected = {paper.id: corrections(paper, key) for paper in papers.values()}
    attempts = await _next_attempts(tx, regrade, list(papers))
    if not attempts:
        await _note(tx, regrade, state=RegradeState.DONE.value)
        return None
    report = Report.of(regrade)
    answers = await _answers(tx, attempts)
    for attempt in attempts:
        paper, same = papers[attempt.paper_id], corrected[attempt.paper_id]
        steps = _steps(attempt, Row({**vars(paper), "corrections": {**paper.corrections, **same}}), answers[attempt.id])
        report.add(attempt, _compared(steps, answers[attempt.id].shares, same), _scores(attempt, steps))
        if not regrade.is_preview:
            await grade(tx, attempt.id)
    await _note(tx, regrade, cursor_id=attempts[-1].id, **report.values())
    return 100 * report.attempts // max(report.attempts + await _left(tx, attempts[-1].id, list(papers)), 1)


def corrections(paper: Row, key: Row) -> dict[str, Any]:
    """Block id to the key of the later paper, for the questions of the earlier one that are the same in both."""
    later = {entry["id"]: entry for entry in _questions(key)}
    earlier = _questions(paper)
    same = (each["id"] for each in earlier if each["id"] in later and is_same_question(each, later[each["id"]]))
    return {block_id: later[block_id]["answer_key"] for block_id in same}


def _questions(paper: Row) -> list[dict[str, Any]]:
    return in_order(paper, [each["id"] for each in paper.blocks if each["format"] in QUESTIONS])


def is_same_question(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether learners see the same: the words and the settings, whatever the key."""
    if any(one[name] != other[name] for name in _LEARNERS_SEE):
        return False
    return split(question_of(one))[0] == split(question_of(other))[0]


async def _pin(tx: Transaction, regrade: Row) -> int | None:
    """Settles which keys count, and has all earlier papers graded by them from here on; None where there are no keys
    any more, since nothing is published.
    """
    try:
        assessment = await live(tx, regrade.assessment_id)
    except NotFound:
        await _note(tx, regrade, state=RegradeState.STOPPED.value)
        return None
    key = await paper_of(tx, assessment)
    if not regrade.is_preview:
        for paper in (await _earlier(tx, key, is_locked=True)).values():
            correct = {**paper.corrections, **corrections(paper, key)}
            await tx.execute(
                sa.update(PAPER).where(PAPER.c.id == paper.id).values(corrections=correct, updated_at=sa.func.now())
            )
    await _note(tx, regrade, paper_id=key.id, revision=key.revision)
    return 0


async def _note(tx: Transaction, regrade: Row, **values: Any) -> None:
    await tx.execute(sa.update(REGRADE).where(REGRADE.c.id == regrade.id).values(**values, updated_at=sa.func.now()))


async def _paper(tx: Transaction, paper_id: str) -> Row:
    found = await tx.row(sa.select(PAPER).where(PAPER.c.id == paper_id))
    assert found is not None
    return found


async def _earlier(tx: Transaction, key: Row, *, is_locked: bool) -> dict[str, Row]:
    """The papers of earlier revisions by id, in an order that is always the same, and locked so that they stay."""
    earlier = sa.and_(PAPER.c.assessment_id == key.assessment_id, PAPER.c.revision < key.revision)
    chosen = sa.select(PAPER).where(earlier).order_by(PAPER.c.revision)
    return {row.id: row for row in await tx.rows(chosen.with_for_update(key_share=True) if is_locked else chosen)}


def _of(papers: Sequence[str]) -> sa.ColumnElement[bool]:
    """Attempts at these papers that were handed in."""
    mine = ATTEMPT.c.paper_id == sa.any_(sa.literal(list(papers), ARRAY(id_type())))
    return sa.and_(mine, ATTEMPT.c.status != AttemptStatus.IN_PROGRESS.value)


async def _next_attempts(tx: Transaction, regrade: Row, papers: Sequence[str]) -> list[Row]:
    """The attempts behind the last that was looked at. One that is being graded just now is waited for.

    A preview waits for nobody: what it tells is how things stand.
    """
    chosen = sa.select(ATTEMPT).where(_of(papers)).order_by(ATTEMPT.c.id).limit(AT_ONCE)
    if regrade.cursor_id is not None:
        chosen = chosen.where(ATTEMPT.c.id > regrade.cursor_id)
    found = await tx.rows(chosen)
    if regrade.is_preview or not found:
        return found
    ids = [each.id for each in found]
    await one_at_a_time(tx, ids)
    those = sa.select(ATTEMPT).where(ATTEMPT.c.id == sa.any_(sa.literal(ids, ARRAY(id_type()))))
    return await tx.rows(those.order_by(ATTEMPT.c.id).with_for_update())


async def _left(tx: Transaction, cursor_id: str, papers: Sequence[str]) -> int:
    found = await tx.row(
        sa.select(sa.func.count().label("number")).select_from(ATTEMPT).where(_of(papers), ATTEMPT.c.id > cursor_id)
    )
    return 0 if found is None else int(found.number)


# One attempt, as it is and as it would be ----------------------------------------------------------------------------


@dataclass
class Answered:
    """What was answered in one attempt by block, what people said it is worth, and what it was worth so far."""

    values: dict[str, dict[str, Any]]
    given: dict[str, Row]
    shares: dict[str, str | None]


async def _answers(tx: Transaction, attempts: Sequence[Row]) -> dict[str, Answered]:
    """All that several attempts are graded by, in one statement for each kind of it."""
    ids = sa.literal([each.id for each in attempts], ARRAY(id_type()))
    found = {each.id: Answered({}, {}, {}) for each in attempts}
    answers = sa.select(ANSWER.c.attempt_id, ANSWER.c.block_id, ANSWER.c.value)
    for row in await tx.rows(answers.where(ANSWER.c.attempt_id == sa.any_(ids))):
        found[row.attempt_id].values[row.block_id] = row.value
    graded = sa.and_(GRADING.c.attempt_id == sa.any_(ids), GRADING.c.state == GradingState.GRADED.value)
    for row in await tx.rows(sa.select(GRADING).where(graded)):
        found[row.attempt_id].given[row.block_id] = row
    marks = sa.select(MARK.c.attempt_id, MARK.c.block_id, MARK.c.share)
    for row in await tx.rows(marks.where(MARK.c.attempt_id == sa.any_(ids))):
        found[row.attempt_id].shares[row.block_id] = row.share
    return found


def _steps(attempt: Row, paper: Row, answered: Answered) -> list[Step]:
    return graded_by_people(walk(in_order(paper, attempt.block_ids), answered.values), answered.given)


def _compared(
    steps: Sequence[Step], before: Mapping[str, str | None], same_questions: Mapping[str, Any]
) -> list[Compared]:
    """Each answer that a machine has marked."""
    return [
        Compared(step.block_id, _share(step) != before[step.block_id], step.block_id in same_questions)
        for step in steps
        if step.response is not None and step.block_id in before
    ]


def _share(step: Step) -> str | None:
    share = step.outcome.share
    return None if share is None else str(share)


def _scores(attempt: Row, steps: Sequence[Step]) -> dict[str, Any] | None:
    """What the attempt comes to; None where it was not graded yet, or waits for a person."""
    if attempt.max_score is None or any(step.awaits_a_person for step in steps):
        return None
    return scores_of(result_of(steps), attempt.passing_score)
