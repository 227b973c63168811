"""People who act, and whoever looks at what was written down about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.identity.conftest import doorkeeper, newcomer, post, staff, visitor

__all__ = ["doorkeeper", "newcomer", "post", "staff", "visitor"]


class Log:
    """The audit log of a database, as its owner reads it."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self._connection = connection

    def entries(self) -> list[dict[str, Any]]:
        """All entries, oldest first."""
        return self._connection.execute("SELECT * FROM audit_log ORDER BY id").fetchall()

    def count(self) -> int:
        """How many entries there are."""
        return len(self._connection.execute("SELECT id FROM audit_log").fetchall())

    def newest(self) -> dict[str, Any]:
        """The newest entry."""
        return self.entries()[-1]


@pytest.fixture
def log(database_url: str, empty: None) -> Iterator[Log]:
    """The log, which starts empty."""
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        yield Log(connection)
