"""What every answer says to browsers, whoever made it: pages, files, refusals and failures."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Nothing of ours is meant to be framed, sniffed, or loaded into another site's page. An answer that shows more than
# data, such as the IDE, brings a policy of its own.
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
# For a year; whoever puts other things under the same name may set more at the proxy.
HTTPS_ONLY = {"strict-transport-security": "max-age=31536000"}


class SecurityHeaders:
    """Adds them to every answer; what an answer says itself stands."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        chosen = {**SECURITY_HEADERS, **(HTTPS_ONLY if https else {})}
        self._headers = [(name.encode(), value.encode()) for name, value in chosen.items()]
        self._names = {name for name, _ in self._headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message["headers"]
                names = {name for name, _ in given}
                ours = self._headers
                if not names.isdisjoint(self._names):
                    ours = [each for each in ours if each[0] not in names]
                message["headers"] = [*given, *ours]
            await send(message)

        await self._app(scope, receive, with_headers)
