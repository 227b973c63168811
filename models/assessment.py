"""Taking assessments: attempts, what was answered, and what that is worth."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from core.policies import IN_PERSON, VIEWER_ID, InsideRead, OwnRows, PrivateRows, RelatedRead, StaffRead
from core.tables import Table, enum_column, id_column, instant_column, json_column
from models.curriculum import BlockFormat
from models.identity import Scope


class AttemptStatus(StrEnum):
    """How far an attempt is."""

    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    GRADED = "graded"
    EXPIRED = "expired"


class AttemptPhase(StrEnum):
    """When in a programme an attempt is made, so that before and after can be compared."""

    NONE = "none"
    PRE = "pre"
    MID = "mid"
    POST = "post"
    FOLLOW_UP = "follow_up"


def _list_column(description: str) -> Any:
    return Field(default_factory=list, sa_type=JSONB, nullable=False, description=description)


_IS_OWN = f"EXISTS (SELECT FROM attempt WHERE attempt.paper_id = paper.id AND attempt.user_id = {VIEWER_ID})"
_IS_GRADED = "EXISTS (SELECT FROM grading WHERE grading.paper_id = paper.id)"
_IS_MEASURED = "EXISTS (SELECT FROM scale_score WHERE scale_score.paper_id = paper.id)"


class Paper(Table, table=True):
    """An assessment as one revision has it, from its first block to its last: what attempts show, and are graded by."""

    __tablename__ = "paper"
    __tag__ = 0x050
    # Who has an attempt reads its blocks, who grades what was answered to them, and who reads a score what it was
    # measured by; the keys, and the rules that lead through, are for nobody but the service.
    __policies__ = (RelatedRead(f"{_IS_OWN} OR {_IS_GRADED} OR {_IS_MEASURED}"),)
    __hidden__ = ("answer_keys", "corrections", "branches")
    __table_args__ = (
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"]),
        sa.UniqueConstraint("assessment_id", "revision"),
    )

    id: str = id_column(primary=True)
    assessment_id: str = id_column(description="The assessment.")
    revision: int = Field(ge=1, description="The number of the revision that it was published with.")
    blocks: list[Any] = _list_column("The rows of its blocks in order, as readers saw them.")
    answer_keys: dict[str, Any] = json_column(description="Block id to the secret half of its settings.")
    corrections: dict[str, Any] = json_column(
        description="Block id to the key that counts in place of the one above, since a regrade."
    )
    branches: dict[str, Any] = json_column(description="Block id to the rules of where it goes on after it.")
    scales: list[Any] = _list_column("The rows of its scales in order, as readers saw them.")


class Attempt(Table, table=True):
    """One person's go at an assessment. It is pinned to the revision that it began with."""

    __tablename__ = "attempt"
    __tag__ = 0x051
    __policies__ = (OwnRows("user_id"),)
    __personal__ = ("score", "percentage", "passed")
    __table_args__ = (
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"]),
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"]),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("user_id", "assessment_id", "number"),
        sa.CheckConstraint("number >= 1", name="number"),
        sa.CheckConstraint("(status = 'in_progress') = (submitted_at IS NULL)", name="submitted_at"),
        # However many servers begin one at once: a person has one attempt under way at an assessment.
        sa.Index(
            "uq_attempt_in_progress",
            "user_id",
            "assessment_id",
            unique=True,
            postgresql_where=sa.text("status = 'in_progress'"),
        ),
        sa.Index("ix_attempt_deadline", "deadline_at", postgresql_where=sa.text("status = 'in_progress'")),
        sa.Index(None, "assessment_id"),
        sa.Index(None, "paper_id"),
    )

    id: str = id_column(primary=True)
    paper_id: str = id_column(description="The questions as they were published then.")
    assessment_id: str = id_column(description="The assessment.")
    revision: int = Field(ge=1, description="The number of the revision that it began with.")
    user_id: str = id_column(description="Whose attempt it is.")
    number: int = Field(ge=1, description="1 for a person's first attempt at this assessment, then 2, 3 and so on.")
    phase: AttemptPhase = enum_column(AttemptPhase, AttemptPhase.NONE, description="When in a programme it is made.")
    status: AttemptStatus = enum_column(AttemptStatus, AttemptStatus.IN_PROGRESS, description="How far it is.")
    passing_score: int = Field(ge=0, le=100, description="What is needed to pass, in percent.")
    shows_feedback: bool = Field(default=False, description="Whether what was right is shown once it is graded.")
    block_ids: list[Any] = _list_column("The ids of its blocks, those that were drawn for it, in its order.")
    shown_ids: list[Any] = _list_column("Those of them that its path leads through, by what was answered so far.")
    time_limit_minutes: int | None = Field(
        default=None, ge=1, description="How long it may take, before any accommodation; null where time is no matter."
    )
    closes_at: datetime | None = instant_column(description="When the assessment closes, as it was said when it began.")
    started_at: datetime = instant_column(nullable=False, description="When it began.")
    deadline_at: datetime | None = instant_column(description="When its time is up; null where time is no matter.")
    submitted_at: datetime | None = instant_column(description="When it was handed in, or its time was up.")
    score: float | None = Field(default=None, description="The points earned, once it is graded.")
    max_score: float | None = Field(default=None, description="The points that there were, once it is graded.")
    percentage: float | None = Field(default=None, description="The score in percent; null where nothing has points.")
    passed: bool | None = Field(default=None, description="Whether it is passed; null where nothing has points.")


