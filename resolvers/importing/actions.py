"""Carrying out an import: one transaction, one report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from core.errors import DomainError, SeveralErrors
from core.tables import table_of
from core.writing import Transaction
from gateways import olx
from models.curriculum import Lesson, Theme
from models.events import CourseImported
from resolvers import curriculum, events
from resolvers.content.drafts import CONTENT
from resolvers.importing.issues import Code
from resolvers.importing.linking import linked
from resolvers.importing.placing import decide_places, move
from resolvers.importing.planning import COURSE_ID, Planned, plan
from resolvers.importing.remembering import Report, remember, store_report
from resolvers.importing.running import Import
from resolvers.importing.standing import Known, known, read_draft
from resolvers.importing.withdrawing import bring_back, withdraw
from resolvers.importing.writing import write

Progress = Callable[[int, int], None]


async def import_course(
    tx: Transaction, course: olx.OlxCourse, theme_slug: str | None, progress: Progress = lambda _done, _all: None
) -> Report:
    """Builds or updates the draft course of an OLX export and stores the report.

    What an editor changed since the last import stays; where the export changed the same, a conflict is reported.
    Raises `DomainError` when the course is in the trash, the theme is unknown, or something cannot be saved.
    """
    made = plan(course)
    await _one_at_a_time(tx, made.source)
    running = Import(tx, made, await _standing(tx, made.source))
    theme_id = await _theme(running, theme_slug)
    await bring_back(running)
    _recognise(running)
    decide_places(running)
    existing = {name: each for name, each in running.ids.items() if each not in running.places.left_out}
    running.plan = linked(made, existing)
    for number, node in enumerate(running.plan.nodes, 1):
        with _naming(node):
            await write(running, node, theme_id)
        progress(number, len(running.plan.nodes))
    await move(running)
    await withdraw(running)
    await remember(running)
    issues = [*running.plan.issues, *running.issues]
    report = Report(running.ids[COURSE_ID], COURSE_ID not in running.before.refs, running.counts, issues)
    concerned = {name: ref.local_id for name, ref in running.before.refs.items()} | existing
    await store_report(tx, made.source, report, course.counts(), concerned)
    told = CourseImported(subject_id=report.course_id, is_new=report.is_new, counts=dict(report.counts))
    events.record(tx, told)
    return report


async def _one_at_a_time(tx: Transaction, source: str) -> None:
    """Waits for another import of the same course, however long it takes; for editors no longer than usual."""
    async with tx.however_long():
        await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(source, 0))))


async def _standing(tx: Transaction, source: str) -> Known:
    """What stands there, its root locked, so that no editor saves between here and the end of the import."""
    found = await known(tx, source)
    if COURSE_ID in found.refs:
        course_id = found.refs[COURSE_ID].local_id
        identity = await tx.row(sa.select(CONTENT.c.trashed_at).where(CONTENT.c.id == course_id).with_for_update())
        if identity is None or identity.trashed_at is not None:
            raise DomainError("This course was imported before and is in the trash now. Restore it first.", "IN_TRASH")
        await read_draft(tx, found, course_id)
    return found


async def _theme(running: Import, slug: str | None) -> str | None:
    """The id of the theme that a new course goes under."""
    if slug is None:
        return None
    theme = table_of(Theme)
    found = await running.tx.row(
        sa.select(theme.c.id)
        .join(CONTENT, CONTENT.c.id == theme.c.id)
        .where(theme.c.slug == slug, theme.c.stage == curriculum.DRAFT, CONTENT.c.trashed_at.is_(None))
    )
    if found is None:
        raise DomainError(f"There is no theme with the slug {slug}.", "NOT_FOUND", ("theme",))
    course = running.before.object_of(COURSE_ID)
    if course is not None and course.values["theme_id"] != found.id:
        reason = f"The course was imported before and keeps its theme: it was not put under {slug}."
        running.say("warning", Code.THEME_KEPT, running.plan.nodes[0], reason)
    return str(found.id)


def _recognise(running: Import) -> None:
    """Gives every node its id: the one its object has, or a new one.

    A block keeps its format for life: where the export changed it and no editor touched the block, another takes its
    place.
    """
    before = running.before
    running.slugs = {each.values["slug"] for each in before.objects.values() if each.model is Lesson}
    for node in running.plan.nodes:
        standing = before.object_of(node.external_id)
        is_there = standing is not None and not _is_out_of_reach(running, node)
        running.ids[node.external_id] = standing.id if standing and is_there else node.model.new_id()
    for node in linked(running.plan, running.ids).nodes if before.refs else ():
        standing = before.objects.get(running.id_of(node))
        if standing is None or standing.is_trashed or node.format == standing.values.get("format"):
            continue
        if before.has_untouched_values(node.external_id):
            running.ids[node.external_id] = new_id = node.model.new_id()
            running.replaced[new_id] = standing.id


def _is_out_of_reach(running: Import, node: Planned) -> bool:
    """Whether an import put the node's object into the trash below something that does not come back."""
    is_put_away = node.external_id in running.withdrawn and not node.is_hidden
    return is_put_away and running.before.is_trashed(running.before.refs[node.external_id].local_id)


@contextmanager
def _naming(node: Planned) -> Iterator[None]:
    """Says of a refusal where in the export it happened."""
    try:
        yield
    except SeveralErrors as error:
        raise DomainError(f"{node.place}: {error}") from error
    except DomainError as error:
        raise DomainError(f"{node.place}: {error}", error.code) from error
