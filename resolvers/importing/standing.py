"""What stands there before an import: what earlier ones brought, and the draft as editors have it now.

All of it is read in a handful of statements, however large the course.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.content import Stage, Staged
from models.curriculum import AnswerKey, Block, BlockFormat, Course, Lesson, Module
from models.importing import ExternalRef
from resolvers.content.drafts import CONTENT
from resolvers.content.trees import parent_of
from resolvers.formats.base import join
from resolvers.importing.merging import is_untouched
from resolvers.importing.outline import Outline, start_of

REF = table_of(ExternalRef)
_TREE: tuple[type[Staged], ...] = (Course, Module, Lesson, Block)


@dataclass
class Standing:
    """A draft object: its values by the names that plans use, and whether it is in the trash (and with what)."""

    id: str
    model: type[Staged]
    parent: str | None
    revision: int
    values: dict[str, Any]
    is_trashed: bool
    trashed_with: str | None


@dataclass
class Known:
    """The draft's objects by id, siblings in order; the ties to the outside by outside id; where everything stood.

    A tie's `imported` holds what the last import brought, the base of the next merge: `values`, `format`, `parent` and
    `children` (outside ids), and `is_withdrawn` once an import has dealt with its absence from the export.
    """

    objects: dict[str, Standing] = field(default_factory=dict)
    refs: dict[str, Row] = field(default_factory=dict)
    outline: Outline = field(default_factory=Outline)

    def object_of(self, external_id: str) -> Standing | None:
        """The draft object that an earlier import made of an outside one."""
        ref = self.refs.get(external_id)
        return self.objects.get(ref.local_id) if ref else None

    def is_trashed(self, object_id: str) -> bool:
        """Whether an object is in the trash; one that is not there yet is not."""
        return object_id in self.objects and self.objects[object_id].is_trashed

    def has_untouched_values(self, external_id: str) -> bool:
        """Whether an object's values and format are still those that the last import brought."""
        ref, standing = self.refs[external_id], self.object_of(external_id)
        if standing is None or standing.values.get("format") != ref.imported.get("format"):
            return False
        return is_untouched(ref.imported["values"], standing.values)

    def is_untouched(self, external_id: str) -> bool:
        """Whether no editor has changed an object or moved it elsewhere since the last import."""
        ref = self.refs[external_id]
        parent = self.refs.get(ref.imported["parent"] or "")
        stands_below = self.outline.parent.get(ref.local_id)
        return self.has_untouched_values(external_id) and (parent is None or stands_below == parent.local_id)


async def known(tx: Transaction, source: str) -> Known:
    """All that is known of an outside course."""
    found = Known(refs={row.external_id: row for row in await tx.rows(sa.select(REF).where(REF.c.source == source))})
    return found


async def read_draft(tx: Transaction, found: Known, course_id: str) -> None:
    """Adds a course's draft, its trash included, and its outline."""
    keys = await _answer_keys(tx, course_id)
    for model in _TREE:
        table = table_of(model)
        columns = [column for column in table.c if column.name not in {"body_html", "body_text", "description_html"}]
        rows = await tx.rows(
            sa.select(*columns, CONTENT.c.trashed_at, CONTENT.c.trashed_with)
            .join(CONTENT, CONTENT.c.id == table.c.id)
            .where(CONTENT.c.root_id == course_id, table.c.stage == Stage.DRAFT.value)
            .order_by(table.c.position, table.c.id)
        )
        for row in rows:
            authored = join(row.settings, keys.get(row.id, {})) if model is Block else {}
            found.objects[row.id] = Standing(
                id=row.id,
                model=model,
                parent=parent_of(model, row),
                revision=row.revision,
                values={**vars(row), **authored},
                is_trashed=row.trashed_at is not None,
                trashed_with=row.trashed_with,
            )
    found.outline = _outline(found)


async def _answer_keys(tx: Transaction, course_id: str) -> dict[str, dict[str, Any]]:
    key = table_of(AnswerKey)
    rows = await tx.rows(
        sa.select(key.c.id, key.c.body)
        .join(CONTENT, CONTENT.c.id == key.c.id)
        .where(CONTENT.c.root_id == course_id, key.c.stage == Stage.DRAFT.value)
    )
    return {row.id: row.body for row in rows}


def _outline(found: Known) -> Outline:
    """The tree that the objects form. A section in the trash still holds its page together."""
    outline = Outline()
    pages: dict[str, str] = {}
    for each in found.objects.values():
        if each.parent is None:
            continue
        if each.model is not Block:
            outline.add(each.id, each.parent)
        elif each.values["format"] == BlockFormat.SECTION:
            pages[each.parent] = each.id
            outline.add(each.id, each.parent, is_section=True)
        else:
            outline.add(each.id, pages.get(each.parent, start_of(each.parent)))
    return outline
