"""The curriculum: themes, courses, modules, lessons, assessments, blocks and milestones."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from pydantic import AfterValidator, StringConstraints
from pydantic import Field as Limits
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from core.tables import enum_column, id_column, instant_column, json_column
from models.content import Staged, author_policies, staged_args, staged_policies

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", min_length=1, max_length=100)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]

# Numbers of scales mean the decimals that one writes: 0.1 is a tenth.
Bound = Annotated[float, Limits(ge=-1_000_000, le=1_000_000)]
QuestionKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", min_length=1, max_length=40)]


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("Give the instant with its offset from UTC.")
    return value


Instant = Annotated[datetime, AfterValidator(_aware)]


class Season(StrEnum):
    """The time of year a theme suits best."""

    SPRING = "spring"
    SUMMER = "summer"
    AUTUMN = "autumn"
    WINTER = "winter"
    ANY = "any"


class CourseKind(StrEnum):
    """What sort of programme a course is."""

    COURSE = "course"
    JOURNAL = "journal"


class DifficultyLevel(StrEnum):
    """How much a learner should bring along."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class ReleaseRule(StrEnum):
    """When a module opens for a learner."""

    IMMEDIATELY = "immediately"
    DAYS_AFTER_ENROLMENT = "days_after_enrolment"
    ON_DATE = "on_date"
    AFTER_MODULE = "after_module"


class CompletionRule(StrEnum):
    """What makes a lesson count as done (the cmi5 moveOn vocabulary)."""

    PASSED = "passed"
    COMPLETED = "completed"
    COMPLETED_AND_PASSED = "completed_and_passed"
    COMPLETED_OR_PASSED = "completed_or_passed"
    NOT_APPLICABLE = "not_applicable"


class BlockFormat(StrEnum):
    """What a block is: five content formats, fourteen question formats."""

    TEXT = "text"
    SECTION = "section"
    MEDIA = "media"
    CALLOUT = "callout"
    EMBED = "embed"
    MULTIPLE_CHOICE = "multiple_choice"
    MULTI_SELECT = "multi_select"
    TRUE_FALSE = "true_false"
    SHORT_ANSWER = "short_answer"
    NUMERIC = "numeric"
    FREEFORM = "freeform"
    RANKING = "ranking"
    SCALE = "scale"
    RATING = "rating"
    MATRIX = "matrix"
    MATCHING = "matching"
    CLOZE = "cloze"
    REFLECTION = "reflection"
    FILE_UPLOAD = "file_upload"


class AssessmentKind(StrEnum):
    """What an assessment is for."""

    QUIZ = "quiz"
    WELLBEING = "wellbeing"
    SURVEY = "survey"
    SCORECARD = "scorecard"


class FeedbackMode(StrEnum):
    """When those who answer an assessment see what was right."""

    NEVER = "never"
    AFTER_SUBMIT = "after_submit"
    AFTER_PASS = "after_pass"  # noqa: S105 - no password
    AFTER_CLOSE = "after_close"


class ScaleAggregation(StrEnum):
    """How a scale makes one number of the answers that it counts."""

    SUM = "sum"
    MEAN = "mean"
    FORMULA = "formula"


class ScaleRole(StrEnum):
    """What the score of a scale is for."""

    PART = "part"
    OVERALL = "overall"
    LEAD = "lead"


class Theme(Staged, table=True):
    """A top-level subject that courses gather under."""

    __tablename__ = "theme"
    __tag__ = 0x032
    __table_args__ = staged_args(sa.UniqueConstraint("slug", "stage"), sa.Index(None, "stage", "position", "id"))

    slug: Slug = Field(max_length=100, description="The name in addresses: lower-case words joined by hyphens.")
    title: Title = Field(max_length=200, description="The theme's name.")
    summary: str = Field(default="", max_length=1000, description="One or two sentences for a list.")
    season: Season = enum_column(Season, Season.ANY, description="The time of year the theme suits best.")
    position: int = Field(default=0, ge=0, description="Sort key among themes; equal positions are ordered by id.")


