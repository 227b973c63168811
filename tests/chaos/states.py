"""What stands in a database, whole: to see that nothing has changed, and to go back."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from core.tables import table_of
from models import TABLES

# Tries stay counted, whatever becomes of them.
_COUNTS = "rate_limit"
# Table to its rows, each as a line of text.
State = Mapping[str, frozenset[str]]


class States:
    """Looks at a database as its owner, and puts it back into an earlier state."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("SET session_replication_role = replica")
        self._names = sorted({table_of(model).name for model in TABLES} - {_COUNTS})

    def close(self) -> None:
        """Ends it."""
        self._connection.close()

    def now(self) -> State:
        """Everything that stands there, from one snapshot."""
        with self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            return {name: self._rows(name) for name in self._names}

    def go_back(self, state: State) -> None:
        """Makes everything what it was."""
        now = self.now()
        with self._connection.transaction():
            for name in self._names:
                if now[name] != state[name]:
                    self._fill(name, state[name])

    def forget_tries(self) -> None:
        """Lets everything be tried as if it were the first time."""
        self._connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(_COUNTS)))

    def _rows(self, name: str) -> frozenset[str]:
        with self._connection.cursor() as cursor, cursor.copy(_copy(name, "TO STDOUT")) as copy:
            return frozenset(bytes(line).decode() for line in copy)

    def _fill(self, name: str, rows: frozenset[str]) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            with cursor.copy(_copy(name, "FROM STDIN")) as copy:
                for row in rows:
                    copy.write(row)


def changed(before: State, after: State) -> dict[str, int]:
    """The tables that are not what they were, with how many more rows they have."""
    return {name: len(after[name]) - len(rows) for name, rows in before.items() if after[name] != rows}


def _copy(name: str, way: str) -> sql.Composed:
    return sql.SQL("COPY {} {}").format(sql.Identifier(name), sql.SQL(way))
