"""Editorial content: identity, stage and sealed revisions, shared by every domain that publishes.

An editorial object is a row of `content` (its identity, which learner data points at) plus one row per stage in its
typed table. A live row refers to live rows only, because every foreign key between typed tables carries the stage.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from core.policies import InsideRead, InsideWrite, PublicRead, Shape, StaffRead, StaffWrite
from core.tables import Table, enum_column, id_column, instant_column, json_column
from models.identity import Scope


class Stage(StrEnum):
    """Which of its two lives a row belongs to."""

    DRAFT = "draft"
    LIVE = "live"


class PublishState(StrEnum):
    """How a root's draft stands to what readers see."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CHANGED = "changed"


_OF_ROOT = "root_id = ANY (ROOTS)"


def _in_tree(column: str) -> str:
    """SQL that is true where the column holds the id of something that belongs to a root."""
    return f"{column} IN (SELECT content.id FROM content WHERE content.{_OF_ROOT})"  # noqa: S608 - our own words


def author_policies(*parents: str) -> tuple[Shape, ...]:
    """The shapes for authors of a staged table, everywhere or within a root; `parents` are columns that name parents.

    Within a root nothing is written that hangs below another root: neither a row nor its parent may lie outside.
    """
    below = (f"COALESCE({', '.join(parents)}, id)",) if parents else ()
    inside = " AND ".join(_in_tree(column) for column in ("id", *below))
    return (
        StaffRead(Scope.CONTENT_EDIT),
        StaffWrite(Scope.CONTENT_EDIT, "stage = 'draft'"),
        StaffWrite(Scope.CONTENT_PUBLISH, "stage = 'live'"),
        InsideRead(Scope.CONTENT_EDIT, _in_tree("id")),
        InsideWrite(Scope.CONTENT_EDIT, inside, "stage = 'draft'"),
        InsideWrite(Scope.CONTENT_PUBLISH, inside, "stage = 'live'"),
    )


def staged_policies(*parents: str) -> tuple[Shape, ...]:
    """The shapes of a staged table that everybody reads once it is live."""
    return (PublicRead("stage = 'live'"), *author_policies(*parents))


class Staged(Table):
    """Columns of every typed editorial table: the key (id, stage) and the save counter."""

    __policies__ = staged_policies()
    # What it may hang below: for each kind of parent the column that names it, and its model. A row names one of them,
    # or none where all those columns may be null: then it is a root, as is everything without parents.
    __parents__: ClassVar[tuple[tuple[str, type[Staged]], ...]] = ()
    # Whether a row names one of them always, where there are several kinds: then it is never a root.
    __needs_parent__: ClassVar[bool] = False
    # Whether an editor finds it in the trash by itself; small parts that are saved as a whole list are not kept there.
    __trashable__: ClassVar[bool] = True

    id: str = id_column(primary=True)
    stage: str = Field(primary_key=True, max_length=5)
    revision: int = Field(default=1, ge=1, description="How often the draft was saved. Send it as expectedRevision.")


def staged_args(
    *extra: Any,
    parents: tuple[tuple[str, str], ...] = (),
    refers: tuple[tuple[str, str], ...] = (),
    listed: tuple[str, ...] = (),
    needs_parent: bool = False,
) -> Any:
    """`__table_args__` of a staged table.

    `parents` and `refers` are (column, table) pairs; each becomes a foreign key that carries the stage, deferred to the
    end of the transaction so that publishing may write tables in any order. Children are ordered by a unique position.
    Of several kinds of parents a row has one at most, or just one where it `needs_parent`. Below the columns in
    `listed`, rows are read in pages, in order.
    """
    args: list[Any] = [
        sa.ForeignKeyConstraint(["id"], ["content.id"]),
        sa.CheckConstraint("stage IN ('draft', 'live')", name="stage"),
    ]
    for column, table in parents + refers:
        args.append(
            sa.ForeignKeyConstraint(
                [column, "stage"], [f"{table}.id", f"{table}.stage"], deferrable=True, initially="DEFERRED"
            )
        )
        if (column, table) not in parents:
            args.append(sa.Index(None, column, "stage", *(("position", "id") if column in listed else ())))
    for column, _ in parents:
        args.append(sa.UniqueConstraint(column, "stage", "position", deferrable=True, initially="DEFERRED"))
    if len(parents) > 1:
        named = ", ".join(column for column, _ in parents)
        wanted = "= 1" if needs_parent else "<= 1"
        args.append(sa.CheckConstraint(f"num_nonnulls({named}) {wanted}", name=parents[0][0]))
    return (*args, *extra)


