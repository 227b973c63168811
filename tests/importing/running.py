"""Running imports, and looking at what came of them."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg.rows import namedtuple_row
from rich.console import Console

from cairn.importing import import_olx
from core.database import Database
from tests.support.clients import Client, Data

ROOT = Path(__file__).parents[2]
Work = TypeVar("Work")
_DRAFTS = ("course", "module", "lesson", "block", "answer_key")
_WRITTEN = ("content", *_DRAFTS, "external_ref", "import_job", "import_issue")


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


class Importer:
    """Imports into one database, and looks into it as its owner."""

    def __init__(self, database_url: str, *, statement_timeout_ms: int = 15_000) -> None:
        self.database_url = database_url
        self._runner = asyncio.Runner()
        self.database = Database(database_url, pool_size=1, statement_timeout_ms=statement_timeout_ms)
        self.run(self.database.open())
        self._connection = psycopg.connect(database_url, row_factory=namedtuple_row, autocommit=True)

    def close(self) -> None:
        """Closes its connections."""
        self._connection.close()
        self.run(self.database.close())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, Work]) -> Work:
        """Runs something with the importer's database."""
        return self._runner.run(work)

    def __call__(self, path: Path, theme: str | None = None, **options: Any) -> Outcome:
        """Runs the importer in this process; options are those of `import_olx`."""
        printed, sent = io.StringIO(), []
        self.database.on_statement = sent.append
        console = Console(file=printed, width=200)
        code = self.run(import_olx(self.database, path, theme, console, **options))
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
        """The issues of the last import, all or those with the codes, in the order of their places."""
        rows = self.rows(
            "SELECT severity, code, place, reason, local_id::text FROM import_issue"
            " WHERE job_id = (SELECT id FROM import_job ORDER BY created_at DESC LIMIT 1) ORDER BY place, code, reason"
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
        done: dict[str, int] = self.rows("SELECT counts FROM import_job ORDER BY created_at DESC LIMIT 1")[0].counts[
            "done"
        ]
        return done

    def sizes(self) -> dict[str, int]:
        """How many rows each table has, but for those in which workers write on their own account."""
        names = [row.tablename for row in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        counted = [name for name in names if name not in _WORKERS_OWN]
        return {name: self.rows(f'SELECT count(*) AS number FROM "{name}"')[0].number for name in counted}

    def drafts(self) -> dict[str, set[str]]:
        """Every column of every draft row and its identity, by the object's id."""
        found: dict[str, set[str]] = {}
        for table in _DRAFTS:
            for row in self.rows(
                f"SELECT id::text, {table}::text || content::text AS everything FROM {table} JOIN content USING (id)"
                " WHERE stage = 'draft'"
            ):
                found.setdefault(row.id, set()).add(row.everything)
        return found

    def saved(self) -> dict[str, str]:
        """All that imports write, as JSON by table."""
        return {
            table: self.rows(f"SELECT coalesce(jsonb_agg(to_jsonb({table})), '[]')::text AS rows FROM {table}")[0].rows
            for table in _WRITTEN
        }

    def load(self, saved: dict[str, str]) -> None:
        """Puts back into empty tables what was saved."""
        with self._connection.transaction():
            self.execute("SET LOCAL session_replication_role = replica")
            for table, rows in saved.items():
                insert = f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
                self._connection.execute(insert.encode(), [rows])

    def execute(self, statement: str) -> None:
        """Changes something behind the application's back."""
        self._connection.execute(statement.encode())

    def rows(self, statement: str) -> list[Any]:
        """What a query finds."""
        return self._connection.execute(statement.encode()).fetchall()


_WORKERS_OWN = {"job", "scheduled_job", "fact_counter", "follower", "release", "audit_seal"}
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


def numbers(printed: str) -> dict[str, int]:
    """The rows of the summary table that a command printed."""
    rows = (line.rsplit("│", 1) for line in printed.splitlines() if line.count("│") == 1)
    return {name.strip(): int(number) for name, number in rows}


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
