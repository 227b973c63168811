"""What a transaction is: all or nothing, of one snapshot where it only reads, and never for ever."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.types.json import Jsonb

from core.database import Connection, Database, compiled
from core.ids import new_id
from core.viewer import ANONYMOUS, SERVICE
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


def test_a_reading_transaction_refuses_to_write(run: Run) -> None:
    async def work(database: Database) -> None:
        async with database.transaction(SERVICE, read_only=True) as connection:
            await _add(connection)

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        run(work)


def test_a_reading_transaction_sees_one_snapshot_from_its_first_statement_on(run: Run) -> None:
    async def work(database: Database) -> tuple[int, int, int]:
        async with database.transaction(SERVICE, read_only=True) as reading:
            before = await _number(reading)
            async with database.transaction(SERVICE) as writing:
                await _add(writing)
            after = await _number(reading)
        return before, after, await _counted(database)

    assert run(work) == (0, 0, 1)


def test_a_connection_that_only_read_may_write_the_next_time(run: Run) -> None:
    async def work(database: Database) -> int:
        async with database.transaction(SERVICE, read_only=True) as connection:
            await _number(connection)
        async with database.transaction(SERVICE) as connection:
            await _add(connection)
        return await _counted(database)

    assert run(work, pool_size=1) == 1


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


def test_a_row_that_lacks_a_column_says_which_it_has(run: Run) -> None:
    async def work(database: Database) -> Any:
        async with database.transaction(ANONYMOUS) as connection:
            return await (await connection.execute("SELECT 1 AS one")).fetchone()

    with pytest.raises(AttributeError, match="'two'; it has one"):
        _ = run(work).two


def test_values_of_a_statement_are_bound_and_never_part_of_its_text() -> None:
    table = sa.table("course", sa.column("title", sa.String))
    prepared = compiled(sa.select(table.c.title).where(table.c.title == "'; DROP TABLE course; --"))
    assert "DROP" not in prepared.text
    assert list(prepared.constants.values()) == ["'; DROP TABLE course; --"]
