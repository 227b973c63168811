"""Loads the demo content through the same actions that editors use, and publishes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from cairn.demo import groups
from core.database import Database
from core.tables import table_of
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from models.content import Content
from models.curriculum import Block, BlockFormat
from resolvers import curriculum
from resolvers.content import drafts

CONTENT = Path(__file__).parent / "content"
Values = Mapping[str, Any]
Progress = Callable[[str], None]


def courses() -> list[dict[str, Any]]:
    """The demo courses as they are written, in the order of their file names."""
    return [_read(path) for path in sorted((CONTENT / "courses").glob("*.yaml"))]


def themes() -> list[dict[str, Any]]:
    """The demo themes as they are written."""
    found: list[dict[str, Any]] = _read(CONTENT / "themes.yaml")
    return found


def assessments() -> list[dict[str, Any]]:
    """The demo assessments that stand by themselves, as they are written."""
    return [_read(path) for path in sorted((CONTENT / "assessments").glob("*.yaml"))]


async def load(database: Database, progress: Progress = lambda _title: None) -> bool:
    """Loads everything in one transaction into a database without content; answers whether it did."""
    async with transaction(database, SERVICE) as tx:
        if await tx.row(sa.select(table_of(Content).c.id).limit(1)):
            return False
        theme_ids = {}
        for theme in themes():
            values = {name: value for name, value in theme.items() if name != "season_hint"}
            theme_ids[theme["slug"]] = await curriculum.create_theme(
                tx, {**values, "season": theme["season_hint"] or "any"}
            )
            await curriculum.publish_theme(tx, theme_ids[theme["slug"]], "Demo content")
        for position, course in enumerate(courses(), 1):
            progress(course["title"])
            await _load_course(tx, course, theme_ids[course["theme"]], position)
        await load_assessments(tx, progress)
        await groups.load(tx)
    return True


async def _load_course(tx: Transaction, course: Values, theme_id: str, position: int) -> None:
    own = {
        name: _stripped(value)
        for name, value in course.items()
        if name not in {"theme", "modules", "milestones", "unpublished_changes"}
    }
    course_id = await curriculum.create_course(tx, {**own, "theme_id": theme_id, "position": position})
    if course.get("milestones"):
        await curriculum.set_milestones(tx, course_id, 1, course["milestones"])
    made = _Made()
    for module in course["modules"]:
        values = {name: _stripped(value) for name, value in module.items() if name != "lessons"}
        made.modules[module["title"]] = await curriculum.create_module(tx, course_id, values)
        for lesson in module["lessons"]:
            await _load_lesson(tx, made, made.modules[module["title"]], lesson)
    await curriculum.publish_course(tx, course_id, None, "Demo content")
    for change in course.get("unpublished_changes", ()):
        await _change(tx, made, change)


async def load_assessments(tx: Transaction, progress: Progress = lambda _title: None) -> None:
    """Loads the assessments that stand by themselves, and publishes them."""
    for assessment in assessments():
        progress(assessment["title"])
        await _load_assessment(tx, assessment)


async def _load_assessment(tx: Transaction, assessment: Values) -> None:
    """Questions are scales unless they say otherwise; what counts towards a scale names them by their keys."""
    own = {name: _stripped(value) for name, value in assessment.items() if name not in {"questions", "scales"}}
    assessment_id = await curriculum.create_assessment(tx, own)
    blocks = {}
    for question in assessment["questions"]:
        block_id = await _load_block(tx, assessment_id, {"format": "scale", **question})
        blocks[question.get("key")] = block_id
    for scale in assessment["scales"]:
        items = [
            {**{name: value for name, value in item.items() if name != "key"}, "block_id": blocks[item["key"]]}
            for item in scale["items"]
        ]
        await curriculum.create_scale(tx, assessment_id, {**_stripped(scale), "items": items})
    await curriculum.publish_assessment(tx, assessment_id, None, "Demo content")


class _Made:
    """What was made of one course: ids by the names that its changes use."""

    def __init__(self) -> None:
        self.modules: dict[str, str] = {}
        self.lessons: dict[str, str] = {}
        self.blocks: dict[str, list[str]] = {}


async def _load_lesson(tx: Transaction, made: _Made, module_id: str, lesson: Values) -> None:
    values = {name: value for name, value in lesson.items() if name != "blocks"}
    lesson_id = made.lessons[lesson["slug"]] = await curriculum.create_lesson(tx, module_id, values)
    made.blocks[lesson["slug"]] = [await _load_block(tx, lesson_id, block) for block in lesson["blocks"]]


async def _load_block(tx: Transaction, parent_id: str, block: Values) -> str:
    own = {name: _stripped(value) for name, value in block.items() if name not in {"format", "settings"}}
    values = {"points": 0, **own, **_stripped(block.get("settings", {}))}
    return await curriculum.create_block(tx, parent_id, BlockFormat(block["format"]), values)


async def _change(tx: Transaction, made: _Made, change: Values) -> None:
    if "add_lesson" in change:
        await _load_lesson(tx, made, made.modules[change["module"]], change["add_lesson"])
    elif "add_block" in change:
        made.blocks[change["lesson"]].append(await _load_block(tx, made.lessons[change["lesson"]], change["add_block"]))
    elif "block" in change:
        await _change_block(tx, made.blocks[change["lesson"]][change["block"]], change["set"])
    elif "lesson" in change:
        await curriculum.update_lesson(tx, made.lessons[change["lesson"]], 1, change["set"])
    else:
        await curriculum.update_module(tx, made.modules[change["module"]], 1, change["set"])


async def _change_block(tx: Transaction, block_id: str, values: Values) -> None:
    before = await drafts.draft_row(tx, Block, block_id)
    own = {name: _stripped(value) for name, value in values.items() if name != "settings"}
    changes = {**own, **_stripped(values.get("settings", {}))}
    await curriculum.update_block(tx, block_id, before.revision, BlockFormat(before.format), changes)


def _stripped(value: Any) -> Any:
    """YAML's block texts end in a line break that nobody meant."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return [_stripped(each) for each in value]
    if isinstance(value, dict):
        return {name: _stripped(each) for name, each in value.items()}
    return value


def _read(path: Path) -> Any:
    # The C loader is several times faster and as safe.
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
