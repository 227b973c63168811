"""`cairn migrate --new` on changed models writes a migration that leads to exactly what they declare."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cairn.settings import PROJECT
from migrations import running
from tests.migrations.conftest import Scratch

ROOMS = ("cairn", "core", "gateways", "graph", "migrations", "models", "resolvers", "workers")
# Prints how the way up, the way back and the way up again differ from where they should end.
UP_DOWN_UP = """
import sys
from alembic import command
from migrations import running

url, declared, old, revision = sys.argv[1:]
running.build_declared(declared)
running.upgrade(old, revision)
for to, goal in (("head", declared), (revision, old), ("head", declared)):
    with running.connect(url) as connection:
        step = command.downgrade if to == revision else command.upgrade
        step(running.config(connection), to)
        connection.commit()
    for line in running.compare(url, goal):
        # What led here was written by PostgreSQL, which words a list of values anew when it reads its own words.
        if goal is declared or "ARRAY[" not in line:
            print(to, line)
"""

NEW_TABLE = '''

class Sticker(Staged, table=True):
    """Something new."""

    __tablename__ = "sticker"
    __tag__ = 0x0FF
    __parents__: ClassVar = (("lesson_id", Lesson),)
    __table_args__ = staged_args(sa.CheckConstraint("size > 0", name="size"), parents=(("lesson_id", "lesson"),))

    lesson_id: str = id_column()
    position: int = Field(default=1, ge=1, description="Sort key.")
    season: Season = enum_column(Season, Season.ANY, description="When.")
    size: int = Field(ge=1, description="How large.")
'''
# File, what stands there, what shall stand there instead.
CHANGES = (
    # A new column with a rule of its own, and one with the values of an enum.
    (
        "models/curriculum.py",
        '    name: Title = Field(max_length=200, description="The milestone\'s name.")\n',
        '    name: Title = Field(max_length=250, description="The milestone\'s name.")\n'
        '    colour: str | None = Field(default=None, max_length=7, description="Of its badge.")\n'
        "    mood: Season | None = Field(\n"
        "        default=None,\n"
        '        sa_type=sa.Enum("up", "down", name="mood", native_enum=False, create_constraint=True, length=40),\n'
        '        description="How it feels.",\n'
        "    )\n",
    ),
    # A changed rule, and a rule that went.
    ("models/curriculum.py", '"start_day >= 1 AND end_day >= start_day"', '"start_day >= 0 AND end_day >= start_day"'),
    (
        "models/curriculum.py",
        '        sa.CheckConstraint("minutes IS NULL OR minutes BETWEEN 1 AND 10000", name="minutes"),\n',
        '        sa.Index(None, "slug"),\n',
    ),
    # One more value of an enum, as for a new format of blocks.
    ("models/curriculum.py", '    WINTER = "winter"\n', '    WINTER = "winter"\n    MONSOON = "monsoon"\n'),
    # A default of the database.
    (
        "models/curriculum.py",
        '    is_preview: bool = Field(default=False, description="Whether it may be read before enrolling.")\n',
        "    is_preview: bool = Field(\n"
        '        default=False, sa_column_kwargs={"server_default": sa.false()}, description="Whether."\n'
        "    )\n",
    ),
    # Another fence, and another table.
    (
        "models/audit.py",
        "__policies__ = (Ledger(), StaffRead(Scope.AUDIT_READ))",
        "__policies__ = (Ledger(), StaffRead(Scope.USER_MANAGE, \"action <> 'look'\"))",
    ),
    ("models/__init__.py", "    ExternalRef,\n    ImportJob,", "    Sticker,\n    ExternalRef,\n    ImportJob,"),
    ("models/__init__.py", "Module, Scale, Theme", "Module, Scale, Sticker, Theme"),
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project's rooms, to change at will."""
    for room in ROOMS:
        shutil.copytree(PROJECT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def _change(copy: Path) -> None:
    for name, old, new in CHANGES:
        path = copy / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} holds {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")
    curriculum = copy / "models" / "curriculum.py"
    curriculum.write_text(curriculum.read_text(encoding="utf-8") + NEW_TABLE, encoding="utf-8")


def _run(copy: Path, server: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": server, "PYTHONPATH": str(copy)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=120)


def test_a_written_migration_leads_to_the_changed_models_and_back(
    copy: Path, database_server: tuple[str, str], scratch: Scratch
) -> None:
    before = set((copy / "migrations" / "versions").glob("*.py"))
    _change(copy)
    written = _run(copy, database_server[0], "-m", "cairn", "migrate", "--new", "stickers and moods")
    assert written.returncode == 0, written.stderr
    made = set((copy / "migrations" / "versions").glob("*.py")) - before
    assert [path.name for path in made] == [f"{len(before) + 1:04d}_stickers_and_moods.py"]
    gone_through = _run(copy, database_server[0], "-c", UP_DOWN_UP, scratch(), scratch(), scratch(), running.heads()[0])
    assert (gone_through.stdout, gone_through.returncode) == ("", 0), gone_through.stderr + made.pop().read_text()
