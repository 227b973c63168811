"""Drafts: creating, saving, moving and trashing one editorial object.

All writes to a tree take the row lock of its root's `content` row first, so that two editors never interleave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.errors import Conflict, DomainError, InvalidInput, NotFound, wrong_kind
from core.ids import tag_of
from core.revisions import require_revision
from core.rows import Row
from core.tables import id_type, table_of
from core.writing import Transaction, camel, checked
from models.content import Content, Stage, Staged
from models.events import editorial
from resolvers import events
from resolvers.content.trees import STAGED, kind_of_parent, may_be_root, parent_of

CONTENT = table_of(Content)
# Made once: SQLAlchemy copies every column for an alias.
_MINE, _ROOT = CONTENT.alias("mine"), CONTENT.alias("root")
MAX_SIBLINGS = 500


@dataclass(frozen=True)
class Place:
    """Where among its siblings something goes: `after` a sibling, at the very start, or (neither) at the end."""

    after: str | None = None
    at_start: bool = False


async def locked(
    tx: Transaction, model: type[Staged], object_id: str, field: str = "id", *, trashed: bool = False
) -> Row:
    """The `content` row of a draft object, its root locked until the transaction ends.

    Raises `InvalidInput` for an id of another kind, `NotFound` for one that is not there; an object in the trash is not
    there unless `trashed` asks for just those.
    """
    require_kind(model, object_id, field)
    found = await tx.row(
        sa.select(_MINE.c.id, _MINE.c.root_id)
        .join(_ROOT, _ROOT.c.id == _MINE.c.root_id)
        .where(_MINE.c.id == object_id)
        .with_for_update(of=_ROOT)
    )
    if found is None:
        raise NotFound(name_of(model), (field,))
    # Read again now that the lock is held: another editor may just have trashed it.
    fresh = await tx.row(sa.select(CONTENT).where(CONTENT.c.id == object_id))
    if fresh is None or (fresh.trashed_at is not None) != trashed:
        raise NotFound(name_of(model), (field,))
    return fresh


def require_kind(model: type[Staged], object_id: str, field: str = "id") -> None:
    """Refuses an id that belongs to another kind of thing, before any SQL runs."""
    if tag_of(object_id) != model.__tag__:
        raise InvalidInput(wrong_kind(name_of(model)), "WRONG_KIND_OF_ID", (field,))


def name_of(model: type[Staged]) -> str:
    """The word for a model in a sentence."""
    return table_of(model).name.replace("_", " ")


async def create(
    tx: Transaction,
    model: type[Staged],
    values: Mapping[str, Any],
    *,
    parent_id: str | None = None,
    place: Place = Place(),
    object_id: str | None = None,
) -> str:
    """Adds a draft object (below its parent, at its place) and answers its id, a new one unless it is given.

    Without a parent it is a root, where the model allows that.
    """
    values = checked(model, values)
    object_id = object_id or model.new_id()
    root_id = object_id
    has_parent = parent_id is not None or not may_be_root(model)
    if has_parent:
        column, parent_model = kind_of_parent(model, parent_id or "")
        root_id = (await locked(tx, parent_model, parent_id or "", camel(column))).root_id
        values = {**values, column: parent_id, "position": await _next_position(tx, model, str(parent_id))}
        _require_sibling_id(model, place)
    await tx.insert(Content, [identity(tx, model, object_id, root_id)])
    await tx.insert(model, [{"id": object_id, "stage": Stage.DRAFT.value, "revision": 1, **defaults(model), **values}])
    if has_parent and (place.after or place.at_start):
        await _place(tx, model, object_id, str(parent_id), place)
    await count_save(tx, root_id)
    tell(tx, model, "created", object_id, root_id=root_id)
    return object_id


def tell(tx: Transaction, model: type[Staged], verb: str, object_id: str, **known: Any) -> None:
    """Records what happened to an editorial object."""
    events.record(tx, editorial(model, verb)(subject_id=object_id, **known))


async def count_save(tx: Transaction, root_id: str) -> None:
    """Notes that something in the draft of a root, which is locked, was saved."""
    counted = sa.update(CONTENT).where(CONTENT.c.id == root_id).values(tree_revision=CONTENT.c.tree_revision + 1)
    await tx.execute(counted)


def require_tree_revision(identity: Row, expected: int) -> None:
    """Raises `Conflict` when anything in a root's draft was saved since the caller looked at it."""
    if identity.tree_revision != expected:
        raise Conflict(
            f"Something in it was saved in the meantime: you had tree revision {expected}, "
            f"it is now {identity.tree_revision}.",
            path=("expectedTreeRevision",),
            expected_revision=expected,
            actual_revision=identity.tree_revision,
        )


