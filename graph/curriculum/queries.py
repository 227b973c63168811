"""The curriculum's root fields."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import strawberry

from core.errors import RequestError
from core.viewer import require
from graph.curriculum.arguments import (
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
from graph.curriculum.types import Course, Lesson, Module, Theme
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
    theme: Theme | None = by_id_or_slug(
        curriculum.THEME_BY_ID, curriculum.THEME_BY_SLUG, "One theme, by id or by slug."
    )
    course: Course | None = by_id_or_slug(
        curriculum.COURSE_BY_ID, curriculum.COURSE_BY_SLUG, "One course, by id or by slug."
    )
    module: Module | None = by_id(curriculum.MODULE_BY_ID, "One module.")
    lesson: Lesson | None = by_id(curriculum.LESSON_BY_ID, "One lesson.")
    block: Block | None = by_id(curriculum.BLOCK_BY_ID, "One block.")
    answer_preview: AnswerPreview | None = batch_field(
        _preview,
        "What an answer to a question would come to, for its authors to try it; nothing is kept. Needs the permission "
        "`content:edit`, for this course or everywhere.",
        [
            argument("block_id", strawberry.ID, "The question's id.", default=inspect.Parameter.empty),
            argument("answer", AnswerInput, "What is answered.", default=inspect.Parameter.empty),
        ],
    )
