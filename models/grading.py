"""What people decide about attempts: what a text is worth, who has more time, and that a corrected key counts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from core.policies import InsideRead, InsideWrite, OwnRows, StaffRead, StaffWrite
from core.tables import Table, enum_column, id_column, instant_column
from models.identity import Scope

_OF_ROOT = "root_id = ANY (ROOTS)"
# What graders set.
_GIVEN = ("state", "score", "comment", "graded_by", "graded_at", "revision", "updated_at")


class GradingState(StrEnum):
    """Whether somebody has said what an answer is worth."""

    AWAITING = "awaiting"
    GRADED = "graded"


class Grading(Table, table=True):
    """An answer that a person has to read, and what they say it is worth. It does not say whose answer it is."""

    __tablename__ = "grading"
    __tag__ = 0x054
    # Graders set their own words and nothing else; which answers there are to be read, only the service says.
    __policies__ = (
        StaffRead(Scope.ANSWER_GRADE),
        InsideRead(Scope.ANSWER_GRADE, _OF_ROOT),
        StaffWrite(
            Scope.ANSWER_GRADE,
            commands=("UPDATE",),
            columns=_GIVEN,
        ),
        InsideWrite(
            Scope.ANSWER_GRADE,
            _OF_ROOT,
            commands=("UPDATE",),
            columns=_GIVEN,
        ),
    )
    __personal__ = ("comment",)
    __table_args__ = (
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["answer_id"], ["answer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"]),
        sa.ForeignKeyConstraint(["root_id"], ["content.id"]),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"]),
        sa.ForeignKeyConstraint(["graded_by"], ["user.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("attempt_id", "block_id"),
        sa.UniqueConstraint("answer_id"),
        sa.CheckConstraint("score IS NULL OR score BETWEEN 0 AND points", name="score"),
        sa.CheckConstraint("(state = 'graded') = (score IS NOT NULL)", name="state"),
        # The queue of one assessment, and of all; the oldest first.
        sa.Index(
            "ix_grading_awaiting",
            "assessment_id",
            "submitted_at",
            "id",
            postgresql_where=sa.text("state = 'awaiting'"),
        ),
        sa.Index(None, "state", "submitted_at", "id"),
        sa.Index(None, "root_id"),
        sa.Index(None, "paper_id"),
    )

    id: str = id_column(primary=True)
    attempt_id: str = id_column(description="The attempt that it belongs to.")
    answer_id: str = id_column(description="The answer.")
    assessment_id: str = id_column(description="The assessment.")
    root_id: str = id_column(description="The course or assessment that it is published with.")
    paper_id: str = id_column(description="The questions as they were asked.")
    block_id: str = id_column(description="The question.")
    submitted_at: datetime = instant_column(nullable=False, description="When it was handed in.")
    points: int = Field(ge=1, description="What a full answer is worth.")
    rubric: str | None = Field(default=None, description="What to look for in an answer (Markdown).")
    sample_answer: str | None = Field(default=None, description="What a good answer looks like (Markdown).")
    state: GradingState = enum_column(GradingState, GradingState.AWAITING, description="Whether it is graded.")
    score: float | None = Field(default=None, ge=0, description="The points that it earns; null until it is graded.")
    comment: str | None = Field(
        default=None, max_length=10_000, description="What the grader has to say to it (Markdown)."
    )
    graded_by: str | None = id_column(nullable=True, description="Who graded it last.")
    graded_at: datetime | None = instant_column(description="When it was graded last.")
    revision: int = Field(
        default=1, ge=1, description="1, and one more with each grading. Send it as expectedRevision."
    )


class Accommodation(Table, table=True):
    """That one person has more time for an assessment, or more attempts, than others, and why."""

    __tablename__ = "accommodation"
    __tag__ = 0x055
    __policies__ = (
        OwnRows("user_id"),
        StaffRead(Scope.ACCOMMODATION_GRANT),
        InsideRead(Scope.ACCOMMODATION_GRANT, _OF_ROOT),
    )
    __personal__ = ("reason",)
    __table_args__ = (
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"]),
        sa.ForeignKeyConstraint(["root_id"], ["content.id"]),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["granted_by"], ["user.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("user_id", "assessment_id"),
        sa.CheckConstraint("extra_minutes BETWEEN 0 AND 10080", name="extra_minutes"),
        sa.CheckConstraint("extra_percent BETWEEN 0 AND 900", name="extra_percent"),
        sa.CheckConstraint("extra_attempts BETWEEN 0 AND 100", name="extra_attempts"),
        sa.Index(None, "assessment_id"),
        sa.Index(None, "root_id"),
    )

    id: str = id_column(primary=True)
    assessment_id: str = id_column(description="The assessment.")
    root_id: str = id_column(description="The course or assessment that it is published with.")
    user_id: str = id_column(description="Who has more.")
    extra_minutes: int = Field(default=0, ge=0, le=10_080, description="So many minutes more for each attempt.")
    extra_percent: int = Field(
        default=0, ge=0, le=900, description="So much more time for each attempt, in percent of the limit."
    )
    extra_attempts: int = Field(default=0, ge=0, le=100, description="So many attempts more than others have.")
    reason: str = Field(min_length=1, max_length=1000, description="Why, for those who may know.")
    granted_by: str | None = id_column(nullable=True, description="Who gave it last.")


class RegradeState(StrEnum):
    """How far a regrade is."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


