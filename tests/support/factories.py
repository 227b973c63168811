"""Making things through the public door, with sensible values for everything a test does not care about."""

from __future__ import annotations

import itertools
from typing import Any

from tests.support.clients import ERRORS, Client, Data

_numbers = itertools.count(1)
_AT_ONCE = 20


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


def assessment(editor: Client, lesson_id: str | None = None, *, questions: int = 0, **fields: Any) -> str:
    """A draft assessment with so many questions, in a lesson or by itself; answers its id."""
    values = {"title": f"Assessment {next(_numbers)}", **({"lessonId": lesson_id} if lesson_id else {}), **fields}
    made = editor.do("assessmentCreate", "assessment { id }", **values)
    assessment_id: str = made["assessment"]["id"]
    inputs = [{"assessmentId": assessment_id, "block": choice_question()} for _ in range(questions)]
    if inputs:
        many(editor, "blockCreate", "block { id }", inputs)
    return assessment_id


def block(editor: Client, lesson_id: str, content: dict[str, Any] | None = None, **fields: Any) -> str:
    """A block at the end of a lesson, a text unless `content` says otherwise; answers its id."""
    values = {"lessonId": lesson_id, "block": content or {"text": {"markdown": f"Words {next(_numbers)}"}}, **fields}
    block_id: str = editor.do("blockCreate", "block { id }", **values)["block"]["id"]
    return block_id


def tree(editor: Client, *, modules: int = 2, lessons: int = 2, blocks: int = 2, **fields: Any) -> dict[str, Any]:
    """A draft course with so many modules, lessons per module and blocks per lesson; answers all ids."""
    made: dict[str, Any] = {"course": course(editor, **fields)}
    below = [{"courseId": made["course"], "title": f"Module {next(_numbers)}"} for _ in range(modules)]
    made["modules"] = _ids(editor, "module", below)
    below = [
        {"moduleId": each, "title": f"Lesson {next(_numbers)}"} for each in made["modules"] for _ in range(lessons)
    ]
    made["lessons"] = _ids(editor, "lesson", below)
    text = ({"text": {"markdown": f"Words {next(_numbers)}"}} for _ in itertools.count())
    below = [{"lessonId": each, "block": next(text)} for each in made["lessons"] for _ in range(blocks)]
    made["blocks"] = _ids(editor, "block", below)
    return made


def many(editor: Client, name: str, selection: str, inputs: list[Data]) -> list[Data]:
    """The same mutation once per input, one after the other in few requests; all must succeed. The payloads."""
    if len(inputs) > _AT_ONCE:
        return many(editor, name, selection, inputs[:_AT_ONCE]) + many(editor, name, selection, inputs[_AT_ONCE:])
    numbered = list(enumerate(inputs))
    kind = f"{name[0].upper()}{name[1:]}Input!"
    parameters = ", ".join(f"$i{number}: {kind}" for number, _ in numbered)
    fields = " ".join(f"m{number}: {name}(input: $i{number}) {{ {selection} {ERRORS} }}" for number, _ in numbered)
    answer = editor.ask(f"mutation({parameters}) {{ {fields} }}", **{f"i{number}": each for number, each in numbered})
    payloads = [answer[f"m{number}"] for number, _ in numbered]
    assert [payload["errors"] for payload in payloads] == [[] for _ in numbered]
    return payloads


def _ids(editor: Client, kind: str, inputs: list[Data]) -> list[str]:
    if not inputs:
        return []
    return [payload[kind]["id"] for payload in many(editor, f"{kind}Create", f"{kind} {{ id }}", inputs)]


def publish(editor: Client, course_id: str, message: str | None = None) -> int:
    """Publishes a course; answers the revision's number."""
    number: int = editor.do("coursePublish", "revision", id=course_id, message=message)["revision"]
    return number


def choice_question(**fields: Any) -> dict[str, Any]:
    """A multiple-choice question's content: the first of two choices is right."""
    choices = [{"text": "Right", "isCorrect": True, "feedback": "Well done"}, {"text": "Wrong"}]
    return {"multipleChoice": {"markdown": "Which?", "choices": choices, "explanation": "Because", **fields}}
