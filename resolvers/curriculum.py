"""The curriculum: themes, courses, modules, lessons, blocks and milestones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.errors import DomainError, InvalidInput, NotFound, SeveralErrors
from core.reading import Reader
from core.relations import Filter, Relation, Sort, contains, equals, own_id
from core.rows import Row
from core.tables import id_type, table_of
from core.text import to_html, to_plain
from core.writing import Transaction, camel, checked
from models.content import Content, Stage, Staged
from models.curriculum import AnswerKey, Block, BlockFormat, Course, Lesson, Milestone, Module, ReleaseRule, Theme
from models.identity import Scope
from resolvers.content import copying, drafts, publishing
from resolvers.content.drafts import Place
from resolvers.content.publishing import REVISION
from resolvers.formats import BY_KIND
from resolvers.formats.base import Format, join, split, validated

THEME, COURSE, MODULE, LESSON, BLOCK = (table_of(model) for model in (Theme, Course, Module, Lesson, Block))
DRAFT, LIVE = Stage.DRAFT.value, Stage.LIVE.value

# The publishing units, parents first.
THEME_TREE: tuple[type[Staged], ...] = (Theme,)
COURSE_TREE: tuple[type[Staged], ...] = (Course, Milestone, Module, Lesson, Block, AnswerKey)
MAX_MILESTONES = 100

# Who may -------------------------------------------------------------------------------------------------------------

# Editing, publishing and reading drafts are gated by scope, at the door and in the row policies; there is no rule
# about single objects yet.

# What is visible -----------------------------------------------------------------------------------------------------

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
MILESTONE_BY_ID, MILESTONES_OF_COURSE = Relation(Milestone, "id"), Relation(Milestone, "course_id")
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
        "format": equals(BLOCK.c.format),
        "text": contains(BLOCK.c.title, BLOCK.c.body_text),
    },
)
BLOCK_BY_ID, BLOCKS_OF_LESSON = Relation(Block, "id"), Relation(Block, "lesson_id")
LESSON_OF_BLOCK = Relation(Lesson, "id", "lesson_id")

# Batches -------------------------------------------------------------------------------------------------------------


async def answer_keys(reader: Reader, block_ids: Sequence[str]) -> list[dict[str, Any] | None]:
    """The answer key of each block, or None: for blocks without one, and always for those who are not authors."""
    if not reader.viewer.may(Scope.CONTENT_EDIT):
        return [None] * len(block_ids)
    key = table_of(AnswerKey)
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    found = await reader.select(
        sa.select(key.c.id, key.c.body).where(key.c.id == sa.any_(ids), key.c.stage == sa.bindparam("stage")),
        {"ids": list(block_ids), "stage": reader.perspective.stage},
    )
    bodies = {row.id: row.body for row in found}
    return [bodies.get(each) for each in block_ids]


# Actions -------------------------------------------------------------------------------------------------------------


async def create_theme(tx: Transaction, values: Mapping[str, Any]) -> str:
    """A new draft theme; answers its id."""
    return await drafts.create(tx, Theme, await _with_slug(tx, Theme, values))


async def create_course(tx: Transaction, values: Mapping[str, Any]) -> str:
    """A new draft course without modules; answers its id."""
    await _require_theme(tx, values)
    values = await _with_slug(tx, Course, values)
    return await drafts.create(tx, Course, {**values, **_html(values, "description")})


async def create_module(
    tx: Transaction, course_id: str, values: Mapping[str, Any], place: Place = Place(), object_id: str | None = None
) -> str:
    """A new module in a draft course; answers its id."""
    _require_release(values)
    module_id = await drafts.create(tx, Module, values, parent_id=course_id, place=place, object_id=object_id)
    await _require_prerequisite(tx, module_id, values)
    return module_id


async def create_lesson(
    tx: Transaction, module_id: str, values: Mapping[str, Any], place: Place = Place(), object_id: str | None = None
) -> str:
    """A new lesson in a draft module; answers its id."""
    values = await _with_slug(tx, Lesson, values)
    return await drafts.create(tx, Lesson, values, parent_id=module_id, place=place, object_id=object_id)


async def create_block(
    tx: Transaction,
    lesson_id: str,
    kind: BlockFormat,
    values: Mapping[str, Any],
    place: Place = Place(),
    object_id: str | None = None,
) -> str:
    """A new block in a draft lesson. `values` mixes the block's own columns and the fields of its format."""
    columns, fields = _parted(kind, values)
    made = validated(BY_KIND[kind], {name: value for name, value in fields.items() if value is not None})
    _require_texts(BY_KIND[kind], columns)
    settings, key = split(made)
    columns = _with_texts({"points": made.default_points, **columns, "format": kind, "settings": settings})
    block_id = await drafts.create(tx, Block, columns, parent_id=lesson_id, place=place, object_id=object_id)
    await tx.insert(AnswerKey, [{"id": block_id, "stage": DRAFT, "revision": 1, "body": key}])
    return block_id


