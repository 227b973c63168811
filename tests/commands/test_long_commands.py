"""Commands that run until they are told to stop: serve and worker."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from cairn.embedded.processes import wait_until
from tests.embedded.lookout import is_running, needs_proc
from tests.http.doorkeeper import Doorkeeper

from .conftest import Start
from .programs import Program

QUERY = {"query": "{ courses { totalCount } }"}
ANSWER = {"courses": {"totalCount": 0}}


@pytest.fixture
def production(start: Start, fresh_database: str) -> tuple[Program, str]:
    """(the program, its address) of a server as it runs in production."""
    program = start("serve", DATABASE_URL=fresh_database, PORT="0")
    return program, program.says(r"running on (http://\S+)")[1]


def count(url: str, table: str) -> int:
    """How many rows a table has."""
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE cairn_service")
        row = connection.execute(psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table)))
        return int(row.fetchone()[0])


def somebody_waits_for_a_lock(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return bool(connection.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone())


def test_production_serves_and_answers_what_is_under_way_before_it_stops(
    production: tuple[Program, str], fresh_database: str
) -> None:
    program, address = production
    ready = httpx.get(f"{address}/readyz")
    assert (ready.text, "server" in ready.headers) == ("ready\n", False)
    with ThreadPoolExecutor(1) as pool:
        with psycopg.connect(fresh_database) as blocking:
            blocking.execute("LOCK TABLE course IN ACCESS EXCLUSIVE MODE")
            answer = pool.submit(httpx.post, f"{address}/graphql", json=QUERY, timeout=30)
            assert wait_until(lambda: somebody_waits_for_a_lock(fresh_database), 10)
            program.send(signal.SIGTERM)
            program.says("Shutting down")
        assert answer.result().json()["data"] == ANSWER
    assert program.wait() == 0
    assert "Traceback" not in program.said


def test_of_several_worker_processes_one_that_is_killed_is_started_again(start: Start, fresh_database: str) -> None:
    program = start("worker", "--processes", "2", "--queues", "default", DATABASE_URL=fresh_database)
    program.says("is up", times=2)
    children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    program.says("is up", times=3)
    assert program.end(signal.SIGTERM, seconds=20) == 0
    assert "Traceback" not in program.said


@needs_proc
def test_worker_processes_whose_supervisor_is_killed_stop_in_good_order(start: Start, fresh_database: str) -> None:
    program = start("worker", "--processes", "2", "--queues", "default", DATABASE_URL=fresh_database)
    program.says("is up", times=2)
    children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
    program.send(signal.SIGKILL)
    assert wait_until(lambda: not any(is_running(int(each)) for each in children), 20)
    assert program.said.count("supervised this worker is gone") == 2
    assert "Traceback" not in program.said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_sweeps_out_what_is_over_and_stops_when_told(
    start: Start, fresh_database: str, number: signal.Signals
) -> None:
    doorkeeper = Doorkeeper(fresh_database)
    person, other = doorkeeper.person(), doorkeeper.person()
    for each in (person, other):
        doorkeeper.link(each)
        doorkeeper.session(each)
    for table in ("login_token", "auth_session"):
        doorkeeper.sql(f"UPDATE {table} SET expires_at = now() - interval '2 days' WHERE user_id = %s", person)
    program = start("worker", DATABASE_URL=fresh_database)
    program.says("is up")
    doorkeeper.sql("UPDATE scheduled_job SET next_run_at = now() WHERE name = 'remove_expired'")
    assert wait_until(lambda: count(fresh_database, "auth_session") == 1, 20)
    assert (count(fresh_database, "login_token"), count(fresh_database, "auth_session")) == (2, 1)
    assert program.end(number, seconds=20) == 0
    assert "Traceback" not in program.said
