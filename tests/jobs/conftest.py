"""A database of one's own, with a table for effects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.jobs.crews import prepared
from tests.support.recycling import Databases


@pytest.fixture(scope="session")
def databases_for_effects(database_server: tuple[str, str]) -> Iterator[Databases]:
    """This worker's store of such databases."""
    made = Databases(*database_server, prepare=prepared)
    yield made
    made.close()


@pytest.fixture
def url(databases_for_effects: Databases) -> Iterator[str]:
    """The database's address."""
    with databases_for_effects.one() as url:
        yield url
