"""Databases for one test alone, made once and used again: to clone one takes as long as many a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
from psycopg import sql

from tests.support.servers import cloned

_END_OTHERS = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_RESTART = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
# A database is as it was made as long as nobody has written into these since; rows of other tables are not in them.
_CATALOGS = ("class", "attribute", "attrdef", "constraint", "index", "trigger", "policy", "proc", "namespace", "type")
_WATCHED = ("alembic_version", *(f"pg_{name}" for name in _CATALOGS))
_SHAPE = " UNION ALL ".join(f"SELECT max(xmin::text::bigint) FROM {name}" for name in _WATCHED)
_SETTINGS = """SELECT count(*) FROM pg_db_role_setting
WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"""
Shape = list[tuple[int, ...]]


class Databases:
    """Databases cloned from one template. `prepare`, where given, adds to each what all of its tests need."""

    def __init__(self, server_url: str, template: str, prepare: Callable[[str], str] | None = None) -> None:
        self._server_url, self._template, self._prepare = server_url, template, prepare
        self._spare: list[tuple[str, Shape, ExitStack]] = []

    @contextmanager
    def one(self) -> Iterator[str]:
        """A database without any row; afterwards it is kept for the next test, unless more than rows has changed."""
        url, shape, stack = self._spare.pop() if self._spare else self._made()
        try:
            yield url
        finally:
            if _emptied(url, shape):
                self._spare.append((url, shape, stack))
            else:
                stack.close()

    def close(self) -> None:
        """Drops those that are spare."""
        for *_, stack in self._spare:
            stack.close()

    def _made(self) -> tuple[str, Shape, ExitStack]:
        stack = ExitStack()
        url = stack.enter_context(cloned(self._server_url, self._template))
        if self._prepare is not None:
            self._prepare(url)
        with psycopg.connect(url, autocommit=True) as connection:
            return url, _shape(connection), stack


def _emptied(url: str, shape: Shape) -> bool:
    """Whether the database is as it was when it was made: nobody is connected, no row is left, and no shape changed."""
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_END_OTHERS)
            if _shape(connection) != shape:
                return False
            names = [sql.Identifier(name) for (name,) in connection.execute(_TABLES)]
            deleting = [sql.SQL("DELETE FROM {}").format(name) for name in names]
            connection.execute(sql.SQL("; ").join([sql.SQL("SET session_replication_role = replica"), *deleting]))
            connection.execute(_RESTART)
    except psycopg.Error:
        return False
    return True


def _shape(connection: psycopg.Connection) -> Shape:
    return [*connection.execute(_SHAPE), *connection.execute(_SETTINGS)]
