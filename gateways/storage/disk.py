"""Files on the disk of one machine. Addresses are signed tokens, for an endpoint of our own."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Literal

from gateways.storage.base import DOWNLOAD_SECONDS, PART_BYTES, UPLOAD_SECONDS, Announced, NotKept, Target

_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ALGORITHM = "HS256"
_PART_SECONDS, _MOST_SENDERS = 86_400, 3


class BadTicket(Exception):
    """The address was not handed out here, is for something else, or is good no more."""


class Busy(Exception):
    """The same file is being sent several times already."""


@dataclass(frozen=True)
class DiskStorage:
    """Keeps files in a folder. `url` is the address of the endpoint; a secret in the folder signs what it hands out."""

    folder: Path
    url: str

    @cached_property
    def secret(self) -> bytes:
        """Signs addresses: the same for all processes of this folder, made when it is first needed."""
        return own_secret(self.folder)

    async def upload(self, key: str, announced: Announced) -> Target:
        """An address of our own endpoint, good for this file alone."""
        self._path(key)
        ticket = {
            "act": "put",
            "key": key,
            "type": announced.media_type,
            "size": announced.size,
            "sha256": announced.sha256,
        }
        return Target(self._signed(ticket, UPLOAD_SECONDS), {"content-type": announced.media_type})

    async def size(self, key: str) -> int | None:
        """The size of the file."""
        try:
            return (await asyncio.to_thread(self._path(key).stat)).st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NotKept(str(error)) from error

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """The file, in pieces of some hundred kilobytes."""
        try:
            with await asyncio.to_thread(self._path(key).open, "rb") as file:
                while part := await asyncio.to_thread(file.read, PART_BYTES):
                    yield part
        except OSError as error:
            raise NotKept(str(error)) from error

    async def download(self, key: str, name: str, media_type: str) -> str:
        """An address of our own endpoint."""
        self._path(key)
        return self._signed({"act": "get", "key": key, "name": name, "type": media_type}, DOWNLOAD_SECONDS)

    async def remove(self, key: str) -> None:
        """Removes the file."""
        try:
            await asyncio.to_thread(self._path(key).unlink, missing_ok=True)
        except OSError as error:
            raise NotKept(str(error)) from error

    async def tidy(self) -> None:
        """Removes what uploads left behind whose process was killed."""
        await asyncio.to_thread(_remove_parts, self.folder, time.time() - _PART_SECONDS)

    async def problem(self) -> str | None:
        """Whether the folder is there, or can be made, and can be written."""
        try:
            await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True, mode=0o700)
            probe = self.folder / f"{secrets.token_hex(8)}.part"
            await asyncio.to_thread(probe.touch)
            await asyncio.to_thread(probe.unlink)
        except OSError as error:
            return f"nothing can be written in {self.folder}: {error.strerror}"
        return None

    def path_of(self, ticket: Mapping[str, Any]) -> Path:
        """Where the file of a ticket lies."""
        return self._path(ticket["key"])

    def ticket(self, token: str, act: Literal["put", "get"], late_seconds: int = 0) -> dict[str, Any]:
        """What an address that was handed out is good for, or was until so long ago; raises `BadTicket`."""
        import jwt

        try:
            found: dict[str, Any] = jwt.decode(
                token, self.secret, [_ALGORITHM], leeway=late_seconds, options={"require": ["exp"]}
            )
        except jwt.InvalidTokenError as error:
            raise BadTicket(str(error)) from error
        if found.get("act") != act:
            raise BadTicket("This address is for something else.")
        return found

    async def receive(self, token: str, parts: AsyncIterator[bytes]) -> None:
        """Keeps a file that is uploaded, once all of it is on the disk; raises `BadTicket` for any other file.

        Killed at any point, it has kept all of the file or nothing under its key. What is uploaded twice is kept once,
        and takes the room of a few at most: raises `Busy` while so many send it. Once a file was looked at, no address
        that is still good can put another in its place.
        """
        ticket = self.ticket(token, "put")
        path = self._path(ticket["key"])
        try:
            await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True, mode=0o700)
            beside, file = await asyncio.to_thread(_beside, path)
            with file:
                try:
                    await _write(file, parts, ticket["size"], ticket["sha256"])
                    # Whoever sends for ever would put a file where nobody looks for one any more.
                    self.ticket(token, "put", UPLOAD_SECONDS)
                    await asyncio.to_thread(_put, beside, path)
                except BaseException:
                    with suppress(OSError):  # what cannot be removed now is tidied up later
                        beside.unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise NotKept(str(error)) from error

    def _signed(self, ticket: dict[str, Any], seconds: int) -> str:
        # It takes ten megabytes, which those who hand out no files can do without.
        import jwt

        token = jwt.encode({**ticket, "exp": int(time.time()) + seconds}, self.secret, _ALGORITHM)
        return f"{self.url.rstrip('/')}/{token}"

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key of a file.")
        return self.folder / key


def _beside(path: Path) -> tuple[Path, BinaryIO]:
    """(the name, and the file, empty) under which a file is written before it has its own; raises `Busy`.

    There are a few for each: a browser that lost its connection sends again while the first request still waits.
    """
    for number in range(_MOST_SENDERS):
        beside = path.with_name(f"{path.name}.{number}.part")
        file = beside.open("ab")
        if _is_ours(beside, file):
            file.truncate(0)
            return beside, file
        file.close()
    raise Busy("The file is being sent already.")


def _is_ours(path: Path, file: BinaryIO) -> bool:
    """Whether nobody else has the file, on any process; the system lets go of it with whoever is killed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between opening and locking, whoever had it may have given it its name, or removed it.
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


async def _write(file: BinaryIO, parts: AsyncIterator[bytes], wanted: int, sha256: str) -> None:
    size, digest = 0, hashlib.sha256()
    async for part in parts:
        size += len(part)
        if size > wanted:
            raise BadTicket(f"The file is longer than the {wanted} bytes that were announced.")
        digest.update(part)
        await asyncio.to_thread(file.write, part)
    if size != wanted or digest.hexdigest() != sha256.lower():
        raise BadTicket("The file is not the one that was announced.")
    await asyncio.to_thread(_flush, file)


def _remove_parts(folder: Path, before: float) -> None:
    for path in folder.glob("*.part"):
        with suppress(FileNotFoundError):  # somebody else tidies up as well
            if path.stat().st_mtime < before:
                path.unlink()


def own_secret(folder: Path) -> bytes:
    """The secret that signs the addresses of a folder's files: made the first time, the same for all processes."""
    path = folder / ".secret"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = folder / f".{secrets.token_hex(8)}.part"
    made.touch(mode=0o600)
    made.write_text(secrets.token_hex(32))
    try:
        with suppress(FileExistsError):
            os.link(made, path)  # with all that is in it, or not at all
    finally:
        made.unlink()
    return path.read_text().encode()


def _put(beside: Path, path: Path) -> None:
    """Gives a file its name, and has that on the disk as well: what was answered must be there after a power cut."""
    os.replace(beside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
