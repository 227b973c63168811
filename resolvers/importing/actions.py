"""Carrying out an import: one transaction, one report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from core.clock import now
from core.errors import DomainError
from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from gateways import olx
from models.content import Staged
from models.curriculum import Block, BlockFormat, Course, Lesson, Module, Theme
from models.importing import ExternalRef, ImportIssue, ImportJob, ImportStatus
from resolvers import curriculum
from resolvers.content import drafts
from resolvers.content.drafts import CONTENT, Place
from resolvers.importing.merging import is_untouched, merge, merge_order
from resolvers.importing.planning import COURSE_ID, Issue, Plan, Planned, link, plan

REF = table_of(ExternalRef)
Progress = Callable[[int, int], None]


@dataclass
class Report:
    """What an import did."""

    course_id: str
    is_new: bool
    counts: Counter[str] = field(default_factory=Counter)
    issues: list[Issue] = field(default_factory=list)


@dataclass
class _Import:
    """One import under way: the plan, what is known of earlier ones, and the ids everything has or will have."""

    tx: Transaction
    plan: Plan
    refs: dict[str, Row]
    ids: dict[str, str]
    report: Report

    def is_known(self, node: Planned) -> bool:
        return node.external_id in self.refs

    def say(self, severity: str, code: str, node: Planned | None, reason: str, external_id: str | None = None) -> None:
        place = node.place if node else str(external_id)
        self.report.issues.append(
            Issue(severity, code, place, reason, external_id=node.external_id if node else external_id)
        )


async def import_course(
    tx: Transaction, course: olx.OlxCourse, theme_slug: str | None, progress: Progress = lambda _done, _all: None
) -> Report:
    """Builds or updates the draft course of an OLX export and stores the report.

    What an editor changed since the last import stays; where the export changed the same, a conflict is reported.
    """
    running = await _begin(tx, course)
    for number, node in enumerate(running.plan.nodes, 1):
        if node.external_id == COURSE_ID:
            await _put_course(running, node, theme_slug)
        elif running.is_known(node):
            await _update(running, node)
        else:
            await _create(running, node)
        progress(number, len(running.plan.nodes))
    await _put_in_order(running)
    await _trash_gone(running)
    running.report.issues = [*running.plan.issues, *running.report.issues]
    await _store(running)
    return running.report


async def _begin(tx: Transaction, course: olx.OlxCourse) -> _Import:
    planned = plan(course)
    # One import of a course at a time; a second waits here.
    await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(planned.source, 0))))
    refs = {row.external_id: row for row in await tx.rows(sa.select(REF).where(REF.c.source == planned.source))}
    ids = {
        node.external_id: refs[node.external_id].local_id if node.external_id in refs else node.model.new_id()
        for node in planned.nodes
    }
    link(planned, course, ids)
    return _Import(tx, planned, refs, ids, Report(ids[COURSE_ID], COURSE_ID not in refs))


async def _put_course(running: _Import, node: Planned, theme_slug: str | None) -> None:
    if running.is_known(node):
        identity = await running.tx.row(sa.select(CONTENT.c.trashed_at).where(CONTENT.c.id == running.ids[COURSE_ID]))
        if identity is None or identity.trashed_at is not None:
            raise DomainError("This course was imported before and is in the trash now. Restore it first.", "IN_TRASH")
        await _update(running, node)
        return
    theme_id = None if theme_slug is None else await _theme(running.tx, theme_slug)
    course_id = await curriculum.create_course(running.tx, {**node.values, "theme_id": theme_id})
    running.ids[COURSE_ID] = running.report.course_id = course_id
    await _remember(running, node)
    running.report.counts["created course"] += 1


async def _theme(tx: Transaction, slug: str) -> str:
    theme = table_of(Theme)
    found = await tx.row(sa.select(theme.c.id).where(theme.c.slug == slug, theme.c.stage == curriculum.DRAFT))
    if found is None:
        raise DomainError(f"There is no theme with the slug {slug}.", "NOT_FOUND", ("theme",))
    return str(found.id)


async def _create(running: _Import, node: Planned) -> None:
    """A node that no import has brought before, behind the sibling that it follows in the export."""
    parent_id, object_id = running.ids[str(node.parent)], running.ids[node.external_id]
    if await _is_trashed(running.tx, parent_id):
        running.say(
            "conflict",
            "parent_in_trash",
            node,
            "New in the export, but an editor put what it belongs to into the trash.",
        )
        return
    place = await _place_behind(running, node)
    if node.model is Module:
        await curriculum.create_module(running.tx, parent_id, node.values, place, object_id)
    elif node.model is Lesson:
        await curriculum.create_lesson(running.tx, parent_id, node.values, place, object_id)
    else:
        assert node.format is not None
        await curriculum.create_block(running.tx, parent_id, node.format, node.values, place, object_id)
    await _remember(running, node)
    running.report.counts[f"created {_word(node)}"] += 1


async def _place_behind(running: _Import, node: Planned) -> Place:
    """On a first import everything is appended; later, a new node goes where the export has it."""
    if running.report.is_new:
        return Place()
    siblings = running.plan.children(str(node.parent))
    before = siblings[: siblings.index(node)]
    for sibling in reversed(before):
        sibling_id = running.ids[sibling.external_id]
        if await _parent_of(running.tx, sibling.model, sibling_id) == running.ids[str(node.parent)]:
            return Place(after=sibling_id)
    return Place(at_start=True)


async def _update(running: _Import, node: Planned) -> None:
    """A node that is here already: the three-way merge of its fields."""
    ref, object_id = running.refs[node.external_id], running.ids[node.external_id]
    if await _is_trashed(running.tx, object_id):
        if ref.imported["values"] != node.values:
            running.say(
                "conflict",
                "trashed_here",
                node,
                "Changed in the export, but an editor put it into the trash: it stays there.",
            )
        running.report.counts[f"kept {_word(node)}"] += 1
        return
    ours = await _current(running.tx, node.model, object_id)
    if node.format is not None and ours["format"] != node.format.value:
        reason = f"It is a {node.format} in the export now and a {ours['format']} here: the draft stays as it is."
        running.say("conflict", "format_changed", node, reason)
        return
    merged = merge(ref.imported["values"], node.values, ours)
    for name in merged.conflicts:
        running.say(
            "conflict", "changed_on_both_sides", node, f"{name} was changed in the export and here: the draft's stays."
        )
    if merged.changes:
        await _save(running.tx, node, object_id, ours["revision"], merged.changes)
    running.report.counts[f"{'updated' if merged.changes else 'kept'} {_word(node)}"] += 1
    await _remember(running, node)


async def _save(tx: Transaction, node: Planned, object_id: str, revision: int, changes: Mapping[str, Any]) -> None:
    if node.model is Course:
        await curriculum.update_course(tx, object_id, revision, changes)
    elif node.model is Module:
        await curriculum.update_module(tx, object_id, revision, changes)
    elif node.model is Lesson:
        await curriculum.update_lesson(tx, object_id, revision, changes)
    else:
        assert node.format is not None
        await curriculum.update_block(tx, object_id, revision, node.format, changes)


async def _current(tx: Transaction, model: type[Staged], object_id: str) -> dict[str, Any]:
    """The draft's values by the names that plans use."""
    row = await drafts.draft_row(tx, model, object_id)
    return {**vars(row), **(await curriculum.authored(tx, row) if model is Block else {})}


