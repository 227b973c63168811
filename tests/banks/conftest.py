"""Those who import banks, and those who answer what was imported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.assessment.conftest import author, doorkeeper, grader, newcomer, post, staff, taker, visitor
from tests.importing.running import Importer

__all__ = ["author", "doorkeeper", "grader", "newcomer", "post", "staff", "taker", "visitor"]


@pytest.fixture
def importer(database_url: str, empty: None) -> Iterator[Importer]:
    """Imports into this worker's database."""
    made = Importer(database_url)
    yield made
    made.close()
