"""When something breaks on our side: a clean answer without a word about our insides, and the next request works."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from psycopg import conninfo

from cairn.settings import DatabaseSettings
from resolvers.identity import TokenKind, new_token
from tests.support.servers import execute

from .asking import GRAPHQL_JSON, JSON, ask, refusal
from .conftest import Serve

COURSES = "{ courses { totalCount } }"
NO_COURSES = {"courses": {"totalCount": 0}}
SECRETS = ("Traceback", "SELECT", "psycopg", "course_", "relation", '.py"', "postgresql://", "cairn_public")
BACKENDS = "pid <> pg_backend_pid() AND datname = current_database() AND application_name = ''"


@pytest.fixture
def brittle(fresh_database: str, serve: Serve) -> Iterator[httpx.Client]:
    """A client of an application on a database of its own, which waits no longer than a second for a connection."""
    address = serve(fresh_database, database=DatabaseSettings(wait_seconds=1))
    with httpx.Client(base_url=address, timeout=60, verify=False) as client:
        yield client


def assert_masked(answer: httpx.Response) -> None:
    """The error says nothing but that it is ours, and by which word we find it."""
    (error,) = answer.json()["errors"]
    assert error["message"] == "Something went wrong on our side."
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "requestId": answer.headers["x-request-id"]}
    assert not [word for word in SECRETS if word in answer.text]


def end_all_connections(url: str) -> None:
    """Ends every connection of the application at once, as a restart of the database does."""
    with psycopg.connect(url, autocommit=True, application_name="tests") as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {BACKENDS}")


@contextmanager
def locked(url: str, table: str) -> Iterator[psycopg.Connection[tuple[str]]]:
    """Keeps everybody from reading a table, as long as the block runs."""
    with psycopg.connect(url, application_name="tests") as connection:
        connection.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
        yield connection


def wait_for_a_blocked_statement(url: str) -> None:
    """Returns when the application waits for a lock."""
    waiting = f"SELECT 1 FROM pg_stat_activity WHERE {BACKENDS} AND wait_event_type = 'Lock'"
    with psycopg.connect(url, autocommit=True, application_name="tests") as connection:
        for _ in range(2_000):
            if connection.execute(waiting).fetchone():
                return
            connection.execute("SELECT pg_sleep(0.005)")
    pytest.fail("The application never came to the lock.")


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
def test_a_broken_statement_is_masked_and_logged(
    fresh_database: str, brittle: httpx.Client, caplog: pytest.LogCaptureFixture, accept: str
) -> None:
    with psycopg.connect(fresh_database) as connection:
        connection.execute("ALTER TABLE course RENAME TO course_elsewhere")
    with caplog.at_level(logging.ERROR):
        answer = ask(brittle, COURSES, accept=accept)
    assert_masked(answer)
    assert answer.headers["x-request-id"] in caplog.text
    assert "UndefinedTable" in caplog.text


def test_what_does_not_need_the_broken_part_is_answered_all_the_same(
    fresh_database: str, brittle: httpx.Client
) -> None:
    with psycopg.connect(fresh_database) as connection:
        connection.execute("ALTER TABLE theme RENAME TO theme_elsewhere")
    answer = ask(brittle, '{ theme(slug: "x") { id } __typename }')
    assert answer.json()["data"] == {"theme": None, "__typename": "Query"}
    assert_masked(answer)


def test_each_request_has_a_name_of_its_own(http: httpx.Client) -> None:
    names = {ask(http, "{ __typename }").headers["x-request-id"] for _ in range(5)}
    assert len(names) == 5


def test_a_restarted_database_costs_no_request(fresh_database: str, brittle: httpx.Client) -> None:
    assert ask(brittle, COURSES).status_code == 200
    for _ in range(3):
        end_all_connections(fresh_database)
        assert ask(brittle, COURSES).json().get("data") == NO_COURSES


def test_a_restarted_database_costs_no_request_of_a_busy_server(fresh_database: str, brittle: httpx.Client) -> None:
    with ThreadPoolExecutor(24) as pool:
        for _ in range(2):
            answers = pool.map(lambda _: ask(brittle, COURSES).json(), range(48))
            assert [answer for answer in answers if answer.get("data") != NO_COURSES] == []
            end_all_connections(fresh_database)


def test_a_connection_that_is_lost_in_the_middle_costs_one_request(fresh_database: str, brittle: httpx.Client) -> None:
    with ThreadPoolExecutor(1) as pool, locked(fresh_database, "course"):
        answer = pool.submit(ask, brittle, COURSES)
        wait_for_a_blocked_statement(fresh_database)
        end_all_connections(fresh_database)
        assert_masked(answer.result())
    assert ask(brittle, COURSES).json().get("data") == NO_COURSES


def test_a_statement_that_takes_too_long_is_given_up(fresh_database: str, serve: Serve) -> None:
    address = serve(fresh_database, database=DatabaseSettings(statement_timeout_ms=100))
    with locked(fresh_database, "course"):
        (error,) = httpx.post(f"{address}/graphql", json={"query": COURSES}, timeout=60).json()["errors"]
    assert (error["message"], error["extensions"]["code"]) == ("This took too long, and was given up.", "TIMEOUT")
    assert httpx.post(f"{address}/graphql", json={"query": COURSES}).status_code == 200


def test_while_the_database_is_away_requests_fail_cleanly_and_afterwards_work(
    fresh_database: str, brittle: httpx.Client, database_server: tuple[str, str]
) -> None:
    name = str(conninfo.conninfo_to_dict(fresh_database)["dbname"])
    execute(database_server[0], "ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
    try:
        with psycopg.connect(database_server[0], autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        (error,) = ask(brittle, COURSES).json()["errors"]
        assert error["extensions"]["code"] == "UNAVAILABLE"
        brittle.cookies.set(f"cairn_session_{brittle.base_url.port}", new_token(TokenKind.SESSION))
        assert refusal(ask(brittle, COURSES), 503) == "UNAVAILABLE"
        for page, status in {"/session": 503, "/sign-in?token=x": 503, "/readyz": 503, "/healthz": 200}.items():
            assert brittle.get(page).status_code == status
    finally:
        execute(database_server[0], "ALTER DATABASE {} ALLOW_CONNECTIONS true", name)
    assert any(ask(brittle, COURSES).json().get("data") == NO_COURSES for _ in range(60))
