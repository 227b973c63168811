"""Merging values into what is here already, and creating what is new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import InvalidInput, SeveralErrors, an
from models.curriculum import Block, Course, Lesson, Module
from resolvers import curriculum
from resolvers.importing.issues import Code
from resolvers.importing.merging import merge
from resolvers.importing.planning import Planned
from resolvers.importing.running import Import
from resolvers.importing.standing import Standing


async def write(running: Import, node: Planned, theme_id: str | None) -> None:
    """Brings one node's values into the draft; a new course goes under the theme."""
    if running.is_left_out(node):
        running.counts[f"left out {node.word}"] += 1
    elif running.is_new(node):
        await _create(running, node, theme_id)
    else:
        await _update(running, node, running.before.objects[running.id_of(node)])


async def _create(running: Import, node: Planned, theme_id: str | None) -> None:
    """A new object, behind its siblings; it is moved to its place later."""
    tx, object_id = running.tx, running.id_of(node)
    if node.model is Course:
        await curriculum.create_course(tx, {**node.values, "theme_id": theme_id}, object_id)
        running.counts["created course"] += 1
        return
    parent_id = running.outline.owner(running.outline.parent[object_id])
    if node.model is Module:
        await curriculum.create_module(tx, parent_id, node.values, object_id=object_id)
    elif node.model is Lesson:
        values = {**node.values, "slug": running.free_slug(node.values["title"])}
        await curriculum.create_lesson(tx, parent_id, values, object_id=object_id)
    else:
        assert node.format is not None
        await curriculum.create_block(tx, parent_id, node.format, node.values, object_id=object_id)
    if object_id in running.replaced:
        await curriculum.trash(tx, Block, running.replaced[object_id])
    running.counts[f"{'replaced' if object_id in running.replaced else 'created'} {node.word}"] += 1


async def _update(running: Import, node: Planned, standing: Standing) -> None:
    """A node that is here already: the three-way merge of its fields."""
    imported = running.before.refs[node.external_id].imported
    is_changed = (imported["format"], imported["values"]) != (node.format, node.values)
    if standing.is_trashed:
        if is_changed and not node.is_hidden:
            reason = "It was changed in the export, but an editor put it into the trash: it stays there, as it was."
            running.say("conflict", Code.TRASHED_HERE, node, reason)
    elif node.format is not None and node.format != standing.values["format"]:
        if is_changed:
            reason = f"It is {an(node.format)} in the export now, and was changed here: the draft's stays as it is."
            running.say("conflict", Code.FORMAT_CHANGED, node, reason)
    else:
        merged = merge(imported["values"], node.values, standing.values)
        for name in merged.conflicts:
            reason = f"The {_field(name)} was changed in the export and here: the draft's stays."
            running.say("conflict", Code.CHANGED_ON_BOTH_SIDES, node, reason)
        if merged.changes and await _save(running, node, standing, merged.changes):
            running.counts[f"updated {node.word}"] += 1
            return
    running.counts[f"kept {node.word}"] += 1


async def _save(running: Import, node: Planned, standing: Standing, changes: Mapping[str, Any]) -> bool:
    """Saves the changes; reports, and answers False, where they do not go together with what an editor changed."""
    tx, revision = running.tx, standing.revision
    try:
        if node.model is Course:
            await curriculum.update_course(tx, standing.id, revision, changes)
        elif node.model is Module:
            await curriculum.update_module(tx, standing.id, revision, changes)
        elif node.model is Lesson:
            await curriculum.update_lesson(tx, standing.id, revision, changes)
        else:
            assert node.format is not None
            await curriculum.update_block(tx, standing.id, revision, node.format, changes)
    except (SeveralErrors, InvalidInput) as error:
        if running.before.has_untouched_values(node.external_id):
            raise
        names = ", ".join(map(_field, changes))
        reason = f"What the export changed ({names}) does not go together with what was changed here: {error}"
        running.say("conflict", Code.CHANGED_ON_BOTH_SIDES, node, reason)
        return False
    return True


def _field(name: str) -> str:
    return {"body": "text", "is_required": "“required”"}.get(name, name.replace("_", " "))