async def _put_in_order(running: _Import) -> None:
    """Reorders siblings as the export has them, unless an editor did so too."""
    for parent in running.plan.nodes:
        children = [each for each in running.plan.children(parent.external_id) if running.is_known(each)]
        if len(children) < 2:
            continue
        model = children[0].model
        before = sorted(
            (ref for ref in running.refs.values() if ref.imported.get("parent") == parent.external_id),
            key=lambda ref: ref.imported["index"],
        )
        ours = await _children_ids(running.tx, model, running.ids[parent.external_id])
        result = merge_order(
            [ref.local_id for ref in before], [running.ids[each.external_id] for each in children], ours
        )
        if result.is_conflict:
            running.say(
                "conflict",
                "order_changed_on_both_sides",
                parent,
                "The order was changed in the export and here: the draft's stays.",
            )
        previous: str | None = None
        for object_id in result.wanted or ():
            place = Place(after=previous) if previous else Place(at_start=True)
            await drafts.move(running.tx, model, object_id, place)
            previous = object_id


async def _trash_gone(running: _Import) -> None:
    """Trashes what the export no longer has, unless an editor has changed it or put something below it."""
    planned = {node.external_id for node in running.plan.nodes}
    gone = {ref.local_id: ref for name, ref in running.refs.items() if name not in planned}
    for object_id, ref in gone.items():
        model = _model_of(ref.imported["kind"])
        if await _is_trashed(running.tx, object_id):
            continue
        below = await drafts.below(running.tx, model, object_id, curriculum.COURSE_TREE)
        if all([each in gone and await _is_as_imported(running.tx, gone[each]) for each in below]):
            await drafts.trash(running.tx, model, object_id, curriculum.COURSE_TREE)
            running.report.counts[f"trashed {ref.imported['kind']}"] += len(below)
        else:
            reason = "No longer in the export, but an editor changed it or what is below it: it stays."
            running.say("conflict", "gone_but_changed_here", None, reason, ref.external_id)


