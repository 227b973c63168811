"""The pages that are measured: each as a document for Cairn, as one for PostGraphile, and as one SQL statement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.data import LARGE, LESSONS, PAGE, THEMES

STATEMENTS = Path(__file__).parent / "statements"
FIRST_COURSES = 20


@dataclass(frozen=True)
class Page:
    """One page, and the one answer that every system gives to it.

    `statement` names the files in `statements/` that build the same JSON. `marker` occurs once for every object of an
    answer, of which there must be `objects`.
    """

    name: str
    title: str
    document: str
    peer_document: str
    statement: str
    variables: dict[str, Any]
    objects: int
    marker: str = '"id":'
    signed_in: bool = False


_COURSE_PAGE = """query CoursePage($slug: String!) {
  course(slug: $slug) { id title summary modules { id title lessons { id title blocks { id format html } } } }
}"""
_PEER_COURSE_PAGE = """query CoursePage($slug: String!) {
  course: courseBySlugAndStage(slug: $slug, stage: "live") {
    id: rowId title summary
    modules: modulesByCourseIdAndStageList(orderBy: [POSITION_ASC, ROW_ID_ASC]) {
      id: rowId title
      lessons: lessonsByModuleIdAndStageList(orderBy: [POSITION_ASC, ROW_ID_ASC]) {
        id: rowId title
        blocks: blocksByLessonIdAndStageList(orderBy: [POSITION_ASC, ROW_ID_ASC]) { id: rowId format html: bodyHtml }
      }
    }
  }
}"""
_LIST = """query Catalogue($themes: Int!, $courses: Int!) {
  themes(first: $themes) { nodes { id title courses(first: $courses) { nodes { id title summary } } } }
}"""
_PEER_LIST = """query Catalogue($themes: Int!, $courses: Int!) {
  themes: allThemesList(first: $themes, orderBy: [POSITION_ASC, ROW_ID_ASC]) {
    id: rowId title
    courses: coursesByThemeIdAndStageList(first: $courses, orderBy: [POSITION_ASC, ROW_ID_ASC]) {
      id: rowId title summary
    }
  }
}"""
_ONE_COURSE = "query One($slug: String!) { course(slug: $slug) { id slug title summary } }"
_PEER_ONE_COURSE = """query One($slug: String!) {
  course: courseBySlugAndStage(slug: $slug, stage: "live") { id: rowId slug title summary }
}"""
_LESSONS = """query Lessons($slug: String!) {
  course(slug: $slug) {
    position
    modules {
      position
      lessons {
        id title slug minutes isPreview isRequired completionRule position revision createdAt updatedAt
        blocks {
          __typename id format position revision title markdown html plainText points isRequired
          ... on QuestionBlock { hints }
          ... on MultipleChoiceQuestion { shuffle display choices { id text } }
        }
      }
    }
  }
}"""
_PEER_LESSONS = """query Lessons($slug: String!) {
  course: courseBySlugAndStage(slug: $slug, stage: "live") {
    position
    modules: modulesByCourseIdAndStageList(orderBy: [POSITION_ASC, ROW_ID_ASC]) {
      position
      lessons: lessonsByModuleIdAndStageList(orderBy: [POSITION_ASC, ROW_ID_ASC]) {
        id: rowId title slug minutes isPreview isRequired completionRule position revision createdAt updatedAt
        blocks: blocksByLessonIdAndStageList(orderBy: [POSITION_ASC, ROW_ID_ASC]) {
          __typename id: rowId format position revision title markdown: body html: bodyHtml plainText: bodyText points
          isRequired settings
        }
      }
    }
  }
}"""

PAGES = (
    Page(
        "course-page",
        f"Course page, {PAGE.objects} objects",
        _COURSE_PAGE,
        _PEER_COURSE_PAGE,
        "course-page",
        {"slug": PAGE.slug},
        PAGE.objects,
    ),
    Page(
        "list",
        f"List: {THEMES} themes with their first {FIRST_COURSES} courses",
        _LIST,
        _PEER_LIST,
        "list",
        {"themes": THEMES, "courses": FIRST_COURSES},
        THEMES * (1 + FIRST_COURSES),
    ),
    Page("one-course", "One course, four fields", _ONE_COURSE, _PEER_ONE_COURSE, "one-course", {"slug": PAGE.slug}, 1),
    Page(
        "signed-in",
        "Course page of a signed-in learner",
        _COURSE_PAGE,
        _PEER_COURSE_PAGE,
        "course-page",
        {"slug": PAGE.slug},
        PAGE.objects,
        signed_in=True,
    ),
    Page(
        "lessons",
        f"{LESSONS.lessons} lessons with everything",
        _LESSONS,
        _PEER_LESSONS,
        "lessons",
        {"slug": LESSONS.slug},
        LESSONS.objects,
        marker='"position":',
    ),
    Page(
        "large-page",
        f"Course page, {LARGE.objects:,} objects",
        _COURSE_PAGE,
        _PEER_COURSE_PAGE,
        "course-page",
        {"slug": LARGE.slug},
        LARGE.objects,
    ),
)
