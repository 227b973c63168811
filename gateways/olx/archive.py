"""Opens an OLX export, folder or .tar.gz, without trusting it: nothing is ever written to disk under the archive's
own names.

Python's tarfile reads the header structures; this module bounds what it may read. An extended header is handed over
only when it is small (tarfile searches them with regular expressions that backtrack), the stream moves forward only
(a negative size cannot send it back), and the whole stream is checked to its end, so that a damaged archive is never
taken for a shorter one.
"""

import gzip
import hashlib
import os
import stat
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from gateways.olx.tree import OlxError, OlxStaticFile

Progress = Callable[[str, int, int], None]

_CHUNK = 1 << 20
_HEADER_BYTES = 8 * 1024
_RATIO_APPLIES_FROM = 64 << 20
_TRANSCRIPT_ENDINGS = (".srt", ".sjson", ".vtt")
_BROKEN = (
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    ArithmeticError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class OlxLimits:
    """How much of an export is read before it is refused. Sizes are bytes after decompression.

    `document_bytes` bounds one file that has to be understood (XML, HTML, JSON, transcript), `documents_bytes` all of
    them, since these are held in memory; static files are only hashed. `compression_ratio` is checked from 64 MiB on.
    """

    members: int = 50_000
    file_bytes: int = 1 << 30
    total_bytes: int = 4 << 30
    document_bytes: int = 8 << 20
    documents_bytes: int = 256 << 20
    compression_ratio: int = 200
    components: int = 20_000


@dataclass(slots=True)
class Export:
    """The files of one export, by their path below the folder that holds course.xml.

    `sizes` and `hashes` cover every file; `outside` counts those beside that folder; `documents` holds the content of
    those that have to be understood. `read` notes what was used, so that `unused` can name what nothing asked for.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    outside: int = 0
    _used: set[str] = field(default_factory=set)

    def below(self, prefix: str) -> "Export":
        """The files whose path begins with `prefix`, by the rest of their path."""
        paths = {path: path.removeprefix(prefix) for path in self.sizes if path.startswith(prefix)}
        return Export(
            {short: self.sizes[path] for path, short in paths.items()},
            {short: self.hashes[path] for path, short in paths.items()},
            {short: self.documents[path] for path, short in paths.items() if path in self.documents},
            len(self.sizes) - len(paths),
        )

    def has(self, path: str) -> bool:
        """Whether the export has a file at `path`."""
        return path in self.sizes

    def read(self, path: str) -> bytes | None:
        """The content of a document; None where it is too large to be held or is no document."""
        self._used.add(path)
        return self.documents.get(path)

    def unused(self) -> list[str]:
        """Paths of non-empty files outside `static/` that were never read, sorted."""
        return sorted(
            p for p, size in self.sizes.items() if size and p not in self._used and not p.startswith("static/")
        )

    def static_files(self) -> dict[str, OlxStaticFile]:
        """The files below `static/` by their name there."""
        names = sorted(path for path in self.sizes if path.startswith("static/"))
        return {n: OlxStaticFile(n, self.sizes[p], self.hashes[p]) for p in names for n in (p.removeprefix("static/"),)}


def open_export(path: Path, limits: OlxLimits, progress: Progress) -> Export:
    """Reads the export at `path` (a folder, or a gzipped tar archive) into memory.

    Raises OlxError when it is neither, is damaged, breaks a limit, or holds anything but plain files with safe names.
    """
    try:
        files = _Collector(limits, progress)
        if path.is_dir():
            _read_folder(path, files)
        else:
            _read_archive(path, files)
    except _BROKEN as error:
        raise OlxError(f"The export cannot be read: {_reason(error)}", path.name) from error
    return files.below_course_root()


def _reason(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "it ends in the middle, as if only half of it had arrived."
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder."
    if isinstance(error, PermissionError):
        return "permission denied."
    if isinstance(error, UnicodeError):
        return "a file name inside it is not UTF-8."
    return f"it is damaged ({error or type(error).__name__})."


@dataclass(slots=True)
class _Collector:
    """Takes the files in as they come, keeps the documents and hashes the rest."""

    limits: OlxLimits
    progress: Progress
    export: Export = field(default_factory=Export)
    seen: int = 0
    total_bytes: int = 0
    held_bytes: int = 0

    def count_member(self) -> None:
        self.seen += 1
        if self.seen > self.limits.members:
            raise OlxError(f"The export holds more than {self.limits.members} files and folders.")
        if self.seen % 100 == 0:
            self.progress("files", self.seen, 0)

    def take(self, name: str, size: int, chunks: Iterator[bytes]) -> None:
        """Takes one file in. `chunks` must yield exactly `size` bytes."""
        if name in self.export.sizes:
            raise OlxError("The export holds two files of the same name.", name)
        if size < 0 or size > self.limits.file_bytes:
            raise OlxError(f"A file in the export is larger than {self.limits.file_bytes} bytes.", name)
        self.total_bytes += size
        if self.total_bytes > self.limits.total_bytes:
            raise OlxError(f"The export is larger than {self.limits.total_bytes} bytes in all.", name)
        held = self._hold(name, size)
        digest = hashlib.sha256()
        content = []
        for chunk in chunks:
            digest.update(chunk)
            if held:
                content.append(chunk)
        self.export.sizes[name] = size
        self.export.hashes[name] = digest.hexdigest()
        if held:
            self.export.documents[name] = b"".join(content)

    def _hold(self, name: str, size: int) -> bool:
        if size > self.limits.document_bytes:
            return False
        if "static" in PurePosixPath(name).parts[:-1] and not name.lower().endswith(_TRANSCRIPT_ENDINGS):
            return False
        self.held_bytes += size
        if self.held_bytes > self.limits.documents_bytes:
            raise OlxError(f"The texts in the export are larger than {self.limits.documents_bytes} bytes in all.", name)
        return True

    def below_course_root(self) -> Export:
        """The export with paths below the folder of the topmost course.xml; files beside that folder are left out."""
        roots = sorted(
            (p for p in self.export.sizes if PurePosixPath(p).name == "course.xml"), key=lambda p: p.count("/")
        )
        if not roots:
            raise OlxError("There is no course.xml in it, so it is no OLX export of a course.")
        if len(roots) > 1 and roots[0].count("/") == roots[1].count("/"):
            raise OlxError("There are several course.xml files, so it is not clear which course is meant.", roots[1])
        return self.export.below(roots[0].removesuffix("course.xml"))


def _safe_name(name: str) -> str:
    """The member's path in one spelling, or OlxError for one that could leave the export."""
    if "\\" in name or any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in name):
        raise OlxError("A file name in the export has characters that no export has.", ascii(name)[:200])
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or (parts and len(parts[0]) == 2 and parts[0][1] == ":"):
        raise OlxError("A file name in the export points outside of it.", name[:200])
    return "/".join(parts)


