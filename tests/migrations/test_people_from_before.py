"""People, sessions and links that were there before accounts had settings are there afterwards, and still work."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migrations import running
from tests.support.servers import cloned

PERSON, SESSION, LINK = (f"01a219e9-a692-8{tag}-b959-b44f98fae5b5" for tag in ("010", "014", "013"))


@pytest.fixture
def older(database_server: tuple[str, str]) -> Iterator[str]:
    """A database as it was before."""
    with cloned(database_server[0], "template0") as url:
        running.upgrade(url, "0002")
        with psycopg.connect(url) as connection:
            person = "INSERT INTO \"user\" (id, display_name, status) VALUES (%s, 'Maya', 'active')"
            connection.execute(person, [PERSON])
            for table, row_id in (("auth_session", SESSION), ("login_token", LINK)):
                connection.execute(
                    f"INSERT INTO {table} (id, user_id, token_hash, expires_at) VALUES (%s, %s, 'h', 'infinity')",
                    [row_id, PERSON],
                )
        yield url


def test_what_was_there_gets_what_it_was_all_along(older: str) -> None:
    running.upgrade(older)
    with psycopg.connect(older) as connection:
        session = connection.execute("SELECT kind, token_hash FROM auth_session").fetchone()
        link = connection.execute("SELECT purpose, details FROM login_token").fetchone()
        person = connection.execute('SELECT timezone, locale, is_anonymous, revision FROM "user"').fetchone()
    assert (session, link, person) == (("browser", "h"), ("sign_in", {}), ("UTC", "en", False, 1))
