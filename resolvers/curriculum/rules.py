"""The rules behind the curriculum's actions: slugs, texts, release rules, milestones, what must stand or not stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.errors import DomainError, InvalidInput, NotFound
from core.rows import Row
from core.tables import table_of
from core.text import to_html, to_plain, unified
from core.writing import Transaction, camel, checked
from models.content import Staged
from models.curriculum import Block, BlockFormat, Course, Module, ReleaseRule, Theme
from models.identity import Scope
from resolvers.content import drafts
from resolvers.curriculum.visible import COURSE, DRAFT, LIVE, MODULE
from resolvers.formats import BY_KIND
from resolvers.formats.base import Format, QuestionFormat

MAX_MILESTONES = 100
MAX_TAGS = 10_000


def slug_of(title: str) -> str:
    """A slug from a title: lower-case words of plain letters and digits."""
    plain = unified(title, "NFKD").encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:80].strip("-") or "untitled"


async def with_slug(
    tx: Transaction, model: type[Staged], values: Mapping[str, Any], root_id: str | None = None
) -> dict[str, Any]:
    """The values with a slug: the given one, or one made of the title that is free (within the root, if given)."""
    if values.get("slug") is not None or not values.get("title"):
        return dict(values)
    wanted = slug_of(str(values["title"]))
    return {**values, "slug": await free_slug(tx, model, wanted, root_id)}


async def free_slug(tx: Transaction, model: type[Staged], wanted: str, root_id: str | None = None) -> str:
    """The wanted slug, or the first of its numbered variants that no draft and no live row has."""
    table = table_of(model)
    query = sa.select(table.c.slug).where(table.c.slug.startswith(wanted, autoescape=True))
    if root_id is not None:
        query = query.join(drafts.CONTENT, drafts.CONTENT.c.id == table.c.id).where(drafts.CONTENT.c.root_id == root_id)
    taken = {row.slug for row in await tx.rows(query)}
    candidates = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in candidates if each not in taken)


def html(values: Mapping[str, Any], name: str, model: type[Staged] = Course) -> dict[str, Any]:
    """The HTML of a Markdown field of a course (or another model), where that is among the values."""
    return {f"{name}_html": _rendered(model, name, values[name] or "")} if name in values else {}


def _rendered(model: type[Staged], name: str, markdown: str) -> str:
    """Sanitised HTML; length and number of tags are checked before, since rendering takes longer than either."""
    text: str = checked(model, {name: markdown})[name]
    if text.count("<") > MAX_TAGS:
        raise InvalidInput(f"This text has more than {MAX_TAGS} tags.", "INVALID", (camel(name),))
    return to_html(text)


def with_texts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """A block's columns with the HTML and the plain text of its body, where that is among them."""
    if "body" not in columns:
        return dict(columns)
    rendered = _rendered(Block, "body", columns["body"] or "")
    return {**columns, "body": columns["body"] or "", "body_html": rendered, "body_text": to_plain(rendered)}


_BLOCK_COLUMNS = {"title", "body", "points", "is_required", "key", "show_if"}


