"""Who reads and writes which state of an editorial object, in raw SQL as the application's roles."""

from __future__ import annotations

import pytest

from core.tables import table_of
from models import TABLES
from models.content import Staged
from tests.fence.conftest import World
from tests.fence.personas import Owner, Persona, acting_as, attempt, effective, sees

STAGED = [table_of(model).name for model in TABLES if issubclass(model, Staged)]
STATES = ("draft", "live", "trashed")
ALL = {"INSERT", "UPDATE", "DELETE"}
THIS_ROW = "id = %(id)s AND stage = %(stage)s"

READS = {
    "anonymous": {"live"},
    "learner": {"live"},
    "editor": {"draft", "live", "trashed"},
    "admin": {"draft", "live", "trashed"},
    "service": {"draft", "live", "trashed"},
}
WRITES: dict[str, set[str]] = {
    "anonymous": set(),
    "learner": set(),
    "editor": {"draft", "live", "trashed"},
    "admin": {"draft", "live", "trashed"},
    "service": {"draft", "live", "trashed"},
}


def _row(world: World, table: str, state: str) -> dict[str, str]:
    return {"id": world.objects[state][table], "stage": "live" if state == "live" else "draft"}


def test_the_matrix_covers_every_staged_table(world: World) -> None:
    assert set(STAGED) == set(world.objects["live"])


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("table", STAGED)
def test_who_reads_what(
    owner: Owner, everybody: dict[str, Persona], world: World, table: str, name: str, state: str
) -> None:
    secret = table in ("answer_key", "branch") and name in ("anonymous", "learner")
    expected = state in READS[name] and not secret
    assert sees(owner, everybody[name], table, THIS_ROW, _row(world, table, state)) is expected


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("table", STAGED)
def test_who_writes_what(
    owner: Owner, everybody: dict[str, Persona], world: World, table: str, name: str, state: str
) -> None:
    expected = ALL if state in WRITES[name] else set()
    assert effective(owner, everybody[name], table, THIS_ROW, _row(world, table, state)) == expected


@pytest.mark.parametrize("table", STAGED)
def test_who_may_edit_but_not_publish_reads_everything_and_writes_drafts_only(
    owner: Owner, everybody: dict[str, Persona], world: World, table: str
) -> None:
    writer = everybody["writer"]
    assert all(sees(owner, writer, table, THIS_ROW, _row(world, table, state)) for state in STATES)
    assert effective(owner, writer, table, THIS_ROW, _row(world, table, "draft")) == ALL
    assert effective(owner, writer, table, THIS_ROW, _row(world, table, "live")) == set()


@pytest.mark.parametrize("table", STAGED)
def test_who_may_publish_but_not_edit_never_touches_a_draft(
    owner: Owner, everybody: dict[str, Persona], world: World, table: str
) -> None:
    publisher = everybody["publisher"]
    assert not sees(owner, publisher, table, THIS_ROW, _row(world, table, "draft"))
    assert effective(owner, publisher, table, THIS_ROW, _row(world, table, "draft")) == set()


@pytest.mark.parametrize("table", STAGED)
def test_who_may_only_edit_cannot_turn_a_draft_into_a_live_row(
    owner: Owner, everybody: dict[str, Persona], world: World, table: str
) -> None:
    turn = "UPDATE {table} SET stage = 'live' WHERE " + THIS_ROW
    with acting_as(owner, everybody["writer"]):
        assert attempt(owner, turn, table, _row(world, table, "draft")) is None


@pytest.mark.parametrize("table", STAGED)
def test_without_a_viewer_the_signed_in_role_is_as_blind_as_a_learner(
    owner: Owner, everybody: dict[str, Persona], world: World, table: str
) -> None:
    nobody = everybody["nobody"]
    assert not sees(owner, nobody, table, THIS_ROW, _row(world, table, "draft"))
    assert effective(owner, nobody, table, THIS_ROW, _row(world, table, "live")) == set()


@pytest.mark.parametrize("scopes", ["", "content", "content:editor", "CONTENT:EDIT", "content:edit,x", "*"])
def test_only_the_whole_name_of_a_scope_opens_the_fence(
    owner: Owner, everybody: dict[str, Persona], world: World, scopes: str
) -> None:
    with acting_as(owner, everybody["learner"]):
        owner.execute("SELECT set_config('cairn.scopes', %s, true)", (scopes,))
        assert attempt(owner, "SELECT id FROM {table} WHERE stage = 'draft'", "course") == 0
