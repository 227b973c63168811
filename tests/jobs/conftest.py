"""A database of one's own, with a table for effects."""

from __future__ import annotations

import pytest

from tests.jobs.crews import prepared


@pytest.fixture
def url(fresh_database: str) -> str:
    """The database's address."""
    return prepared(fresh_database)
