"""Answers that caches may keep, and that need not be sent again while they are the same."""

from __future__ import annotations

from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

# Of what was answered, these belong to the short answer that nothing has changed.
_KEPT = ("cache-control", "etag", "set-cookie", "vary", "x-request-id")


def revalidated(request: Request, response: Response, *, public: bool, max_age: int) -> Response:
    """The response with a strong ETag; or 304 without a body, where the client has this very one already.

    A `public` answer may be kept by anybody's cache for `max_age` seconds, another only by the browser itself, which
    has to ask each time whether it still holds.
    """
    told = f"public, max-age={max_age}" if public else "private, max-age=0"
    response.headers["cache-control"] = f"{told}, must-revalidate"
    # The same bytes under another media type are another representation.
    mark = sha256(response.headers["content-type"].encode() + b"\n" + bytes(response.body)).hexdigest()[:32]
    response.headers["etag"] = f'"{mark}"'
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if "*" not in known and f'"{mark}"' not in known:
        return response
    unchanged = Response(status_code=304)
    unchanged.raw_headers = [each for each in response.raw_headers if each[0].decode() in _KEPT]
    return unchanged
