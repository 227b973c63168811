"""The stage is part of every key: a live row hangs below live rows only, whoever writes it."""

from __future__ import annotations

import pytest
from psycopg import errors, sql

from core.tables import table_of
from models import TABLES
from models.content import Staged
from tests.fence.conftest import World
from tests.fence.personas import Owner

STAGED = {table_of(model).name: model for model in TABLES if issubclass(model, Staged)}
REFERRING = [
    (name, key.columns.keys()[0], key.referred_table.name)
    for name, model in STAGED.items()
    for key in sorted(table_of(model).foreign_key_constraints, key=lambda each: str(each.name))
    if key.referred_table.name in STAGED
]
AS_LIVE = """INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table},
    to_jsonb(draft) || '{{"stage": "live"}}')).* FROM {table} AS draft WHERE id = %s AND stage = 'draft'"""
REMOVE_LIVE = "DELETE FROM {table} WHERE id = %s AND stage = 'live'"


def _commit(owner: Owner, table: str, statement: str, object_id: str) -> None:
    with owner.transaction():
        owner.execute(sql.SQL(statement).format(table=sql.Identifier(table)), (object_id,))


def test_every_relation_between_staged_tables_is_tried_here() -> None:
    parents = {(name, column) for name, model in STAGED.items() for column, _ in model.__parents__}
    tried = {(table, column) for table, column, _ in REFERRING}
    further = {("course", "theme_id"), ("module", "unlock_after_module_id"), ("branch", "goto_block_id")}
    assert tried == parents | further


@pytest.mark.parametrize("table", sorted({table for table, _, _ in REFERRING}))
def test_a_live_row_cannot_come_to_be_below_what_is_only_a_draft(owner: Owner, world: World, table: str) -> None:
    with pytest.raises(errors.ForeignKeyViolation) as refused:
        _commit(owner, table, AS_LIVE, world.objects["draft"][table])
    assert refused.value.diag.table_name == table


@pytest.mark.parametrize(("table", "column", "parent"), [each for each in REFERRING if each[1] != "id"])
def test_a_live_row_cannot_be_hung_below_what_is_only_a_draft(
    owner: Owner, world: World, table: str, column: str, parent: str
) -> None:
    parents = [each for each, _ in STAGED[table].__parents__]
    others = "".join(f", {each} = NULL" for each in parents if column in parents and each != column)
    below = world.objects["draft"][parent]
    hang = f"UPDATE {{table}} SET {column} = '{below}'{others} WHERE id = %s AND stage = 'live'"
    with pytest.raises(errors.ForeignKeyViolation) as refused:
        _commit(owner, table, hang, world.objects["live"][table])
    assert refused.value.diag.constraint_name == f"fk_{table}_{column}_stage"


@pytest.mark.parametrize("table", sorted({parent for _, _, parent in REFERRING} - {"block"}))
def test_a_live_row_cannot_go_while_others_hang_below_it(owner: Owner, world: World, table: str) -> None:
    with pytest.raises(errors.ForeignKeyViolation):
        _commit(owner, table, REMOVE_LIVE, world.objects["live"][table])


def test_a_live_block_takes_its_live_answer_key_along_and_leaves_that_of_the_draft(owner: Owner, world: World) -> None:
    block = world.objects["live"]["block"]
    with owner.transaction(force_rollback=True):
        owner.execute(sql.SQL(REMOVE_LIVE).format(table=sql.Identifier("block")), (block,))
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert owner.execute("SELECT stage FROM answer_key WHERE id = %s", (block,)).fetchall() == [("draft",)]
