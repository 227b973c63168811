"""Documents of offices, which are archives: looked at without unpacking any of them.

What else could be in such a file is refused: anything before or behind the archive (another kind of file in the same
bytes), more entries than a document has, what is encrypted, and what would unpack to far more than it says.
"""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from typing import IO

_MOST_ENTRIES, _MOST_DIRECTORY = 20_000, 8_000_000
_MOST_UNPACKED, _MOST_TIMES = 2_000_000_000, 500
_END = struct.Struct("<4s4H2LH")
_END_64_BYTES = 20
_IS_ENCRYPTED = 0x1
_OFFICE, _OPEN = "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."


@dataclass(frozen=True)
class Zipped:
    """One kind of document: what its names end in, the folder it must have, or what its `mimetype` must say."""

    extension: str
    folder: str = ""
    mimetype: str = ""


ZIPPED: dict[str, Zipped] = {
    f"{_OFFICE}wordprocessingml.document": Zipped("docx", folder="word/"),
    f"{_OFFICE}spreadsheetml.sheet": Zipped("xlsx", folder="xl/"),
    f"{_OFFICE}presentationml.presentation": Zipped("pptx", folder="ppt/"),
    **{
        f"{_OPEN}{name}": Zipped(extension, mimetype=f"{_OPEN}{name}")
        for name, extension in (("text", "odt"), ("spreadsheet", "ods"), ("presentation", "odp"))
    },
}


def problem_of_zip(file: IO[bytes], size: int, kind: Zipped) -> str | None:
    """Why a file of so many bytes is no document of this kind; None when it is one."""
    if problem := _problem_of_frame(file, size):
        return problem
    try:
        with zipfile.ZipFile(file) as archive:
            return _problem_of_entries(archive, size) or _problem_of_kind(archive, kind)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        return "it is damaged."


def _problem_of_frame(file: IO[bytes], size: int) -> str | None:
    """The file is the archive and nothing but it; its directory is read by the library only if it is of some size."""
    file.seek(0)
    if file.read(4) != b"PK\x03\x04" or size < _END.size:
        return "it begins otherwise."
    file.seek(max(size - _END.size - _END_64_BYTES, 0))
    tail = file.read()
    mark, _, _, _, entries, directory, start, comment = _END.unpack(tail[-_END.size :])
    if mark != b"PK\x05\x06" or comment or tail.startswith(b"PK\x06\x07"):
        return "it ends otherwise."
    if start + directory + _END.size != size:
        return "it holds more than the document."
    if entries > _MOST_ENTRIES or directory > _MOST_DIRECTORY:
        return "it has too many parts."
    return None


def _problem_of_entries(archive: zipfile.ZipFile, size: int) -> str | None:
    entries = archive.infolist()
    if any(each.flag_bits & _IS_ENCRYPTED for each in entries):
        return "it is encrypted."
    # Of others it could not be told beforehand how much comes out of a few bytes.
    if any(each.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for each in entries):
        return "it is packed in a way that documents are not."
    unpacked = sum(each.file_size for each in entries)
    if unpacked > _MOST_UNPACKED or unpacked > _MOST_TIMES * size:
        return "it would unpack to far more than it holds."
    return None


def _problem_of_kind(archive: zipfile.ZipFile, kind: Zipped) -> str | None:
    names = archive.namelist()
    if kind.folder:
        is_it = "[Content_Types].xml" in names and any(each.startswith(kind.folder) for each in names)
    else:
        is_it = "mimetype" in names and _beginning(archive, "mimetype") == kind.mimetype.encode()
    return None if is_it else "it is another kind of archive."


def _beginning(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as entry:
        return entry.read(100)
