"""Commands that do one thing and end: migrate, schema, token create, doctor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from cairn.settings import PROJECT
from migrations import running
from resolvers.identity import looks_like_token
from tests.http.doorkeeper import Doorkeeper
from tests.support.servers import cloned

from .conftest import UNREACHABLE, Cairn

VIEWER = {"query": "{ viewer { kind name canEdit scopes } }"}


def viewer_of(address: str, token: str) -> dict[str, Any]:
    """Whom the running application takes the bearer of this token for."""
    headers = {"authorization": f"Bearer {token}"}
    viewer: dict[str, Any] = httpx.post(f"{address}/graphql", json=VIEWER, headers=headers).json()["data"]["viewer"]
    return viewer


@pytest.fixture
def empty_database(database_server: tuple[str, str]) -> Iterator[str]:
    """A database that was never migrated."""
    with cloned(database_server[0], "template0") as url:
        yield url


@pytest.fixture
def street(database_url: str) -> Iterator[str]:
    """The database of the running application; who comes in meanwhile is gone afterwards."""
    with Doorkeeper(database_url).closing_time():
        yield database_url


@pytest.fixture
def ide_folder(tmp_path: Path) -> str:
    """Where an IDE is built."""
    (tmp_path / "dist").mkdir()
    return str(tmp_path / "dist")


# token create


def test_a_token_is_all_that_is_printed_and_it_works(cairn: Cairn, street: str, address: str) -> None:
    outcome = cairn("token", "create", "--role", "editor", DATABASE_URL=street)
    assert (outcome.code, outcome.err) == (0, "")
    token = outcome.out.removesuffix("\n")
    assert looks_like_token(token)
    viewer = viewer_of(address, token)
    assert (viewer["kind"], viewer["canEdit"]) == ("API_TOKEN", True)


def test_a_token_may_what_its_role_may(cairn: Cairn, street: str, address: str) -> None:
    scopes = {}
    for role in ("learner", "editor", "admin"):
        token = cairn("token", "create", "--role", role, DATABASE_URL=street).out.strip()
        scopes[role] = set(viewer_of(address, token)["scopes"])
    assert scopes["learner"] == set()
    assert scopes["learner"] < scopes["editor"] < scopes["admin"]


def test_a_token_may_be_given_less_than_its_role_may(cairn: Cairn, street: str, address: str) -> None:
    arguments = ("token", "create", "--role", "editor", "--scopes", "content:edit, schema:read")
    token = cairn(*arguments, DATABASE_URL=street).out.strip()
    assert viewer_of(address, token)["scopes"] == ["CONTENT_EDIT", "SCHEMA_READ"]


def test_a_token_is_not_made_for_a_permission_that_there_is_not(cairn: Cairn, street: str) -> None:
    outcome = cairn("token", "create", "--scopes", "content:edit,everything", DATABASE_URL=street)
    assert (outcome.code, outcome.out) == (2, "")
    assert "everything" in outcome.err


def test_a_token_belongs_to_the_person_that_is_named(cairn: Cairn, street: str, address: str) -> None:
    arguments = ("token", "create", "--email", "Maya@example.org", "--name", "import", "--days", "2")
    tokens = [cairn(*arguments, DATABASE_URL=street).out.strip() for _ in range(2)]
    assert len(set(tokens)) == 2
    assert {viewer_of(address, token)["name"] for token in tokens} == {"Maya"}


def test_the_first_token_may_come_before_anything_else(cairn: Cairn, empty_database: str) -> None:
    outcome = cairn("token", "create", DATABASE_URL=empty_database)
    assert looks_like_token(outcome.out.strip())


@pytest.mark.parametrize("arguments", [["--role", "king"], ["--days", "0"], ["--days", "9999"], ["--days", "soon"]])
def test_a_token_of_nonsense_is_refused(cairn: Cairn, arguments: list[str]) -> None:
    outcome = cairn("token", "create", *arguments, DATABASE_URL=UNREACHABLE)
    assert (outcome.code, outcome.out) == (2, "")
    assert arguments[0] in outcome.err


def test_a_role_that_there_is_not_is_answered_with_those_that_there_are(cairn: Cairn) -> None:
    outcome = cairn("token", "create", "--role", "king", DATABASE_URL=UNREACHABLE)
    assert "editor" in outcome.err.partition("king")[2]


# migrate


def test_migrating_brings_an_empty_database_up_to_date_and_may_be_repeated(cairn: Cairn, empty_database: str) -> None:
    head = running.heads()[0]
    for _ in range(2):
        outcome = cairn("migrate", DATABASE_URL=empty_database)
        assert (outcome.code, outcome.out, outcome.err) == (0, "", f"The database is at {head}.\n")
    assert running.current(empty_database) == head


def test_the_check_of_migrations_passes_and_leaves_nothing_behind(cairn: Cairn, empty_database: str) -> None:
    outcome = cairn("migrate", "--check", DATABASE_URL=empty_database)
    assert (outcome.code, outcome.err) == (0, "Migrations build exactly what the models declare.\n")
    assert running.current(empty_database) is None
    with psycopg.connect(empty_database) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^cairn_(migrated|declared)_'")
        assert left.fetchall() == []


# schema


def test_the_schema_is_printed_as_its_file_has_it(cairn: Cairn) -> None:
    outcome = cairn("schema")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (PROJECT / "schema.graphql").read_text(encoding="utf-8")


# doctor


def test_a_good_installation_is_well(cairn: Cairn, database_url: str, ide_folder: str) -> None:
    outcome = cairn("doctor", DATABASE_URL=database_url, CAIRN_IDE_FOLDER=ide_folder)
    assert (outcome.code, outcome.out) == (0, "")
    assert {line.split()[0] for line in outcome.err.splitlines()} == {"ok"}
    for word in ("Python", "settings", "PostgreSQL", "cairn_service", "migrations", "IDE"):
        assert word in outcome.err


def test_missing_migrations_are_found(cairn: Cairn, empty_database: str, ide_folder: str) -> None:
    outcome = cairn("doctor", DATABASE_URL=empty_database, CAIRN_IDE_FOLDER=ide_folder)
    assert outcome.code == 1
    (wrong,) = [line for line in outcome.err.splitlines() if line.startswith("wrong")]
    assert "cairn migrate" in wrong


def test_an_ide_that_was_never_built_is_found(cairn: Cairn, database_url: str, tmp_path: Path) -> None:
    outcome = cairn("doctor", DATABASE_URL=database_url, CAIRN_IDE_FOLDER=str(tmp_path / "nowhere"))
    assert outcome.code == 1
    (wrong,) = [line for line in outcome.err.splitlines() if line.startswith("wrong")]
    assert str(tmp_path / "nowhere") in wrong


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"DATABASE_URL": UNREACHABLE}, "the database does not answer"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
        ({"DATABASE_URL": UNREACHABLE, "CAIRN_HTTP__MAX_BODY_BYTES": "1 MB"}, "CAIRN_HTTP__MAX_BODY_BYTES"),
        ({"DATABASE_URL": UNREACHABLE, "CAIRN_GRAPHQL": "x"}, "CAIRN_GRAPHQL"),
    ],
)
def test_what_stops_every_start_is_found(cairn: Cairn, variables: dict[str, str], word: str) -> None:
    outcome = cairn("doctor", **variables)
    assert outcome.code == 1
    assert [word in line for line in outcome.err.splitlines() if line.startswith("wrong")] == [True]
    assert "Traceback" not in outcome.err