def parted(kind: BlockFormat, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the block's own columns, the fields of its format). A column that is null goes back to its default."""
    columns = {name: value for name, value in values.items() if name in _BLOCK_COLUMNS}
    if columns.get("points", ...) is None:
        columns["points"] = BY_KIND[kind].default_points
    return columns, {name: value for name, value in values.items() if name not in _BLOCK_COLUMNS}


def require_texts(kind: type[Format], columns: Mapping[str, Any]) -> None:
    """Refuses a block without the title or the text that its format needs."""
    word = kind.format.value.replace("_", " ")
    if kind.needs_title and not (columns.get("title") or "").strip():
        raise InvalidInput(f"A {word} block needs a title.", "REQUIRED", ("title",))
    if kind.needs_body and not (columns.get("body") or "").strip():
        raise InvalidInput(f"A {word} block needs a text.", "REQUIRED", ("markdown",))


def require_points(kind: type[Format], columns: Mapping[str, Any]) -> None:
    """Refuses points for a question whose answers are never graded."""
    if issubclass(kind, QuestionFormat) and not kind.may_earn and columns.get("points"):
        word = kind.format.value.replace("_", " ")
        raise InvalidInput(f"A {word} is never graded, so it has no points.", "INVALID", ("points",))


def require_may_choose_theme(tx: Transaction) -> None:
    """Refuses those who edit single courses: which course stands where is for those who edit them all."""
    if not tx.viewer.may(Scope.CONTENT_EDIT):
        raise DomainError("Only who edits all courses chooses their theme. Leave it out.", "FORBIDDEN", ("themeId",))


async def require_theme(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Refuses a theme that is none, or is in the trash; locks it."""
    if values.get("theme_id") is None:
        return
    drafts.require_kind(Theme, values["theme_id"], "themeId")
    await drafts.locked(tx, Theme, values["theme_id"], "themeId")


async def require_kept_theme(tx: Transaction, theme_id: str | None) -> None:
    """Themes are locked before their courses, here as everywhere, or two editors could block each other for ever."""
    if theme_id is None:
        return
    try:
        await drafts.locked(tx, Theme, theme_id)
    except NotFound as error:
        message = "The theme it belongs to is in the trash: restore that first."
        raise DomainError(message, "PARENT_IN_TRASH", ("id",)) from error


async def live_holder(tx: Transaction, model: type[Staged], root: Row) -> str | None:
    """The title of another published root that has this one's slug."""
    table = table_of(model)
    live = sa.select(table.c.title).where(table.c.stage == LIVE, table.c.slug == root.slug, table.c.id != root.id)
    found = await tx.row(live)
    return found.title if found else None


async def require_nothing_waits(tx: Transaction, module_id: str) -> None:
    """Refuses to take away a module that another module of the course waits for."""
    waiting = await tx.row(
        sa.select(MODULE.c.title)
        .join(drafts.CONTENT, drafts.CONTENT.c.id == MODULE.c.id)
        .where(MODULE.c.unlock_after_module_id == module_id, MODULE.c.stage == DRAFT)
        .where(drafts.CONTENT.c.trashed_at.is_(None))
    )
    if waiting is not None:
        raise DomainError(f"The module {waiting.title!r} waits for this one. Change that first.", "IS_AWAITED", ("id",))


async def require_no_courses(tx: Transaction, theme_id: str, stage: str, advice: str) -> None:
    """Refuses to take away a theme that has courses in this stage."""
    course = await tx.row(
        sa.select(COURSE.c.title)
        .join(drafts.CONTENT, drafts.CONTENT.c.id == COURSE.c.id)
        .where(COURSE.c.theme_id == theme_id, COURSE.c.stage == stage)
        .where(drafts.CONTENT.c.trashed_at.is_(None))
        .limit(1)
    )
    if course is not None:
        raise DomainError(f"The theme has courses, {course.title!r} for one. {advice}", "HAS_COURSES", ("id",))


async def kept_rows(tx: Transaction, model: type[Staged], root_id: str) -> list[Row]:
    """A root's draft rows of one model that are not in the trash."""
    table = table_of(model)
    return await tx.rows(
        sa.select(table)
        .join(drafts.CONTENT, drafts.CONTENT.c.id == table.c.id)
        .where(drafts.CONTENT.c.root_id == root_id, drafts.CONTENT.c.trashed_at.is_(None), table.c.stage == DRAFT)
    )


_DETAIL_OF_RULE = {
    ReleaseRule.DAYS_AFTER_ENROLMENT: "release_after_days",
    ReleaseRule.ON_DATE: "release_on",
    ReleaseRule.AFTER_MODULE: "unlock_after_module_id",
}


def require_release(values: Mapping[str, Any]) -> None:
    """Each release rule has the detail that it needs, and none that belongs to another."""
    rule = ReleaseRule(values.get("release_rule") or ReleaseRule.IMMEDIATELY)
    for owner, column in _DETAIL_OF_RULE.items():
        if (values.get(column) is not None) != (owner is rule):
            wanted = "needs" if owner is rule else "leaves no room for"
            raise InvalidInput(f"The release rule {rule.name} {wanted} this.", "INVALID", (camel(column),))
    if rule is ReleaseRule.AFTER_MODULE:
        drafts.require_kind(Module, values["unlock_after_module_id"], "unlockAfterModuleId")


async def require_prerequisite(tx: Transaction, module_id: str, changes: Mapping[str, Any]) -> None:
    """A module may wait for another module of its own course only, and never, however indirectly, for itself."""
    if changes.get("unlock_after_module_id") is None:
        return
    modules = await kept_rows(tx, Module, (await drafts.locked(tx, Module, module_id)).root_id)
    problems = release_problems(modules, of=module_id)
    if problems:
        raise problems[0]


def release_problems(modules: Sequence[Row], of: str | None = None) -> list[DomainError]:
    """What is wrong with the waiting of all modules, or `of` one of them."""
    after = {row.id: row.unlock_after_module_id for row in modules}
    path = ("unlockAfterModuleId",)
    problems: list[DomainError] = []
    for row in (each for each in modules if of in (None, each.id)):
        if after[row.id] is not None and after[row.id] not in after:
            problems.append(
                InvalidInput(f"{row.title!r} waits for a module that is not in this course.", "NOT_FOUND", path)
            )
        seen: set[str] = set()
        step = row.id
        while step is not None and step not in seen:
            seen.add(step)
            step = after.get(step)
        if step == row.id:
            problems.append(InvalidInput(f"{row.title!r} would wait for itself.", "CYCLE", path))
    return problems


def check_milestones(rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuses milestones that are out of order, overlap, or share a name."""
    last = 0
    for number, row in enumerate(rows):
        path = ("milestones", number)
        if row["end_day"] < row["start_day"]:
            raise InvalidInput("A milestone ends on or after its first day.", "INVALID", (*path, "endDay"))
        if row["start_day"] <= last:
            raise InvalidInput("Milestones are in order and do not overlap.", "OVERLAP", (*path, "startDay"))
        last = row["end_day"]
    names = [row["name"] for row in rows]
    if len(set(names)) != len(names):
        raise InvalidInput("Two milestones have the same name.", "TAKEN", ("milestones",))


async def count_course_save(tx: Transaction, model: type[Staged], object_id: str) -> None:
    """Counts a save of the course whose own row stays as it is."""
    table = table_of(model)
    await tx.execute(
        sa.update(table)
        .where(table.c.id == object_id, table.c.stage == DRAFT)
        .values(revision=table.c.revision + 1, updated_at=sa.func.now())
    )
    await drafts.count_save(tx, object_id)
