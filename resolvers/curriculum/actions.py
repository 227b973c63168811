"""What editors do to the curriculum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from core.errors import DomainError, InvalidInput, SeveralErrors
from core.revisions import require_revision
from core.rows import Row
from core.tables import table_of
from core.writing import Transaction, camel, checked
from models.content import Content, Staged
from models.curriculum import AnswerKey, Block, BlockFormat, Course, Lesson, Milestone, Module, Theme
from resolvers.content import copying, drafts, publishing
from resolvers.content.drafts import Place
from resolvers.content.publishing import REVISION
from resolvers.curriculum.assessments import assessment_problems
from resolvers.curriculum.branches import flow_problems
from resolvers.curriculum.conditions import require_condition
from resolvers.curriculum.rules import (
    MAX_MILESTONES,
    check_milestones,
    count_course_save,
    free_slug,
    html,
    kept_rows,
    live_holder,
    parted,
    release_problems,
    require_kept_theme,
    require_may_choose_theme,
    require_no_courses,
    require_nothing_waits,
    require_points,
    require_prerequisite,
    require_release,
    require_texts,
    require_theme,
    slug_of,
    with_slug,
    with_texts,
)
from resolvers.curriculum.scales import scale_problems
from resolvers.curriculum.visible import COURSE, DRAFT, LIVE
from resolvers.formats import BY_KIND
from resolvers.formats.base import join, split, validated


async def create_theme(tx: Transaction, values: Mapping[str, Any]) -> str:
    """A new draft theme; answers its id."""
    return await drafts.create(tx, Theme, await with_slug(tx, Theme, values))


async def create_course(tx: Transaction, values: Mapping[str, Any], object_id: str | None = None) -> str:
    """A new draft course without modules; answers its id."""
    await require_theme(tx, values)
    values = await with_slug(tx, Course, values)
    return await drafts.create(tx, Course, {**values, **html(values, "description")}, object_id=object_id)


async def create_module(
    tx: Transaction, course_id: str, values: Mapping[str, Any], place: Place = Place(), object_id: str | None = None
) -> str:
    """A new module in a draft course; answers its id."""
    require_release(values)
    module_id = await drafts.create(tx, Module, values, parent_id=course_id, place=place, object_id=object_id)
    await require_prerequisite(tx, module_id, values)
    return module_id


async def create_lesson(
    tx: Transaction, module_id: str, values: Mapping[str, Any], place: Place = Place(), object_id: str | None = None
) -> str:
    """A new lesson in a draft module; answers its id."""
    root_id = (await drafts.locked(tx, Module, module_id, "moduleId")).root_id
    values = await with_slug(tx, Lesson, values, root_id)
    return await drafts.create(tx, Lesson, values, parent_id=module_id, place=place, object_id=object_id)


async def create_block(
    tx: Transaction,
    parent_id: str,
    kind: BlockFormat,
    values: Mapping[str, Any],
    place: Place = Place(),
    object_id: str | None = None,
) -> str:
    """A new block in a draft lesson or assessment. `values` mixes the block's columns and the fields of its format."""
    columns, fields = parted(kind, values)
    made = validated(BY_KIND[kind], {name: value for name, value in fields.items() if value is not None})
    require_texts(BY_KIND[kind], columns)
    require_points(BY_KIND[kind], columns)
    require_condition(columns)
    settings, key = split(made)
    columns = with_texts({"points": made.default_points, **columns, "format": kind, "settings": settings})
    block_id = await drafts.create(tx, Block, columns, parent_id=parent_id, place=place, object_id=object_id)
    await tx.insert(AnswerKey, [{"id": block_id, "stage": DRAFT, "revision": 1, "body": key}])
    return block_id


async def update_theme(tx: Transaction, theme_id: str, expected_revision: int, changes: Mapping[str, Any]) -> None:
    """Saves changed fields of a draft theme."""
    await drafts.update(tx, Theme, theme_id, expected_revision, changes)


async def update_course(tx: Transaction, course_id: str, expected_revision: int, changes: Mapping[str, Any]) -> None:
    """Saves changed fields of a draft course."""
    if "theme_id" in changes:
        require_may_choose_theme(tx)
        await require_theme(tx, changes)
    await drafts.update(tx, Course, course_id, expected_revision, changes, derived=html(changes, "description"))


