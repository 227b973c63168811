"""How rows stood before an act, and how they stand after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.rows import Row
from core.tables import Table, table_of

Run = Callable[[sa.Select[Any], Mapping[str, Any] | None], Awaitable[list[Row]]]
Values = dict[str, Any]
# Instants that go along with any change, and say nothing about it.
_ALWAYS = frozenset({"created_at", "updated_at", "last_active_at"})
_IS_NEW = "is_new"


@dataclass(frozen=True)
class Change:
    """One row before and after: the columns that differ. `before` is None for a new row, `after` for one removed."""

    model: type[Table]
    stage: str | None
    before: Values | None
    after: Values | None


class Watch:
    """Remembers rows of some models as they stood before their first change in a transaction.

    With `only`, those with this id alone. What is to be updated was locked first: nobody else changed it in between.
    """

    def __init__(self, models: Sequence[type[Table]], only: str | None = None) -> None:
        self._models = {table_of(model): model for model in models}
        self._only = only
        self._before: dict[tuple[str, str, str | None], Values] = {}

    async def see(self, statement: sa.sql.ClauseElement, values: Mapping[str, Any] | None, run: Run) -> None:
        """Looks at what a statement is about to change or remove."""
        if not isinstance(statement, sa.Update | sa.Delete) or statement.table not in self._models:
            return
        table: Any = statement.table
        chosen = sa.select(*self._columns(table))
        if statement.whereclause is not None:
            chosen = chosen.where(statement.whereclause)
        if self._only is not None:
            chosen = chosen.where(table.c.id == self._only)
        if isinstance(statement, sa.Update):
            chosen = chosen.with_for_update(of=table)
        for row in await run(chosen, values):
            self._before.setdefault((table.name, row.id, _stage(vars(row))), vars(row))

    async def changes(self, object_id: str, run: Run) -> list[Change]:
        """What has become of the object with this id in each of the tables; nothing where it is as it was."""
        found = []
        for table, model in self._models.items():
            # What was made in this very transaction was made at its very beginning, as PostgreSQL tells the time.
            is_new = (table.c.created_at == sa.func.now()).label(_IS_NEW)
            rows = await run(sa.select(*self._columns(table), is_new).where(table.c.id == object_id), None)
            now = {_stage(vars(row)): vars(row) for row in rows}
            known = {key[2]: row for key, row in self._before.items() if key[:2] == (table.name, object_id)}
            for stage in {**known, **now}:
                change = _change(model, stage, known.get(stage), now.get(stage))
                found += [change] if change is not None else []
        return found

    def _columns(self, table: sa.Table) -> list[sa.Column[Any]]:
        return [column for column in table.c if column.name not in self._models[table].__hidden__]


def _change(model: type[Table], stage: str | None, before: Values | None, after: Values | None) -> Change | None:
    is_new = after is not None and after.pop(_IS_NEW)
    if before is None or is_new:
        made = {name: value for name, value in (after or {}).items() if value is not None and name not in _ALWAYS}
        return Change(model, stage, None, made) if is_new else None
    if after is None:
        gone = {name: value for name, value in before.items() if value is not None and name not in _ALWAYS}
        return Change(model, stage, gone, None)
    names = [name for name in after if name not in _ALWAYS and before[name] != after[name]]
    if not names:
        return None
    return Change(model, stage, {name: before[name] for name in names}, {name: after[name] for name in names})


def _stage(row: Values) -> str | None:
    return row.get("stage")
