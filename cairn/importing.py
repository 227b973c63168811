"""`cairn import`: reading, progress, the report and the exit code."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from core.database import Database
from core.errors import DomainError
from core.viewer import SERVICE
from core.writing import transaction
from gateways import olx
from resolvers.importing.actions import Report, import_course

DONE, FAILED, WITH_ISSUES = 0, 1, 2
_SHOWN_ISSUES = 40
_STYLES = {"error": "red", "conflict": "magenta", "warning": "yellow", "info": "dim"}


class _DryRun(Exception):
    """Thrown to roll the transaction back once the report is made."""


async def import_olx(database: Database, path: Path, theme: str | None, dry_run: bool, console: Console) -> int:
    """Imports an OLX export and prints the report; answers the exit code."""
    try:
        with _progress(console) as progress:
            course = _read(path, progress)
            report = await _write(database, course, theme, dry_run, progress)
    except (olx.OlxError, DomainError) as error:
        console.print(f"Nothing was imported: {error}", style="red", markup=False, highlight=False)
        return FAILED
    _print(console, course, report, dry_run)
    return WITH_ISSUES if any(each.severity != "info" for each in report.issues) else DONE


def _read(path: Path, progress: Progress) -> olx.OlxCourse:
    task = progress.add_task("Reading", total=None)
    return olx.read_course(
        path,
        progress=lambda stage, done, total: progress.update(
            task, description=f"Reading {stage}", completed=done, total=total or None
        ),
    )


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
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    assert report is not None
    return report


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn())
    return Progress(*columns, console=console, transient=True)


def _print(console: Console, course: olx.OlxCourse, report: Report, dry_run: bool) -> None:
    _print_issues(console, report)
    console.print(_summary(course, report))
    if dry_run:
        console.print("This was a dry run: nothing was written.")
    else:
        verb = "Created" if report.is_new else "Updated"
        console.print(
            f"{verb} the draft course {course.display_name!r}, id {report.course_id}.", markup=False, highlight=False
        )


def _print_issues(console: Console, report: Report) -> None:
    shown = [each for each in report.issues if each.severity != "info"]
    for each in shown[:_SHOWN_ISSUES]:
        console.print(
            f"{each.severity:8} {each.code}: {each.place}", style=_STYLES[each.severity], markup=False, highlight=False
        )
        console.print(f"         {each.reason}", markup=False, highlight=False)
    if len(shown) > _SHOWN_ISSUES:
        console.print(f"… and {len(shown) - _SHOWN_ISSUES} more; all are kept with the import job.")


def _summary(course: olx.OlxCourse, report: Report) -> Table:
    table = Table(title=f"{course.display_name} ({course.key})", show_edge=False)
    table.add_column("what")
    table.add_column("number", justify="right")
    read = course.counts()
    for name in ("chapters", "sequentials", "verticals", "components", "blocks", "static_files"):
        table.add_row(f"read {name.replace('_', ' ')}", str(read[name]))
    for name, number in sorted(report.counts.items()):
        table.add_row(name, str(number))
    for severity, number in sorted(Counter(each.severity for each in report.issues).items()):
        table.add_row(f"issues: {severity}", str(number))
    return table
