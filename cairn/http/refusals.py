"""How endpoints beside GraphQL say no."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response


def refused(status: int, message: str, code: str) -> Response:
    """An error as JSON, which nobody keeps."""
    return JSONResponse({"error": {"message": message, "code": code}}, status, {"cache-control": "no-store"})