class Answer(Table, table=True):
    """What somebody answered to one question of an attempt."""

    __tablename__ = "answer"
    __tag__ = 0x052
    # Its owner, and who has to grade it: they read what was answered, and are not told by whom.
    __policies__ = (
        PrivateRows("user_id"),
        RelatedRead("EXISTS (SELECT FROM grading WHERE grading.answer_id = answer.id)"),
    )
    __hidden__ = ("user_id",)
    __personal__ = ("value",)
    __table_args__ = (
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("attempt_id", "block_id"),
        sa.Index(None, "user_id"),
    )

    id: str = id_column(primary=True)
    attempt_id: str = id_column(description="The attempt.")
    user_id: str = id_column(description="Whose answer it is.")
    block_id: str = id_column(description="The question.")
    format: BlockFormat = enum_column(BlockFormat, description="The format of the question.")
    value: dict[str, Any] = json_column(description="The answer, typed per format.")


_OTHERS = "FROM attempt AS other WHERE other.assessment_id = attempt.assessment_id AND other.user_id = attempt.user_id"
# Where nothing closes, it is over for somebody who has no attempt left: as many are given as the assessment has now,
# and as the person has now beyond that.
_HAS_NONE_LEFT = (
    "assessment.closes_at IS NULL AND attempt.phase = 'none'"  # noqa: S608 - our own words
    f" AND (SELECT count(*) {_OTHERS} AND other.phase = 'none') >= assessment.max_attempts + COALESCE((SELECT"
    " accommodation.extra_attempts FROM accommodation WHERE accommodation.assessment_id = attempt.assessment_id"
    " AND accommodation.user_id = attempt.user_id), 0)"
)
# The sub-select finds what its reader sees: their own attempts, and what is published. Who is still at it waits.
_IS_CLOSED = (
    "EXISTS (SELECT FROM attempt JOIN assessment ON assessment.id = attempt.assessment_id"
    " WHERE attempt.id = answer_mark.attempt_id AND assessment.stage = 'live'"
    f" AND assessment.feedback_mode = 'after_close' AND (assessment.closes_at <= now() OR ({_HAS_NONE_LEFT}))"
    f" AND NOT EXISTS (SELECT {_OTHERS} AND other.status = 'in_progress'))"
)


class AnswerMark(Table, table=True):
    """What an answer is worth and what there is to say to it. Its owner sees it once feedback is due."""

    __tablename__ = "answer_mark"
    __tag__ = 0x053
    # What waits for the close is shown from that instant on, as the assessment tells it then: no job has to come round.
    __policies__ = (
        RelatedRead(f"((user_id = {VIEWER_ID}) AND {IN_PERSON} AND (is_shown OR (awaits_close AND {_IS_CLOSED})))"),
    )
    __personal__ = ("share", "score", "remarks", "comment")
    __table_args__ = (
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("attempt_id", "block_id"),
        sa.Index(None, "user_id"),
    )

    id: str = id_column(primary=True)
    attempt_id: str = id_column(description="The attempt.")
    user_id: str = id_column(description="Whose answer it is about.")
    block_id: str = id_column(description="The question.")
    position: int = Field(default=0, ge=0, description="Its place among the questions that were shown.")
    format: BlockFormat = enum_column(BlockFormat, description="The format of the question.")
    share: str | None = Field(
        default=None, max_length=200, description='What it earns of the points, exactly, such as "2/3".'
    )
    score: float | None = Field(default=None, description="The same in points; null where a machine cannot say.")
    points: int = Field(default=0, ge=0, description="What a full answer is worth.")
    remarks: list[Any] = _list_column("The feedback: texts, and the ids of the parts that they are about.")
    explanation: str | None = Field(default=None, description="Why the right answer is right (Markdown).")
    comment: str | None = Field(default=None, description="What the person who graded it has to say (Markdown).")
    right_value: dict[str, Any] | None = json_column(nullable=True, description="An answer that earns all points.")
    is_shown: bool = Field(default=False, description="Whether its owner may see it.")
    awaits_close: bool = Field(default=False, description="Whether its owner may see it once the assessment closes.")


