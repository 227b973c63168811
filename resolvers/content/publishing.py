"""Publishing a root: live rows made equal to draft rows in one transaction, sealed as a numbered revision.

The functions take the model of the `root`, and work on all that may hang below it (`tree_of`). They hold no knowledge
of what the models mean; a domain checks its own rules before it calls them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from core.errors import DomainError, NotFound
from core.reading import Reader
from core.tables import id_type, table_of
from core.writing import Transaction, checked
from models.content import PublishState, Revision, RevisionKind, Stage, Staged
from resolvers.content.drafts import CONTENT, count_save, tell
from resolvers.content.trees import Tree, parent_id, tree_of

REVISION = table_of(Revision)
DRAFT, LIVE = Stage.DRAFT.value, Stage.LIVE.value


async def publish(tx: Transaction, root: type[Staged], root_id: str, message: str | None) -> int:
    """Makes the live rows of a root equal to its draft and seals the revision; answers the revision's number."""
    tree, said = tree_of(root), checked(Revision, {"message": message})
    await tx.expect_many_rows()
    for model in reversed(tree):
        await tx.execute(_remove_gone(model, root_id))
    for model in tree:
        await tx.execute(_copy_to_live(model, root_id))
    number = await _seal(tx, tree, root_id, LIVE, RevisionKind.PUBLISHED, said["message"])
    tell(tx, root, "published", root_id, revision=number)
    return number


async def plan(tx: Transaction, root: type[Staged], root_id: str, message: str | None) -> int:
    """Seals a root's draft as it stands, to be published later; answers the revision's number."""
    said = checked(Revision, {"message": message})
    return await _seal(tx, tree_of(root), root_id, DRAFT, RevisionKind.PLANNED, said["message"])


async def sealed(tx: Transaction, root_id: str, number: int) -> dict[str, Any]:
    """The snapshot of a revision: table name to its rows. Raises `NotFound` when there is none of this number."""
    found = await tx.row(
        sa.select(REVISION.c.snapshot).where(REVISION.c.root_id == root_id, REVISION.c.number == number)
    )
    if found is None:
        raise NotFound("revision", ("number",))
    snapshot: dict[str, Any] = found.snapshot
    return snapshot


async def publish_revision(tx: Transaction, root: type[Staged], root_id: str, number: int, message: str | None) -> int:
    """Makes the live rows of a root what a sealed revision holds, and not the draft; answers the new revision."""
    snapshot = await sealed(tx, root_id, number)
    tree = tree_of(root)
    await tx.expect_many_rows()
    rows = {model: snapshot.get(table_of(model).name, []) for model in tree}
    for model in reversed(tree):
        table = table_of(model)
        of_root = sa.and_(table.c.stage == LIVE, table.c.id.in_(_ids_of(root_id)))
        await tx.execute(sa.delete(table).where(of_root, ~_among(table.c.id, [row["id"] for row in rows[model]])))
    for model in tree:
        if rows[model]:
            await tx.execute(_show(model, rows[model]))
    published = await _seal(tx, tree, root_id, LIVE, RevisionKind.PUBLISHED, message)
    tell(tx, root, "published", root_id, revision=published)
    return published


async def _seal(tx: Transaction, tree: Tree, root_id: str, stage: str, kind: RevisionKind, message: str | None) -> int:
    number = await tx.row(
        sa.select((sa.func.coalesce(sa.func.max(REVISION.c.number), 0) + 1).label("next")).where(
            REVISION.c.root_id == root_id
        )
    )
    assert number is not None
    await tx.execute(
        sa.insert(REVISION).values(
            id=Revision.new_id(),
            root_id=root_id,
            number=number.next,
            author_id=tx.viewer.user_id,
            kind=kind.value,
            message=message,
            snapshot=sa.select(_snapshot(tree, root_id, stage)).scalar_subquery(),
        )
    )
    return int(number.next)


