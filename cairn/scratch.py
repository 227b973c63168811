"""Databases that live only as long as a check, on `DATABASE_URL`'s server or on an embedded one."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

from cairn.embedded import EmbeddedPostgres
from cairn.settings import settings


@contextmanager
def scratch_server(*, durable: bool = False) -> Iterator[str]:
    """A connection string whose user may create databases; `durable` is what `EmbeddedPostgres` says."""
    if os.environ.get("DATABASE_URL"):
        yield settings().url
        return
    with (
        tempfile.TemporaryDirectory(prefix="cairn-scratch-") as folder,
        EmbeddedPostgres(Path(folder) / "pg", durable=durable) as server,
    ):
        yield server.url("postgres")


@contextmanager
def scratch_databases(*names: str, durable: bool = False) -> Iterator[list[str]]:
    """Connection strings of fresh, empty databases; they are dropped in the end."""
    with scratch_server(durable=durable) as url:
        made = [f"cairn_{name}_{secrets.token_hex(4)}" for name in names]
        with psycopg.connect(url, autocommit=True) as connection:
            for name in made:
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
            try:
                yield [conninfo.make_conninfo(url, dbname=name) for name in made]
            finally:
                for name in made:
                    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
