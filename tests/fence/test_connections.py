"""However a request ends, the next one on the same connection has nothing of it: no viewer, no scope, no snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from core.database import Database
from core.pipeline import Statement
from core.viewer import Viewer, ViewerKind
from models.identity import Role
from resolvers.identity import scopes_of
from tests.fence.conftest import World

WHO = (
    "SELECT pg_backend_pid() AS pid, ARRAY[current_user::text, current_setting('cairn.viewer_id', true),"
    " current_setting('cairn.scopes', true), coalesce(current_setting('cairn.actor_id', true), ''),"
    " current_setting('transaction_read_only'), current_setting('transaction_isolation'),"
    " current_setting('TimeZone'), current_setting('search_path')] AS told"
)
DRAFTS = "SELECT count(*)::int FROM course WHERE stage = 'draft'"
SLEEP, FAIL = "SELECT pg_sleep(30)", "SELECT 1 / 0"
End = Callable[[Database, Viewer], Awaitable[Any]]


async def _commit(database: Database, viewer: Viewer) -> None:
    async with database.transaction(viewer) as connection:
        await connection.execute(DRAFTS.encode())


async def _fail(database: Database, viewer: Viewer) -> None:
    with suppress(psycopg.errors.DivisionByZero):
        async with database.transaction(viewer) as connection:
            await connection.execute(FAIL)


async def _raise(database: Database, viewer: Viewer) -> None:
    with suppress(RuntimeError):
        async with database.transaction(viewer) as connection:
            await connection.execute(DRAFTS.encode())
            raise RuntimeError


async def _time_out(database: Database, viewer: Viewer) -> None:
    with suppress(psycopg.errors.QueryCanceled):
        async with database.transaction(viewer) as connection:
            await connection.execute("SET LOCAL statement_timeout = '20ms'")
            await connection.execute(SLEEP)


async def _cancel(database: Database, viewer: Viewer) -> None:
    async def ask() -> None:
        async with database.transaction(viewer) as connection:
            await connection.execute(SLEEP)

    await _cancelled(database, ask())


async def _snapshot(database: Database, viewer: Viewer) -> None:
    snapshot = database.snapshot(viewer)
    await snapshot.rows([Statement(DRAFTS)])
    await snapshot.rows([Statement(DRAFTS), Statement(DRAFTS)])
    await snapshot.close()


async def _pipeline(database: Database, viewer: Viewer) -> None:
    await database.read_at_once(viewer, [Statement(DRAFTS), Statement(DRAFTS)])


async def _fail_first(database: Database, viewer: Viewer) -> None:
    with suppress(psycopg.errors.DivisionByZero):
        await database.read_at_once(viewer, [Statement(DRAFTS), Statement(FAIL), Statement(DRAFTS)])


async def _fail_later(database: Database, viewer: Viewer) -> None:
    snapshot = database.snapshot(viewer)
    await snapshot.rows([Statement(DRAFTS)])
    with suppress(psycopg.errors.DivisionByZero):
        await snapshot.rows([Statement(FAIL), Statement(DRAFTS)])
    await snapshot.close()


async def _cancel_pipeline(database: Database, viewer: Viewer) -> None:
    await _cancelled(database, database.read_at_once(viewer, [Statement(DRAFTS), Statement(SLEEP)]))


async def _cancel_snapshot(database: Database, viewer: Viewer) -> None:
    snapshot = database.snapshot(viewer)
    await snapshot.rows([Statement(DRAFTS)])
    await _cancelled(database, snapshot.rows([Statement(SLEEP)]))
    await snapshot.close()


async def _cancelled(database: Database, asked: Awaitable[Any]) -> None:
    """Lets it begin, waits until it sleeps in the database, and goes away."""
    task = asyncio.ensure_future(asked)
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as owner:
        async with asyncio.timeout(20):
            while not await (
                await owner.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
                )
            ).fetchone():
                assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError, psycopg.Error):
            await task


ENDINGS: tuple[End, ...] = (
    _commit, _fail, _raise, _time_out, _cancel, _snapshot, _pipeline, _fail_first, _fail_later, _cancel_pipeline,
    _cancel_snapshot,
)  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda each: each.__name__.strip("_"))
def test_the_next_request_on_the_same_connection_has_nothing_of_the_one_before(world: World, ending: End) -> None:
    editor = Viewer(
        ViewerKind.USER, world.users[Role.EDITOR], "editor", scopes_of([Role.EDITOR]), actor_id=world.users[Role.ADMIN]
    )
    learner = Viewer(ViewerKind.USER, world.users[Role.LEARNER], "learner")
    nobody = Viewer(ViewerKind.USER)

    async def run() -> None:
        database = Database(world.url, pool_size=1)
        await database.open()
        try:
            await ending(database, editor)
            for viewer in (learner, nobody):
                async with database.transaction(viewer) as connection:
                    row = await (await connection.execute(WHO.encode())).fetchone()
                    drafts = await (await connection.execute(DRAFTS.encode())).fetchone()
                assert row is not None
                assert row.told == _settings(viewer, read_only=False)
                assert drafts is not None
                assert drafts.count == 0
                await ending(database, editor)
                ((pid, told),), ((count,),) = await database.read_at_once(viewer, [Statement(WHO), Statement(DRAFTS)])
                assert (told, count) == (_settings(viewer, read_only=True), 0)
                # The same connection all along, unless the request had to be broken off together with it.
                assert pid == row.pid or "cancel" in ending.__name__
        finally:
            await database.close()

    asyncio.run(run())


def _settings(viewer: Viewer, *, read_only: bool) -> list[str]:
    """What PostgreSQL says of a transaction of this viewer's, actor left out where nobody acted as anybody."""
    way = ["on", "repeatable read"] if read_only else ["off", "read committed"]
    return ["cairn_api", viewer.user_id or "", "", "", *way, "UTC", '"$user", public']