_IS_FRESH = "state = 'running' AND paper_id IS NULL AND attempts = 0"


class Regrade(Table, table=True):
    """That attempts of earlier revisions are graded by the keys of a later one, or what would come of it."""

    __tablename__ = "regrade"
    __tag__ = 0x056
    # Publishers call for one; what comes of it is written by the service.
    __policies__ = (
        StaffRead(Scope.CONTENT_PUBLISH),
        InsideRead(Scope.CONTENT_PUBLISH, _OF_ROOT),
        StaffWrite(Scope.CONTENT_PUBLISH, _IS_FRESH, ("INSERT",)),
        InsideWrite(Scope.CONTENT_PUBLISH, _OF_ROOT, _IS_FRESH, ("INSERT",)),
    )
    __hidden__ = ("cursor_id",)
    __table_args__ = (
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"]),
        sa.ForeignKeyConstraint(["root_id"], ["content.id"]),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"]),
        sa.Index(None, "assessment_id", "id"),
        sa.Index(None, "root_id"),
        sa.Index(None, "paper_id"),
    )

    id: str = id_column(primary=True)
    assessment_id: str = id_column(description="The assessment.")
    root_id: str = id_column(description="The course or assessment that it is published with.")
    paper_id: str | None = id_column(nullable=True, description="The questions and keys that count.")
    revision: int | None = Field(
        default=None,
        ge=1,
        description="The number of the revision whose keys count: the one that was live as it began.",
    )
    is_preview: bool = Field(default=False, description="Whether it is only found out what would come of it.")
    state: RegradeState = enum_column(RegradeState, RegradeState.RUNNING, description="How far it is.")
    cursor_id: str | None = id_column(nullable=True, description="The last attempt that was looked at.")
    attempts: int = Field(default=0, ge=0, description="How many attempts of earlier revisions were looked at.")
    answers_changed: int = Field(default=0, ge=0, description="How many answers are worth something else.")
    scores_changed: int = Field(default=0, ge=0, description="How many attempts come to something else.")
    newly_passed: int = Field(default=0, ge=0, description="How many attempts are passed that were not.")
    no_longer_passed: int = Field(default=0, ge=0, description="How many attempts were passed and are not any more.")
    questions: list[Any] = Field(
        default_factory=list, sa_type=JSONB, nullable=False, description="What becomes of each question."
    )
    attempt_ids: list[Any] = Field(
        default_factory=list,
        sa_type=JSONB,
        nullable=False,
        description="The attempts that come to something else; the first thousand of them.",
    )
    job_id: str | None = id_column(nullable=True, description="The job that does it.")
