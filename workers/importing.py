"""Importing courses and question banks that were uploaded."""

from __future__ import annotations

import asyncio

from core.errors import DomainError
from gateways import olx
from resolvers.importing import IMPORT
from resolvers.importing.actions import import_course
from resolvers.importing.reading import Source, read
from workers.actors import Tools, Work, actor

# Reading takes the first part of the time, writing the rest.
_READ = 40


async def _read(
    work: Work, file: str, theme: str | None, source: str = Source.OLX.value, name: str = ""
) -> olx.OlxCourse:
    """The course in the file, or the question bank; what cannot be read is refused for good."""

    def tell(stage: str, done: int, total: int) -> None:
        work.progress(_READ * done // total if total else 0, f"Reading {stage}")

    try:
        # A thread of its own: reading is hard work, and other jobs go on meanwhile.
        return await asyncio.to_thread(read, work.tools.imports / file, Source(source), name, tell)
    except olx.OlxError as error:
        raise DomainError(str(error), "UNREADABLE") from error
    except FileNotFoundError as error:
        raise DomainError("The uploaded file is gone. Upload it again.", "UNREADABLE") from error


def _remove(tools: Tools, file: str, **_others: object) -> None:
    (tools.imports / file).unlink(missing_ok=True)


@actor(IMPORT, prepare=_read, afterwards=_remove)
async def import_olx(work: Work, file: str, theme: str | None, **_others: object) -> None:
    """Builds or updates the draft course; the job's note says which and how much."""

    def tell(done: int, total: int) -> None:
        work.progress(_READ + (100 - _READ) * done // max(total, 1), "Writing")

    report = await import_course(work.tx, work.prepared, theme, tell)
    counts = ", ".join(f"{number} {name}" for name, number in sorted(report.counts.items()))
    made = "Created" if report.is_new else "Updated"
    work.progress(99, f"{made} course {report.course_id}: {counts}; {len(report.issues)} issues")
