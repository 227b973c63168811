"""Reading the log of facts in SQL, as its owner sees it."""

from __future__ import annotations

from typing import Any

import psycopg

from resolvers import events
from tests.support.databases import as_service, with_database
from workers.housekeeping import forget_facts

__all__ = ["as_service"]


def sql(url: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement of the owner."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, values)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


def recorded(url: str) -> list[str]:
    """The types of all facts, in the order of their recording."""
    return [kind for (kind,) in sql(url, "SELECT type FROM fact ORDER BY recorded")]


def positions(url: str) -> list[int]:
    """The places that were given, in order."""
    return [place for (place,) in sql(url, "SELECT position FROM fact WHERE position IS NOT NULL ORDER BY position")]


def place(url: str, most: int = 500) -> int:
    """One round of the relay's placing; answers how many facts were placed."""
    placed = with_database(url, lambda database: events.place(database, most))
    if placed is None:
        as_service(url, events.begin)
    return len(placed or ())


def age(url: str, days: int, until: int) -> None:
    """Makes the facts up to a place so many days older."""
    older = "UPDATE fact SET created_at = created_at - make_interval(days => %s) WHERE position <= %s"
    sql(url, older, days, until)


def forget(url: str, days: int = 30) -> None:
    """Does what the clock has done every night: the log forgets what is older than so many days."""
    with_database(url, lambda database: forget_facts(database, days))
