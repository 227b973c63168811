"""Running something against a database of the real kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.support.databases import with_database
from tests.support.servers import cloned

Run = Callable[..., Any]


@pytest.fixture(scope="session")
def core_database(database_server: tuple[str, str]) -> Iterator[str]:
    """A migrated database for the tests of this folder."""
    with cloned(*database_server) as url:
        yield url


@pytest.fixture
def run(core_database: str) -> Run:
    """`run(work)` awaits `work(database)` on an empty database; further arguments go to `Database`."""
    with psycopg.connect(core_database) as connection:
        connection.execute('TRUNCATE "user", content CASCADE')

    return partial(with_database, core_database)
