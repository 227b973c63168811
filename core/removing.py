"""Removing what is over: so much at a time, so that nobody is held up, and nobody waited for."""

from __future__ import annotations

import sqlalchemy as sa

from core.tables import Table, table_of
from core.writing import Transaction

AT_ONCE = 5_000


async def remove_some(tx: Transaction, model: type[Table], *conditions: sa.ColumnElement[bool]) -> int:
    """Removes rows that meet the conditions, at most so many, but for those that somebody holds; answers how many."""
    table = table_of(model)
    found = sa.select(table.c.id).where(*conditions).limit(AT_ONCE).with_for_update(skip_locked=True)
    return await tx.execute(sa.delete(table).where(table.c.id.in_(found)))
