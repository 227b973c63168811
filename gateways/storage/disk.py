"""Files on the disk of one machine. Addresses are signed tokens, for an endpoint of our own."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import jwt

from gateways.storage.base import DOWNLOAD_SECONDS, PART_BYTES, UPLOAD_SECONDS, Announced, NotKept, Upload

_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ALGORITHM = "HS256"


class BadTicket(Exception):
    """The address was not handed out here, is for something else, or is good no more."""


@dataclass(frozen=True)
class DiskStorage:
    """Keeps files in a folder. `url` is the address of the endpoint; `secret` signs what it hands out."""

    folder: Path
    url: str
    secret: bytes = field(repr=False)

    async def upload(self, key: str, announced: Announced) -> Upload:
        """An address of our own endpoint, good for this file alone."""
        self._path(key)
        ticket = {"act": "put", "key": key, "type": announced.media_type, "size": announced.size}
        return Upload(self._signed(ticket, UPLOAD_SECONDS), {"content-type": announced.media_type})

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

    def ticket(self, token: str, act: Literal["put", "get"]) -> dict[str, Any]:
        """What an address that was handed out is good for; raises `BadTicket`."""
        try:
            found: dict[str, Any] = jwt.decode(token, self.secret, [_ALGORITHM], options={"require": ["exp"]})
        except jwt.InvalidTokenError as error:
            raise BadTicket(str(error)) from error
        if found.get("act") != act:
            raise BadTicket("This address is for something else.")
        return found

    async def receive(self, token: str, parts: AsyncIterator[bytes]) -> None:
        """Keeps a file that is uploaded, once all of it is on the disk; raises `BadTicket` for one that is too long.

        Killed at any point, it has kept all of the file or nothing under its key. What is uploaded twice is kept once.
        """
        ticket = self.ticket(token, "put")
        path = self._path(ticket["key"])
        beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
        try:
            await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True, mode=0o700)
            await _write(beside, parts, ticket["size"])
            await asyncio.to_thread(os.replace, beside, path)
        except OSError as error:
            raise NotKept(str(error)) from error
        finally:
            beside.unlink(missing_ok=True)

    def _signed(self, ticket: dict[str, Any], seconds: int) -> str:
        token = jwt.encode({**ticket, "exp": int(time.time()) + seconds}, self.secret, _ALGORITHM)
        return f"{self.url.rstrip('/')}/{token}"

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key of a file.")
        return self.folder / key


async def _write(path: Path, parts: AsyncIterator[bytes], most: int) -> None:
    size = 0
    with await asyncio.to_thread(path.open, "xb") as file:
        async for part in parts:
            size += len(part)
            if size > most:
                raise BadTicket(f"The file is longer than the {most} bytes that were announced.")
            await asyncio.to_thread(file.write, part)
        await asyncio.to_thread(_flush, file)


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
