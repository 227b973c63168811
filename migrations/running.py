"""Running migrations: up to head, one new file, and the check that they build what the models declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.operations import ops
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import AddConstraint

import models
from core.errors import DomainError
from core.policies import ROLES, create_policy, rules_of
from core.tables import fence_of, metadata, table_of
from migrations.catalog import Catalog, Piece, difference, read_catalog

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
    """Brings the database up to a revision, one process at a time. Safe to repeat.

    Raises `DomainError` when the database refuses, as for want of a right.
    """
    with connect(url) as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
        connection.commit()
        try:
            command.upgrade(config(connection), to)
        except sa.exc.DBAPIError as error:
            raise DomainError(f"The database refused to be migrated: {error.orig}", "MIGRATION_REFUSED") from error
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
            for statement in fence_of(model):
                connection.exec_driver_sql(statement)
        connection.commit()


def role_statements() -> list[str]:
    """DDL that makes the application's roles where the cluster lacks them and lets the owner act as them.

    Where both is so already, nothing is asked for that only a keeper of roles may do.
    """
    may_act = "CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END"
    made = []
    for role in ROLES:
        made.append(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN "
            f"CREATE ROLE {role} NOLOGIN; END IF; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        made.append(
            f"DO $$ BEGIN IF NOT pg_has_role('{role}', {may_act}) THEN GRANT {role} TO CURRENT_USER; END IF; END $$"
        )
        made.append(f"GRANT USAGE ON SCHEMA public TO {role}")
    return made


def compare(migrated: str, declared: str) -> list[str]:
    """Lines that say how two databases differ: `-` stands only in the migrated one, `+` only in the declared one."""
    return difference(_catalog(migrated), _catalog(declared))


def new(message: str, migrated: str, declared: str) -> Path:
    """Writes the migration that leads from the migrated database to the declared one.

    Alembic writes tables, columns, keys and indexes; checks, policies and grants are added here.
    """
    before, after = _catalog(migrated), _catalog(declared)

    def complete(_context: Any, _revision: Any, directives: list[ops.MigrationScript]) -> None:
        script = directives[0]
        up, down = (script.upgrade_ops, before, after), (script.downgrade_ops, after, before)
        for (steps, start, end), words in ((up, _own_words()), (down, {})):
            assert steps is not None
            # A policy or a check may speak of a column that goes or comes: it goes before that and comes after it.
            steps.ops[:0] = [ops.ExecuteSQLOp(line) for line in _removals(start, end)]
            steps.ops.extend(ops.ExecuteSQLOp(line) for line in _additions(start, end, words))

    with connect(migrated) as connection:
        script = command.revision(
            config(connection, process_revision_directives=complete),
            message,
            autogenerate=True,
            # Not how many there are: where several are written at once, numbers are left out.
            rev_id=f"{max(map(int, revisions()), default=0) + 1:04d}",
        )
    if script is None or isinstance(script, list):
        raise RuntimeError("Alembic wrote no single migration.")
    return Path(script.path)


def _catalog(url: str) -> Catalog:
    with connect(url) as connection:
        return read_catalog(connection)


def _removals(start: Catalog, end: Catalog) -> list[str]:
    """DDL that takes away what is not to stand in the end. Tables that vanish take their fence and checks along."""
    checks = [key for key, line in start.checks.items() if end.checks.get(key) != line and key.table in end.tables]
    fence = [key for key, line in start.fence.items() if end.fence.get(key) != line and key.table in end.tables]
    return [*(_drop_check(key) for key in checks), *(start.fence_undo[key] for key in fence)]


def _additions(start: Catalog, end: Catalog, words: Mapping[Piece, str]) -> list[str]:
    """DDL that makes what is missing, in the `words` that are given or else in PostgreSQL's own."""
    made = []
    for key, line in end.checks.items():
        # A new table brings its checks along.
        if start.checks.get(key) != line and key.table in start.tables:
            # And so do some new columns.
            made += [] if key in start.checks else [_drop_check(key)]
            made.append(words.get(key, line))
    return made + [words.get(key, line) for key, line in end.fence.items() if start.fence.get(key) != line]


def _drop_check(key: Piece) -> str:
    return f'ALTER TABLE "{key.table}" DROP CONSTRAINT IF EXISTS {key.name}'


def _own_words() -> dict[Piece, str]:
    """Policies and checks as they are declared: what PostgreSQL makes of them, it would write differently again."""
    words = {}
    dialect: Any = postgresql.dialect()  # type: ignore[no-untyped-call]
    for model in models.TABLES:
        table = table_of(model)
        for rule in rules_of(model.__policies__):
            words[Piece(table.name, "policy", rule.name)] = create_policy(table.name, rule)
        for check in (each for each in table.constraints if isinstance(each, sa.CheckConstraint)):
            name = dialect.identifier_preparer.format_constraint(check)
            add = AddConstraint(check, isolate_from_table=False).compile(dialect=dialect)
            words[Piece(table.name, "check", name)] = str(add)
    return words