async def unpublish(tx: Transaction, root: type[Staged], root_id: str) -> None:
    """Removes the live rows of a root; the draft stays as it is. Raises `DomainError` when there are none."""
    await tx.expect_many_rows()
    for model in reversed(tree_of(root)):
        table = table_of(model)
        removed = await tx.execute(sa.delete(table).where(table.c.stage == LIVE, table.c.id.in_(_ids_of(root_id))))
        if model is root and not removed:
            raise DomainError("This is not published.", "NOT_PUBLISHED", ("id",))
    tell(tx, root, "unpublished", root_id)


async def is_live(tx: Transaction, model: type[Staged], object_id: str) -> bool:
    """Whether readers can see the object now."""
    table = table_of(model)
    found = await tx.row(sa.select(table.c.id).where(table.c.id == object_id, table.c.stage == LIVE))
    return found is not None


async def restore_revision(tx: Transaction, root: type[Staged], root_id: str, number: int) -> None:
    """Loads a sealed revision into the draft. What the draft has beyond it goes to the trash.

    The draft as it stood is sealed before, as a revision of its own: nothing is lost.
    """
    snapshot = await sealed(tx, root_id, number)
    tree = tree_of(root)
    await tx.expect_many_rows()
    await _seal(tx, tree, root_id, DRAFT, RevisionKind.REPLACED, f"The draft before revision {number} was restored")
    ids = [row["id"] for model in tree for row in snapshot.get(table_of(model).name, [])]
    await tx.execute(_take_out_of_trash(root_id, ids))
    for model in tree[1:]:
        put_away = _trash_beyond if model.__trashable__ else _delete_beyond
        await tx.execute(put_away(model, root_id, ids))
    for model in tree:
        rows = snapshot.get(table_of(model).name, [])
        await tx.execute(_load(model, root_id, rows))
        if model.__parents__ and "position" in table_of(model).c:
            await tx.execute(_renumber(model, root_id))
    await count_save(tx, root_id)
    tell(tx, root, "reverted", root_id, revision=number)


async def publish_states(reader: Reader, root: type[Staged], root_ids: Sequence[str]) -> list[PublishState]:
    """How each root's draft stands to what readers see, in one statement."""
    comparisons = [_differences(model) for model in tree_of(root)]
    every = sa.union_all(*comparisons).subquery("every")
    table = table_of(root)
    statement = sa.select(every.c.root_id, sa.func.bool_or(every.c.differs).label("differs")).group_by(every.c.root_id)
    differing = {row.root_id: row.differs for row in await reader.select(statement, {"roots": list(set(root_ids))})}
    live = await reader.select(
        sa.select(table.c.id).where(
            table.c.stage == LIVE, table.c.id == sa.any_(sa.bindparam("roots", type_=ARRAY(id_type())))
        ),
        {"roots": list(set(root_ids))},
    )
    published = {row.id for row in live}
    return [
        PublishState.DRAFT
        if each not in published
        else (PublishState.CHANGED if differing.get(each) else PublishState.PUBLISHED)
        for each in root_ids
    ]


@cache
def _named(table: sa.Table, name: str) -> Any:
    """The table under another name, made once: SQLAlchemy copies every column for it."""
    return table.alias(name)


def _ids_of(root_id: str) -> sa.Select[Any]:
    return sa.select(CONTENT.c.id).where(CONTENT.c.root_id == root_id)


def _kept_ids_of(root_id: str) -> sa.Select[Any]:
    return _ids_of(root_id).where(CONTENT.c.trashed_at.is_(None))


def _kept(table: sa.FromClause, root_id: str) -> sa.Select[Any]:
    """Ids of the root's drafts that are not in the trash."""
    return sa.select(CONTENT.c.id).where(
        CONTENT.c.id == table.c.id, CONTENT.c.root_id == root_id, CONTENT.c.trashed_at.is_(None)
    )


def _remove_gone(model: type[Staged], root_id: str) -> sa.Delete:
    table = table_of(model)
    draft = _named(table, "draft")
    kept = sa.select(draft.c.id).where(draft.c.id == table.c.id, draft.c.stage == DRAFT, _kept(draft, root_id).exists())
    return sa.delete(table).where(table.c.stage == LIVE, table.c.id.in_(_ids_of(root_id)), ~kept.exists())


