"""The protocol of whoever keeps files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

# How long an address for an upload or a download is good, in seconds.
UPLOAD_SECONDS, DOWNLOAD_SECONDS = 900, 300
PART_BYTES = 256 * 1024


class NotKept(Exception):
    """The storage does not answer, or cannot keep anything at the moment. It may be tried again."""


@dataclass(frozen=True)
class Announced:
    """What somebody says that they are going to upload. `sha256` is in hexadecimal digits."""

    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Target:
    """How a file is uploaded: the file itself, by this method, to this address, with these headers."""

    url: str
    headers: Mapping[str, str]
    method: str = "PUT"


class Storage(Protocol):
    """Somebody who keeps files by their keys. All of it raises `NotKept` when that does not work."""

    async def upload(self, key: str, announced: Announced) -> Target:
        """An address to which just this file can be uploaded, for a quarter of an hour."""

    async def size(self, key: str) -> int | None:
        """How many bytes are kept under a key; None when there is nothing."""

    def read(self, key: str) -> AsyncIterator[bytes]:
        """What is kept under a key, piece by piece."""

    async def download(self, key: str, name: str, media_type: str) -> str:
        """An address from which the file can be saved under this name, for five minutes."""

    async def remove(self, key: str) -> None:
        """Removes what is kept under a key, if anything is."""

    async def tidy(self) -> None:
        """Removes what uploads left behind that broke off long ago."""

    async def problem(self) -> str | None:
        """Why nothing can be kept at the moment, in words for an operator; None when it can."""
