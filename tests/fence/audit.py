"""What is wrong with a database's fence, line by line: the check that every table of the house has to pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

import models
from core.policies import ROLES, Shape, statements
from core.tables import metadata, table_of
from migrations.catalog import read_catalog
from models.content import Staged

Declarations = tuple[tuple[str, tuple[Shape, ...], tuple[str, ...], tuple[str, ...]], ...]
COMMANDS = {"SELECT", "INSERT", "UPDATE", "DELETE"}
# Alembic's own table: one row, no secret, read by the service for the readiness page.
UNFENCED = {"alembic_version"}


def breaches(connection: sa.Connection) -> list[str]:
    """Every way in which the database's fence is not the declared one; an empty list when it stands."""
    return [
        *_registration(connection),
        *_switches(connection),
        *_grants(connection),
        *_declarations(connection),
        *_stages(connection),
        *_ways_around(connection),
        *_roles(connection),
    ]


def _registration(connection: sa.Connection) -> Iterator[str]:
    """Tables that stand in only one of: the database, the models, the list of tables."""
    there = set(_column(connection, _TABLES)) - UNFENCED
    listed = {table_of(model).name for model in models.TABLES}
    for name in sorted(there - listed):
        yield f"{name} stands in the database and not in models.TABLES"
    for name in sorted(listed - there):
        yield f"{name} stands in models.TABLES and not in the database"
    for name in sorted(set(metadata.tables) - listed):
        yield f"{name} is a model's table and not in models.TABLES"


def _switches(connection: sa.Connection) -> Iterator[str]:
    for name, enabled, forced, policies in _rows(connection, _SWITCHES):
        if name in UNFENCED:
            continue
        if not enabled:
            yield f"{name} has no row-level security"
        if not forced:
            yield f"{name} does not force row-level security on its owner"
        if not policies:
            yield f"{name} has no policy"


def _grants(connection: sa.Connection) -> Iterator[str]:
    """Privileges that no policy answers for, that no policy can judge, or of roles that nobody declared."""
    policies = list(_rows(connection, _POLICY_ROLES))
    for table, privilege, role in _rows(connection, _PRIVILEGES):
        if table in UNFENCED and (role, privilege) == ("cairn_service", "SELECT"):
            continue
        if role not in ROLES:
            yield f"{role} may {privilege} on {table}, and is no role of the application"
        elif privilege not in COMMANDS:
            yield f"{role} may {privilege} on {table}, which no policy judges"
        elif not any(each.table == table and each.role == role and each.command == privilege for each in policies):
            yield f"{role} may {privilege} on {table} without a policy"
    for each in policies:
        if each.role not in ROLES:
            yield f"the policy {each.name} on {each.table} speaks of {each.role}, no role of the application"
        if each.command not in COMMANDS:
            yield f"the policy {each.name} on {each.table} is for all commands at once"


def _declarations(connection: sa.Connection) -> Iterator[str]:
    """The fence as PostgreSQL tells it, and as it tells the declared one."""
    there = set(_column(connection, _TABLES))
    declarations = tuple(
        (table_of(model).name, model.__policies__, tuple(table_of(model).c.keys()), model.__hidden__)
        for model in models.TABLES
    )
    found, declared = _fence(connection), _declared(connection, tuple(d for d in declarations if d[0] in there))
    for line in sorted(found - declared):
        yield f"stands only in the database: {line}"
    for line in sorted(declared - found):
        yield f"is only declared: {line}"


_known: dict[Declarations, set[str]] = {}


def _declared(connection: sa.Connection, declarations: Declarations) -> set[str]:
    """The declared fence in PostgreSQL's own words: made for a moment in place of the real one, and undone."""
    if declarations not in _known:
        with connection.begin_nested() as moment:
            for statement in _column(connection, _UNDO):
                connection.exec_driver_sql(statement)
            for declaration in declarations:
                for ddl in statements(*declaration):
                    connection.exec_driver_sql(ddl)
            _known[declarations] = _fence(connection)
            moment.rollback()
    return _known[declarations]


def _fence(connection: sa.Connection) -> set[str]:
    return set(read_catalog(connection).fence.values())


