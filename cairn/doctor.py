"""`cairn doctor`: is this installation fit to run? One line per finding."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import psycopg
from pydantic import ValidationError
from pydantic_settings import SettingsError

from cairn import production
from cairn.embedded import EmbeddedPostgresError
from cairn.findings import Finding
from cairn.local import database_url
from cairn.settings import Settings, problems, settings
from core.policies import ROLES
from migrations import running


def examine(*, for_production: bool = False, processes: int = 1) -> Iterator[Finding]:
    """Looks at Python, the settings, the database, its roles, its migrations and the IDE.

    For production it also looks whether all of that is safe, with so many serving processes.
    """
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding(sys.version_info >= (3, 11), f"Python {version} (3.11 or newer is needed)")
    try:
        with database_url() as url:
            folder = settings().ide_folder
            yield Finding(True, "settings are complete and valid")
            yield from _database(url)
            yield Finding(folder.exists(), f"the IDE is built in {folder}")
            yield _files(settings())
            if for_production:
                yield from production.examine(settings(), url, processes)
    except (ValidationError, SettingsError) as error:
        yield from (Finding(False, problem) for problem in problems(error))
    except EmbeddedPostgresError as error:
        yield Finding(False, str(error))
    except psycopg.OperationalError as error:
        yield Finding(False, f"the database does not answer: {' '.join(str(error).split())}")


def _files(found: Settings) -> Finding:
    from cairn.composition import storage

    problem = asyncio.run(storage(found).problem())
    where = f"the bucket {found.storage.bucket}" if found.storage.bucket else str(found.storage.folder)
    return Finding(problem is None, problem or f"files can be kept in {where}")


def _database(url: str) -> Iterator[Finding]:
    with psycopg.connect(url, connect_timeout=10) as connection:
        version = connection.info.server_version
        missing = [role for role in ROLES if not _may_act_as(connection, role)]
    yield Finding(version >= 150000, f"PostgreSQL {version // 10000} answers (15 or newer is needed)")
    yield Finding(
        not missing, f"may act as {', '.join(ROLES)}" if not missing else f"may not act as {', '.join(missing)}"
    )
    current, head = running.current(url), running.heads()[0]
    text = f"migrations: the database is at {current or 'none'}, the code at {head}"
    yield Finding(current == head, text if current == head else f"{text}; run cairn migrate")


def _may_act_as(connection: psycopg.Connection[tuple[object, ...]], role: str) -> bool:
    # Since PostgreSQL 16 a member may act as a role only where the membership says so.
    right = "MEMBER" if connection.info.server_version < 160000 else "SET"
    query = "SELECT pg_has_role(rolname, %s) FROM pg_roles WHERE rolname = %s"
    row = connection.execute(query, (right, role)).fetchone()
    return bool(row and row[0])
