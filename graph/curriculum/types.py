"""The curriculum's types."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Optional

import strawberry

import models.curriculum as models
from graph.content import Revision, publish_state, published_revision, tree_revision
from graph.curriculum.arguments import CourseFilter, CourseSort
from graph.curriculum.enums import (
    AssessmentKind,
    CompletionRule,
    CourseKind,
    DifficultyLevel,
    FeedbackMode,
    ReleaseRule,
    Season,
)
from graph.curriculum.scales import Scale
from graph.fields import editable, entity, related, related_one
from graph.formats.base import Block
from graph.node import Node
from graph.paging import Connection, connection
from models.content import PublishState
from resolvers import curriculum
from resolvers.content.batches import REVISIONS_OF_ROOT


@entity(models.Theme)
class Theme(Node):
    """A top-level subject that courses gather under."""

    slug: str = editable()
    title: str = editable()
    summary: str = editable()
    season: Season = editable()
    position: int = editable()
    revision: int
    created_at: datetime
    updated_at: datetime
    courses: Connection[Annotated[Course, strawberry.lazy("graph.curriculum.types")]] = connection(
        curriculum.COURSES_OF_THEME, "The theme's courses.", sort=CourseSort, filter=CourseFilter
    )
    tree_revision: int | None = tree_revision()
    publish_state: PublishState = publish_state(models.Theme)
    published_revision: Revision | None = published_revision(models.Theme)
    revisions: Connection[Revision] = connection(REVISIONS_OF_ROOT, "What was sealed, newest first; for editors.")


@entity(models.Milestone)
class Milestone(Node):
    """A named stretch of days within a programme."""

    name: str
    position: int
    start_day: int
    end_day: int


@entity(models.Course)
class Course(Node):
    """A programme: a course, or a journal that runs over days."""

    slug: str = editable()
    kind: CourseKind = editable()
    title: str = editable()
    summary: str = editable()
    description: str = editable()
    description_html: str
    difficulty_level: DifficultyLevel = editable()
    estimated_minutes: int | None = editable()
    duration_days: int | None = editable()
    position: int = editable()
    revision: int
    created_at: datetime
    updated_at: datetime
    theme: Theme | None = related_one(curriculum.THEME_OF_COURSE, "The theme the course belongs to.")
    modules: list[Annotated[Module, strawberry.lazy("graph.curriculum.types")]] = related(
        curriculum.MODULES_OF_COURSE, "The chapters, in order."
    )
    milestones: list[Milestone] = related(curriculum.MILESTONES_OF_COURSE, "The milestones, in order.")
    tree_revision: int | None = tree_revision()
    publish_state: PublishState = publish_state(models.Course)
    published_revision: Revision | None = published_revision(models.Course)
    revisions: Connection[Revision] = connection(REVISIONS_OF_ROOT, "What was sealed, newest first; for editors.")


@entity(models.Module)
class Module(Node):
    """A chapter of a course."""

    title: str = editable()
    summary: str = editable()
    position: int
    release_rule: ReleaseRule = editable()
    release_after_days: int | None = editable()
    release_on: date | None = editable()
    revision: int
    created_at: datetime
    updated_at: datetime
    unlock_after: Optional[Annotated[Module, strawberry.lazy("graph.curriculum.types")]] = related_one(  # noqa: UP045
        curriculum.PREREQUISITE_OF_MODULE, "The module to finish first."
    )
    course: Course | None = related_one(curriculum.COURSE_OF_MODULE, "The course it belongs to.")
    lessons: list[Annotated[Lesson, strawberry.lazy("graph.curriculum.types")]] = related(
        curriculum.LESSONS_OF_MODULE, "The lessons, in order."
    )


@entity(models.Lesson)
class Lesson(Node):
    """One sitting: a page of blocks."""

    title: str = editable()
    slug: str = editable()
    minutes: int | None = editable()
    is_preview: bool = editable()
    is_required: bool = editable()
    completion_rule: CompletionRule = editable()
    position: int
    revision: int
    created_at: datetime
    updated_at: datetime
    module: Module | None = related_one(curriculum.MODULE_OF_LESSON, "The module it belongs to.")
    blocks: list[Block] = related(curriculum.BLOCKS_OF_LESSON, "What the lesson is made of, in order.")
    assessments: list[Annotated[Assessment, strawberry.lazy("graph.curriculum.types")]] = related(
        curriculum.ASSESSMENTS_OF_LESSON, "The assessments at its end, in order.", assumed=1
    )


@entity(models.Assessment)
class Assessment(Node):
    """Questions that are answered together."""

    kind: AssessmentKind = editable()
    title: str = editable()
    slug: str | None = editable()
    introduction: str = editable()
    introduction_html: str
    passing_score: int = editable()
    max_attempts: int | None = editable()
    time_limit_minutes: int | None = editable()
    question_limit: int | None = editable()
    shuffle: bool = editable()
    opens_at: datetime | None = editable()
    closes_at: datetime | None = editable()
    feedback_mode: FeedbackMode = editable()
    licence: str | None = editable()
    attribution: str | None = editable()
    position: int
    revision: int
    created_at: datetime
    updated_at: datetime
    lesson: Lesson | None = related_one(
        curriculum.LESSON_OF_ASSESSMENT, "The lesson it is part of; null for one that stands by itself."
    )
    blocks: list[Block] = related(
        curriculum.BLOCKS_OF_ASSESSMENT, "Its questions, and what stands between them, in order.", assumed=10
    )
    scales: list[Scale] = related(curriculum.SCALES_OF_ASSESSMENT, "What it measures, in order.")
    tree_revision: int | None = tree_revision()
    publish_state: PublishState = publish_state(models.Assessment)
    published_revision: Revision | None = published_revision(models.Assessment)
    revisions: Connection[Revision] = connection(
        REVISIONS_OF_ROOT, "What was sealed of one that stands by itself, newest first; for editors."
    )