def _stages(connection: sa.Connection) -> Iterator[str]:
    """Foreign keys between staged tables that leave out the stage, and parents without any foreign key."""
    staged = {table_of(model).name: model for model in models.TABLES if issubclass(model, Staged)}
    carried: set[tuple[str, str, str]] = set()
    for key in _rows(connection, _FOREIGN_KEYS):
        if key.table not in staged or key.target not in staged:
            continue
        pairs = list(zip(key.columns, key.targets, strict=True))
        if ("stage", "stage") in pairs:
            carried.update((key.table, column, key.target) for column, target in pairs if target == "id")
        else:
            yield f"the foreign key {key.name} on {key.table} leaves out the stage"
    for name, model in staged.items():
        for column, parent in _referring(model):
            if (name, column, parent) not in carried:
                yield f"{name}.{column} refers to {parent} without a foreign key that carries the stage"


def _referring(model: type[Staged]) -> Iterator[tuple[str, str]]:
    """(column, table) of everything a staged model refers to: its parent, and what its columns are named after."""
    for column, parent in model.__parents__:
        yield column, table_of(parent).name
    names = {table_of(each).name for each in models.TABLES if issubclass(each, Staged)}
    for column in (each.name for each in table_of(model).c):
        word = column.removesuffix("_id").rpartition("_")[2]
        if column.endswith("_id") and word in names:
            yield column, word


def _ways_around(connection: sa.Connection) -> Iterator[str]:
    """What would read a fenced table with somebody else's rights."""
    for kind, name in _rows(connection, _AROUND):
        yield f"{name} is a {kind}, which may lead around the fence"


def _roles(connection: sa.Connection) -> Iterator[str]:
    for role in ROLES:
        found = _rows(connection, _ROLE, role=role)
        if not found:
            yield f"the role {role} is missing"
        for attribute in found[0][0] if found else ():
            yield f"the role {role} has the attribute {attribute}"
    for role, group in _rows(connection, _MEMBERSHIPS):
        if role in ROLES:
            yield f"the role {role} is a member of {group}"


def _rows(connection: sa.Connection, query: str, **values: Any) -> list[Any]:
    return list(connection.execute(sa.text(query), values).all())


def _column(connection: sa.Connection, query: str) -> list[str]:
    return [row[0] for row in _rows(connection, query)]


_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
_SWITCHES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
       (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname
"""
_POLICY_ROLES = """
SELECT tablename AS "table", policyname AS name, cmd AS command, unnest(roles) AS role
FROM pg_policies WHERE schemaname = 'public'
"""
# Of tables, and of single columns, straight from the access control lists.
_PRIVILEGES = """
WITH lists AS (
  SELECT c.oid, c.relname, c.relowner, c.relacl AS acl FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT c.oid, c.relname, c.relowner, a.attacl FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.relnamespace = 'public'::regnamespace AND a.attacl IS NOT NULL
)
SELECT DISTINCT relname AS "table", each.privilege_type AS privilege,
       CASE WHEN each.grantee = 0 THEN 'PUBLIC' ELSE each.grantee::regrole::text END AS role
FROM lists, aclexplode(lists.acl) AS each WHERE each.grantee <> lists.relowner ORDER BY 1, 2, 3
"""
_UNDO = """
SELECT format('DROP POLICY %I ON %I', policyname, tablename) FROM pg_policies WHERE schemaname = 'public'
UNION ALL
SELECT format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
UNION ALL
SELECT format('REVOKE ALL ON %I FROM cairn_public, cairn_api, cairn_service', relname) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""
_FOREIGN_KEYS = """
SELECT k.conname AS name, c.relname AS table, t.relname AS target,
       (SELECT array_agg(a.attname::text ORDER BY place) FROM unnest(k.conkey) WITH ORDINALITY AS n(number, place)
        JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.conrelid, n.number)) AS columns,
       (SELECT array_agg(a.attname::text ORDER BY place) FROM unnest(k.confkey) WITH ORDINALITY AS n(number, place)
        JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.confrelid, n.number)) AS targets
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
WHERE k.contype = 'f' AND c.relnamespace = 'public'::regnamespace
"""
_AROUND = """
SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialised view' ELSE 'foreign table' END, relname::text
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'f')
UNION ALL
SELECT 'function of its owner''s rights', proname::text FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND prosecdef
"""
_ROLE = """
SELECT array_remove(ARRAY[
    CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
    CASE WHEN rolcanlogin THEN 'LOGIN' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
    CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END], NULL)
FROM pg_roles WHERE rolname = :role
"""
_MEMBERSHIPS = "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members"