class Course(Staged, table=True):
    """A programme: a course, or a journal that runs over days."""

    __tablename__ = "course"
    __tag__ = 0x033
    __table_args__ = staged_args(
        sa.UniqueConstraint("slug", "stage"),
        sa.CheckConstraint(
            "estimated_minutes IS NULL OR estimated_minutes BETWEEN 1 AND 100000", name="estimated_minutes"
        ),
        sa.CheckConstraint("duration_days IS NULL OR duration_days BETWEEN 1 AND 3660", name="duration_days"),
        sa.Index(None, "stage", "position", "id"),
        refers=(("theme_id", "theme"),),
        listed=("theme_id",),
    )

    slug: Slug = Field(max_length=100, description="The name in addresses: lower-case words joined by hyphens.")
    theme_id: str | None = id_column(nullable=True, description="The theme the course belongs to.")
    kind: CourseKind = enum_column(CourseKind, CourseKind.COURSE, description="A course, or a day-by-day journal.")
    title: Title = Field(max_length=200, description="The course's name.")
    summary: str = Field(default="", max_length=1000, description="One or two sentences for a list.")
    description: str = Field(default="", max_length=50_000, description="The long description, in Markdown.")
    description_html: str = Field(default="", description="The description as sanitised HTML.")
    difficulty_level: DifficultyLevel = enum_column(
        DifficultyLevel, DifficultyLevel.BEGINNER, description="How much a learner should bring along."
    )
    estimated_minutes: int | None = Field(default=None, ge=1, le=100_000, description="Time it takes, in minutes.")
    duration_days: int | None = Field(
        default=None, ge=1, le=3660, description="Length of a day-by-day programme, in days."
    )
    position: int = Field(default=0, ge=0, description="Sort key among courses; equal positions are ordered by id.")


class Milestone(Staged, table=True):
    """A named stretch of days within a programme; ranges do not overlap."""

    __tablename__ = "milestone"
    __tag__ = 0x034
    __parents__: ClassVar = (("course_id", Course),)
    __policies__ = staged_policies("course_id")
    __trashable__: ClassVar = False
    __table_args__ = staged_args(
        sa.CheckConstraint("start_day >= 1 AND end_day >= start_day", name="end_day"),
        parents=(("course_id", "course"),),
    )

    course_id: str = id_column()
    position: int = Field(default=1, ge=1, description="Sort key among the course's milestones.")
    name: Title = Field(max_length=200, description="The milestone's name.")
    start_day: int = Field(ge=1, description="First day, counted from 1.")
    end_day: int = Field(ge=1, description="Last day, counted from 1.")


class Module(Staged, table=True):
    """A chapter of a course."""

    __tablename__ = "module"
    __tag__ = 0x035
    __parents__: ClassVar = (("course_id", Course),)
    __policies__ = staged_policies("course_id")
    __table_args__ = staged_args(
        sa.CheckConstraint(
            "(release_rule = 'days_after_enrolment') = (release_after_days IS NOT NULL)", name="release_after_days"
        ),
        sa.CheckConstraint("(release_rule = 'on_date') = (release_on IS NOT NULL)", name="release_on"),
        sa.CheckConstraint(
            "(release_rule = 'after_module') = (unlock_after_module_id IS NOT NULL)", name="unlock_after_module_id"
        ),
        parents=(("course_id", "course"),),
        refers=(("unlock_after_module_id", "module"),),
    )

    course_id: str = id_column()
    position: int = Field(default=1, ge=1, description="Sort key among the course's modules; gaps are possible.")
    title: Title = Field(max_length=200, description="The module's name.")
    summary: str = Field(default="", max_length=1000, description="One or two sentences for a list.")
    release_rule: ReleaseRule = enum_column(
        ReleaseRule, ReleaseRule.IMMEDIATELY, description="When the module opens for a learner."
    )
    release_after_days: int | None = Field(
        default=None, ge=0, le=3660, description="Days after enrolment, for that rule."
    )
    release_on: date | None = Field(default=None, description="The calendar day it opens, for that rule.")
    unlock_after_module_id: str | None = id_column(
        nullable=True, description="The module to finish first, for that rule."
    )


class Lesson(Staged, table=True):
    """One sitting: a page of blocks."""

    __tablename__ = "lesson"
    __tag__ = 0x036
    __parents__: ClassVar = (("module_id", Module),)
    __policies__ = staged_policies("module_id")
    __table_args__ = staged_args(
        sa.CheckConstraint("minutes IS NULL OR minutes BETWEEN 1 AND 10000", name="minutes"),
        parents=(("module_id", "module"),),
    )

    module_id: str = id_column()
    position: int = Field(default=1, ge=1, description="Sort key among the module's lessons; gaps are possible.")
    title: Title = Field(max_length=200, description="The lesson's name.")
    slug: Slug = Field(max_length=100, description="The name in addresses, within its course.")
    minutes: int | None = Field(default=None, ge=1, le=10_000, description="Time it takes, in minutes.")
    is_preview: bool = Field(default=False, description="Whether it may be read before enrolling.")
    is_required: bool = Field(default=True, description="Whether the course counts as done without it.")
    completion_rule: CompletionRule = enum_column(
        CompletionRule, CompletionRule.COMPLETED, description="What makes the lesson count as done."
    )