def _copy_to_live(model: type[Staged], root_id: str) -> Any:
    """Rows that are the same already are not touched, so that publishing writes only what changed."""
    table = table_of(model)
    draft = _named(table, "draft")
    columns = [column.name for column in table.c]
    source = sa.select(*(sa.literal(LIVE) if name == "stage" else draft.c[name] for name in columns)).where(
        draft.c.stage == DRAFT, _kept(draft, root_id).exists()
    )
    insert = upsert(table).from_select(columns, source)
    rest = [name for name in columns if name not in {"id", "stage"}]
    return insert.on_conflict_do_update(
        index_elements=["id", "stage"],
        set_={name: insert.excluded[name] for name in rest},
        where=sa.tuple_(*(table.c[name] for name in rest)).is_distinct_from(
            sa.tuple_(*(insert.excluded[name] for name in rest))
        ),
    )


def _snapshot(tree: Tree, root_id: str, stage: str) -> Any:
    """Table name to the rows of one stage; a draft's without what is in the trash."""
    pairs: list[Any] = []
    for model in tree:
        table = table_of(model)
        row = sa.func.to_jsonb(sa.literal_column(f'"{table.name}"')).op("-")(sa.literal_column("'stage'"))
        rows = (
            sa.select(sa.func.coalesce(sa.func.jsonb_agg(row), sa.text("'[]'::jsonb")))
            .select_from(table)
            .where(table.c.stage == stage, table.c.id.in_(_ids_of(root_id) if stage == LIVE else _kept_ids_of(root_id)))
            .scalar_subquery()
        )
        pairs += [sa.literal_column(f"'{table.name}'"), rows]
    return sa.func.jsonb_build_object(*pairs)


