"""The ways up and down, one process or several at a time."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic import command

from cairn.settings import PROJECT
from migrations import running
from migrations.catalog import read_catalog
from migrations.head import head
from tests.migrations.conftest import Scratch

UPGRADE = "import sys; from migrations import running; running.upgrade(sys.argv[1])"


def _downgrade(url: str, to: str) -> None:
    with running.connect(url) as connection:
        command.downgrade(running.config(connection), to)
        connection.commit()


def test_there_is_one_newest_migration() -> None:
    assert len(running.heads()) == 1
    assert running.revisions()[-1] == running.heads()[0] == head()


@pytest.mark.parametrize("revision", running.revisions())
def test_from_every_revision_the_way_up_ends_where_the_models_are(
    scratch: Scratch, declared_url: str, revision: str
) -> None:
    url = scratch()
    running.upgrade(url, revision)
    assert running.current(url) == revision
    running.upgrade(url)
    assert running.current(url) == running.heads()[0]
    assert running.compare(url, declared_url) == []


def test_an_upgrade_that_was_done_before_changes_nothing(scratch: Scratch) -> None:
    url, once = scratch(), scratch()
    running.upgrade(once)
    for _ in range(2):
        running.upgrade(url)
    assert running.compare(url, once) == []


def test_every_migration_can_be_taken_back_and_applied_again(scratch: Scratch, declared_url: str) -> None:
    url = scratch()
    for revision in running.revisions():
        running.upgrade(url, revision)
        _downgrade(url, "-1")
        running.upgrade(url, revision)
    assert running.compare(url, declared_url) == []


def test_at_the_bottom_nothing_is_left(scratch: Scratch) -> None:
    url = scratch()
    running.upgrade(url)
    _downgrade(url, "base")
    with running.connect(url) as connection:
        assert read_catalog(connection).lines == set()


def test_a_database_that_was_never_migrated_stands_nowhere(scratch: Scratch) -> None:
    assert running.current(scratch()) is None


def test_four_processes_may_upgrade_one_empty_database_at_once(scratch: Scratch, declared_url: str) -> None:
    url = scratch()
    upgrade = [sys.executable, "-c", UPGRADE, url]
    processes = [subprocess.Popen(upgrade, cwd=PROJECT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in processes]
    assert ended == [("", 0)] * 4
    assert running.compare(url, declared_url) == []