class Assessment(Staged, table=True):
    """Questions that are answered together: a quiz in a lesson, or a survey or scorecard that stands by itself."""

    __tablename__ = "assessment"
    __tag__ = 0x03A
    __parents__: ClassVar = (("lesson_id", Lesson),)
    __policies__ = staged_policies("lesson_id")
    __table_args__ = staged_args(
        sa.UniqueConstraint("slug", "stage"),
        sa.CheckConstraint("(lesson_id IS NULL) = (slug IS NOT NULL)", name="slug"),
        sa.CheckConstraint("passing_score BETWEEN 0 AND 100", name="passing_score"),
        sa.CheckConstraint("max_attempts IS NULL OR max_attempts BETWEEN 1 AND 100", name="max_attempts"),
        sa.CheckConstraint(
            "time_limit_minutes IS NULL OR time_limit_minutes BETWEEN 1 AND 10080", name="time_limit_minutes"
        ),
        sa.CheckConstraint("opens_at < closes_at", name="closes_at"),
        sa.CheckConstraint("question_limit IS NULL OR question_limit BETWEEN 1 AND 500", name="question_limit"),
        parents=(("lesson_id", "lesson"),),
    )

    lesson_id: str | None = id_column(nullable=True)
    position: int = Field(default=1, ge=1, description="Sort key among the lesson's assessments; gaps are possible.")
    slug: Slug | None = Field(
        default=None, max_length=100, description="The name in addresses, of one that stands by itself; else null."
    )
    kind: AssessmentKind = enum_column(AssessmentKind, AssessmentKind.QUIZ, description="What it is for.")
    title: Title = Field(max_length=200, description="The assessment's name.")
    introduction: str = Field(default="", max_length=20_000, description="What to know before it begins, in Markdown.")
    introduction_html: str = Field(default="", description="The introduction as sanitised HTML.")
    passing_score: int = Field(default=70, ge=0, le=100, description="What is needed to pass, in percent.")
    max_attempts: int | None = Field(
        default=None, ge=1, le=100, description="How often a person may take it; null for as often as they like."
    )
    time_limit_minutes: int | None = Field(
        default=None, ge=1, le=10_080, description="How long one attempt may take; null for as long as it takes."
    )
    question_limit: int | None = Field(
        default=None, ge=1, le=500, description="How many of its questions are drawn for an attempt; null for all."
    )
    shuffle: bool = Field(default=False, description="Whether each attempt has the questions in an order of its own.")
    opens_at: Instant | None = instant_column(description="From when on it can be begun; null for from the start.")
    closes_at: Instant | None = instant_column(
        description="When it closes: nothing is begun or handed in after it; null for never."
    )
    feedback_mode: FeedbackMode = enum_column(
        FeedbackMode, FeedbackMode.AFTER_SUBMIT, description="When those who answer see what was right."
    )
    licence: str | None = Field(default=None, max_length=200, description="Under which licence it may be used.")
    attribution: str | None = Field(default=None, max_length=1000, description="Whose work it is, and where from.")


class Block(Staged, table=True):
    """One piece of a lesson or an assessment: something to read, watch or answer. Its format types the settings."""

    __tablename__ = "block"
    __tag__ = 0x037
    __parents__: ClassVar = (("lesson_id", Lesson), ("assessment_id", Assessment))
    __needs_parent__: ClassVar = True
    __policies__ = staged_policies("lesson_id", "assessment_id")
    __discriminator__: ClassVar = ("format",)
    __table_args__ = staged_args(
        sa.CheckConstraint("points BETWEEN 0 AND 10000", name="points"),
        parents=(("lesson_id", "lesson"), ("assessment_id", "assessment")),
        needs_parent=True,
    )

    lesson_id: str | None = id_column(nullable=True)
    assessment_id: str | None = id_column(nullable=True)
    position: int = Field(default=1, ge=1, description="Sort key among the blocks beside it; gaps are possible.")
    format: BlockFormat = enum_column(BlockFormat, description="What the block is.")
    title: str | None = Field(default=None, max_length=200, description="A heading, where the block has one.")
    body: str = Field(default="", max_length=200_000, description="The text or the question, in Markdown.")
    body_html: str = Field(default="", description="The body as sanitised HTML.")
    body_text: str = Field(default="", description="The body as plain text.")
    points: int = Field(default=0, ge=0, le=10_000, description="What a full answer is worth.")
    key: QuestionKey | None = Field(
        default=None, max_length=40, description="The name by which conditions refer to the answer of a question."
    )
    show_if: str | None = Field(
        default=None, max_length=1000, description="The condition under which the block is shown; null for always."
    )
    is_required: bool = Field(default=False, description="Whether the lesson counts as done without it.")
    settings: dict[str, Any] = json_column(description="Typed per format, without the answer key.")