async def update_theme(tx: Transaction, theme_id: str, expected_revision: int, changes: Mapping[str, Any]) -> None:
    """Saves changed fields of a draft theme."""
    await drafts.update(tx, Theme, theme_id, expected_revision, changes)


async def update_course(tx: Transaction, course_id: str, expected_revision: int, changes: Mapping[str, Any]) -> None:
    """Saves changed fields of a draft course."""
    await _require_theme(tx, changes)
    await drafts.update(tx, Course, course_id, expected_revision, changes, derived=_html(changes, "description"))


async def update_module(tx: Transaction, module_id: str, expected_revision: int, changes: Mapping[str, Any]) -> None:
    """Saves changed fields of a draft module."""
    await drafts.locked(tx, Module, module_id)
    before = await drafts.draft_row(tx, Module, module_id)
    drafts.require_revision(before, expected_revision, changes)
    _require_release({**vars(before), **changes})
    await drafts.update(tx, Module, module_id, expected_revision, changes)
    await _require_prerequisite(tx, module_id, changes)


async def update_lesson(tx: Transaction, lesson_id: str, expected_revision: int, changes: Mapping[str, Any]) -> None:
    """Saves changed fields of a draft lesson."""
    await drafts.update(tx, Lesson, lesson_id, expected_revision, changes)


async def update_block(
    tx: Transaction, block_id: str, expected_revision: int, kind: BlockFormat, changes: Mapping[str, Any]
) -> None:
    """Saves changed columns and format fields of a draft block; a field that is null goes back to its default."""
    await drafts.locked(tx, Block, block_id)
    before = await drafts.draft_row(tx, Block, block_id)
    if before.format != kind.value:
        raise InvalidInput(
            f"This block is of the format {before.format}; a block keeps its format.", "WRONG_FORMAT", ("block",)
        )
    columns, fields = _parted(kind, changes)
    whole = await authored(tx, before)
    drafts.require_revision(Row({**whole, **vars(before)}), expected_revision, {**columns, **fields})
    wanted = {name: value for name, value in {**whole, **fields}.items() if value is not None or name not in fields}
    made = validated(BY_KIND[kind], wanted)
    _require_texts(BY_KIND[kind], {"title": before.title, "body": before.body, **columns})
    settings, key = split(made)
    await drafts.update(tx, Block, block_id, expected_revision, _with_texts({**columns, "settings": settings}))
    table = table_of(AnswerKey)
    await tx.execute(
        sa.update(table)
        .where(table.c.id == block_id, table.c.stage == DRAFT, table.c.body != sa.literal(key, table.c.body.type))
        .values(body=key, revision=table.c.revision + 1, updated_at=sa.func.now())
    )


async def authored(tx: Transaction, block: Row) -> dict[str, Any]:
    """A draft block's format fields as its author wrote them, answer key included."""
    table = table_of(AnswerKey)
    key = await tx.row(sa.select(table.c.body).where(table.c.id == block.id, table.c.stage == DRAFT))
    return join(block.settings, key.body if key else {})


