"""Running migrations: up to head, one new file, and the check that they build what the models declare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.operations import ops
from alembic.script import ScriptDirectory

import models
from core.policies import ROLES, statements
from core.tables import metadata, table_of
from migrations.catalog import Catalog, difference, read_catalog

# Any number of processes may start at once; one migrates, the others wait for it.
_LOCK_KEY = 0x6361_6972_6E


@contextmanager
def connect(url: str) -> Iterator[sa.Connection]:
    """A SQLAlchemy connection on any libpq connection string."""
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def config(connection: sa.Connection | None = None, **attributes: Any) -> Config:
    """Alembic's configuration, without an ini file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.set_main_option("path_separator", "os")
    made.attributes.update(attributes, connection=connection)
    return made


def heads() -> list[str]:
    """The newest migrations; there must be one."""
    return list(ScriptDirectory.from_config(config()).get_heads())


def revisions() -> list[str]:
    """Every migration, oldest first."""
    return [script.revision for script in reversed(list(ScriptDirectory.from_config(config()).walk_revisions()))]


def upgrade(url: str, to: str = "head") -> None:
    """Brings the database up to a revision, one process at a time. Safe to repeat."""
    with connect(url) as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
        connection.commit()
        command.upgrade(config(connection), to)
        connection.commit()


def current(url: str) -> str | None:
    """The revision the database stands at, or None when it was never migrated."""
    with connect(url) as connection:
        if not connection.execute(sa.text("SELECT to_regclass('alembic_version')")).scalar():
            return None
        found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        return found


def build_declared(url: str) -> None:
    """Builds in an empty database exactly what the models declare, policies included, without any migration."""
    with connect(url) as connection:
        for statement in role_statements():
            connection.exec_driver_sql(statement)
        metadata.create_all(connection)
        for model in models.TABLES:
            for statement in statements(table_of(model).name, model.__policies__):
                connection.exec_driver_sql(statement)
        connection.commit()


def role_statements() -> list[str]:
    """DDL that makes the application's roles where the cluster lacks them and lets the owner act as them."""
    made = []
    for role in ROLES:
        made.append(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        made.append(f"GRANT {role} TO CURRENT_USER")
        made.append(f"GRANT USAGE ON SCHEMA public TO {role}")
    return made


def compare(migrated: str, declared: str) -> list[str]:
    """Lines that say how two databases differ: `-` stands only in the migrated one, `+` only in the declared one."""
    return difference(_catalog(migrated), _catalog(declared))


def new(message: str, migrated: str, declared: str) -> Path:
    """Writes the migration that leads from the migrated database to the declared one, policies and grants included."""
    before, after = _catalog(migrated), _catalog(declared)

    def add_policies(_context: Any, _revision: Any, directives: list[ops.MigrationScript]) -> None:
        script = directives[0]
        assert script.upgrade_ops is not None
        assert script.downgrade_ops is not None
        script.upgrade_ops.ops.extend(ops.ExecuteSQLOp(line) for line in _fence_changes(before, after))
        script.downgrade_ops.ops[:0] = [ops.ExecuteSQLOp(line) for line in _fence_changes(after, before)]

    with connect(migrated) as connection:
        script = command.revision(
            config(connection, process_revision_directives=add_policies),
            message,
            autogenerate=True,
            rev_id=f"{len(revisions()) + 1:04d}",
        )
    if script is None or isinstance(script, list):
        raise RuntimeError("Alembic wrote no single migration.")
    return Path(script.path)


def _catalog(url: str) -> Catalog:
    with connect(url) as connection:
        return read_catalog(connection)


def _fence_changes(before: Catalog, after: Catalog) -> list[str]:
    """DDL from one fence to the other. Tables that vanish take their fence along."""
    changed = [key for key in before.fence if before.fence[key] != after.fence.get(key)]
    gone = [before.fence_undo[key] for key in changed if key.table in after.tables]
    come = [line for key, line in after.fence.items() if before.fence.get(key) != line]
    return gone + come
