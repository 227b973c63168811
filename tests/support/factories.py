"""Making things through the public door, with sensible values for everything a test does not care about."""

from __future__ import annotations

import itertools
from typing import Any

from tests.support.clients import Client

_numbers = itertools.count(1)


def theme(editor: Client, *, publish: bool = False, **fields: Any) -> str:
    """A draft (or published) theme; answers its id."""
    made = editor.do("themeCreate", "theme { id }", **{"title": f"Theme {next(_numbers)}", **fields})
    theme_id: str = made["theme"]["id"]
    if publish:
        editor.do("themePublish", "theme { id }", id=theme_id)
    return theme_id


def course(editor: Client, **fields: Any) -> str:
    """A draft course without modules; answers its id."""
    made = editor.do("courseCreate", "course { id }", **{"title": f"Course {next(_numbers)}", **fields})
    course_id: str = made["course"]["id"]
    return course_id


def module(editor: Client, course_id: str, **fields: Any) -> str:
    """A module at the end of a course; answers its id."""
    values = {"courseId": course_id, "title": f"Module {next(_numbers)}", **fields}
    module_id: str = editor.do("moduleCreate", "module { id }", **values)["module"]["id"]
    return module_id


def lesson(editor: Client, module_id: str, **fields: Any) -> str:
    """A lesson at the end of a module; answers its id."""
    values = {"moduleId": module_id, "title": f"Lesson {next(_numbers)}", **fields}
    lesson_id: str = editor.do("lessonCreate", "lesson { id }", **values)["lesson"]["id"]
    return lesson_id


def block(editor: Client, lesson_id: str, content: dict[str, Any] | None = None, **fields: Any) -> str:
    """A block at the end of a lesson, a text unless `content` says otherwise; answers its id."""
    values = {"lessonId": lesson_id, "block": content or {"text": {"markdown": f"Words {next(_numbers)}"}}, **fields}
    block_id: str = editor.do("blockCreate", "block { id }", **values)["block"]["id"]
    return block_id


def tree(editor: Client, *, modules: int = 2, lessons: int = 2, blocks: int = 2, **fields: Any) -> dict[str, Any]:
    """A draft course with so many modules, lessons per module and blocks per lesson; answers all ids."""
    made: dict[str, Any] = {"course": course(editor, **fields), "modules": [], "lessons": [], "blocks": []}
    for _ in range(modules):
        made["modules"].append(module(editor, made["course"]))
        for _ in range(lessons):
            made["lessons"].append(lesson(editor, made["modules"][-1]))
            made["blocks"] += [block(editor, made["lessons"][-1]) for _ in range(blocks)]
    return made


def publish(editor: Client, course_id: str, message: str | None = None) -> int:
    """Publishes a course; answers the revision's number."""
    number: int = editor.do("coursePublish", "revision", id=course_id, message=message)["revision"]
    return number


def choice_question(**fields: Any) -> dict[str, Any]:
    """A multiple-choice question's content: the first of two choices is right."""
    choices = [{"text": "Right", "isCorrect": True, "feedback": "Well done"}, {"text": "Wrong"}]
    return {"multipleChoice": {"markdown": "Which?", "choices": choices, "explanation": "Because", **fields}}
