"""`cairn doctor`: is this installation fit to run? One line per finding."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from pydantic import ValidationError

from cairn.settings import Settings
from core.policies import ROLES
from migrations import running


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    fine: bool
    text: str


def examine() -> Iterator[Finding]:
    """Looks at Python, the settings, the database, its roles, its migrations and the IDE."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(sys.version_info >= (3, 11), f"Python {version} (3.11 or newer is needed)")
    try:
        found = Settings()
    except ValidationError as error:
        for each in error.errors():
            yield Finding(False, f"setting {'.'.join(str(part) for part in each['loc'])}: {each['msg']}")
        return
    yield Finding(True, "settings are complete and valid")
    yield from _database(found.url)
    yield Finding(found.ide_folder.exists(), f"the IDE is built in {found.ide_folder}")


def _database(url: str) -> Iterator[Finding]:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version
            missing = [role for role in ROLES if not _may_act_as(connection, role)]
    except psycopg.Error as error:
        yield Finding(False, f"the database does not answer: {str(error).strip()}")
        return
    yield Finding(version >= 150000, f"PostgreSQL {version // 10000} answers (15 or newer is needed)")
    yield Finding(
        not missing, f"may act as {', '.join(ROLES)}" if not missing else f"may not act as {', '.join(missing)}"
    )
    current, head = running.current(url), running.heads()[0]
    yield Finding(current == head, f"migrations: the database is at {current}, the code at {head} (cairn migrate)")


def _may_act_as(connection: psycopg.Connection[tuple[object, ...]], role: str) -> bool:
    query = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s) AND pg_has_role(%s, 'MEMBER')"
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if not exists:
        return False
    row = connection.execute(query, (role, role)).fetchone()
    return bool(row and row[0])
