"""The database of this clone: `DATABASE_URL` where it is set, else the embedded server in `.cairn/postgres`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from cairn.embedded import EmbeddedPostgres, FolderInUseError
from cairn.settings import PROJECT, settings

FOLDER = PROJECT / ".cairn" / "postgres"
NAME = "cairn"


@contextmanager
def database_url() -> Iterator[str]:
    """The connection string to use, also set as `DATABASE_URL`, for as long as the block runs.

    Raises what the settings raise when they are wrong, and `psycopg.OperationalError` when the database is away.

    An embedded server that another process runs for this clone is shared; otherwise one is started, and stopped again.
    """
    given = os.environ.get("DATABASE_URL")
    if given:
        require_answer(settings().url)
        yield settings().url
        return
    try:
        with EmbeddedPostgres(FOLDER) as server:
            server.create_database_if_missing(NAME)
            with _announced(server.url(NAME)) as url:
                yield url
    except FolderInUseError:
        shared = running_url(FOLDER)
        if shared is None:
            raise
        with _announced(shared) as url:
            yield url


def require_answer(url: str) -> None:
    """Connects once, so that a database that is away is told at once and plainly; raises `OperationalError`."""
    psycopg.connect(url, connect_timeout=10).close()


def running_url(folder: Path) -> str | None:
    """How to connect to the server that another process runs in this folder, or None when it left no word."""
    parser = ConfigParser(interpolation=None)
    if not parser.read(folder / "service.conf") or not parser.sections():
        return None
    service = parser[parser.sections()[0]]
    password, host = quote(service["password"], safe=""), quote(service["host"], safe="")
    return f"postgresql://{service['user']}:{password}@/{NAME}?host={host}&port={service['port']}"


@contextmanager
def _announced(url: str) -> Iterator[str]:
    os.environ["DATABASE_URL"] = url
    settings.cache_clear()
    try:
        yield url
    finally:
        del os.environ["DATABASE_URL"]
        settings.cache_clear()
