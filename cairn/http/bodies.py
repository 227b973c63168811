"""Reading a request's body, no further than it may go."""

from __future__ import annotations

import re

from starlette.requests import Request

# A string that never ends counts as one up to the end, so that no body makes the search start over and over.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class TooLarge(Exception):
    """The body is larger than it may be."""


class EndedEarly(Exception):
    """Whoever sent the body went away in the middle of it."""


async def read(request: Request, most: int) -> bytes:
    """The body; raises `TooLarge` as soon as it is known to be that, and `EndedEarly`."""
    if int(request.headers.get("content-length", 0)) > most:
        raise TooLarge
    body = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise EndedEarly
        part: bytes = message.get("body", b"")
        if len(body) + len(part) > most:
            raise TooLarge
        is_last = not message.get("more_body", False)
        if is_last and not body:
            # Nearly always it comes in one piece.
            return bytes(part)
        body += part
        if is_last:
            return bytes(body)


def is_deeper(body: bytes, most: int) -> bool:
    """Whether brackets outside of strings nest deeper than allowed; ordinary bodies are told by counting alone."""
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    depth = 0
    for found in _BRACKETS.finditer(body):
        if found[0] in (b"[", b"{"):
            depth += 1
            if depth > most:
                return True
        elif found[0] in (b"]", b"}"):
            depth -= 1
    return False