class Content(Table, table=True):
    """The identity of an editorial object, over all its stages and revisions."""

    __tablename__ = "content"
    __tag__ = 0x030
    __policies__ = (
        StaffRead(Scope.CONTENT_EDIT),
        StaffWrite(Scope.CONTENT_EDIT, commands=("INSERT", "UPDATE")),
        InsideRead(Scope.CONTENT_EDIT, _OF_ROOT),
        InsideWrite(Scope.CONTENT_EDIT, _OF_ROOT, commands=("INSERT", "UPDATE")),
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["root_id"], ["content.id"], deferrable=True, initially="DEFERRED"),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], ondelete="SET NULL"),
        sa.Index(None, "root_id"),
        sa.Index("ix_content_trashed", "trashed_at", "id", postgresql_where=sa.text("trashed_at IS NOT NULL")),
    )

    id: str = id_column(primary=True, description="The same id in every stage.")
    kind: str = Field(max_length=40, description="The typed table that holds the rows.")
    root_id: str = id_column(description="The publishing unit this belongs to; a root names itself.")
    author_id: str | None = id_column(nullable=True)
    tree_revision: int = Field(
        default=0,
        ge=0,
        sa_column_kwargs={"server_default": "0"},
        description="Of a root: how often anything in its draft was saved.",
    )
    trashed_at: datetime | None = instant_column(description="When this was put into the trash.")
    trashed_with: str | None = id_column(nullable=True, description="The object whose trashing took this along.")


class RevisionKind(StrEnum):
    """Why a snapshot was sealed."""

    PUBLISHED = "published"
    REPLACED = "replaced"
    PLANNED = "planned"


class ScheduleAction(StrEnum):
    """What the clock is to do."""

    PUBLISH = "publish"
    UNPUBLISH = "unpublish"


class ScheduleState(StrEnum):
    """How a plan stands."""

    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"


class Schedule(Table, table=True):
    """That a root is to be published or unpublished at a set time, in a job of its own."""

    __tablename__ = "schedule"
    __tag__ = 0x039
    __policies__ = (
        StaffRead(Scope.CONTENT_EDIT),
        StaffWrite(Scope.CONTENT_PUBLISH, commands=("INSERT", "UPDATE")),
        InsideRead(Scope.CONTENT_EDIT, _OF_ROOT),
        InsideWrite(Scope.CONTENT_PUBLISH, _OF_ROOT, commands=("INSERT", "UPDATE")),
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["root_id"], ["content.id"]),
        sa.CheckConstraint("(action = 'publish') = (revision IS NOT NULL)", name="revision"),
        sa.Index(None, "root_id", "run_at"),
        sa.Index(None, "run_at", "id"),
    )

    id: str = id_column(primary=True)
    root_id: str = id_column(description="The theme, course or assessment.")
    action: ScheduleAction = enum_column(ScheduleAction, description="What is to be done.")
    revision: int | None = Field(default=None, ge=1, description="The number of the revision that is to be published.")
    run_at: datetime = instant_column(nullable=False, description="When.")
    state: ScheduleState = enum_column(ScheduleState, ScheduleState.PLANNED, description="How the plan stands.")
    job_id: str = id_column(description="The job that does it.")


class Revision(Table, table=True):
    """A sealed snapshot of a root's whole tree, numbered from 1."""

    __tablename__ = "revision"
    __tag__ = 0x031
    __policies__ = (
        StaffRead(Scope.CONTENT_EDIT),
        StaffWrite(Scope.CONTENT_PUBLISH, commands=("INSERT",)),
        StaffWrite(Scope.CONTENT_EDIT, "kind = 'replaced'", commands=("INSERT",)),
        InsideRead(Scope.CONTENT_EDIT, _OF_ROOT),
        InsideWrite(Scope.CONTENT_PUBLISH, _OF_ROOT, commands=("INSERT",)),
        InsideWrite(Scope.CONTENT_EDIT, _OF_ROOT, "kind = 'replaced'", commands=("INSERT",)),
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["root_id"], ["content.id"]),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("root_id", "number"),
        sa.CheckConstraint("number >= 1", name="number"),
    )

    id: str = id_column(primary=True)
    root_id: str = id_column()
    number: int = Field(ge=1, description="1 for the first, then 2, 3 and so on.")
    author_id: str | None = id_column(nullable=True)
    kind: RevisionKind = enum_column(RevisionKind, description="Why it was sealed.")
    message: str | None = Field(default=None, max_length=500, description="What the publisher said about it.")
    snapshot: dict[str, Any] = json_column(description="Table name to its rows.")
