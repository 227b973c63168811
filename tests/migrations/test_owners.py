"""Migrations run as whoever owns the database, superuser or not, and share the application's roles with others."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql
from pydantic import SecretStr

from cairn.embedded import EmbeddedPostgres
from cairn.settings import Settings
from cairn.webhooks import broken
from core.database import Database
from core.errors import DomainError
from core.policies import ROLES
from core.viewer import ANONYMOUS, SERVICE, Viewer, ViewerKind
from migrations import running
from tests.migrations.conftest import empty_database
from tests.support.databases import with_database


@contextmanager
def owned_database(server_url: str, *attributes: str, grants: tuple[str, ...] = ()) -> Iterator[str]:
    """How a new user, who is no superuser, connects to an empty database of theirs; `grants` name them `{owner}`."""
    owner, password = f"cairn_owner_{secrets.token_hex(4)}", secrets.token_hex(8)
    with ExitStack() as stack:
        admin = stack.enter_context(psycopg.connect(server_url, autocommit=True))
        make = sql.SQL(f"CREATE ROLE {{}} LOGIN {' '.join(attributes)} PASSWORD {{}}")
        admin.execute(make.format(sql.Identifier(owner), sql.Literal(password)))
        stack.callback(admin.execute, sql.SQL("DROP ROLE {}").format(sql.Identifier(owner)))
        for grant in grants:
            admin.execute(sql.SQL(grant).format(owner=sql.Identifier(owner)))
        url = stack.enter_context(empty_database(server_url, owner))
        yield conninfo.make_conninfo(url, user=owner, password=password)


def _acts(url: str) -> list[str]:
    """The role that each kind of viewer acts as, when the application connects as the owner."""

    async def ask(database: Database) -> list[str]:
        found: list[str] = []
        for viewer in (ANONYMOUS, Viewer(ViewerKind.USER), SERVICE):
            async with database.transaction(viewer) as connection:
                cursor = await connection.execute("SELECT current_user::text AS role")
                found += [row.role for row in await cursor.fetchall()]
        return found

    return with_database(url, ask, pool_size=1)


def test_on_a_new_server_the_owner_needs_to_be_no_superuser_only_to_make_roles(tmp_path: Path) -> None:
    with (
        EmbeddedPostgres(tmp_path / "server", durable=False) as server,
        owned_database(server.url("postgres"), "CREATEROLE") as url,
    ):
        running.upgrade(url)
        assert running.current(url) == running.heads()[0]
        assert _acts(url) == list(ROLES)


def test_where_the_roles_exist_a_member_of_them_needs_no_further_right(database_server: tuple[str, str]) -> None:
    grants = tuple(f"GRANT {role} TO {{owner}}" for role in ROLES)
    with owned_database(database_server[0], grants=grants) as url:
        running.upgrade(url)
        assert _acts(url) == list(ROLES)


def test_an_owner_who_inherits_nothing_of_the_roles_is_told_of_broken_queries_all_the_same(
    database_server: tuple[str, str],
) -> None:
    with psycopg.connect(database_server[0]) as server:
        if server.info.server_version < 160_000:
            pytest.skip("Before PostgreSQL 16 it is the role that inherits, not the membership.")
    grants = tuple(f"GRANT {role} TO {{owner}} WITH INHERIT FALSE, SET TRUE" for role in ROLES)
    with owned_database(database_server[0], grants=grants) as url:
        running.upgrade(url)
        with psycopg.connect(url) as owner:
            owner.execute("SET ROLE cairn_service")
            owner.execute(
                "INSERT INTO webhook (id, name, url, events, query, about, scopes, state, revision) VALUES"
                " (gen_random_uuid(), 'n', 'https://u', '{theme.published}', 'q', '{}', '{}', 'active', 1)"
            )
        assert len(broken(Settings(DATABASE_URL=SecretStr(url)))) == 1


def test_where_the_roles_exist_who_may_grant_them_makes_themselves_a_member(database_server: tuple[str, str]) -> None:
    grants = tuple(f"GRANT {role} TO {{owner}} WITH ADMIN OPTION" for role in ROLES)
    with owned_database(database_server[0], "CREATEROLE", grants=grants) as url:
        running.upgrade(url)
        assert _acts(url) == list(ROLES)


def test_an_owner_who_may_not_act_as_the_roles_is_told_which_and_nothing_is_built(
    database_server: tuple[str, str],
) -> None:
    with owned_database(database_server[0]) as url:
        with pytest.raises(DomainError, match="cairn_public"):
            running.upgrade(url)
        assert running.current(url) is None
