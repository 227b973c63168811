"""Drafts stay behind the fence even when the code above it asks for them, and nothing carries over between requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from core.connection import Connection
from core.database import Database
from core.paging import Page
from core.reading import Reader
from core.relations import Perspective, Relation, Sort
from core.rows import Row
from core.tables import table_of
from core.viewer import ANONYMOUS, SERVICE, Viewer, ViewerKind
from models import TABLES
from models.content import Staged
from models.identity import Role
from resolvers.identity import scopes_of
from tests.fence.conftest import World
from tests.support.databases import with_database

DRAFT = Perspective("draft", hides_trash=False)
BY_AGE = {"AGE": Sort("created_at")}
STAGED = [
    model for model in TABLES if issubclass(model, Staged) and table_of(model).name not in ("answer_key", "branch")
]
WHO = "SELECT pg_backend_pid() AS pid, current_user::text AS role, current_setting('cairn.viewer_id', true) AS id"
SCOPES = "SELECT current_setting('cairn.scopes', true) AS scopes"


def _editor(world: World) -> Viewer:
    return Viewer(ViewerKind.USER, world.users[Role.EDITOR], "editor", scopes_of([Role.EDITOR]))


def _learner(world: World) -> Viewer:
    return Viewer(ViewerKind.USER, world.users[Role.LEARNER], "learner")


def _with(world: World, work: Callable[[Database], Awaitable[Any]], *, pool_size: int = 1) -> Any:
    return with_database(world.url, work, pool_size=pool_size)


async def _one(connection: Connection, query: str) -> Row:
    row: Row | None = await (await connection.execute(query)).fetchone()
    assert row is not None
    return row


async def _read(database: Database, viewer: Viewer, model: type[Staged]) -> tuple[int, int]:
    """(rows, count) of a list of everything that the reader gets from the draft perspective."""
    reader = Reader(database, viewer, DRAFT)
    relation = Relation(model, sorts=BY_AGE)
    try:
        page = (await reader.pages(relation, [None], (), Page(100), {}, "AGE"))[0]
        return len(page.rows), (await reader.counts(relation, [None], {}))[0]
    finally:
        await reader.close()


@pytest.mark.parametrize("model", STAGED, ids=lambda model: model.__name__)
def test_a_reader_told_to_read_drafts_finds_none_for_who_may_not(world: World, model: type[Staged]) -> None:
    async def counts(database: Database) -> list[tuple[int, int]]:
        return [await _read(database, viewer, model) for viewer in (ANONYMOUS, _learner(world))]

    assert _with(world, counts) == [(0, 0), (0, 0)]


@pytest.mark.parametrize("model", STAGED, ids=lambda model: model.__name__)
def test_the_same_reader_finds_the_drafts_for_an_editor(world: World, model: type[Staged]) -> None:
    rows, total = _with(world, lambda database: _read(database, _editor(world), model))
    assert rows == total > 0


def test_an_object_found_by_its_id_is_none_to_a_reader_who_may_not_see_drafts(world: World) -> None:
    model = next(model for model in STAGED if table_of(model).name == "course")
    draft = world.objects["draft"]["course"]

    async def find(database: Database) -> list[Row]:
        reader = Reader(database, ANONYMOUS, DRAFT)
        try:
            return (await reader.children(Relation(model, "id"), [Row({"id": draft})], ("title",)))[0]
        finally:
            await reader.close()

    assert _with(world, find) == []


def test_a_hand_written_statement_without_any_stage_reads_live_rows_only(world: World) -> None:
    course = sa.table("course", sa.column("stage"))

    async def stages(database: Database) -> set[str]:
        reader = Reader(database, ANONYMOUS, DRAFT)
        try:
            return {row.stage for row in await reader.select(sa.select(course.c.stage))}
        finally:
            await reader.close()

    assert _with(world, stages) == {"live"}


def test_settings_of_one_request_are_gone_in_the_next_on_the_same_connection(world: World) -> None:
    async def one_after_the_other(database: Database) -> tuple[Row, Row, Row]:
        async with database.transaction(_editor(world)) as connection:
            first = await _one(connection, WHO)
        async with database.transaction(_learner(world)) as connection:
            return first, await _one(connection, WHO), await _one(connection, SCOPES)

    first, second, scopes = _with(world, one_after_the_other)
    assert first.pid == second.pid
    assert (first.id, second.id) == (world.users[Role.EDITOR], world.users[Role.LEARNER])
    assert scopes.scopes == ""


def test_settings_are_gone_too_when_the_request_before_ended_in_an_error(world: World) -> None:
    async def one_after_the_other(database: Database) -> tuple[Row, Row, Row]:
        with suppress(RuntimeError):
            async with database.transaction(_editor(world)) as connection:
                first = await _one(connection, WHO)
                raise RuntimeError("the request failed")
        async with database.transaction(Viewer(ViewerKind.USER)) as connection:
            return first, await _one(connection, WHO), await _one(connection, SCOPES)

    first, second, scopes = _with(world, one_after_the_other)
    assert first.pid == second.pid
    assert (second.id, scopes.scopes) == ("", "")


def test_a_learner_right_after_an_editor_on_the_same_connection_sees_no_draft(world: World) -> None:
    model = next(model for model in STAGED if table_of(model).name == "lesson")

    async def read(database: Database) -> tuple[int, int]:
        editor, _ = await _read(database, _editor(world), model)
        learner, _ = await _read(database, _learner(world), model)
        return editor, learner

    editor, learner = _with(world, read)
    assert editor > 0
    assert learner == 0


@pytest.mark.parametrize(
    ("viewer", "role"),
    [(ANONYMOUS, "cairn_public"), (Viewer(ViewerKind.USER), "cairn_api"), (SERVICE, "cairn_service")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_viewer_acts_as_its_own_role(world: World, viewer: Viewer, role: str) -> None:
    async def who(database: Database) -> Row:
        async with database.transaction(viewer) as connection:
            return await _one(connection, WHO)

    assert _with(world, who).role == role


def test_many_viewers_at_once_each_see_what_is_theirs(world: World) -> None:
    model = next(model for model in STAGED if table_of(model).name == "course")
    viewers = [ANONYMOUS, _editor(world), _learner(world)] * 8

    async def read(database: Database) -> list[bool]:
        found = await asyncio.gather(*(_read(database, viewer, model) for viewer in viewers))
        return [rows > 0 for rows, _ in found]

    assert _with(world, read, pool_size=3) == [False, True, False] * 8
