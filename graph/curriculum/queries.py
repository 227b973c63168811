"""The curriculum's root fields."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import strawberry

from core.errors import RequestError
from core.expressions import text_in_words
from core.viewer import require
from graph.curriculum.arguments import (
    AssessmentFilter,
    AssessmentSort,
    BlockFilter,
    BlockSort,
    CourseFilter,
    CourseSort,
    LessonFilter,
    LessonSort,
    ModuleFilter,
    ModuleSort,
    ThemeFilter,
    ThemeSort,
)
from graph.curriculum.scales import Scale
from graph.curriculum.types import Assessment, Course, Lesson, Module, Theme
from graph.declaring import argument, batch_field
from graph.engine import BatchInfo
from graph.formats.answering import AnswerInput, AnswerPreview, preview
from graph.formats.base import Block
from graph.node import by_id, by_id_or_slug, require_kind
from graph.paging import Connection, connection
from models.identity import Scope
from resolvers import curriculum


async def _preview(
    parents: Sequence[Any], info: BatchInfo, block_id: str, answer: Any
) -> Sequence[AnswerPreview | None]:
    require(info.context.viewer, Scope.CONTENT_EDIT, somewhere=True)
    require_kind(curriculum.BLOCK_BY_ID, block_id)
    found = await curriculum.question(info.context.reader, block_id)
    if found is None:
        return [None] * len(parents)
    block, question = found
    if question is None:
        raise RequestError("This block is not a question.")
    return [preview(question, block.points, answer)] * len(parents)


@strawberry.type(description="Something that is wrong with a condition.")
class ConditionError:
    """Where to look, and what to do."""

    message: str = strawberry.field(description="What is wrong and what to do, in plain words.")
    position: int = strawberry.field(description="Where it is wrong, in characters from 1.")


@strawberry.type(description="What a condition would mean.")
class ConditionPreview:
    """For authors, while they write it."""

    errors: list[ConditionError] = strawberry.field(
        description="What is wrong with it; a course with such a condition cannot be published."
    )
    in_words: str = strawberry.field(description="The condition in plain words; as it is where it cannot be read.")
    names: list[str] = strawberry.field(description="The names of answers that it may speak of, parts included.")


async def _condition(
    parents: Sequence[Any], info: BatchInfo, block_id: str, condition: str
) -> Sequence[ConditionPreview | None]:
    require(info.context.viewer, Scope.CONTENT_EDIT, somewhere=True)
    require_kind(curriculum.BLOCK_BY_ID, block_id)
    scope = await curriculum.scope_of(info.context.reader, block_id)
    if scope is None:
        return [None] * len(parents)
    errors = [
        ConditionError(message=each.message, position=each.position)
        for each in curriculum.problems_of(condition, scope)
    ]
    words = text_in_words(condition) or ""
    return [ConditionPreview(errors=errors, in_words=words, names=sorted(scope.names))] * len(parents)


@strawberry.type
class CurriculumQuery:
    """Root fields of the curriculum."""

    themes: Connection[Theme] = connection(curriculum.THEMES, "All themes.", sort=ThemeSort, filter=ThemeFilter)
    courses: Connection[Course] = connection(curriculum.COURSES, "All courses.", sort=CourseSort, filter=CourseFilter)
    modules: Connection[Module] = connection(
        curriculum.MODULES, "Modules of all courses.", sort=ModuleSort, filter=ModuleFilter
    )
    lessons: Connection[Lesson] = connection(
        curriculum.LESSONS, "Lessons of all courses.", sort=LessonSort, filter=LessonFilter
    )
    blocks: Connection[Block] = connection(
        curriculum.BLOCKS, "Blocks of all lessons.", sort=BlockSort, filter=BlockFilter
    )
    assessments: Connection[Assessment] = connection(
        curriculum.ASSESSMENTS, "All assessments.", sort=AssessmentSort, filter=AssessmentFilter
    )
    theme: Theme | None = by_id_or_slug(
        curriculum.THEME_BY_ID, curriculum.THEME_BY_SLUG, "One theme, by id or by slug."
    )
    course: Course | None = by_id_or_slug(
        curriculum.COURSE_BY_ID, curriculum.COURSE_BY_SLUG, "One course, by id or by slug."
    )
    assessment: Assessment | None = by_id_or_slug(
        curriculum.ASSESSMENT_BY_ID,
        curriculum.ASSESSMENT_BY_SLUG,
        "One assessment, by id, or by slug where it stands by itself.",
    )
    scale: Scale | None = by_id(curriculum.SCALE_BY_ID, "One scale of an assessment.")
    module: Module | None = by_id(curriculum.MODULE_BY_ID, "One module.")
    lesson: Lesson | None = by_id(curriculum.LESSON_BY_ID, "One lesson.")
    block: Block | None = by_id(curriculum.BLOCK_BY_ID, "One block.")
    condition_preview: ConditionPreview | None = batch_field(
        _condition,
        "What a condition would mean on a block, for its authors to try it; nothing is kept. Needs the permission "
        "`content:edit`, for this course or everywhere.",
        [
            argument("block_id", strawberry.ID, "The block's id.", default=inspect.Parameter.empty),
            argument("condition", str, "The condition, as for showIf.", default=inspect.Parameter.empty),
        ],
    )
    answer_preview: AnswerPreview | None = batch_field(
        _preview,
        "What an answer to a question would come to, for its authors to try it; nothing is kept. Needs the permission "
        "`content:edit`, for this course or everywhere.",
        [
            argument("block_id", strawberry.ID, "The question's id.", default=inspect.Parameter.empty),
            argument("answer", AnswerInput, "What is answered.", default=inspect.Parameter.empty),
        ],
    )
