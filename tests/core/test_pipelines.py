"""Statements sent together: what is prepared on a connection, for how long, and what cannot be sent."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any

import psycopg
import pytest

from core import pipeline
from core.database import Database
from core.errors import RequestError
from core.ids import new_id
from core.pipeline import Statement
from core.viewer import SERVICE
from tests.core.conftest import Run

_ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


class Planet(Enum):
    """No text by itself."""

    MARS = 'Mars \\ "red"'


async def _read(database: Database, *statements: Statement) -> list[Any]:
    return [rows[0][0] for rows in await database.read_at_once(SERVICE, list(statements))]


def test_as_many_statements_as_one_likes_give_their_own_answers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_MOST_PREPARED", 3)

    async def work(database: Database) -> tuple[list[list[Any]], int, int]:
        asked = [[Statement(f"SELECT {(first + more) % 7}") for more in range(4)] for first in range(20)]
        found = [await _read(database, *each) for each in asked]
        connection = await database._pools[SERVICE.database_role].getconn()
        known = len(connection.prepared)
        prepared = await (await connection.execute("SELECT count(*) AS number FROM pg_prepared_statements")).fetchone()
        await database._pools[SERVICE.database_role].putconn(connection)
        return found, known, prepared.number

    found, known, prepared = run(work, pool_size=1)
    assert found == [[(first + more) % 7 for more in range(4)] for first in range(20)]
    # The server forgets them, too.
    assert prepared == known == 3


def test_a_statement_whose_columns_have_changed_since_is_prepared_anew(run: Run, core_database: str) -> None:
    text = Statement("SELECT * FROM changing")

    async def work(database: Database) -> list[Any]:
        found = await _read(database, text)
        async with await psycopg.AsyncConnection.connect(core_database, autocommit=True) as other:
            await other.execute("ALTER TABLE changing ALTER word TYPE integer USING 7")
        return found + await _read(database, text)

    with psycopg.connect(core_database, autocommit=True) as connection:
        connection.execute("CREATE TABLE changing AS SELECT 'seven' AS word")
        connection.execute("GRANT SELECT ON changing TO public")
        try:
            assert run(work, pool_size=1) == ["seven", 7]
        finally:
            connection.execute("DROP TABLE changing")


@pytest.mark.parametrize("called_off", [False, True], ids=["failed", "called off"])
def test_what_fails_again_and_again_leaves_nothing_behind(run: Run, core_database: str, called_off: bool) -> None:
    before, wrong, after = Statement("SELECT 1"), Statement("SELECT 1 / ($1::int - 1)", [1]), Statement("SELECT 2")
    slow = Statement("SELECT pg_sleep(60)")

    async def fail(database: Database) -> None:
        if not called_off:
            with pytest.raises(psycopg.errors.DivisionByZero):
                await _read(database, before, wrong, after)
            return
        reading = asyncio.create_task(_read(database, before, slow, after))
        async with await psycopg.AsyncConnection.connect(core_database, autocommit=True) as other:
            while not (await (await other.execute(_ASLEEP)).fetchone())[0]:  # type: ignore[index]
                assert not reading.done()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    async def work(database: Database) -> tuple[int, int, list[Any]]:
        numbers = []
        for _ in range(3):
            await fail(database)
            async with database.transaction(SERVICE) as connection:
                asked = await connection.execute("SELECT count(*) AS number FROM pg_prepared_statements")
                numbers.append((await asked.fetchone()).number)
        return numbers[0], numbers[-1], await _read(database, before, after)

    first, last, found = run(work, pool_size=1)
    assert (first, found) == (last, [1, 2])


def test_a_value_that_cannot_be_sent_costs_no_connection(run: Run) -> None:
    async def work(database: Database) -> tuple[int, int]:
        async with database.transaction(SERVICE) as connection:
            server = connection.info.backend_pid
            with pytest.raises(TypeError, match="float"):
                await pipeline.run_pipeline(connection, [Statement("SELECT $1", [1.5])])
            with pytest.raises(TypeError, match="list"):
                await pipeline.run_pipeline(connection, [Statement("SELECT $1", [[["a"]]])])
            found = await pipeline.run_pipeline(connection, [Statement("SELECT pg_backend_pid()")])
            return server, found[0][0][0]

    before, after = run(work)
    assert before == after


def test_a_text_is_never_cut_short(run: Run) -> None:
    async def work(database: Database) -> None:
        for value in ("mail\0x", ["mail", "x\0"]):
            with pytest.raises(RequestError, match="U\\+0000"):
                await _read(database, Statement("SELECT $1", [value]))

    run(work)


def test_what_an_enum_says_is_sent_alone_and_in_a_list(run: Run) -> None:
    async def work(database: Database) -> list[Any]:
        alone = Statement("SELECT $1::text", [Planet.MARS])
        listed = Statement("SELECT ($1::text[])[2]", [["x", Planet.MARS]])
        return await _read(database, alone, listed)

    assert run(work) == [Planet.MARS.value] * 2


def test_who_reads_after_somebody_was_called_off_is_told_so_and_not_called_off_itself(run: Run) -> None:
    async def work(database: Database) -> str:
        snapshot = database.snapshot(SERVICE)
        await snapshot.rows([Statement("SELECT 1")])
        slow = asyncio.create_task(snapshot.rows([Statement("SELECT pg_sleep(60)")]))
        await asyncio.sleep(0)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        try:
            await snapshot.rows([Statement("SELECT 2")])
        except RequestError as error:
            return error.code
        finally:
            await snapshot.close()
        return "read"

    assert run(work, pool_size=1) == "UNAVAILABLE"


def test_what_is_looked_up_all_the_time_is_planned_once_and_by_its_index(run: Run) -> None:
    looked_up = Statement('SELECT display_name FROM "user" WHERE id = $1::uuid', [new_id(0x010)])

    async def work(database: Database) -> tuple[Any, list[str], list[Any]]:
        for _ in range(10):
            await database.look_up(SERVICE, looked_up)
        kept = Statement("SELECT generic_plans FROM pg_prepared_statements WHERE statement = $1", [looked_up.text])
        (plans,) = await _read(database, kept)
        plan = await database.look_up(
            SERVICE, Statement("EXPLAIN " + looked_up.text.replace("$1", f"'{new_id(0x010)}'"))
        )
        settings = [Statement(f"SELECT current_setting('{each}')") for each in ("plan_cache_mode", "enable_seqscan")]
        return plans, [line for (line,) in plan], await _read(database, *settings)

    plans, plan, settings = run(work, pool_size=1)
    assert plans >= 4
    assert "Index" in plan[0]
    # What comes after it on the same connection is planned as always.
    assert settings == ["force_custom_plan", "on"]
