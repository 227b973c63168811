"""Databases at every stage of their life: empty, migrated, built from the models."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import conninfo, sql

from migrations import running
from migrations.catalog import Catalog, read_catalog
from tests.support.servers import cloned, execute

Scratch = Callable[[], str]


@contextmanager
def empty_database(server_url: str, owner: str | None = None) -> Iterator[str]:
    """A connection string, still of the server's own user, to an empty database; it is dropped in the end."""
    name = f"cairn_scratch_{secrets.token_hex(6)}"
    execute(server_url, "CREATE DATABASE {} TEMPLATE template0", name)
    try:
        if owner is not None:
            with psycopg.connect(server_url, autocommit=True) as connection:
                change = sql.SQL("ALTER DATABASE {} OWNER TO {}")
                connection.execute(change.format(sql.Identifier(name), sql.Identifier(owner)))
        yield conninfo.make_conninfo(server_url, dbname=name)
    finally:
        execute(server_url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@pytest.fixture
def scratch(database_server: tuple[str, str]) -> Iterator[Scratch]:
    """`scratch()` makes an empty database and answers how to connect to it."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(empty_database(database_server[0]))


@pytest.fixture(scope="session")
def declared_url(database_server: tuple[str, str]) -> Iterator[str]:
    """A database that was built from the models, without any migration."""
    with empty_database(database_server[0]) as url:
        running.build_declared(url)
        yield url


@pytest.fixture(scope="session")
def declared(declared_url: str) -> Catalog:
    """What the models declare, as the catalogue tells it."""
    with running.connect(declared_url) as connection:
        return read_catalog(connection)


@pytest.fixture(scope="session")
def migrated_url(database_server: tuple[str, str]) -> Iterator[str]:
    """A database that the migrations built."""
    with cloned(*database_server) as url:
        yield url


@pytest.fixture
def migrated(migrated_url: str) -> Iterator[sa.Connection]:
    """A connection of the owner to the migrated database; whatever a test does there is undone."""
    with running.connect(migrated_url) as connection:
        yield connection
        connection.rollback()