async def set_milestones(
    tx: Transaction, course_id: str, expected_revision: int, milestones: Sequence[Mapping[str, Any]]
) -> None:
    """Replaces a draft course's milestones; those of the same name keep their id. Counts as a save of the course."""
    identity = await drafts.locked(tx, Course, course_id)
    drafts.require_revision(await drafts.draft_row(tx, Course, course_id), expected_revision, {})
    rows = [checked(Milestone, each, ("milestones", number)) for number, each in enumerate(milestones)]
    _check_milestones(rows)
    table = table_of(Milestone)
    old = {
        row.name: row.id
        for row in await tx.rows(sa.select(table).where(table.c.course_id == course_id, table.c.stage == DRAFT))
    }
    ids = [old.pop(row["name"], None) or Milestone.new_id() for row in rows]
    await tx.execute(sa.delete(table).where(table.c.course_id == course_id, table.c.stage == DRAFT))
    known = {
        row.id for row in await tx.rows(sa.select(drafts.CONTENT.c.id).where(drafts.CONTENT.c.root_id == identity.id))
    }
    fresh = [each for each in ids if each not in known]
    await tx.insert(Content, [drafts.identity(tx, Milestone, each, identity.id) for each in fresh])
    bump = sa.select(sa.func.coalesce(sa.func.max(table.c.revision), 0) + 1).where(table.c.course_id == course_id)
    await tx.insert(
        Milestone,
        [
            {
                "id": each,
                "stage": DRAFT,
                "revision": bump.scalar_subquery(),
                "course_id": course_id,
                "position": place,
                **row,
            }
            for place, (each, row) in enumerate(zip(ids, rows, strict=True), 1)
        ],
    )
    await _touch(tx, Course, course_id)


async def move_module(tx: Transaction, module_id: str, place: Place) -> None:
    """Puts a draft module at another place in its course."""
    await drafts.move(tx, Module, module_id, place)


async def move_lesson(tx: Transaction, lesson_id: str, place: Place, module_id: str | None = None) -> None:
    """Puts a draft lesson at another place, in its own or another module of its course."""
    await drafts.move(tx, Lesson, lesson_id, place, parent_id=module_id)


async def move_block(tx: Transaction, block_id: str, place: Place, lesson_id: str | None = None) -> None:
    """Puts a draft block at another place, in its own or another lesson of its course."""
    await drafts.move(tx, Block, block_id, place, parent_id=lesson_id)


async def duplicate_course(
    tx: Transaction, course_id: str, title: str | None, slug: str | None
) -> tuple[str, dict[str, str]]:
    """A deep copy of a course's draft; answers (new id, old id -> new id)."""
    await drafts.locked(tx, Course, course_id)
    original = await drafts.draft_row(tx, Course, course_id)
    changes = checked(Course, {"title": title or f"Copy of {original.title}"[:200]})
    changes |= checked(Course, {"slug": slug or await _free_slug(tx, Course, slug_of(original.slug) + "-copy")})
    ids = await copying.duplicate(tx, COURSE_TREE, course_id, changes)
    return ids[course_id], ids


async def trash(tx: Transaction, model: type[Staged], object_id: str) -> None:
    """Puts a draft object with all below it into the trash; a root must be unpublished before."""
    await drafts.locked(tx, model, object_id)
    if model.__parent__ is None and await publishing.is_live(tx, model, object_id):
        name = drafts.name_of(model)
        raise DomainError(f"This {name} is published. Unpublish it first.", "PUBLISHED", ("id",))
    if model is Theme:
        await _require_no_courses(tx, object_id, DRAFT, "Trash its courses or give them another theme first.")
    await drafts.trash(tx, model, object_id, COURSE_TREE)


async def restore(tx: Transaction, model: type[Staged], object_id: str) -> None:
    """Takes an object, and all that was trashed along with it, out of the trash."""
    if model is Course:
        drafts.require_kind(Course, object_id)
        course = await tx.row(sa.select(COURSE.c.theme_id).where(COURSE.c.id == object_id, COURSE.c.stage == DRAFT))
        await _require_kept_theme(tx, course.theme_id if course else None)
    await drafts.restore(tx, model, object_id)


async def publish_theme(tx: Transaction, theme_id: str, message: str | None) -> int:
    """Makes the theme's draft live; answers the number of the sealed revision."""
    await drafts.locked(tx, Theme, theme_id)
    return await publishing.publish(tx, THEME_TREE, theme_id, message)


