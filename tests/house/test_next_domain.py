"""How easy is the next domain? One is added to a copy of the house, and lives; what it touches is listed here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cairn.settings import PROJECT
from tests.migrations.conftest import Scratch, scratch

__all__ = ["scratch"]

ROOMS = ("cairn", "core", "gateways", "graph", "migrations", "models", "resolvers", "tests/support", "workers")
DOMAIN = Path(__file__).parent / "next_domain"
# The file on each floor; then what is added to the files that list things, each behind what stands there.
FILES = {"models/quizzes.py": "models.txt", "resolvers/quizzes.py": "resolvers.txt", "graph/quizzes.py": "graph.txt"}
FACTS = "QuizCreated, QuizMoved, QuizTrashed, QuizRestored, QuizPublished, QuizItemCreated"
LINES = (
    (".importlinter", "containers = models\nexhaustive = True\nlayers =\n    importing\n", "    quizzes\n"),
    (".importlinter", "containers = resolvers\nexhaustive = True\nlayers =\n    importing\n", "    quizzes\n"),
    (".importlinter", "    documents\n    schema\n", "    quizzes\n"),
    ("models/__init__.py", "from models.outbox import OutgoingMail\n", "from models.quizzes import Quiz, QuizItem\n"),
    ("models/__init__.py", "    AnswerKey,\n    ", "Quiz,\n    QuizItem,\n    "),
    ("models/events/__init__.py", "# Modules, lessons, blocks " + "-" * 92 + "\n", (DOMAIN / "events.txt").read_text()),
    ("models/events/log.py", '"module", "scale", "theme"', ', "quiz", "quiz_item"'),
    ("models/events/__init__.py", "FACTS: tuple[type[Fact], ...] = (", f"{FACTS}, "),
    ("models/events/log.py", '("assessment", "block", "course", ', '"quiz", "quiz_item", '),
    ("graph/schema.py", "from graph.node import NodeQuery\n", "from graph.quizzes import Quiz, QuizItem, QuizQuery\n"),
    ("graph/schema.py", "from graph import ", "quizzes, "),
    ("graph/schema.py", "Module, Lesson, ", "Quiz, QuizItem, "),
    ("graph/schema.py", "MUTATIONS = (", "*quizzes.MUTATIONS, "),
    ("graph/schema.py", "class Query(", "QuizQuery, "),
)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the house with one domain more."""
    for room in ROOMS:
        shutil.copytree(PROJECT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests/__init__.py").touch()
    shutil.copy(PROJECT / ".importlinter", tmp_path)
    for name, source in FILES.items():
        shutil.copy(DOMAIN / source, tmp_path / name)
    for name, there, added in LINES:
        text = (tmp_path / name).read_text()
        assert text.count(there) == 1, (name, there)
        (tmp_path / name).write_text(text.replace(there, there + added))
    shutil.copy(DOMAIN / "life.txt", tmp_path / "life.py")
    return tmp_path


def test_a_domain_is_a_file_on_each_floor_and_its_names_in_the_lists(
    house: Path, database_server: tuple[str, str], scratch: Scratch
) -> None:
    def run(*command: str) -> None:
        environment = {**os.environ, "DATABASE_URL": database_server[0], "PYTHONPATH": str(house)}
        done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    run(str(Path(sys.executable).parent / "lint-imports"), "--no-cache")
    run(sys.executable, "-m", "cairn", "migrate", "--new", "quizzes")
    run(sys.executable, "life.py", scratch())
