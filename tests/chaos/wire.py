"""As much of PostgreSQL's protocol as it takes to count statements and to find the answer to a COMMIT."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_HEAD = 5
# What is sent in place of a statement that shall fail: the server itself says that it is none.
_NONSENSE = b"CAIRN FAULT\0"
_NOBODY = b"cairn_fault_no_such_statement\0"


@dataclass
class Messages:
    """Cuts a stream into whole messages; a client's very first has no type."""

    is_begun: bool = False
    _rest: bytes = field(default=b"", repr=False)

    def cut(self, data: bytes) -> list[bytes]:
        """The messages that are whole by now, each with its head."""
        self._rest += data
        found = []
        while True:
            head = _HEAD if self.is_begun else _HEAD - 1
            if len(self._rest) < head:
                return found
            end = struct.unpack("!I", self._rest[head - 4 : head])[0] + head - 4
            if len(self._rest) < end:
                return found
            found.append(self._rest[:end])
            self._rest, self.is_begun = self._rest[end:], True


def is_statement(message: bytes) -> bool:
    """Whether a client's message has a statement carried out: a simple one, or one that was prepared."""
    return message[:1] in (b"Q", b"B")


def text_of(message: bytes, known: dict[bytes, str]) -> str:
    """The SQL that a client's message is about, if any; `known` are the texts of what was prepared, by name."""
    kind, body = message[:1], message[_HEAD:]
    if kind == b"Q":
        return body[:-1].decode(errors="replace")
    if kind == b"P":
        name, text, _ = body.split(b"\0", 2)
        known[name] = text.decode(errors="replace")
        return known[name]
    if kind == b"B":
        return known.get(body.split(b"\0", 2)[1], "")
    return ""


def spoilt(message: bytes) -> bytes:
    """The same message with a statement in it that the server refuses."""
    kind, body = message[:1], message[_HEAD:]
    if kind == b"Q":
        return _whole(kind, _NONSENSE)
    portal, _, rest = body.split(b"\0", 2)
    return _whole(kind, portal + b"\0" + _NOBODY + rest)


def is_committed(message: bytes) -> bool:
    """Whether a server's message says that a transaction was committed."""
    return message[:1] == b"C" and message[_HEAD:] == b"COMMIT\0"


def is_ready(message: bytes) -> bool:
    """Whether a server's message says that all it was sent is dealt with."""
    return message[:1] == b"Z"


def _whole(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body
