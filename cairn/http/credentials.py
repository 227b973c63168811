"""From credentials to a viewer: a bearer token, a session cookie, or neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from cairn.http.origins import Origins
from core.database import Database
from core.viewer import ANONYMOUS, SERVICE, Viewer
from core.writing import transaction
from graph.effects import Effects
from resolvers import identity


class InvalidCredentials(Exception):
    """A token was sent and is not valid: told apart from no token, so that a client notices."""


class OtherIssuers(Protocol):
    """Whose tokens are taken besides our own."""

    async def viewer(self, database: Database, token: str) -> Viewer:
        """The viewer behind a token; raises `InvalidCredentials`, or `RequestError` when the issuer is away."""


@dataclass(frozen=True)
class Credentials:
    """Reads and sets them. `secure` is for addresses that browsers reach over https.

    A cookie counts only where the page that asks is one of ours: browsers send it along, whoever makes them ask.
    """

    database: Database
    secure: bool
    issuers: OtherIssuers | None
    origins: Origins

    def cookie_name(self, request: Request) -> str:
        """Two servers on one host must not overwrite each other's cookie: browsers ignore the port."""
        return "__Host-cairn_session" if self.secure else f"cairn_session_{request.url.port or 80}"

    async def viewer(self, request: Request) -> Viewer:
        """The viewer of a request; raises `InvalidCredentials` for a bearer token that is not valid."""
        header = request.headers.get("authorization")
        if header is not None:
            return await self._viewer_of_header(header)
        cookie = request.cookies.get(self.cookie_name(request)) if "cookie" in request.headers else None
        # What does not even look like one of ours is told without asking the database.
        if cookie is None or not identity.looks_like_token(cookie, identity.TokenKind.SESSION):
            return ANONYMOUS
        if self.origins.is_foreign(request):
            return ANONYMOUS
        found = await identity.viewer_of_session(self.database, cookie)
        return ANONYMOUS if found is None else await self._seen(found)

    async def _viewer_of_header(self, header: str) -> Viewer:
        scheme, _, token = header.partition(" ")
        token = token.strip()
        found = None
        if self.issuers is not None and scheme.lower() == "bearer" and identity.looks_like_jwt(token):
            return await self.issuers.viewer(self.database, token)
        if scheme.lower() == "bearer" and identity.looks_like_token(token, identity.TokenKind.IMPERSONATION):
            return await self._acting(token)
        if scheme.lower() == "bearer":
            found = await identity.viewer_of_bearer(self.database, token)
        if found is None:
            raise InvalidCredentials("This token is not valid: it may be expired or revoked.")
        return await self._seen(found)

    async def _acting(self, token: str) -> Viewer:
        """Somebody as whom somebody else acts: that they were here themselves is not written down."""
        found = await identity.viewer_of_impersonation(self.database, token)
        if found is None:
            raise InvalidCredentials("This token is not valid: what it was for may have ended.")
        return found

    async def _seen(self, found: identity.Identified) -> Viewer:
        """Writes down, once in a while, that this person was here."""
        if found.is_stale and found.viewer.user_id is not None:
            async with transaction(self.database, SERVICE) as tx:
                await identity.seen(tx, found.viewer.user_id)
        return found.viewer

    def apply(self, request: Request, response: Response, effects: Effects) -> None:
        """Sets or deletes the session cookie, where the operation asked for it."""
        if effects.cookie:
            self.set_cookie(request, response, effects.cookie)
        elif effects.cookie == "":
            self.delete_cookie(request, response)

    def set_cookie(self, request: Request, response: Response, cookie: str) -> None:
        """Signs the browser in."""
        response.set_cookie(
            self.cookie_name(request),
            cookie,
            max_age=int(identity.SESSION_LIFE.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def delete_cookie(self, request: Request, response: Response) -> None:
        """Signs the browser out."""
        response.delete_cookie(self.cookie_name(request), path="/", secure=self.secure, httponly=True, samesite="lax")


def origin_of(request: Request, request_id: str | None = None) -> identity.Origin:
    """Where a request comes from: behind a trusted proxy, what that says."""
    address = request.client.host if request.client else None
    return identity.Origin(address, request.headers.get("user-agent"), request_id)