async def publish_course(tx: Transaction, course_id: str, expected_revision: int | None, message: str | None) -> int:
    """Makes the course's whole draft live; answers the number of the sealed revision.

    Raises `SeveralErrors` with every problem that stands in the way.
    """
    await drafts.locked(tx, Course, course_id)
    course = await drafts.draft_row(tx, Course, course_id)
    if expected_revision is not None:
        drafts.require_revision(course, expected_revision, {})
    problems = await publishing_problems(tx, course)
    if problems:
        raise SeveralErrors(problems)
    return await publishing.publish(tx, COURSE_TREE, course_id, message)


async def publishing_problems(tx: Transaction, course: Row) -> list[DomainError]:
    """Why a draft course may not be published as it stands; an empty list when it may."""
    problems: list[DomainError] = []
    if course.theme_id and not await publishing.is_live(tx, Theme, course.theme_id):
        problems.append(
            DomainError("The course's theme is not published. Publish the theme first.", "THEME_NOT_PUBLISHED", ("id",))
        )
    modules = await _kept(tx, Module, course.id)
    problems += [DomainError(each.message, each.code, ("id",)) for each in _release_problems(modules)]
    slugs = [row.slug for row in await _kept(tx, Lesson, course.id)]
    for slug in sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        problems.append(DomainError(f"Two lessons have the slug {slug}.", "DUPLICATE_SLUG", ("id",)))
    return problems


async def unpublish_theme(tx: Transaction, theme_id: str) -> None:
    """Takes a theme away from readers; its courses must be unpublished before."""
    await drafts.locked(tx, Theme, theme_id)
    await _require_no_courses(tx, theme_id, LIVE, "Unpublish its courses first.")
    await publishing.unpublish(tx, THEME_TREE, theme_id)


async def unpublish_course(tx: Transaction, course_id: str) -> None:
    """Takes a course away from readers; the draft stays as it is."""
    await drafts.locked(tx, Course, course_id)
    await publishing.unpublish(tx, COURSE_TREE, course_id)


async def restore_course_revision(tx: Transaction, course_id: str, number: int) -> None:
    """Loads a published revision into the draft; what the draft has beyond it goes to the trash."""
    drafts.require_kind(Course, course_id)
    theme_id = await tx.row(
        sa.select(REVISION.c.snapshot[("course", 0, "theme_id")].astext.label("id")).where(
            REVISION.c.root_id == course_id, REVISION.c.number == number
        )
    )
    await _require_kept_theme(tx, theme_id.id if theme_id else None)
    await drafts.locked(tx, Course, course_id)
    await publishing.restore_revision(tx, COURSE_TREE, course_id, number)


# The rules behind the actions ----------------------------------------------------------------------------------------


def slug_of(title: str) -> str:
    """A slug from a title: lower-case words of plain letters and digits."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:80].strip("-") or "untitled"


async def _with_slug(tx: Transaction, model: type[Staged], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with a slug: the given one, or a free one made of the title."""
    if values.get("slug") is not None or not values.get("title"):
        return dict(values)
    wanted = slug_of(str(values["title"]))
    return {**values, "slug": wanted if model is Lesson else await _free_slug(tx, model, wanted)}


async def _free_slug(tx: Transaction, model: type[Staged], wanted: str) -> str:
    slug = table_of(model).c.slug
    taken = {row.slug for row in await tx.rows(sa.select(slug).where(slug.startswith(wanted, autoescape=True)))}
    candidates = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in candidates if each not in taken)


