"""A database's structure as comparable text, read from PostgreSQL's own catalogue.

Alembic's comparison leaves out check constraints, deferrability, policies and grants; this one leaves out nothing the
house relies on, so two databases with equal catalogues behave alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
       CASE WHEN a.attidentity <> '' THEN ' IDENTITY' WHEN a.attgenerated <> '' THEN ' GENERATED' ELSE '' END
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
"""
_CONSTRAINTS = """
SELECT c.relname, k.conname, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND k.contype <> 'n'
"""
_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
_SECURITY = """
SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""
_POLICIES = """
SELECT tablename, policyname, CASE permissive WHEN 'RESTRICTIVE' THEN 'AS RESTRICTIVE ' ELSE '' END, cmd,
       array_to_string(roles, ', '), qual, with_check
FROM pg_policies WHERE schemaname = 'public'
"""
# Of whole tables and of single columns, to whomever but the owner.
_GRANTS = """
WITH lists AS (
  SELECT relname, relowner, '' AS part, relacl AS list FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
  UNION ALL
  SELECT relname, relowner, ' (' || quote_ident(attname) || ')', attacl
  FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
)
SELECT relname, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type || part,
       CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM lists, aclexplode(list) WHERE grantee <> relowner
"""
# What the house does without; should one stand there, it shows.
_OTHERS = """
SELECT relname, CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                             WHEN 'f' THEN 'foreign table' ELSE 'type' END,
       CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) ELSE '' END
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'S', 'f', 'c')
UNION ALL
SELECT proname || '(' || pg_get_function_identity_arguments(oid) || ')', 'function',
       CASE prokind WHEN 'a' THEN '' ELSE pg_get_functiondef(oid) END
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT relname, 'trigger', pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal
UNION ALL
SELECT typname, 'type', array_to_string(ARRAY(SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid
                                              ORDER BY enumsortorder), ', ')
FROM pg_type t WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd', 'r')
"""


class Piece(NamedTuple):
    """Names one thing about a table: a policy, a grant or the switch of its fence, or a check."""

    table: str
    kind: str
    name: str


@dataclass
class Catalog:
    """`lines` describe the structure; `fence` and `fence_undo` hold the DDL that makes and unmakes each piece of that.

    `checks` holds the DDL of the check constraints.
    """

    tables: set[str] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)
    checks: dict[Piece, str] = field(default_factory=dict)
    fence: dict[Piece, str] = field(default_factory=dict)
    fence_undo: dict[Piece, str] = field(default_factory=dict)


def read_catalog(connection: sa.Connection) -> Catalog:
    """Reads the structure of the `public` schema, Alembic's own table aside."""
    found = Catalog()
    for table, name, kind, required, default, made in _rows(connection, _COLUMNS):
        found.tables.add(table)
        found.lines.add(f"column {table}.{name} {kind}{' NOT NULL' if required else ''} DEFAULT {default}{made}")
    for table, name, definition in _rows(connection, _CONSTRAINTS):
        found.lines.add(f"constraint {table}.{name} {definition}")
        if definition.startswith("CHECK"):
            found.checks[Piece(table, "check", name)] = f'ALTER TABLE "{table}" ADD CONSTRAINT {name} {definition}'
    for _table, _name, definition in _rows(connection, _INDEXES):
        found.lines.add(f"index {definition}")
    for name, kind, definition in _rows(connection, _OTHERS):
        found.lines.add(f"{kind} {name} {definition}".rstrip())
    _read_fence(connection, found)
    found.lines.update(found.fence.values())
    return found


def difference(migrated: Catalog, declared: Catalog) -> list[str]:
    """What stands in only one of the two, sorted."""
    only_migrated = [f"- {line}" for line in sorted(migrated.lines - declared.lines)]
    return only_migrated + [f"+ {line}" for line in sorted(declared.lines - migrated.lines)]


def _read_fence(connection: sa.Connection, found: Catalog) -> None:
    for table, enabled, forced in _rows(connection, _SECURITY):
        for word, on in (("ENABLE", enabled), ("FORCE", forced)):
            if on:
                undo = "DISABLE" if word == "ENABLE" else "NO FORCE"
                key = Piece(table, "security", word)
                found.fence[key] = f'ALTER TABLE "{table}" {word} ROW LEVEL SECURITY'
                found.fence_undo[key] = f'ALTER TABLE "{table}" {undo} ROW LEVEL SECURITY'
    for table, role, privilege, option in _rows(connection, _GRANTS):
        key = Piece(table, "grant", f"{role} {privilege}")
        found.fence[key] = f'GRANT {privilege} ON "{table}" TO {role}{option}'
        found.fence_undo[key] = f'REVOKE {privilege} ON "{table}" FROM {role}'
    for table, name, restrictive, command, roles, using, check in _rows(connection, _POLICIES):
        key = Piece(table, "policy", name)
        clauses = (f" USING ({using})" if using else "") + (f" WITH CHECK ({check})" if check else "")
        found.fence[key] = f'CREATE POLICY {name} ON "{table}" {restrictive}FOR {command} TO {roles}{clauses}'
        found.fence_undo[key] = f'DROP POLICY {name} ON "{table}"'


def _rows(connection: sa.Connection, query: str) -> list[Any]:
    rows = connection.exec_driver_sql(query).all()
    return sorted((row for row in rows if row[0] != "alembic_version"), key=str)
