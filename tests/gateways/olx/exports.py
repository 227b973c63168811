"""Builds OLX exports for tests: the sample course, and small courses around single components."""

import gzip
import io
import os
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

SAMPLE = Path(__file__).parent / "sample"
DEMO_COURSE = Path(
    os.environ.get("CAIRN_DEMO_COURSE", Path(__file__).parents[4] / "shared/content/openedx-demo-course.olx.tar.gz")
)

Files = dict[str, str | bytes]


def one_unit(components: Iterable[str], files: Mapping[str, str | bytes] | None = None) -> Files:
    """The files of a course that has one unit (`vertical/unit`) with the components."""
    return {
        "course.xml": '<course url_name="run" org="Org" course="C1"/>',
        "course/run.xml": '<course display_name="A course" language="en"><chapter url_name="chapter"/></course>',
        "chapter/chapter.xml": '<chapter display_name="Chapter"><sequential url_name="lesson"/></chapter>',
        "sequential/lesson.xml": '<sequential display_name="Lesson"><vertical url_name="unit"/></sequential>',
        "vertical/unit.xml": f'<vertical display_name="Unit">{"".join(components)}</vertical>',
        **(files or {}),
    }


def write_folder(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes the files below the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read_folder(folder: Path) -> Files:
    """All files below the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def member(name: str, content: str | bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A tar member with its content; `fields` are set on its header."""
    data = content.encode() if isinstance(content, str) else content
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def tar(files: Mapping[str, str | bytes], *members: tuple[tarfile.TarInfo, bytes], prefix: str = "course/") -> bytes:
    """An uncompressed archive of the files below `prefix`, followed by the members as they are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, data in [*(member(prefix + name, content) for name, content in files.items()), *members]:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def write_archive(path: Path, content: bytes) -> Path:
    """Writes a gzipped archive."""
    path.write_bytes(gzip.compress(content, compresslevel=1, mtime=0))
    return path
