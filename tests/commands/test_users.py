"""`cairn user`: the first admin, and roles given and taken at the machine itself."""

from __future__ import annotations

import httpx
import pytest

from models.groups import Group
from tests.http.doorkeeper import Doorkeeper

from .conftest import UNREACHABLE, Cairn


@pytest.fixture
def keeper(fresh_database: str) -> Doorkeeper:
    """Whoever looks after the database of one test alone."""
    return Doorkeeper(fresh_database)


POD = """INSERT INTO "group" (id, kind, name, slug, status, privacy_level)
    VALUES (%s, 'pod', 'P', 'pod', 'active', 'private')"""


def roles_of(keeper: Doorkeeper, email: str) -> set[str]:
    """The roles of a person."""
    query = 'SELECT role FROM role_grant JOIN "user" ON "user".id = user_id WHERE email = %s'
    return {role for (role,) in keeper.sql(query, email)}


def test_the_first_admin_is_made_and_signs_in_by_the_link(cairn: Cairn, database_url: str, address: str) -> None:
    with Doorkeeper(database_url).closing_time():
        outcome = cairn("user", "create", "first@example.org", "--role", "super_admin", DATABASE_URL=database_url)
        assert (outcome.code, outcome.err) == (0, "")
        path = httpx.URL(outcome.out.strip()).raw_path.decode()
        with httpx.Client(base_url=address) as browser:
            assert browser.get(path).status_code == 303
            session = browser.get("/session").json()["viewer"]
    assert (session["name"], "role:grant" in session["scopes"]) == ("first", True)


def test_a_role_is_given_and_taken(cairn: Cairn, fresh_database: str, keeper: Doorkeeper) -> None:
    url = {"DATABASE_URL": fresh_database}
    assert cairn("user", "create", "Maya@example.org", **url).code == 0
    assert cairn("user", "grant", "maya@example.org", "editor", "--days", "3", **url).code == 0
    assert roles_of(keeper, "Maya@example.org") == {"editor"}
    assert cairn("user", "revoke", "maya@example.org", "editor", **url).code == 0
    assert roles_of(keeper, "Maya@example.org") == set()
    assert [action for (action,) in keeper.sql("SELECT action FROM audit_log ORDER BY id")] == [
        "user_create",
        "role_grant",
        "role_revoke",
    ]


def test_a_role_is_given_and_taken_within_one_group(cairn: Cairn, fresh_database: str, keeper: Doorkeeper) -> None:
    url = {"DATABASE_URL": fresh_database}
    cairn("user", "create", "maya@example.org", **url)
    group = Group.new_id()
    keeper.sql(POD, group)
    given = cairn("user", "grant", "maya@example.org", "coach", "--group", "pod", **url)
    assert (given.code, given.out.strip()) == (0, "maya@example.org is coach now within the group pod.")
    held = "SELECT role, scope_type, scope_id::text FROM role_grant"
    assert keeper.sql(held) == [("coach", "group", group)]
    unknown = cairn("user", "revoke", "maya@example.org", "coach", "--group", "nowhere", **url)
    assert (unknown.code, "There is no group nowhere" in unknown.err) == (1, True)
    assert cairn("user", "revoke", "maya@example.org", "coach", "--group", group, **url).code == 0
    assert keeper.sql(held) == []


def test_to_make_somebody_twice_is_to_make_them_once(cairn: Cairn, fresh_database: str, keeper: Doorkeeper) -> None:
    links = {cairn("user", "create", "maya@example.org", DATABASE_URL=fresh_database).out for _ in range(2)}
    assert len(links) == 2
    assert keeper.sql('SELECT count(*) FROM "user"') == [(1,)]


def test_the_last_admin_stays(cairn: Cairn, fresh_database: str, keeper: Doorkeeper) -> None:
    cairn("user", "create", "maya@example.org", "--role", "admin", DATABASE_URL=fresh_database)
    outcome = cairn("user", "revoke", "maya@example.org", "admin", DATABASE_URL=fresh_database)
    assert (outcome.code, outcome.out) == (1, "")
    assert "Somebody has to keep this role" in outcome.err
    assert roles_of(keeper, "maya@example.org") == {"admin"}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["grant", "nobody@example.org", "editor"], "nobody@example.org"),
        (["revoke", "nobody@example.org", "editor"], "nobody@example.org"),
        (["create", "no address"], "e-mail"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(
    cairn: Cairn, fresh_database: str, arguments: list[str], word: str
) -> None:
    outcome = cairn("user", *arguments, DATABASE_URL=fresh_database)
    assert (outcome.code, outcome.out) == (1, "")
    assert word in outcome.err
    assert "Traceback" not in outcome.err


def test_a_role_that_there_is_not_is_refused_before_anything_is_asked(cairn: Cairn) -> None:
    outcome = cairn("user", "grant", "maya@example.org", "king", DATABASE_URL=UNREACHABLE)
    assert outcome.code == 2
    assert "editor" in outcome.err.partition("king")[2]
