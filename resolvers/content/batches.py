"""Reading about content itself: what is published, what is in the trash."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from core.reading import Reader
from core.relations import Relation, Sort
from core.rows import Row
from core.tables import id_type, table_of
from models.content import Content, PublishState, Revision, RevisionKind, Stage, Staged
from models.identity import Scope
from resolvers.content.publishing import LIVE, REVISION, publish_states
from resolvers.content.trees import STAGED

CONTENT = table_of(Content)

REVISIONS_OF_ROOT = Relation(Revision, "root_id", sorts={"NUMBER_DESC": Sort("number", descending=True)})
# Only what somebody put there, not what went along with it.
TRASH = Relation(
    Content,
    sorts={"TRASHED_AT_DESC": Sort("trashed_at", descending=True)},
    where=(CONTENT.c.trashed_at.is_not(None), CONTENT.c.trashed_with == CONTENT.c.id),
)


async def states(reader: Reader, root: type[Staged], root_ids: Sequence[str]) -> list[PublishState]:
    """How each root's draft stands to what readers see; for those who see no drafts, what they see is published."""
    if not reader.viewer.may(Scope.CONTENT_EDIT):
        return [PublishState.PUBLISHED] * len(root_ids)
    return await publish_states(reader, root, root_ids)


async def published_revisions(reader: Reader, root: type[Staged], root_ids: Sequence[str]) -> list[Row | None]:
    """The revision that readers see now of each root, in one statement; None where they see none."""
    if not reader.viewer.may(Scope.CONTENT_EDIT):
        return [None] * len(root_ids)
    table = table_of(root)
    live = sa.select(table.c.id).where(table.c.id == REVISION.c.root_id, table.c.stage == LIVE).exists()
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    columns = [column for column in REVISION.c if column.name != "snapshot"]
    newest = (
        sa.select(*columns)
        .ext(distinct_on(REVISION.c.root_id))
        .where(REVISION.c.root_id == sa.any_(ids), REVISION.c.kind == RevisionKind.PUBLISHED.value, live)
        .order_by(REVISION.c.root_id, REVISION.c.number.desc())
    )
    rows = await reader.select(newest, {"ids": list(set(root_ids))}, Revision)
    found = {row.root_id: row for row in rows}
    return [found.get(each) for each in root_ids]


async def tree_revisions(reader: Reader, root_ids: Sequence[str]) -> list[int | None]:
    """How often anything in each root's draft was saved; None for those who see no drafts."""
    if not reader.viewer.may(Scope.CONTENT_EDIT):
        return [None] * len(root_ids)
    ids = sa.bindparam("ids", type_=ARRAY(id_type()))
    counts = sa.select(CONTENT.c.id, CONTENT.c.tree_revision).where(CONTENT.c.id == sa.any_(ids))
    found = {row.id: row.tree_revision for row in await reader.select(counts, {"ids": list(set(root_ids))})}
    return [found.get(each) for each in root_ids]


async def titles(reader: Reader, ids: Sequence[str]) -> dict[str, str]:
    """A word to recognise each draft object by: its title, or else its kind."""
    parts = []
    for model in (each for each in STAGED if each.__trashable__):
        table = table_of(model)
        label = table.c.title if "title" in table.c else sa.literal(table.name)
        parts.append(
            sa.select(table.c.id, sa.func.coalesce(label, sa.literal(table.name)).label("title")).where(
                table.c.stage == Stage.DRAFT.value, table.c.id == sa.any_(sa.bindparam("ids", type_=ARRAY(id_type())))
            )
        )
    rows = await reader.select(sa.union_all(*parts), {"ids": list(ids)})
    return {row.id: row.title for row in rows}