async def update_module(tx: Transaction, module_id: str, expected_revision: int, changes: Mapping[str, Any]) -> None:
    """Saves changed fields of a draft module."""
    await drafts.locked(tx, Module, module_id)
    before = await drafts.draft_row(tx, Module, module_id)
    require_revision(before, expected_revision, changes)
    require_release({**vars(before), **changes})
    await drafts.update(tx, Module, module_id, expected_revision, changes)
    await require_prerequisite(tx, module_id, changes)


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
    columns, fields = parted(kind, changes)
    whole = await authored(tx, before)
    require_revision(Row({**whole, **vars(before)}), expected_revision, {**columns, **fields})
    wanted = {name: value for name, value in {**whole, **fields}.items() if value is not None or name not in fields}
    made = validated(BY_KIND[kind], wanted)
    require_texts(BY_KIND[kind], {"title": before.title, "body": before.body, **columns})
    require_points(BY_KIND[kind], columns)
    require_condition(columns)
    settings, key = split(made)
    await drafts.update(tx, Block, block_id, expected_revision, with_texts({**columns, "settings": settings}))
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
    if len(milestones) > MAX_MILESTONES:
        raise InvalidInput(f"At most {MAX_MILESTONES} milestones.", "TOO_MANY", ("milestones",))
    course = await drafts.draft_row(tx, Course, course_id)
    standing = await _milestones(tx, course_id)
    shown = [{camel(name): getattr(row, name) for name in ("name", "start_day", "end_day")} for row in standing]
    wanted = [{camel(name): value for name, value in each.items()} for each in milestones]
    require_revision(Row({**vars(course), "milestones": shown}), expected_revision, {"milestones": wanted})
    rows = [checked(Milestone, each, ("milestones", number)) for number, each in enumerate(milestones)]
    check_milestones(rows)
    table = table_of(Milestone)
    old = {row.name: row.id for row in standing}
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
    await count_course_save(tx, Course, course_id)
    drafts.tell_saved(tx, Course, course_id, identity.id, course, {"milestones": rows})


async def _milestones(tx: Transaction, course_id: str) -> list[Row]:
    table = table_of(Milestone)
    mine = sa.select(table).where(table.c.course_id == course_id, table.c.stage == DRAFT)
    return await tx.rows(mine.order_by(table.c.position))


async def move_module(tx: Transaction, module_id: str, place: Place) -> None:
    """Puts a draft module at another place in its course."""
    await drafts.move(tx, Module, module_id, place)


async def move_lesson(tx: Transaction, lesson_id: str, place: Place, module_id: str | None = None) -> None:
    """Puts a draft lesson at another place, in its own or another module of its course."""
    await drafts.move(tx, Lesson, lesson_id, place, parent_id=module_id)


async def move_block(tx: Transaction, block_id: str, place: Place, parent_id: str | None = None) -> None:
    """Puts a draft block at another place, beside or in another lesson or assessment published with it."""
    await drafts.move(tx, Block, block_id, place, parent_id=parent_id)


async def duplicate_course(
    tx: Transaction, course_id: str, title: str | None, slug: str | None
) -> tuple[str, dict[str, str]]:
    """A deep copy of a course's draft; answers (new id, old id -> new id)."""
    await drafts.locked(tx, Course, course_id)
    original = await drafts.draft_row(tx, Course, course_id)
    changes = checked(Course, {"title": title or f"Copy of {original.title}"[:200]})
    changes |= checked(Course, {"slug": slug or await free_slug(tx, Course, slug_of(original.slug) + "-copy")})
    ids = await copying.duplicate(tx, Course, course_id, changes)
    drafts.tell(tx, Course, "created", ids[course_id], root_id=ids[course_id], copied_from=course_id)
    return ids[course_id], ids


async def trash(tx: Transaction, model: type[Staged], object_id: str) -> None:
    """Puts a draft object with all below it into the trash; a root must be unpublished before."""
    is_root = (await drafts.locked(tx, model, object_id)).root_id == object_id
    if is_root and await publishing.is_live(tx, model, object_id):
        name = drafts.name_of(model)
        raise DomainError(f"This {name} is published. Unpublish it first.", "PUBLISHED", ("id",))
    if model is Theme:
        await require_no_courses(tx, object_id, DRAFT, "Trash its courses or give them another theme first.")
    if model is Module:
        await require_nothing_waits(tx, object_id)
    await drafts.trash(tx, model, object_id)


async def restore(tx: Transaction, model: type[Staged], object_id: str) -> None:
    """Takes an object, and all that was trashed along with it, out of the trash."""
    if model is Course:
        drafts.require_kind(Course, object_id)
        course = await tx.row(sa.select(COURSE.c.theme_id).where(COURSE.c.id == object_id, COURSE.c.stage == DRAFT))
        await require_kept_theme(tx, course.theme_id if course else None)
    await drafts.restore(tx, model, object_id)


