"""Whether what arrived is what was announced: looked at on the server, whatever the storage has checked already."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from typing import IO

import puremagic

from gateways.storage.base import Announced, Storage
from gateways.storage.zipped import ZIPPED, problem_of_zip

_HEAD_BYTES = 8192
# What is small enough stays in memory while it is looked at.
_IN_MEMORY = 1_000_000
# Media types that are taken, with all that a look inside may call them. Files that browsers run are not among them.
MEDIA_TYPES: dict[str, frozenset[str]] = {
    "image/jpeg": frozenset({"image/jpeg"}),
    "image/png": frozenset({"image/png"}),
    "image/gif": frozenset({"image/gif"}),
    "image/webp": frozenset({"image/webp"}),
    "application/pdf": frozenset({"application/pdf"}),
    "text/plain": frozenset(),
    **dict.fromkeys(ZIPPED, frozenset()),
    "audio/mpeg": frozenset({"audio/mpeg"}),
    "audio/mp4": frozenset({"audio/mp4", "video/mp4"}),
    "audio/ogg": frozenset({"audio/ogg", "application/ogg"}),
    "audio/wav": frozenset({"audio/wave", "audio/x-wav", "audio/wav"}),
    "video/mp4": frozenset({"video/mp4"}),
    "video/webm": frozenset({"video/webm"}),
}
# What the names of such files end in.
EXTENSIONS: dict[str, frozenset[str]] = {
    "image/jpeg": frozenset({"jpg", "jpeg"}),
    "image/png": frozenset({"png"}),
    "image/gif": frozenset({"gif"}),
    "image/webp": frozenset({"webp"}),
    "application/pdf": frozenset({"pdf"}),
    "text/plain": frozenset({"txt", "md", "csv"}),
    **{media_type: frozenset({kind.extension}) for media_type, kind in ZIPPED.items()},
    "audio/mpeg": frozenset({"mp3"}),
    "audio/mp4": frozenset({"m4a", "mp4"}),
    "audio/ogg": frozenset({"ogg", "oga", "opus"}),
    "audio/wav": frozenset({"wav"}),
    "video/mp4": frozenset({"mp4", "m4v"}),
    "video/webm": frozenset({"webm"}),
}


class NotAsAnnounced(Exception):
    """What arrived is not what was announced, in words for who uploaded it."""


async def verify(storage: Storage, key: str, announced: Announced) -> None:
    """Raises `NotAsAnnounced` unless size, hash and kind of what is kept under the key are as announced.

    The file is read once, in pieces; nothing is read of one that has another size.
    """
    size = await storage.size(key)
    if size is None:
        raise NotAsAnnounced("The file has not arrived.")
    if size != announced.size:
        raise NotAsAnnounced(f"The file has {size} bytes, and {announced.size} were announced.")
    is_zipped = announced.media_type in ZIPPED
    digest, head = hashlib.sha256(), b""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as whole:
        async for part in storage.read(key):
            digest.update(part)
            if len(head) < _HEAD_BYTES:
                head += part[: _HEAD_BYTES - len(head)]
            if is_zipped:
                await asyncio.to_thread(whole.write, part)
        if digest.hexdigest() != announced.sha256.lower():
            raise NotAsAnnounced("The file is not the one that was announced: its hash is another.")
        if not (await _is_zip(whole, announced) if is_zipped else looks_like(head, announced.media_type)):
            raise NotAsAnnounced(f"The file does not look like {announced.media_type}.")


async def _is_zip(whole: IO[bytes], announced: Announced) -> bool:
    """True for what is in order; raises `NotAsAnnounced` where more can be said than that it does not look so."""
    problem = await asyncio.to_thread(problem_of_zip, whole, announced.size, ZIPPED[announced.media_type])
    if problem:
        raise NotAsAnnounced(f"The file does not look like {announced.media_type}: {problem}")
    return True


def looks_like(head: bytes, media_type: str) -> bool:
    """Whether the beginning of a file is that of its media type, as far as beginnings tell."""
    if media_type not in MEDIA_TYPES:
        return False
    if media_type == "text/plain":
        return _is_text(head)
    if media_type in ZIPPED:
        return head.startswith(b"PK\x03\x04")
    return bool(MEDIA_TYPES[media_type] & _sniffed(head))


def _sniffed(head: bytes) -> set[str]:
    try:
        return {match.mime_type for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):  # unknown; empty
        return set()


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters; a letter that is cut off at the end does no harm."""
    try:
        text = head.decode(errors="strict")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return False
        text = head[: error.start].decode()
    return all(each.isprintable() or each in "\t\n\r\f" for each in text)