async def _is_as_imported(tx: Transaction, ref: Row) -> bool:
    model = _model_of(ref.imported["kind"])
    return is_untouched(ref.imported["values"], await _current(tx, model, ref.local_id))


async def _remember(running: _Import, node: Planned) -> None:
    """Keeps what this import brought as the base of the next one's merge."""
    siblings = running.plan.children(node.parent) if node.parent else [node]
    imported = {
        "kind": table_of(node.model).name,
        "values": node.values,
        "parent": node.parent,
        "index": siblings.index(node),
    }
    if running.is_known(node):
        await running.tx.execute(
            sa.update(REF)
            .where(REF.c.id == running.refs[node.external_id].id)
            .values(imported=imported, updated_at=sa.func.now())
        )
        return
    row = {
        "id": ExternalRef.new_id(),
        "source": running.plan.source,
        "external_id": node.external_id,
        "local_id": running.ids[node.external_id],
        "imported": imported,
    }
    await running.tx.insert(ExternalRef, [row])


async def _store(running: _Import) -> None:
    job_id = ImportJob.new_id()
    report = running.report
    job = {
        "id": job_id,
        "source": running.plan.source,
        "status": ImportStatus.DONE.value,
        "root_id": report.course_id,
        "counts": dict(report.counts),
        "finished_at": now(),
    }
    await running.tx.insert(ImportJob, [job])
    rows = [
        {
            "id": ImportIssue.new_id(),
            "job_id": job_id,
            "severity": each.severity,
            "code": each.code,
            "place": each.place[:1000],
            "reason": each.reason,
            "excerpt": each.excerpt,
            "local_id": running.ids.get(each.external_id or ""),
        }
        for each in report.issues
    ]
    await running.tx.insert(ImportIssue, rows)


async def _is_trashed(tx: Transaction, object_id: str) -> bool:
    row = await tx.row(sa.select(CONTENT.c.trashed_at).where(CONTENT.c.id == object_id))
    return row is None or row.trashed_at is not None


async def _parent_of(tx: Transaction, model: type[Staged], object_id: str) -> str | None:
    assert model.__parent__ is not None
    table = table_of(model)
    row = await tx.row(
        sa.select(table.c[model.__parent__[0]].label("parent")).where(
            table.c.id == object_id, table.c.stage == curriculum.DRAFT
        )
    )
    return row.parent if row else None


async def _children_ids(tx: Transaction, model: type[Staged], parent_id: str) -> list[str]:
    assert model.__parent__ is not None
    table = table_of(model)
    rows = await tx.rows(
        sa.select(table.c.id)
        .where(table.c[model.__parent__[0]] == parent_id, table.c.stage == curriculum.DRAFT)
        .order_by(table.c.position)
    )
    return [row.id for row in rows]


def _model_of(kind: str) -> type[Staged]:
    models: dict[str, type[Staged]] = {"course": Course, "module": Module, "lesson": Lesson, "block": Block}
    return models[kind]


def _word(node: Planned) -> str:
    if node.format is None:
        return table_of(node.model).name
    return "section" if node.format is BlockFormat.SECTION else "block"