def _among(column: sa.ColumnElement[Any], ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return column == sa.any_(sa.literal(list(ids), ARRAY(id_type())))


def _take_out_of_trash(root_id: str, ids: Sequence[str]) -> sa.Update:
    """Brings back the objects of a snapshot, whatever took them to the trash."""
    mine = sa.and_(CONTENT.c.root_id == root_id, _among(CONTENT.c.id, ids))
    return sa.update(CONTENT).where(mine).values(trashed_at=None, trashed_with=None)


def _trash_beyond(model: type[Staged], root_id: str, ids: Sequence[str]) -> sa.Update:
    """Puts a level's objects that are not in the snapshot into the trash, each with what lies above it there.

    So do those that lay there on account of an object that is back now. Levels go from the root down.
    """
    table, above = table_of(model), CONTENT.alias("above")
    parent = parent_id(model, table)
    along = sa.select(above.c.trashed_with).where(above.c.id == parent, above.c.trashed_at.is_not(None))
    return (
        sa.update(CONTENT)
        .where(CONTENT.c.id == table.c.id, table.c.stage == DRAFT, CONTENT.c.root_id == root_id)
        .where(~_among(CONTENT.c.id, ids))
        .where(sa.or_(CONTENT.c.trashed_at.is_(None), _among(CONTENT.c.trashed_with, ids)))
        .values(
            trashed_at=sa.func.now(),
            trashed_with=sa.func.coalesce(along.correlate(table).scalar_subquery(), CONTENT.c.id),
        )
    )


def _delete_beyond(model: type[Staged], root_id: str, ids: Sequence[str]) -> sa.Delete:
    """Removes the draft rows of small parts that are neither in the snapshot nor owned by an object in the trash."""
    table, above = table_of(model), CONTENT.alias("above")
    kept = sa.select(above.c.id).where(above.c.id == parent_id(model, table), above.c.trashed_at.is_(None)).exists()
    of_root = table.c.id.in_(_ids_of(root_id))
    return sa.delete(table).where(table.c.stage == DRAFT, of_root, ~_among(table.c.id, ids), kept)


def _load(model: type[Staged], root_id: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Upserts snapshot rows into the draft; columns younger than the snapshot keep the draft's value or the default."""
    table = table_of(model)
    known = [
        column.name
        for column in table.c
        if rows and column.name in rows[0] and column.name not in {"stage", "revision", "updated_at"}
    ]
    if not rows:
        return sa.select(sa.literal(1))
    source = _rows_of(table, rows, known)
    # A row that the draft has lost must not come back with the number of another content that is live.
    live = _named(table, "live")
    newest = sa.select(live.c.revision).where(live.c.id == source.c.id, live.c.stage == LIVE).scalar_subquery()
    insert = upsert(table).from_select(
        [*known, "stage", "revision"],
        sa.select(*(source.c[name] for name in known), sa.literal(DRAFT), sa.func.coalesce(newest, 0) + 1),
    )
    changed = {name: insert.excluded[name] for name in known if name != "id"}
    return insert.on_conflict_do_update(
        index_elements=["id", "stage"],
        set_={**changed, "revision": table.c.revision + 1, "updated_at": sa.func.now()},
        where=sa.tuple_(*(table.c[name] for name in changed)).is_distinct_from(sa.tuple_(*changed.values())),
    )


def _show(model: type[Staged], rows: Sequence[Mapping[str, Any]]) -> Any:
    """Upserts snapshot rows as live ones, with the number that the draft had then."""
    table = table_of(model)
    known = [column.name for column in table.c if column.name in rows[0] and column.name != "stage"]
    source = _rows_of(table, rows, known)
    columns = [*(source.c[name] for name in known), sa.literal(LIVE)]
    insert = upsert(table).from_select([*known, "stage"], sa.select(*columns))
    changed = {name: insert.excluded[name] for name in known if name != "id"}
    return insert.on_conflict_do_update(
        index_elements=["id", "stage"],
        set_=changed,
        where=sa.tuple_(*(table.c[name] for name in changed)).is_distinct_from(sa.tuple_(*changed.values())),
    )


def _rows_of(table: sa.Table, rows: Sequence[Mapping[str, Any]], known: Sequence[str]) -> Any:
    return sa.func.jsonb_populate_recordset(
        sa.literal_column(f'NULL::"{table.name}"'), sa.literal([dict(row) for row in rows], JSONB)
    ).table_valued(*(sa.column(name, table.c[name].type) for name in known))


def _renumber(model: type[Staged], root_id: str) -> sa.Update:
    """Dense positions below each parent, what is in the trash behind what is not."""
    table = table_of(model)
    draft = _named(table, "draft")
    order = (CONTENT.c.trashed_at.is_not(None), draft.c.position, draft.c.id)
    place = sa.func.row_number().over(partition_by=parent_id(model, draft), order_by=order)
    numbered = (
        sa.select(draft.c.id, place.label("place"))
        .join(CONTENT, CONTENT.c.id == draft.c.id)
        .where(draft.c.stage == DRAFT, CONTENT.c.root_id == root_id)
        .subquery("numbered")
    )
    return (
        sa.update(table)
        .where(table.c.id == numbered.c.id, table.c.stage == DRAFT, table.c.position != numbered.c.place)
        .values(position=numbered.c.place)
    )


def _differences(model: type[Staged]) -> sa.Select[Any]:
    """Per object of the roots: whether its draft and its live row differ, one of them missing included.

    Both stages come by one join on the id, whose plan is good whatever the statistics say of stages.
    """
    table = table_of(model)
    roots = sa.bindparam("roots", type_=ARRAY(id_type()))
    is_draft = sa.and_(table.c.stage == DRAFT, CONTENT.c.trashed_at.is_(None))
    draft, live = (sa.func.max(table.c.revision).filter(each) for each in (is_draft, table.c.stage == LIVE))
    return (
        sa.select(CONTENT.c.root_id, draft.is_distinct_from(live).label("differs"))
        .join(table, table.c.id == CONTENT.c.id)
        .where(CONTENT.c.root_id == sa.any_(roots))
        .group_by(CONTENT.c.root_id, CONTENT.c.id)
    )
