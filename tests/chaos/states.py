"""What stands in a database, whole: to see that nothing has changed, and to go back."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from core.tables import table_of
from models import TABLES

# Tries stay counted, whatever becomes of them.
_COUNTS = "rate_limit"
# Table to its rows, each as PostgreSQL writes a row.
State = Mapping[str, frozenset[str]]


class States:
    """Looks at a database as its owner, and puts it back into an earlier state."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("SET session_replication_role = replica")
        tables = {table_of(model).name: table_of(model) for model in TABLES}
        del tables[_COUNTS]
        self._columns = {
            name: sql.SQL(", ").join(sql.Identifier(each.name) for each in table.c if each.computed is None)
            for name, table in sorted(tables.items())
        }
        # All of it by one statement, which is planned once: there are many tables, and most are empty.
        one = "SELECT {}, array_agg(stands::text) FROM {} AS stands HAVING count(*) > 0"
        self._all = sql.SQL(" UNION ALL ").join(
            sql.SQL(one).format(sql.Literal(name), sql.Identifier(name)) for name in tables
        )

    def close(self) -> None:
        """Ends it."""
        self._connection.close()

    def now(self) -> State:
        """Everything that stands there, from one snapshot."""
        found = self._connection.execute(self._all, prepare=True)
        return dict.fromkeys(self._columns, frozenset()) | {name: frozenset(rows) for name, rows in found}

    def go_back(self, state: State) -> None:
        """Makes everything what it was."""
        now = self.now()
        with self._connection.transaction():
            for name, rows in state.items():
                if now[name] != rows:
                    self._take_out(name, now[name] - rows)
                    self._put_in(name, rows - now[name])

    def forget_tries(self) -> None:
        """Lets everything be tried as if it were the first time."""
        self._connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(_COUNTS)))

    def _take_out(self, name: str, rows: frozenset[str]) -> None:
        statement = sql.SQL("DELETE FROM {} AS stands WHERE stands::text = ANY (%s)").format(sql.Identifier(name))
        self._connection.execute(statement, [list(rows)])

    def _put_in(self, name: str, rows: frozenset[str]) -> None:
        statement = sql.SQL(
            "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
            " SELECT {columns} FROM (SELECT (row::{table}).* FROM unnest(%s::text[]) AS row) AS rows"
        ).format(table=sql.Identifier(name), columns=self._columns[name])
        self._connection.execute(statement, [list(rows)])


def changed(before: State, after: State) -> dict[str, int]:
    """The tables that are not what they were, with how many more rows they have."""
    return {name: len(after[name]) - len(rows) for name, rows in before.items() if after[name] != rows}
