"""`cairn import`: reading, progress, the report and the exit code."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from core.database import Database
from core.errors import DomainError
from core.viewer import SERVICE
from core.writing import transaction
from gateways import olx
from resolvers import audit
from resolvers.importing.actions import import_course
from resolvers.importing.issues import Issue
from resolvers.importing.reading import Source, read
from resolvers.importing.remembering import Report

# 2 is what a command line that cannot be understood ends in.
DONE, FAILED, WITH_ISSUES = 0, 1, 3
_SHOWN_ISSUES = 40
_STYLES = {"error": "red", "conflict": "magenta", "warning": "yellow", "info": "dim"}  # the most important first


class _DryRun(Exception):
    """Thrown to roll the transaction back once the report is made."""


async def import_olx(
    database: Database,
    path: Path,
    theme: str | None,
    console: Console,
    *,
    source: Source = Source.OLX,
    name: str = "",
    dry_run: bool = False,
    every_issue: bool = False,
) -> int:
    """Imports an OLX export, or a question bank of this name, and prints the report; answers the exit code."""
    try:
        with _progress(console) as progress:
            course = _read(path, source, name, progress)
            report = await _write(database, course, theme, dry_run, progress)
    except (olx.OlxError, DomainError) as error:
        return _failed(console, str(error))
    except psycopg.Error as error:
        return _failed(console, f"the database says: {str(error).partition(chr(10))[0] or type(error).__name__}")
    _print_issues(console, report, every_issue)
    console.print(_summary(course, report))
    _print_outcome(console, course, report, dry_run)
    return WITH_ISSUES if any(each.severity != "info" for each in report.issues) else DONE


def _failed(console: Console, reason: str) -> int:
    console.print(f"Nothing was imported: {reason}", style="red", markup=False, highlight=False, soft_wrap=True)
    return FAILED


def _read(path: Path, source: Source, name: str, progress: Progress) -> olx.OlxCourse:
    task = progress.add_task("Reading", total=None)

    def tell(stage: str, done: int, total: int) -> None:
        progress.update(task, description=f"Reading {stage}", completed=done, total=total or None)

    return read(path, source, name, tell)


async def _write(
    database: Database, course: olx.OlxCourse, theme: str | None, dry_run: bool, progress: Progress
) -> Report:
    task = progress.add_task("Writing", total=None)
    report: Report | None = None
    try:
        async with transaction(database, SERVICE) as tx:
            report = await import_course(
                tx, course, theme, lambda done, total: progress.update(task, completed=done, total=total)
            )
            await audit.record(tx, "course_import", report.course_id, {"source": course.key, "is_new": report.is_new})
            if dry_run:
                await tx.check_deferred()
                raise _DryRun
    except _DryRun:
        pass
    assert report is not None
    return report


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _print_issues(console: Console, report: Report, every_issue: bool) -> None:
    """The issues, the most important first: all of them, or some of those that are not just for the record."""
    ranked = sorted(report.issues, key=lambda each: list(_STYLES).index(each.severity))
    shown = ranked if every_issue else [each for each in ranked if each.severity != "info"][:_SHOWN_ISSUES]
    for each in shown:
        _print_issue(console, each)
    if len(shown) < len(ranked):
        left = len(ranked) - len(shown)
        console.print(f"Issues not shown: {left}. With --every-issue they are.", highlight=False)


def _print_issue(console: Console, issue: Issue) -> None:
    style = _STYLES[issue.severity]
    console.print(f"{issue.severity:8} {issue.code}: {issue.place}", style=style, markup=False, highlight=False)
    console.print(f"         {issue.reason}", markup=False, highlight=False)


def _summary(course: olx.OlxCourse, report: Report) -> Table:
    table = Table(title=Text(f"{course.display_name} ({course.key})"), show_edge=False)
    table.add_column("what")
    table.add_column("number", justify="right")
    read, accounts = course.counts(), course.accounts()
    for name in ("chapters", "sequentials", "verticals", "components", "blocks", "static_files"):
        table.add_row(f"read {name.replace('_', ' ')}", str(read[name]))
    table.add_row("components that became blocks", str(accounts.kept))
    table.add_row("components that became a finding", str(accounts.reported))
    table.add_row("parts that could not be read", str(accounts.unreadable))
    for name, number in sorted(report.counts.items()):
        table.add_row(name, str(number))
    for severity, number in sorted(Counter(each.severity for each in report.issues).items()):
        table.add_row(f"issues: {severity}", str(number))
    return table


def _print_outcome(console: Console, course: olx.OlxCourse, report: Report, dry_run: bool) -> None:
    verb = "created" if report.is_new else "updated"
    said = f"the draft course {course.display_name!r}"
    if dry_run:
        text = f"This was a dry run: nothing was written. It would have {verb} {said}."
    else:
        text = f"{verb.title()} {said}, id {report.course_id}."
    console.print(text, markup=False, highlight=False, soft_wrap=True)
