"""An importer over this worker's database, and a small course to import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.importing.habits import Habits
from tests.importing.running import Importer, Tree
from tests.support.clients import Client


@pytest.fixture
def importer(database_url: str, empty: None) -> Importer:
    """Imports into the database behind the running application, which is empty at first."""
    return Importer(database_url)


@pytest.fixture
def habits(tmp_path: Path) -> Habits:
    """A small course, to be changed at will."""
    return Habits(tmp_path / "habits")


@pytest.fixture
def draft(editor: Client, importer: Importer) -> Callable[[], Tree]:
    """`draft()` is the imported course as editors see it now."""

    def look() -> Tree:
        [row] = importer.rows("SELECT id::text FROM content WHERE kind = 'course'")
        return Tree.draft(editor, row.id)

    return look