async def update(
    tx: Transaction,
    model: type[Staged],
    object_id: str,
    expected_revision: int,
    changes: Mapping[str, Any],
    derived: Mapping[str, Any] = MappingProxyType({}),
) -> Row:
    """Saves changed fields of a draft object; answers its row as it was before.

    `derived` are columns computed from the changes, which no conflict needs to show. Raises `Conflict` with both values
    of every field when somebody saved since `expected_revision`.
    """
    mine = await locked(tx, model, object_id)
    changes = checked(model, changes)
    table = table_of(model)
    before = await draft_row(tx, model, object_id)
    require_revision(before, expected_revision, changes)
    await tx.execute(
        sa.update(table)
        .where(table.c.id == object_id, table.c.stage == Stage.DRAFT.value)
        .values(**changes, **derived, revision=table.c.revision + 1, updated_at=sa.func.now())
    )
    await count_save(tx, mine.root_id)
    tell_saved(tx, model, object_id, mine.root_id, before, changes)
    return before


def tell_saved(
    tx: Transaction, model: type[Staged], object_id: str, root_id: str, before: Row, changes: Mapping[str, Any]
) -> None:
    """Records that fields of a draft object were saved, which stood as `before`."""
    fields = [camel(name) for name in changes]
    tell(tx, model, "updated", object_id, root_id=root_id, revision=before.revision + 1, fields=fields)


async def draft_row(tx: Transaction, model: type[Staged], object_id: str) -> Row:
    """The whole draft row of an object that `locked` has found."""
    table = table_of(model)
    row = await tx.row(sa.select(table).where(table.c.id == object_id, table.c.stage == Stage.DRAFT.value))
    if row is None:
        raise NotFound(name_of(model))
    return row


async def move(
    tx: Transaction, model: type[Staged], object_id: str, place: Place, *, parent_id: str | None = None
) -> None:
    """Puts a draft object at another place, below the same or another parent of the same root."""
    mine = await locked(tx, model, object_id)
    _require_sibling_id(model, place)
    current = parent_of(model, await draft_row(tx, model, object_id))
    if parent_id is None and current is None:
        raise InvalidInput(f"This {name_of(model)} stands by itself and has no siblings.", "IS_ROOT", ("id",))
    if parent_id is not None and parent_id != current:
        column, parent_model = kind_of_parent(model, parent_id)
        require_kind(parent_model, parent_id, camel(column))
        parent = await tx.row(sa.select(CONTENT.c.root_id).where(CONTENT.c.id == parent_id))
        # Told before the parent is locked: two moves between the same two roots would wait for each other for ever.
        if parent is not None and parent.root_id != mine.root_id:
            raise DomainError(
                f"This {name_of(model)} belongs to another course. Duplicate the course instead of moving between two.",
                "OTHER_ROOT",
                (camel(column),),
            )
        await locked(tx, parent_model, parent_id, camel(column))
        await _next_position(tx, model, parent_id)
    await _place(tx, model, object_id, parent_id or str(current), place)
    await count_save(tx, mine.root_id)
    tell(tx, model, "moved", object_id, root_id=mine.root_id, parent_id=parent_id or current)


def _require_sibling_id(model: type[Staged], place: Place) -> None:
    if place.after is not None:
        require_kind(model, place.after, "afterId")


async def _place(tx: Transaction, model: type[Staged], object_id: str, parent_id: str, place: Place) -> None:
    """Renumbers the siblings under the parent with the object at its place: one statement, whatever their number."""
    table, column = table_of(model), kind_of_parent(model, parent_id)[0]
    sibling = sa.and_(table.c[column] == parent_id, table.c.stage == Stage.DRAFT.value, table.c.id != object_id)
    if place.after is not None and not await tx.row(sa.select(table.c.id).where(sibling, table.c.id == place.after)):
        raise InvalidInput("There is no such sibling to put it after.", "NOT_FOUND", ("afterId",))
    order = sa.select(table.c.id, (table.c.position * 2).label("key")).where(sibling)
    mine = sa.select(sa.literal(object_id, id_type()), _key_of(table, place))
    wanted = order.union_all(mine).subquery("wanted")
    numbered = sa.select(wanted.c.id, sa.func.row_number().over(order_by=wanted.c.key).label("place")).subquery(
        "numbered"
    )
    is_moved = table.c.id == object_id
    await tx.execute(
        sa.update(table)
        .where(table.c.id == numbered.c.id, table.c.stage == Stage.DRAFT.value)
        .where(sa.or_(is_moved, table.c.position != numbered.c.place))
        .values(
            {
                **dict.fromkeys(name for name, _ in model.__parents__),
                column: parent_id,
                "position": numbered.c.place,
                "revision": table.c.revision + sa.cast(is_moved, sa.Integer),
                "updated_at": sa.case((is_moved, sa.func.now()), else_=table.c.updated_at),
            }
        )
    )


