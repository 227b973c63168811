"""What is visible of the curriculum: every relation that can be read."""

from __future__ import annotations

import sqlalchemy as sa

from core.relations import Filter, Relation, Sort, contains, equals, own_id
from core.tables import table_of
from models.content import Stage
from models.curriculum import Assessment, Block, Branch, Course, Lesson, Milestone, Module, Scale, Theme

THEME, COURSE, MODULE, LESSON, BLOCK = (table_of(model) for model in (Theme, Course, Module, Lesson, Block))
ASSESSMENT, BRANCH = table_of(Assessment), table_of(Branch)
DRAFT, LIVE = Stage.DRAFT.value, Stage.LIVE.value

_BY_TITLE = {"TITLE_ASC": Sort("title"), "TITLE_DESC": Sort("title", descending=True)}
_BY_TIME = {
    "CREATED_AT_ASC": Sort("created_at"),
    "CREATED_AT_DESC": Sort("created_at", descending=True),
    "UPDATED_AT_ASC": Sort("updated_at"),
    "UPDATED_AT_DESC": Sort("updated_at", descending=True),
}
_SORTS = {"POSITION_ASC": Sort("position"), **_BY_TITLE, **_BY_TIME}
_COURSE_FILTERS = {
    "theme": equals(COURSE.c.theme_id),
    "difficulty": equals(COURSE.c.difficulty_level),
    "kind": equals(COURSE.c.kind),
    "text": contains(COURSE.c.title, COURSE.c.summary, COURSE.c.description),
}
_MODULE_OF_LESSON = sa.select(MODULE.c.id).where(MODULE.c.id == LESSON.c.module_id, MODULE.c.stage == LESSON.c.stage)

THEMES = Relation(Theme, sorts=_SORTS, filters={"text": contains(THEME.c.title, THEME.c.summary)})
THEME_BY_ID, THEME_BY_SLUG = Relation(Theme, "id"), Relation(Theme, "slug", "slug")
COURSES = Relation(Course, sorts=_SORTS, filters=_COURSE_FILTERS)
COURSE_BY_ID, COURSE_BY_SLUG = Relation(Course, "id"), Relation(Course, "slug", "slug")
COURSES_OF_THEME = Relation(Course, "theme_id", sorts=_SORTS, filters=_COURSE_FILTERS)
THEME_OF_COURSE = Relation(Theme, "id", "theme_id")
MILESTONES_OF_COURSE = Relation(Milestone, "course_id")
MODULES = Relation(
    Module,
    sorts={**_BY_TIME, **_BY_TITLE},
    filters={"course": equals(MODULE.c.course_id), "text": contains(MODULE.c.title, MODULE.c.summary)},
)
MODULE_BY_ID, MODULES_OF_COURSE = Relation(Module, "id"), Relation(Module, "course_id")
COURSE_OF_MODULE = Relation(Course, "id", "course_id")
PREREQUISITE_OF_MODULE = Relation(Module, "id", "unlock_after_module_id")
LESSONS = Relation(
    Lesson,
    sorts={**_BY_TIME, **_BY_TITLE},
    filters={
        "module": equals(LESSON.c.module_id),
        "course": Filter(lambda course: _MODULE_OF_LESSON.where(MODULE.c.course_id == course).exists(), own_id),
        "text": contains(LESSON.c.title),
    },
)
LESSON_BY_ID, LESSONS_OF_MODULE = Relation(Lesson, "id"), Relation(Lesson, "module_id")
MODULE_OF_LESSON = Relation(Module, "id", "module_id")
BLOCKS = Relation(
    Block,
    sorts=_BY_TIME,
    filters={
        "lesson": equals(BLOCK.c.lesson_id),
        "assessment": equals(BLOCK.c.assessment_id),
        "format": equals(BLOCK.c.format),
        "text": contains(BLOCK.c.title, BLOCK.c.body_text),
    },
)
BLOCK_BY_ID, BLOCKS_OF_LESSON = Relation(Block, "id"), Relation(Block, "lesson_id")
LESSON_OF_BLOCK = Relation(Lesson, "id", "lesson_id")
ASSESSMENTS = Relation(
    Assessment,
    sorts={**_BY_TIME, **_BY_TITLE},
    filters={
        "lesson": equals(ASSESSMENT.c.lesson_id),
        "kind": equals(ASSESSMENT.c.kind),
        "stands_alone": Filter(lambda alone: (ASSESSMENT.c.lesson_id.is_(None)) == alone),
        "text": contains(ASSESSMENT.c.title, ASSESSMENT.c.introduction),
    },
)
ASSESSMENT_BY_ID, ASSESSMENT_BY_SLUG = Relation(Assessment, "id"), Relation(Assessment, "slug", "slug")
ASSESSMENTS_OF_LESSON = Relation(Assessment, "lesson_id")
LESSON_OF_ASSESSMENT = Relation(Lesson, "id", "lesson_id")
BLOCKS_OF_ASSESSMENT = Relation(Block, "assessment_id")
ASSESSMENT_OF_BLOCK = Relation(Assessment, "id", "assessment_id")
BRANCH_BY_ID = Relation(Branch, "id")
BLOCK_OF_BRANCH, TARGET_OF_BRANCH = Relation(Block, "id", "from_block_id"), Relation(Block, "id", "goto_block_id")
SCALE = table_of(Scale)
SCALE_BY_ID, SCALES_OF_ASSESSMENT = Relation(Scale, "id"), Relation(Scale, "assessment_id")
ASSESSMENT_OF_SCALE = Relation(Assessment, "id", "assessment_id")