async def publish_theme(tx: Transaction, theme_id: str, message: str | None) -> int:
    """Makes the theme's draft live; answers the number of the sealed revision."""
    await drafts.locked(tx, Theme, theme_id)
    theme = await drafts.draft_row(tx, Theme, theme_id)
    holder = await live_holder(tx, Theme, theme)
    if holder is not None:
        raise DomainError(f"The published theme {holder!r} has the slug {theme.slug}.", "TAKEN", ("id",))
    return await publishing.publish(tx, Theme, theme_id, message)


async def publish_course(
    tx: Transaction, course_id: str, expected_tree_revision: int | None, message: str | None
) -> int:
    """Makes the course's whole draft live; answers the number of the sealed revision.

    Raises `Conflict` when anything in it was saved since the caller looked, and `SeveralErrors` with every problem that
    stands in the way.
    """
    identity = await drafts.locked(tx, Course, course_id)
    await tx.expect_many_rows()
    if expected_tree_revision is not None:
        drafts.require_tree_revision(identity, expected_tree_revision)
    course = await drafts.draft_row(tx, Course, course_id)
    problems = await publishing_problems(tx, course)
    if problems:
        raise SeveralErrors(problems)
    return await publishing.publish(tx, Course, course_id, message)


async def publishing_problems(tx: Transaction, course: Row) -> list[DomainError]:
    """Why a draft course may not be published as it stands; an empty list when it may."""
    problems: list[DomainError] = []
    if course.theme_id and not await publishing.is_live(tx, Theme, course.theme_id):
        problems.append(
            DomainError("The course's theme is not published. Publish the theme first.", "THEME_NOT_PUBLISHED", ("id",))
        )
    holder = await live_holder(tx, Course, course)
    if holder is not None:
        problems.append(DomainError(f"The published course {holder!r} has the slug {course.slug}.", "TAKEN", ("id",)))
    modules = await kept_rows(tx, Module, course.id)
    problems += [DomainError(each.message, each.code, ("id",)) for each in release_problems(modules)]
    slugs = Counter(row.slug for row in await kept_rows(tx, Lesson, course.id))
    for slug in sorted(slug for slug, number in slugs.items() if number > 1):
        problems.append(DomainError(f"Two lessons have the slug {slug}.", "DUPLICATE_SLUG", ("id",)))
    problems += await assessment_problems(tx, course.id)
    problems += await flow_problems(tx, course.id)
    return problems + await scale_problems(tx, course.id)


async def unpublish_theme(tx: Transaction, theme_id: str) -> None:
    """Takes a theme away from readers; its courses must be unpublished before."""
    await drafts.locked(tx, Theme, theme_id)
    await require_no_courses(tx, theme_id, LIVE, "Unpublish its courses first.")
    await publishing.unpublish(tx, Theme, theme_id)


async def unpublish_course(tx: Transaction, course_id: str) -> None:
    """Takes a course away from readers; the draft stays as it is."""
    await drafts.locked(tx, Course, course_id)
    await publishing.unpublish(tx, Course, course_id)


async def restore_course_revision(tx: Transaction, course_id: str, number: int, expected_tree_revision: int) -> None:
    """Loads a sealed revision into the draft, which is sealed itself before.

    What the draft has beyond it goes to the trash.
    """
    drafts.require_kind(Course, course_id)
    theme_id = await tx.row(
        sa.select(REVISION.c.snapshot[("course", 0, "theme_id")].astext.label("id")).where(
            REVISION.c.root_id == course_id, REVISION.c.number == number
        )
    )
    standing = await tx.row(sa.select(COURSE.c.theme_id).where(COURSE.c.id == course_id, COURSE.c.stage == DRAFT))
    # The theme that it has cannot be trashed under it. Should it get another meanwhile, the tree revision tells.
    if theme_id is not None and standing is not None and theme_id.id != standing.theme_id:
        require_may_choose_theme(tx)
        await require_kept_theme(tx, theme_id.id)
    drafts.require_tree_revision(await drafts.locked(tx, Course, course_id), expected_tree_revision)
    await publishing.restore_revision(tx, Course, course_id, number)


async def restore_theme_revision(tx: Transaction, theme_id: str, number: int, expected_tree_revision: int) -> None:
    """Loads a sealed revision into a theme's draft, which is sealed itself before."""
    drafts.require_tree_revision(await drafts.locked(tx, Theme, theme_id), expected_tree_revision)
    await publishing.restore_revision(tx, Theme, theme_id, number)
