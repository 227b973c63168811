"""The curriculum's sorts and filters."""

from __future__ import annotations

from typing import Any

import strawberry

from graph.curriculum.enums import AssessmentKind, CourseKind, DifficultyLevel
from graph.formats.kinds import BlockFormat
from graph.paging import sort_enum
from resolvers import curriculum

CourseSort: Any = sort_enum("CourseSort", curriculum.COURSES)
ThemeSort: Any = sort_enum("ThemeSort", curriculum.THEMES)
ModuleSort: Any = sort_enum("ModuleSort", curriculum.MODULES)
LessonSort: Any = sort_enum("LessonSort", curriculum.LESSONS)
BlockSort: Any = sort_enum("BlockSort", curriculum.BLOCKS)
AssessmentSort: Any = sort_enum("AssessmentSort", curriculum.ASSESSMENTS)


def _condition(description: str) -> Any:
    return strawberry.field(default=None, description=description)


@strawberry.input(description="Which themes.")
class ThemeFilter:
    """All conditions must hold."""

    text: str | None = _condition("Title or summary contains this, whatever its case.")


@strawberry.input(description="Which courses.")
class CourseFilter:
    """All conditions must hold."""

    theme: strawberry.ID | None = _condition("Of this theme.")
    difficulty: DifficultyLevel | None = _condition("Of this level.")
    kind: CourseKind | None = _condition("Of this kind.")
    text: str | None = _condition("Title, summary or description contains this, whatever its case.")


@strawberry.input(description="Which modules.")
class ModuleFilter:
    """All conditions must hold."""

    course: strawberry.ID | None = _condition("Of this course.")
    text: str | None = _condition("Title or summary contains this, whatever its case.")


@strawberry.input(description="Which lessons.")
class LessonFilter:
    """All conditions must hold."""

    module: strawberry.ID | None = _condition("Of this module.")
    course: strawberry.ID | None = _condition("Of this course.")
    text: str | None = _condition("Title contains this, whatever its case.")


@strawberry.input(description="Which blocks.")
class BlockFilter:
    """All conditions must hold."""

    lesson: strawberry.ID | None = _condition("Of this lesson.")
    assessment: strawberry.ID | None = _condition("Of this assessment.")
    format: BlockFormat | None = _condition("Of this format.")
    text: str | None = _condition("Title or text contains this, whatever its case.")


@strawberry.input(description="Which assessments.")
class AssessmentFilter:
    """All conditions must hold."""

    lesson: strawberry.ID | None = _condition("Of this lesson.")
    kind: AssessmentKind | None = _condition("Of this kind.")
    stands_alone: bool | None = _condition("Whether they stand by themselves, or in lessons.")
    text: str | None = _condition("Title or introduction contains this, whatever its case.")