def _key_of(table: sa.Table, place: Place) -> Any:
    """Twice the position and one more: just behind the sibling; before all others or behind all of them."""
    if place.after is None:
        return sa.literal(0 if place.at_start else 2**31 - 1, sa.Integer)
    after = sa.select(table.c.position * 2 + 1).where(table.c.id == place.after, table.c.stage == Stage.DRAFT.value)
    return after.scalar_subquery()


async def _next_position(tx: Transaction, model: type[Staged], parent_id: str) -> int:
    table, column = table_of(model), kind_of_parent(model, parent_id)[0]
    under = sa.and_(table.c[column] == parent_id, table.c.stage == Stage.DRAFT.value)
    found = await tx.row(
        sa.select(
            sa.func.count().label("number"), sa.func.coalesce(sa.func.max(table.c.position), 0).label("last")
        ).where(under)
    )
    assert found is not None
    if found.number >= MAX_SIBLINGS:
        raise DomainError(
            f"At most {MAX_SIBLINGS} of these fit below one parent, those in the trash included.",
            "TOO_MANY",
            (camel(column),),
        )
    return int(found.last) + 1


async def trash(tx: Transaction, model: type[Staged], object_id: str) -> None:
    """Puts a draft object and all below it into the trash. What is published stays published until the next publish."""
    mine = await locked(tx, model, object_id)
    ids = await below(tx, model, object_id)
    await tx.execute(
        sa.update(CONTENT)
        .where(CONTENT.c.id == sa.any_(sa.literal(ids, ARRAY(id_type()))), CONTENT.c.trashed_at.is_(None))
        .values(trashed_at=sa.func.now(), trashed_with=object_id, updated_at=sa.func.now())
    )
    await count_save(tx, mine.root_id)
    tell(tx, model, "trashed", object_id, root_id=mine.root_id)


async def restore(tx: Transaction, model: type[Staged], object_id: str) -> None:
    """Takes an object, and all that was trashed along with it, out of the trash."""
    mine = await locked(tx, model, object_id, trashed=True)
    parent_id = parent_of(model, await draft_row(tx, model, object_id)) if model.__parents__ else None
    if parent_id is not None:
        parent = await tx.row(sa.select(CONTENT.c.trashed_at).where(CONTENT.c.id == parent_id))
        if parent is None or parent.trashed_at is not None:
            above = name_of(kind_of_parent(model, parent_id)[1])
            raise DomainError(
                f"The {above} it belongs to is in the trash: restore that first.", "PARENT_IN_TRASH", ("id",)
            )
    row = await tx.row(sa.select(CONTENT.c.trashed_with).where(CONTENT.c.id == object_id))
    await tx.execute(
        sa.update(CONTENT)
        .where(sa.or_(CONTENT.c.id == object_id, CONTENT.c.trashed_with == object_id))
        .where(CONTENT.c.trashed_with == (row.trashed_with if row else object_id))
        .values(trashed_at=None, trashed_with=None, updated_at=sa.func.now())
    )
    await count_save(tx, mine.root_id)
    tell(tx, model, "restored", object_id, root_id=mine.root_id)


async def below(tx: Transaction, model: type[Staged], object_id: str) -> list[str]:
    """The ids of a draft object and of everything below it."""
    level: dict[type[Staged], list[str]] = {model: [object_id]}
    for child in STAGED:
        for column, parent in child.__parents__:
            if level.get(parent) and column != "id":
                level.setdefault(child, []).extend(await _children(tx, child, column, level[parent]))
    return [each for ids in level.values() for each in ids]


async def _children(tx: Transaction, model: type[Staged], column: str, parents: list[str]) -> list[str]:
    table = table_of(model)
    under = table.c[column] == sa.any_(sa.literal(parents, ARRAY(id_type())))
    return [row.id for row in await tx.rows(sa.select(table.c.id).where(under, table.c.stage == Stage.DRAFT.value))]


def defaults(model: type[Staged]) -> dict[str, Any]:
    """The values that a new row has where nobody gave one."""
    made = {}
    for name, info in model.model_fields.items():
        if name in {"created_at", "updated_at"} or info.is_required():
            continue
        made[name] = info.get_default(call_default_factory=True)
    return {name: value for name, value in made.items() if name not in {"id", "stage", "revision"}}


def identity(tx: Transaction, model: type[Staged], object_id: str, root_id: str) -> dict[str, Any]:
    """The `content` row of a new object."""
    return {
        "id": object_id,
        "kind": table_of(model).name,
        "root_id": root_id,
        "author_id": tx.viewer.user_id,
    }
