from collections.abc import Callable
from pathlib import Path

import pytest

from gateways.olx import OlxCourse, read_course

from .exports import SAMPLE, one_unit, tar, write_archive

Read = Callable[..., OlxCourse]


@pytest.fixture(scope="session")
def sample() -> OlxCourse:
    return read_course(SAMPLE)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a course of one unit that holds the components; `files` are added to the export."""

    def read_unit(*components: str, files: dict[str, str | bytes] | None = None) -> OlxCourse:
        return read_course(write_archive(tmp_path / "course.tar.gz", tar(one_unit(components, files))))

    return read_unit