class Branch(Staged, table=True):
    """A rule of an assessment: after this block, where its condition holds, it goes on somewhere else, or ends."""

    __tablename__ = "branch"
    __tag__ = 0x03F
    __parents__: ClassVar = (("from_block_id", Block),)
    __trashable__: ClassVar = False
    # Where a survey jumps may give an answer away: readers are led by the rules, and never see them.
    __policies__ = author_policies("from_block_id")
    __table_args__ = staged_args(parents=(("from_block_id", "block"),), refers=(("goto_block_id", "block"),))

    from_block_id: str = id_column()
    position: int = Field(default=1, ge=1, description="Which of the block's rules is asked first; gaps are possible.")
    condition: str | None = Field(
        default=None, max_length=1000, description="The condition under which it applies; null for always."
    )
    goto_block_id: str | None = id_column(nullable=True)


class AnswerKey(Staged, table=True):
    """What a learner must not see of a question: right answers, feedback, explanation. Fenced as a table of its own."""

    __tablename__ = "answer_key"
    __tag__ = 0x038
    __parents__: ClassVar = (("id", Block),)
    __trashable__: ClassVar = False
    __policies__ = author_policies()
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["id", "stage"], ["block.id", "block.stage"], ondelete="CASCADE", deferrable=True, initially="DEFERRED"
        ),
        sa.CheckConstraint("stage IN ('draft', 'live')", name="stage"),
    )

    body: dict[str, Any] = json_column(description="The secret half of the block's settings.")


def _parts(description: str) -> Any:
    return Field(default_factory=list, sa_type=JSONB, nullable=False, description=description)


class Scale(Staged, table=True):
    """Something that an assessment measures: which answers count towards it, how, and what a score means."""

    __tablename__ = "scale"
    __tag__ = 0x03D
    __parents__: ClassVar = (("assessment_id", Assessment),)
    __policies__ = staged_policies("assessment_id")
    __table_args__ = staged_args(
        sa.CheckConstraint("minimum < maximum", name="maximum"),
        sa.CheckConstraint("(aggregation = 'formula') = (formula IS NOT NULL)", name="formula"),
        sa.CheckConstraint("factor <> 0", name="factor"),
        sa.CheckConstraint("change_threshold IS NULL OR change_threshold > 0", name="change_threshold"),
        sa.CheckConstraint("norm_deviation IS NULL OR norm_deviation > 0", name="norm_deviation"),
        sa.CheckConstraint("reliability IS NULL OR (reliability > 0 AND reliability < 1)", name="reliability"),
        parents=(("assessment_id", "assessment"),),
    )

    assessment_id: str = id_column()
    position: int = Field(default=1, ge=1, description="Sort key among the assessment's scales; gaps are possible.")
    key: QuestionKey = Field(max_length=40, description="A short name for programs, unique in the assessment.")
    label: Title = Field(max_length=200, description="What it measures, as those who answer see it.")
    description: str = Field(default="", max_length=2000, description="What is meant by that, in plain text.")
    role: ScaleRole = enum_column(ScaleRole, ScaleRole.PART, description="What its score is for.")
    minimum: Bound = Field(description="The lowest score that there is.")
    maximum: Bound = Field(description="The highest score that there is.")
    higher_is_better: bool = Field(default=True, description="Whether more of it is better.")
    aggregation: ScaleAggregation = enum_column(
        ScaleAggregation, ScaleAggregation.SUM, description="How the answers become one number."
    )
    formula: str | None = Field(
        default=None, max_length=1000, description="The formula over the keys of its questions, for that aggregation."
    )
    factor: Bound = Field(default=1.0, description="What the number is multiplied by, where there is no table.")
    missing_allowed: int = Field(
        default=0, ge=0, le=200, description="How many of its answers may be missing before there is no score."
    )
    change_threshold: Bound | None = Field(
        default=None, description="From how much on a change between two phases counts; null where that is not known."
    )
    norm_deviation: Bound | None = Field(
        default=None, description="The standard deviation of scores among people at large, for the reliable change."
    )
    reliability: float | None = Field(
        default=None, description="How reliably it measures, between 0 and 1, for the reliable change."
    )
    items: list[Any] = _parts("The answers that count towards it.")
    bands: list[Any] = _parts("What scores mean, from the lowest to the highest.")
    conversion: list[Any] = _parts("The table that turns the number into the score, where there is one.")
