"""Requests and responses of the API: Starlette's own, with the work that every request would repeat done once.

A request of the API has its headers looked up a dozen times, and its answer has the same few headers each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

_ALWAYS = (
    (b"cache-control", b"no-store"),
    (b"vary", b"accept, authorization, cookie, origin, sec-fetch-site"),
)
_TYPES = {
    each: (b"content-type", f"{each}; charset=utf-8".encode())
    for each in ("application/json", "application/graphql-response+json")
}


class _Headers(Headers):
    """Headers that are decoded once; of those that were sent several times, one look-up finds the first."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        super().__init__(raw=raw)
        self._first = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(raw)}

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower()]

    def __contains__(self, key: Any) -> bool:
        return key.lower() in self._first

    def get(self, key: str, default: Any = None) -> Any:
        """The first value, or what is given."""
        return self._first.get(key.lower(), default)

    def getlist(self, key: str) -> list[str]:
        """All values."""
        if len(self._first) < len(self._list):
            return super().getlist(key)
        found = self._first.get(key.lower())
        return [] if found is None else [found]


class ApiRequest(Request):
    """A request of the API."""

    @cached_property
    def headers(self) -> Headers:
        """The headers that came with it."""
        return _Headers(list(self.scope["headers"]))


class ApiResponse(Response):
    """An answer of the API: JSON, for nobody's cache unless `headers` say otherwise."""

    def __init__(
        self, body: bytes, status: int, media_type: str, request_id: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [
            (b"content-length", str(len(body)).encode()),
            _TYPES[media_type],
            (b"x-request-id", request_id.encode()),
            *_ALWAYS,
        ]
        if headers:
            self.headers.update(headers)
