"""What a transaction is: all or nothing, of one snapshot where it only reads, and never for ever."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.types.json import Jsonb

from core.connection import Connection
from core.database import Database, Snapshot, compiled
from core.ids import new_id
from core.pipeline import Statement
from core.viewer import ANONYMOUS, SERVICE, Viewer, ViewerKind
from tests.core.conftest import Run

ADD = 'INSERT INTO "user" (id, display_name, status) VALUES (%s, %s, %s)'
COUNT = 'SELECT count(*) AS number FROM "user"'


async def _add(connection: Connection, name: str = "Somebody") -> None:
    await connection.execute(ADD, (new_id(0x010), name, "active"))


async def _number(connection: Connection) -> int:
    row = await (await connection.execute(COUNT)).fetchone()
    assert row is not None
    number: int = row.number
    return number


async def _counted(database: Database) -> int:
    async with database.transaction(SERVICE) as connection:
        return await _number(connection)


def test_what_was_written_stays_once_the_block_ends(run: Run) -> None:
    async def work(database: Database) -> int:
        async with database.transaction(SERVICE) as connection:
            await _add(connection)
        return await _counted(database)

    assert run(work) == 1


def test_an_exception_undoes_everything_and_goes_on_its_way(run: Run) -> None:
    async def work(database: Database) -> tuple[bool, int]:
        try:
            async with database.transaction(SERVICE) as connection:
                await _add(connection)
                raise LookupError("on purpose")
        except LookupError:
            return True, await _counted(database)
        return False, await _counted(database)

    assert run(work) == (True, 0)


def test_nobody_else_sees_what_is_not_committed(run: Run) -> None:
    async def work(database: Database) -> int:
        async with database.transaction(SERVICE) as connection:
            await _add(connection)
            return await _counted(database)

    assert run(work) == 0


async def _seen(snapshot: Snapshot) -> int:
    number: int = (await snapshot.rows([Statement(COUNT)]))[0][0][0]
    return number


def test_a_snapshot_refuses_to_write_and_reads_nothing_after_a_failure(run: Run) -> None:
    async def work(database: Database) -> list[str]:
        snapshot = database.snapshot(SERVICE)
        said = []
        for text in ('DELETE FROM "user"', COUNT):
            try:
                await snapshot.rows([Statement(text)])
            except psycopg.Error as error:
                said.append(type(error).__name__)
        await snapshot.close()
        return [*said, str(await _counted(database))]

    assert run(work, pool_size=1) == ["ReadOnlySqlTransaction", "ReadOnlySqlTransaction", "0"]


def test_a_snapshot_sees_one_state_from_its_first_statement_on(run: Run) -> None:
    async def work(database: Database) -> tuple[int, int, int]:
        snapshot = database.snapshot(SERVICE)
        before = await _seen(snapshot)
        async with database.transaction(SERVICE) as writing:
            await _add(writing)
        after = await _seen(snapshot)
        await snapshot.close()
        return before, after, await _counted(database)

    assert run(work) == (0, 0, 1)


def test_a_connection_that_only_read_may_write_the_next_time(run: Run) -> None:
    async def work(database: Database) -> int:
        snapshot = database.snapshot(SERVICE)
        await _seen(snapshot)
        await snapshot.close()
        async with database.transaction(SERVICE) as connection:
            await _add(connection)
        return await _counted(database)

    assert run(work, pool_size=1) == 1


SNAPSHOT = "SELECT pg_current_snapshot()::text AS snapshot"
LOCK = 4711


@pytest.mark.parametrize("viewer", [ANONYMOUS, Viewer(ViewerKind.USER), SERVICE], ids=lambda each: each.kind.value)
def test_what_is_read_at_once_is_of_one_state_whatever_is_committed_meanwhile(run: Run, viewer: Viewer) -> None:
    async def work(database: Database) -> tuple[bool, int]:
        async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as other:
            await other.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
            waits = Statement("SELECT pg_advisory_xact_lock($1::bigint)", (LOCK,))
            reading = asyncio.ensure_future(
                database.read_at_once(viewer, [Statement(SNAPSHOT), waits, Statement(SNAPSHOT)])
            )
            while not await _is_waited_for(other):
                assert not reading.done()
            async with database.transaction(SERVICE) as writing:
                await _add(writing)
            await other.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
            (before,), _, (after,) = await reading
        return before == after, await _counted(database)

    assert run(work, pool_size=2) == (True, 1)


async def _is_waited_for(other: psycopg.AsyncConnection[Any]) -> bool:
    query = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
    return await (await other.execute(query, (LOCK,))).fetchone() is not None


@pytest.mark.parametrize("viewer", [ANONYMOUS, Viewer(ViewerKind.USER)], ids=lambda each: each.kind.value)
def test_what_is_read_at_once_writes_nothing(run: Run, viewer: Viewer) -> None:
    async def work(database: Database) -> int:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await database.read_at_once(viewer, [Statement("SELECT 1"), Statement("CREATE TABLE mine (a int)")])
        return await _counted(database)

    assert run(work, pool_size=1) == 0


def test_a_pipeline_and_psycopg_take_turns_on_one_connection(run: Run) -> None:
    async def work(database: Database) -> list[int]:
        seen = []
        for _ in range(3):
            seen.append((await database.read_at_once(SERVICE, [Statement(COUNT)]))[0][0][0])
            async with database.transaction(SERVICE) as connection:
                await _add(connection)
                seen.append(await _number(connection))
        return seen

    assert run(work, pool_size=1) == [0, 1, 1, 2, 2, 3]


def test_a_connection_that_ends_while_nobody_uses_it_is_noticed_and_replaced(run: Run) -> None:
    async def work(database: Database) -> list[int]:
        seen = []
        for _ in range(3):
            (((pid,),),) = await database.read_at_once(SERVICE, [Statement("SELECT pg_backend_pid()")])
            seen.append(pid)
            async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as other:
                await other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        return seen

    assert len(set(run(work, pool_size=1))) == 3


@pytest.mark.parametrize("viewer", [SERVICE, ANONYMOUS], ids=["service", "reader"])
@pytest.mark.parametrize("before", [0, 2], ids=["as the first", "as the third"])
def test_a_snapshot_ends_with_what_is_read_last(run: Run, viewer: Viewer, before: int) -> None:
    async def work(database: Database) -> tuple[list[Any], str]:
        snapshot = database.snapshot(viewer)
        found = [await snapshot.rows([Statement(SNAPSHOT)]) for _ in range(before)]
        found.append(await snapshot.rows([Statement(SNAPSHOT)], is_last=True))
        assert not snapshot.is_open
        async with database._pools[viewer.database_role].connection() as connection:
            state = connection.info.transaction_status.name
        with pytest.raises(RuntimeError, match="the last"):
            await snapshot.rows([Statement(SNAPSHOT)])
        await snapshot.close()
        return found, state

    found, state = run(work, pool_size=1)
    assert all(each == found[0] for each in found)
    assert state == "IDLE"


def test_what_fails_last_leaves_a_good_connection(run: Run) -> None:
    async def work(database: Database) -> list[Any]:
        snapshot = database.snapshot(SERVICE)
        await _seen(snapshot)
        with pytest.raises(psycopg.errors.DivisionByZero):
            await snapshot.rows([Statement("SELECT 1 / 0")], is_last=True)
        await snapshot.close()
        return await database.read_at_once(SERVICE, [Statement("SELECT 1")])

    assert run(work, pool_size=1) == [[(1,)]]


def test_a_snapshot_that_was_never_used_holds_no_connection_and_closes_twice(run: Run) -> None:
    async def work(database: Database) -> int:
        snapshot = database.snapshot(SERVICE)
        assert not snapshot.is_open
        await snapshot.close()
        await snapshot.close()
        return await _counted(database)

    assert run(work, pool_size=1) == 0


def test_a_snapshot_begins_again_on_a_connection_that_answers(run: Run) -> None:
    async def work(database: Database) -> int:
        first = database.snapshot(SERVICE)
        await first.rows([Statement(COUNT)])
        await first.close()
        with psycopg.connect(database.url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database()"
            )
        second = database.snapshot(SERVICE)
        number = await _seen(second)
        await second.close()
        return number

    assert run(work, pool_size=1) == 0


def test_a_statement_that_takes_too_long_is_ended_and_the_connection_goes_on(run: Run) -> None:
    async def work(database: Database) -> tuple[bool, int]:
        ended = False
        with suppress(psycopg.errors.QueryCanceled):
            async with database.transaction(SERVICE) as connection:
                ended = True
                await connection.execute("SELECT pg_sleep(60)")
                ended = False
        return ended, await _counted(database)

    assert run(work, pool_size=1, statement_timeout_ms=100) == (True, 0)


def test_ids_come_as_text_and_json_as_plain_data(run: Run) -> None:
    made = new_id(0x010)

    async def work(database: Database) -> Any:
        async with database.transaction(ANONYMOUS) as connection:
            query = "SELECT %s::uuid AS id, %s::jsonb AS data"
            return await (await connection.execute(query, (made, Jsonb({"a": [1, None]})))).fetchone()

    row = run(work)
    assert (row.id, row.data) == (made, {"a": [1, None]})


def test_a_row_that_lacks_a_column_says_so(run: Run) -> None:
    async def work(database: Database) -> Any:
        async with database.transaction(ANONYMOUS) as connection:
            return await (await connection.execute("SELECT 1 AS one")).fetchone()

    with pytest.raises(AttributeError, match="'two'"):
        _ = run(work).two


def test_values_of_a_statement_are_bound_and_never_part_of_its_text() -> None:
    table = sa.table("course", sa.column("title", sa.String))
    prepared = compiled(sa.select(table.c.title).where(table.c.title == "'; DROP TABLE course; --"))
    assert "DROP" not in prepared.text
    assert list(prepared.constants.values()) == ["'; DROP TABLE course; --"]
