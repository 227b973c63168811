"""Whether what arrived is what was announced: looked at on the server, whatever the storage has checked already."""

from __future__ import annotations

import hashlib

import puremagic

from gateways.storage.base import Announced, Storage

_HEAD_BYTES = 8192
_OFFICE = "application/vnd.openxmlformats-officedocument."
# Media types that are taken, with all that a look inside may call them. Files that browsers run are not among them.
MEDIA_TYPES: dict[str, frozenset[str]] = {
    "image/jpeg": frozenset({"image/jpeg"}),
    "image/png": frozenset({"image/png"}),
    "image/gif": frozenset({"image/gif"}),
    "image/webp": frozenset({"image/webp"}),
    "application/pdf": frozenset({"application/pdf"}),
    "text/plain": frozenset(),
    f"{_OFFICE}wordprocessingml.document": frozenset({f"{_OFFICE}wordprocessingml.document"}),
    f"{_OFFICE}spreadsheetml.sheet": frozenset({f"{_OFFICE}spreadsheetml.sheet"}),
    f"{_OFFICE}presentationml.presentation": frozenset({f"{_OFFICE}presentationml.presentation"}),
    "audio/mpeg": frozenset({"audio/mpeg"}),
    "audio/mp4": frozenset({"audio/mp4", "video/mp4"}),
    "audio/ogg": frozenset({"audio/ogg", "application/ogg"}),
    "audio/wav": frozenset({"audio/wave", "audio/x-wav", "audio/wav"}),
    "video/mp4": frozenset({"video/mp4"}),
    "video/webm": frozenset({"video/webm"}),
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
    digest, head = hashlib.sha256(), b""
    async for part in storage.read(key):
        digest.update(part)
        if len(head) < _HEAD_BYTES:
            head += part[: _HEAD_BYTES - len(head)]
    if digest.hexdigest() != announced.sha256.lower():
        raise NotAsAnnounced("The file is not the one that was announced: its hash is another.")
    if not looks_like(head, announced.media_type):
        raise NotAsAnnounced(f"The file does not look like {announced.media_type}.")


def looks_like(head: bytes, media_type: str) -> bool:
    """Whether the beginning of a file is that of its media type, as far as beginnings tell."""
    if media_type not in MEDIA_TYPES:
        return False
    if media_type == "text/plain":
        return _is_text(head)
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
