"""Which reader reads what is to be imported: all of them make the same course tree."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from gateways import olx
from gateways.banks import BankFormat, read_bank

Progress = Callable[[str, int, int], None]


class Source(StrEnum):
    """What may be imported."""

    OLX = "olx"
    GIFT = "gift"
    MOODLE = "moodle"


def read(path: Path, source: Source, name: str, progress: Progress) -> olx.OlxCourse:
    """The course, or the question bank of this name, in a file; raises `OlxError` when it cannot be read."""
    if source is Source.OLX:
        return olx.read_course(path, progress=progress)
    return read_bank(path, BankFormat(source.value), name, progress=progress)
