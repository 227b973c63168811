"""From credentials to a viewer: a bearer token, a session cookie, or neither."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from cairn.http.issuers import InvalidCredentials, TrustedIssuers
from core.database import Database
from core.viewer import ANONYMOUS, SERVICE, Viewer
from core.writing import transaction
from gateways.oidc import looks_like_jwt
from graph.effects import Effects
from resolvers import identity

__all__ = ["Credentials", "InvalidCredentials", "origin_of"]


@dataclass(frozen=True)
class Credentials:
    """Reads and sets them. `secure` is for addresses that browsers reach over https."""

    database: Database
    secure: bool
    issuers: TrustedIssuers

    def cookie_name(self, request: Request) -> str:
        """Two servers on one host must not overwrite each other's cookie: browsers ignore the port."""
        return "__Host-cairn_session" if self.secure else f"cairn_session_{request.url.port or 80}"

    async def viewer(self, request: Request) -> Viewer:
        """The viewer of a request; raises `InvalidCredentials` for a bearer token that is not valid."""
        header = request.headers.get("authorization")
        cookie = request.cookies.get(self.cookie_name(request))
        if header is not None:
            return await self._viewer_of_header(header)
        # What does not even look like one of ours is told without asking the database.
        if cookie is None or not identity.looks_like_token(cookie, identity.TokenKind.SESSION):
            return ANONYMOUS
        async with transaction(self.database, SERVICE) as tx:
            return await identity.viewer_of_session(tx, cookie) or ANONYMOUS

    async def _viewer_of_header(self, header: str) -> Viewer:
        scheme, _, token = header.partition(" ")
        token = token.strip()
        found = None
        if scheme.lower() == "bearer" and looks_like_jwt(token):
            return await self.issuers.viewer(self.database, token)
        if scheme.lower() == "bearer" and identity.kind_of(token) is not None:
            async with transaction(self.database, SERVICE) as tx:
                found = await identity.viewer_of_bearer(tx, token)
        if found is None:
            raise InvalidCredentials("This token is not valid: it may be expired or revoked.")
        return found

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
    """Where a request comes from, as the server sees it: behind a proxy, what the proxy says is taken for it."""
    address = request.client.host if request.client else None
    return identity.Origin(address, request.headers.get("user-agent"), request_id)
