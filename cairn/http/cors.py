"""Front ends on other origins: those that the settings name may call the API with credentials, and nobody else."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

# What a page may send beyond what any form can, and what it may read of an answer.
REQUEST_HEADERS = (
    "authorization",
    "content-type",
    "idempotency-key",
    "last-event-id",
    "x-cairn-client",
    "x-graphql-event-stream-token",
)
EXPOSED_HEADERS = ("idempotency-replayed", "retry-after", "www-authenticate", "x-request-id")
# Browsers remember for this long that they may.
_PREFLIGHT_SECONDS = 3600


def with_cors(app: ASGIApp, allowed: Sequence[str]) -> ASGIApp:
    """The application with answers to the browsers of these origins; where there are none it costs nothing."""
    if not allowed:
        return app
    return CORSMiddleware(
        app,
        allow_origins=allowed,
        allow_methods=("GET", "POST", "PUT", "DELETE"),
        allow_headers=REQUEST_HEADERS,
        allow_credentials=True,
        expose_headers=EXPOSED_HEADERS,
        max_age=_PREFLIGHT_SECONDS,
    )
