"""Deep copies of a draft tree: every object gets a new id, every reference inside the tree follows."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID
from sqlmodel.sql.sqltypes import AutoString

from core.ids import new_id, tag_of
from core.tables import id_type, table_of
from core.writing import Transaction
from models.content import Content, Stage, Staged
from resolvers.content.drafts import CONTENT
from resolvers.content.trees import tree_of

_LINK = "cairn:"
# SQLModel's own type of texts is no kind of String.
_TEXTS = (sa.String, AutoString, JSONB)


async def duplicate(tx: Transaction, root: type[Staged], root_id: str, changes: dict[str, Any]) -> dict[str, str]:
    """Copies a root's draft, with `changes` to the root's own columns; answers old id -> new id, root first.

    What is in the trash is not copied. Save counters start again at 1.
    """
    tree = tree_of(root)
    await tx.expect_many_rows()
    rows = await tx.rows(sa.union(*(_kept_ids(model, root_id) for model in tree)))
    ids = {root_id: new_id(root.__tag__)} | {row.id: new_id(tag_of(row.id) or 0) for row in rows if row.id != root_id}
    await tx.execute(_copy_identities(tx, ids, ids[root_id]))
    for model in tree:
        await tx.execute(_copy_rows(model, ids, changes if model is root else {}))
    for model in tree:
        await _relink(tx, model, ids)
    return ids


def _kept_ids(model: type[Staged], root_id: str) -> sa.Select[Any]:
    table = table_of(model)
    kept = sa.select(table.c.id).join(CONTENT, CONTENT.c.id == table.c.id)
    return kept.where(CONTENT.c.root_id == root_id, CONTENT.c.trashed_at.is_(None), table.c.stage == Stage.DRAFT.value)


async def _relink(tx: Transaction, model: type[Staged], ids: dict[str, str]) -> None:
    """Turns links inside the copied texts (`cairn:<id>`) to the copies of what they point at."""
    table = table_of(model)
    texts = [column for column in table.c if isinstance(column.type, _TEXTS) and column.name != "stage"]
    linked = sa.or_(*(sa.cast(column, sa.Text).like(f"%{_LINK}%") for column in texts))
    copies = sa.any_(sa.literal(list(ids.values()), ARRAY(id_type())))
    for row in await tx.rows(sa.select(table.c.id, *texts).where(table.c.id == copies, linked)):
        changed = {column.name: _with_new_ids(getattr(row, column.name), ids) for column in texts}
        await tx.execute(
            sa.update(table).where(table.c.id == row.id, table.c.stage == Stage.DRAFT.value).values(**changed)
        )


def _with_new_ids(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(rf"{_LINK}([0-9a-f-]{{36}})", lambda found: _LINK + ids.get(found[1], found[1]), value)
    if isinstance(value, list):
        return [_with_new_ids(each, ids) for each in value]
    if isinstance(value, dict):
        return {name: _with_new_ids(each, ids) for name, each in value.items()}
    return value


def _mapping(ids: dict[str, str]) -> Any:
    pairs = sa.func.unnest(sa.literal(list(ids), ARRAY(id_type())), sa.literal(list(ids.values()), ARRAY(id_type())))
    return pairs.table_valued(sa.column("old", id_type()), sa.column("new", id_type()), name="renamed").render_derived()


def _copy_identities(tx: Transaction, ids: dict[str, str], root_id: str) -> Any:
    renamed = _mapping(ids)
    source = sa.select(
        renamed.c.new, CONTENT.c.kind, sa.literal(root_id, id_type()), sa.literal(tx.viewer.user_id, id_type())
    ).join(renamed, renamed.c.old == CONTENT.c.id)
    columns = ["id", "kind", "root_id", "author_id"]
    # The database's own defaults fill the rest: those of Python would need a value bound for each.
    return sa.insert(table_of(Content)).from_select(columns, source, include_defaults=False)


def _copy_rows(model: type[Staged], ids: dict[str, str], changes: dict[str, Any]) -> Any:
    table = table_of(model)
    columns = [column for column in table.c if column.name not in {"created_at", "updated_at"}]
    source: Any = table
    values = []
    for column in columns:
        value: Any = column
        if column.name in changes:
            value = sa.literal(changes[column.name], column.type)
        elif column.name == "revision":
            value = sa.literal(1)
        elif isinstance(column.type, UUID):
            renamed = _mapping(ids).alias(f"renamed_{column.name}")
            source = source.join(renamed, renamed.c.old == column, isouter=column.name != "id")
            value = sa.func.coalesce(renamed.c.new, column)
        values.append(value)
    rows = sa.select(*values).select_from(source).where(table.c.stage == Stage.DRAFT.value)
    return sa.insert(table).from_select([column.name for column in columns], rows)