def _is_hidden(name: str) -> bool:
    """Hidden entries (`.git`, `.DS_Store`, the `._x` that macOS adds to archives) are no business of the course."""
    return any(part.startswith(".") for part in name.split("/"))


# --- folders --------------------------------------------------------------------------------------------------------


def _read_folder(folder: Path, files: _Collector) -> None:
    for entry, name in _walk(folder, "", files):
        descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise OlxError("The folder holds something that is no plain file.", name)
            files.take(name, facts.st_size, _chunks(file.read, facts.st_size))


def _walk(folder: str | Path, prefix: str, files: _Collector) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Every file below that is not hidden, sorted."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if _is_hidden(entry.name):
            continue
        files.count_member()
        name = _safe_name(prefix + entry.name)
        if entry.is_symlink():
            raise OlxError("The folder holds a symbolic link. Replace it by the file it points at.", name)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{name}/", files)
        else:
            yield entry, name


# --- archives -------------------------------------------------------------------------------------------------------


def _read_archive(path: Path, files: _Collector) -> None:
    with path.open("rb") as file:
        start = file.read(512)
        if not start.startswith(b"\x1f\x8b"):
            raise OlxError(_other_kind(start), path.name)
        file.seek(0)
        with gzip.GzipFile(fileobj=file, mode="rb") as stream:
            source = _TarStream(stream, path.stat().st_size, files.limits)
            _read_members(source, files)
            source.check_end()


def _other_kind(start: bytes) -> str:
    if start.startswith(b"PK"):
        return "This is a zip archive. Unpack it and import the folder, or pack it as .tar.gz."
    if start[257:262] == b"ustar":
        return "This is a .tar archive without compression. Compress it with gzip, or import the unpacked folder."
    return "This is neither a folder nor a .tar.gz archive."


def _read_members(source: "_TarStream", files: _Collector) -> None:
    with tarfile.TarFile(fileobj=cast(IO[bytes], source), mode="r", encoding="utf-8", errors="strict") as archive:
        while (member := archive.next()) is not None:
            files.count_member()
            name = _safe_name(member.name)
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise OlxError("The archive holds a link or a device; an export holds only plain files.", name)
            if source.tell() != member.offset_data:
                raise OlxError("The archive's headers contradict each other.", name)
            content = _chunks(source.read_data, member.size)
            if _is_hidden(name):
                for _ in content:
                    pass
            else:
                files.take(name, member.size, content)


def _chunks(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    left = size
    while left > 0:
        chunk = read(min(_CHUNK, left))
        if not chunk:
            raise EOFError
        left -= len(chunk)
        yield chunk


class _TarStream:
    """The decompressed stream as tarfile sees it: forward only, bounded, and read in small pieces for headers."""

    def __init__(self, stream: gzip.GzipFile, compressed_size: int, limits: OlxLimits) -> None:
        self._stream = stream
        # Headers and padding come on top of the files' own bytes.
        self._allowed = limits.total_bytes + 1024 * (limits.members + 20)
        self._allowed_by_ratio = max(_RATIO_APPLIES_FROM, compressed_size * limits.compression_ratio)
        self._position = 0
        self._last_header = b""

    def tell(self) -> int:
        return self._position

    def seek(self, position: int, _whence: int = 0) -> int:
        if position < self._position:
            raise OlxError("The archive's headers contradict each other.")
        while self._position < position:
            if not self.read_data(min(_CHUNK, position - self._position)):
                raise EOFError
        return self._position

    def read(self, size: int = -1) -> bytes:
        """What tarfile calls, and only for headers."""
        if not 0 <= size <= _HEADER_BYTES:
            raise OlxError("The archive has a header larger than any export's.")
        self._last_header = self.read_data(size)
        return self._last_header

    def read_data(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._position += len(data)
        if self._position > min(self._allowed, self._allowed_by_ratio):
            raise OlxError("The archive unpacks to far more than an export holds.")
        return data

    def check_end(self) -> None:
        """Tells the archive's end mark from a header that tarfile silently gave up on, and reads on to the checksum."""
        if not self._last_header:
            raise EOFError
        if self._last_header.strip(b"\0"):
            raise OlxError("The archive is damaged: a header inside it cannot be read.")
        while rest := self.read_data(_CHUNK):
            if rest.strip(b"\0"):
                raise OlxError("The archive is damaged: data follows its end.")
