"""Running imports, and looking at what came of them."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import namedtuple_row
from rich.console import Console

from cairn.importing import import_olx
from core.database import Database
from tests.support.clients import Client, Data

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """How an import ended: exit code, what it printed, the SQL it sent."""

    code: int
    output: str
    statements: list[str] = field(default_factory=list)


class Found(NamedTuple):
    """An issue as it is stored with the import job."""

    severity: str
    code: str
    place: str
    reason: str
    local_id: str | None


@dataclass(frozen=True)
class Importer:
    """Imports into one database."""

    database_url: str

    def __call__(self, path: Path, **options: Any) -> Outcome:
        """Runs the importer in this process; options are those of `import_olx`."""
        return asyncio.run(self.running(path, **options))

    async def running(self, path: Path, theme: str | None = None, **options: Any) -> Outcome:
        """The same, to be run beside others."""
        printed, sent = io.StringIO(), []
        database = Database(self.database_url, pool_size=1)
        await database.open()
        database.on_statement = sent.append
        try:
            code = await import_olx(database, path, theme, Console(file=printed, width=200), **options)
        finally:
            await database.close()
        return Outcome(code, printed.getvalue(), sent)

    def command(self, *arguments: str | Path) -> Outcome:
        """Runs `cairn import olx` as a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "cairn", "import", "olx", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": self.database_url, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout + done.stderr)

    def issues(self, *codes: str) -> list[Found]:
        """The issues of the last import, all or those with the codes, in order."""
        rows = self.rows(
            "SELECT severity, code, place, reason, local_id::text FROM import_issue"
            " WHERE job_id = (SELECT id FROM import_job ORDER BY id DESC LIMIT 1) ORDER BY id"
        )
        return [Found(*row) for row in rows if not codes or row.code in codes]

    def conflicts(self) -> list[tuple[str, str]]:
        """(code, last part of the place) of the last import's conflicts."""
        return [
            (each.code, each.place.split(" › ")[-1].split(" (")[0])
            for each in self.issues()
            if each.severity == "conflict"
        ]

    def counts(self) -> dict[str, int]:
        """What the last import did."""
        done: dict[str, int] = self.rows("SELECT counts FROM import_job ORDER BY id DESC LIMIT 1")[0].counts["done"]
        return done

    def sizes(self) -> dict[str, int]:
        """How many rows each table has."""
        names = [row.tablename for row in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {name: self.rows(f'SELECT count(*) AS number FROM "{name}"')[0].number for name in names}

    def drafts(self) -> dict[str, set[str]]:
        """Every column of every draft row and its identity, by the object's id."""
        found: dict[str, set[str]] = {}
        for table in ("course", "module", "lesson", "block", "answer_key"):
            for row in self.rows(
                f"SELECT id::text, {table}::text || content::text AS everything FROM {table} JOIN content USING (id)"
                " WHERE stage = 'draft'"
            ):
                found.setdefault(row.id, set()).add(row.everything)
        return found

    def rows(self, statement: str) -> list[Any]:
        """Looks into the database, as its owner."""
        with psycopg.connect(self.database_url, row_factory=namedtuple_row) as connection:
            return connection.execute(statement.encode()).fetchall()


_BLOCK = """__typename id title markdown html points revision
  ... on QuestionBlock { hints explanation }
  ... on MultipleChoiceQuestion { choices { id text isCorrect feedback } }
  ... on MultiSelectQuestion { options: choices { id text isCorrect } }
  ... on NumericQuestion { answers { value } }
  ... on ShortAnswerQuestion { accepted { text } }"""
_COURSE = f"""{{ course(id: $id) {{
  id title summary slug revision publishState
  modules {{ id title revision
    lessons {{ id title slug revision
      blocks {{ {_BLOCK} }} }} }} }} }}"""


def name_of(each: Data) -> str:
    """The title, or the first word of a text without one."""
    name: str = each["title"] or each["markdown"].partition(":")[0]
    return name


class Tree:
    """A course as somebody sees it. Things are found by their names, which must be theirs alone."""

    def __init__(self, course: Data) -> None:
        self.course = course

    @classmethod
    def draft(cls, editor: Client, course_id: str) -> Tree:
        """What editors work on."""
        return cls(editor.ask(f"query($id: ID!) @perspective(stage: DRAFT) {_COURSE}", id=course_id)["course"])

    @classmethod
    def live(cls, reader: Client, course_id: str) -> Tree:
        """What readers see."""
        return cls(reader.ask(f"query($id: ID!) {_COURSE}", id=course_id)["course"])

    def outline(self) -> list[tuple[str, list[tuple[str, list[str]]]]]:
        """The names: modules, lessons, blocks."""
        return [
            (
                module["title"],
                [(each["title"], [*map(name_of, each["blocks"])]) for each in module["lessons"]],
            )
            for module in self.course["modules"]
        ]

    def lesson(self, title: str) -> list[str]:
        """The names of a lesson's blocks, in order."""
        return [*map(name_of, self[title]["blocks"])]

    def blocks(self) -> Iterator[Data]:
        """All blocks, in order."""
        return (
            block for module in self.course["modules"] for lesson in module["lessons"] for block in lesson["blocks"]
        )

    def formats(self) -> Counter[str]:
        """How many blocks there are of each type."""
        return Counter(block["__typename"] for block in self.blocks())

    def __getitem__(self, name: str) -> Data:
        found = [each for each in self._everything() if name_of(each) == name]
        assert len(found) == 1, (name, [*map(name_of, self._everything())])
        return found[0]

    def __contains__(self, name: str) -> bool:
        return any(name_of(each) == name for each in self._everything())

    def _everything(self) -> Iterator[Data]:
        yield self.course
        for module in self.course["modules"]:
            yield module
            for lesson in module["lessons"]:
                yield lesson
                yield from lesson["blocks"]
