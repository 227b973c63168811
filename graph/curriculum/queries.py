"""The curriculum's root fields."""

from __future__ import annotations

import strawberry

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
from graph.formats.base import Block
from graph.node import by_id, by_id_or_slug
from graph.paging import Connection, connection
from resolvers import curriculum


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