# Whose scores a coach sees: of those in courses where one is their coach, who agreed to that for just that course.
_AGREED = (
    "EXISTS (SELECT FROM consent WHERE consent.user_id = scale_score.user_id AND consent.purpose = 'wellbeing_data'"
    " AND consent.course_id = scale_score.root_id AND consent.withdrawn_at IS NULL)"
)
_IN_RESULTS = (StaffRead(Scope.AGGREGATES_READ), InsideRead(Scope.AGGREGATES_READ, "root_id = ANY (ROOTS)"))


class ScaleScore(Table, table=True):
    """What an attempt came to on one scale of its paper. It is the person's own, and no staff's."""

    __tablename__ = "scale_score"
    __tag__ = 0x05A
    __policies__ = (
        PrivateRows("user_id"),
        InsideRead(Scope.WELLBEING_READ, f"root_id = ANY (ROOTS) AND {IN_PERSON} AND {_AGREED}"),
    )
    __personal__ = ("answered", "raw", "score", "exact", "band")
    __table_args__ = (
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"]),
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"]),
        sa.UniqueConstraint("attempt_id", "scale_id"),
        sa.CheckConstraint("(score IS NULL) = (exact IS NULL)", name="exact"),
        sa.Index(None, "user_id", "assessment_id"),
        sa.Index(None, "assessment_id", "phase"),
        sa.Index(None, "paper_id"),
    )

    id: str = id_column(primary=True)
    attempt_id: str = id_column(description="The attempt.")
    user_id: str = id_column(description="Whose score it is.")
    paper_id: str = id_column(description="The questions and scales as they were published then.")
    assessment_id: str = id_column(description="The assessment.")
    root_id: str = id_column(description="What the assessment is published with: a course, or itself.")
    scale_id: str = id_column(description="The scale.")
    phase: AttemptPhase = enum_column(AttemptPhase, AttemptPhase.NONE, description="The phase of the attempt.")
    submitted_at: datetime = instant_column(nullable=False, description="When the attempt was handed in.")
    answered: int = Field(default=0, ge=0, description="How many of the scale's items were answered.")
    raw: float | None = Field(default=None, description="The number that the answers come to.")
    score: float | None = Field(default=None, description="The score; null where too many answers are missing.")
    exact: str | None = Field(default=None, description='The same exactly, such as "20/3".')
    band: str | None = Field(default=None, max_length=40, description="The key of the band that it falls into.")


class ScaleAggregate(Table, table=True):
    """How many people stand where on a scale: always whole tens of them, rounded, so that nobody can be told out."""

    __tablename__ = "scale_aggregate"
    __tag__ = 0x05B
    __policies__ = _IN_RESULTS
    __table_args__ = (
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"]),
        sa.UniqueConstraint("scale_id", "phase"),
        sa.CheckConstraint("people >= 10", name="people"),
        sa.Index(None, "assessment_id"),
    )

    id: str = id_column(primary=True)
    assessment_id: str = id_column(description="The assessment.")
    root_id: str = id_column(description="What the assessment is published with: a course, or itself.")
    scale_id: str = id_column(description="The scale.")
    phase: AttemptPhase = enum_column(AttemptPhase, AttemptPhase.NONE, description="The phase of the attempts.")
    revision: int = Field(ge=1, description="The number of the revision that has the scale like this.")
    key: str = Field(max_length=40, description="The scale's key.")
    label: str = Field(max_length=200, description="What it measures.")
    position: int = Field(default=1, description="The scale's place among the others.")
    people: int = Field(description="How many people it speaks of: whole tens.")
    mean: float = Field(description="Their mean score, rounded to a fiftieth of the scale's width.")
    bands: list[Any] = _list_column("For each band about how many of them are in it, rounded to fives.")


class AssessmentDay(Table, table=True):
    """How often an assessment was begun and handed in on one day (UTC)."""

    __tablename__ = "assessment_day"
    __tag__ = 0x05C
    __policies__ = _IN_RESULTS
    __table_args__ = (
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"]),
        sa.UniqueConstraint("assessment_id", "day"),
    )

    id: str = id_column(primary=True)
    assessment_id: str = id_column(description="The assessment.")
    root_id: str = id_column(description="What the assessment is published with: a course, or itself.")
    day: date = Field(description="The day, in UTC.")
    started: int = Field(default=0, ge=0, description="How many attempts were begun.")
    submitted: int = Field(default=0, ge=0, description="How many of these were handed in by now, or timed out.")