def _html(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The HTML of a Markdown field, where that is among the values."""
    return {f"{name}_html": to_html(values[name] or "")} if name in values else {}


def _with_texts(columns: Mapping[str, Any]) -> dict[str, Any]:
    """A block's columns with the HTML and the plain text of its body, where that is among them."""
    if "body" not in columns:
        return dict(columns)
    rendered = to_html(columns["body"] or "")
    return {**columns, "body": columns["body"] or "", "body_html": rendered, "body_text": to_plain(rendered)}


_BLOCK_COLUMNS = {"title", "body", "points", "is_required"}


def _parted(kind: BlockFormat, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the block's own columns, the fields of its format). A column that is null goes back to its default."""
    columns = {name: value for name, value in values.items() if name in _BLOCK_COLUMNS}
    if columns.get("points", ...) is None:
        columns["points"] = BY_KIND[kind].default_points
    return columns, {name: value for name, value in values.items() if name not in _BLOCK_COLUMNS}


def _require_texts(kind: type[Format], columns: Mapping[str, Any]) -> None:
    word = kind.format.value.replace("_", " ")
    if kind.needs_title and not (columns.get("title") or "").strip():
        raise InvalidInput(f"A {word} block needs a title.", "REQUIRED", ("title",))
    if kind.needs_body and not (columns.get("body") or "").strip():
        raise InvalidInput(f"A {word} block needs a text.", "REQUIRED", ("markdown",))


async def _require_theme(tx: Transaction, values: Mapping[str, Any]) -> None:
    if values.get("theme_id") is None:
        return
    drafts.require_kind(Theme, values["theme_id"], "themeId")
    await drafts.locked(tx, Theme, values["theme_id"], "themeId")


async def _require_kept_theme(tx: Transaction, theme_id: str | None) -> None:
    """Themes are locked before their courses, here as everywhere, or two editors could block each other for ever."""
    if theme_id is None:
        return
    try:
        await drafts.locked(tx, Theme, theme_id)
    except NotFound as error:
        message = "The theme it belongs to is in the trash: restore that first."
        raise DomainError(message, "PARENT_IN_TRASH", ("id",)) from error


async def _require_no_courses(tx: Transaction, theme_id: str, stage: str, advice: str) -> None:
    course = await tx.row(
        sa.select(COURSE.c.title)
        .join(drafts.CONTENT, drafts.CONTENT.c.id == COURSE.c.id)
        .where(COURSE.c.theme_id == theme_id, COURSE.c.stage == stage)
        .where(drafts.CONTENT.c.trashed_at.is_(None))
        .limit(1)
    )
    if course is not None:
        raise DomainError(f"The theme has courses, {course.title!r} for one. {advice}", "HAS_COURSES", ("id",))


async def _kept(tx: Transaction, model: type[Staged], root_id: str) -> list[Row]:
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


def _require_release(values: Mapping[str, Any]) -> None:
    """Each release rule has the detail that it needs, and none that belongs to another."""
    rule = ReleaseRule(values.get("release_rule") or ReleaseRule.IMMEDIATELY)
    for owner, column in _DETAIL_OF_RULE.items():
        if (values.get(column) is not None) != (owner is rule):
            wanted = "needs" if owner is rule else "leaves no room for"
            raise InvalidInput(f"The release rule {rule.name} {wanted} this.", "INVALID", (camel(column),))
    if rule is ReleaseRule.AFTER_MODULE:
        drafts.require_kind(Module, values["unlock_after_module_id"], "unlockAfterModuleId")


async def _require_prerequisite(tx: Transaction, module_id: str, changes: Mapping[str, Any]) -> None:
    """A module may wait for another module of its own course only, and never, however indirectly, for itself."""
    if changes.get("unlock_after_module_id") is None:
        return
    modules = await _kept(tx, Module, (await drafts.locked(tx, Module, module_id)).root_id)
    problems = _release_problems(modules, of=module_id)
    if problems:
        raise problems[0]


def _release_problems(modules: Sequence[Row], of: str | None = None) -> list[DomainError]:
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


def _check_milestones(rows: Sequence[Mapping[str, Any]]) -> None:
    if len(rows) > MAX_MILESTONES:
        raise InvalidInput(f"At most {MAX_MILESTONES} milestones.", "TOO_MANY", ("milestones",))
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


async def _touch(tx: Transaction, model: type[Staged], object_id: str) -> None:
    table = table_of(model)
    await tx.execute(
        sa.update(table)
        .where(table.c.id == object_id, table.c.stage == DRAFT)
        .values(revision=table.c.revision + 1, updated_at=sa.func.now())
    )
