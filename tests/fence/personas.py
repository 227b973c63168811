"""Who stands before the fence, and how somebody acts in raw SQL as the application would for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors, sql

from core.policies import API, PUBLIC, SERVICE
from models.identity import Role, Scope
from resolvers.identity import scopes_of

Owner = psycopg.Connection[tuple[Any, ...]]
Outcome = int | None


@dataclass(frozen=True)
class Persona:
    """A database role with the settings that say for whom it acts."""

    role: str
    user_id: str = ""
    scopes: frozenset[str] = frozenset()
    within: frozenset[str] = frozenset()
    actor_id: str = ""


def personas(users: Mapping[Role, str]) -> dict[str, Persona]:
    """Everybody the matrix speaks of, and the halves of an editor."""
    return {
        "anonymous": Persona(PUBLIC),
        "learner": Persona(API, users[Role.LEARNER]),
        "editor": Persona(API, users[Role.EDITOR], scopes_of([Role.EDITOR])),
        "admin": Persona(API, users[Role.ADMIN], scopes_of([Role.ADMIN])),
        "service": Persona(SERVICE),
        "writer": Persona(API, users[Role.EDITOR], frozenset({Scope.CONTENT_EDIT.value})),
        "publisher": Persona(API, users[Role.EDITOR], frozenset({Scope.CONTENT_PUBLISH.value})),
        "nobody": Persona(API),
    }


@contextmanager
def acting_as(owner: Owner, who: Persona) -> Iterator[Owner]:
    """The owner's connection as somebody else, in a transaction that leaves nothing behind."""
    with owner.transaction(force_rollback=True):
        become(owner, who)
        yield owner


def become(owner: Owner, who: Persona) -> None:
    """Turns the open transaction into one of somebody's, the way the application does it."""
    owner.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(who.role)))
    if who.role == API:
        owner.execute("SELECT set_config('cairn.viewer_id', %s, true)", (who.user_id,))
        owner.execute("SELECT set_config('cairn.scopes', %s, true)", (" ".join(sorted(who.scopes)),))
        owner.execute("SELECT set_config('cairn.within', %s, true)", (" ".join(sorted(who.within)),))
        owner.execute("SELECT set_config('cairn.actor_id', %s, true)", (who.actor_id,))


def attempt(connection: Owner, statement: str, table: str, values: Mapping[str, Any] | None = None) -> Outcome:
    """How many rows a statement about `{table}` reads or touches; None when it is refused. Leaves nothing behind.

    A row that only a key or a check holds back has passed the fence.
    """
    try:
        with connection.transaction(force_rollback=True):
            return connection.execute(sql.SQL(statement).format(table=sql.Identifier(table)), values).rowcount
    except errors.InsufficientPrivilege:
        return None
    except errors.IntegrityError:
        return 1


def row_of(owner: Owner, table: str, condition: str, values: Mapping[str, Any]) -> str:
    """One whole row, as the JSON text that `INSERT_ROW` takes."""
    query = sql.SQL("SELECT to_jsonb(found)::text FROM {} AS found WHERE " + condition)
    found = owner.execute(query.format(sql.Identifier(table)), values).fetchone()
    assert found is not None, f"{table} has no such row"
    return str(found[0])


INSERT_ROW = "INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, %(row)s::jsonb)).*"


def effective(owner: Owner, who: Persona, table: str, condition: str, values: Mapping[str, Any]) -> set[str]:
    """The commands with which somebody can change a row: INSERT is tried with the row out of the way."""
    row = row_of(owner, table, condition, values)
    may = set()
    for command, statement in (
        ("UPDATE", "UPDATE {table} SET updated_at = updated_at WHERE " + condition),
        ("DELETE", "DELETE FROM {table} WHERE " + condition),
    ):
        with acting_as(owner, who):
            if attempt(owner, statement, table, values):
                may.add(command)
    with owner.transaction(force_rollback=True):
        owner.execute("SET CONSTRAINTS ALL DEFERRED")
        owner.execute("SET LOCAL session_replication_role = replica")
        owner.execute(sql.SQL("DELETE FROM {} WHERE " + condition).format(sql.Identifier(table)), values)
        owner.execute("SET LOCAL session_replication_role = origin")
        become(owner, who)
        if attempt(owner, INSERT_ROW, table, {"row": row}):
            may.add("INSERT")
    return may


def sees(owner: Owner, who: Persona, table: str, condition: str, values: Mapping[str, Any]) -> bool:
    """Whether somebody's SELECT finds the row."""
    with acting_as(owner, who):
        return bool(attempt(owner, "SELECT id FROM {table} WHERE " + condition, table, values))
