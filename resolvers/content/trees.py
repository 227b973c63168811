"""Publishing units as the models declare them: what may hang below what, and which tables a root's tree has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from core.ids import tag_of
from core.rows import Row
from core.tables import table_of
from models import TABLES
from models.content import Staged

Tree = Sequence[type[Staged]]

# Every editorial table, parents first.
STAGED: Tree = tuple(model for model in TABLES if issubclass(model, Staged))


@cache
def tree_of(root: type[Staged]) -> Tree:
    """The models of a root's publishing unit: its own, then all that may hang below it, parents first."""
    tree = [root]
    for model in STAGED:
        if model is not root and any(parent in tree for _, parent in model.__parents__):
            tree.append(model)
    return tuple(tree)


def may_be_root(model: type[Staged]) -> bool:
    """Whether an object of the model may stand by itself: nothing says that it must hang below something."""
    nullable = all(table_of(model).c[column].nullable for column, _ in model.__parents__)
    return nullable and not model.__needs_parent__


def kind_of_parent(model: type[Staged], parent_id: str) -> tuple[str, type[Staged]]:
    """(column, model) of that kind of parent which the id is of; for an id of none of them the first kind."""
    tag = tag_of(parent_id)
    return next((each for each in model.__parents__ if each[1].__tag__ == tag), model.__parents__[0])


def parent_of(model: type[Staged], row: Row) -> str | None:
    """The id of what a row hangs below; None for a root."""
    return next((found for column, _ in model.__parents__ if (found := getattr(row, column)) is not None), None)


def parent_id(model: type[Staged], table: Any) -> sa.ColumnElement[str]:
    """The same in SQL, for rows of the model's table or of an alias of it."""
    columns = [table.c[column] for column, _ in model.__parents__]
    return columns[0] if len(columns) == 1 else sa.func.coalesce(*columns)
