"""From credentials to a viewer: a bearer token, a session cookie, or neither."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import HTTPConnection, Request
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


# The kinds of our own secrets that are sent as bearer tokens.
_BEARERS = (identity.TokenKind.API, identity.TokenKind.ACCESS, identity.TokenKind.IMPERSONATION)


@dataclass(frozen=True)
class Presented:
    """A credential as it came, and of which kind; None for the token of another issuer."""

    secret: str
    kind: identity.TokenKind | None


@dataclass(frozen=True)
class Credentials:
    """Reads and sets them. `secure` is for addresses that browsers reach over https.

    A cookie counts only where the page that asks is one of ours: browsers send it along, whoever makes them ask.
    """

    database: Database
    secure: bool
    issuers: OtherIssuers | None
    origins: Origins
    memory: identity.Memory = field(default_factory=identity.Memory)

    def cookie_name(self, request: HTTPConnection) -> str:
        """Two servers on one host must not overwrite each other's cookie: browsers ignore the port."""
        return "__Host-cairn_session" if self.secure else f"cairn_session_{request.url.port or 80}"

    async def viewer(self, request: HTTPConnection) -> Viewer:
        """The viewer of a request; raises `InvalidCredentials` for a bearer token that is not valid."""
        return (await self.identified(self.presented(request)))[1]

    async def identified(self, presented: Presented | None) -> tuple[Presented | None, Viewer]:
        """A credential with its viewer. A cookie whose session is over is as good as none.

        Raises `InvalidCredentials` for a bearer token that is not valid.
        """
        found = ANONYMOUS if presented is None else await self.viewer_of(presented)
        if found is not None:
            return presented, found
        if presented is not None and presented.kind is identity.TokenKind.SESSION:
            return None, ANONYMOUS
        raise InvalidCredentials("This token is not valid: it may be expired or revoked.")

    def presented(self, request: HTTPConnection) -> Presented | None:
        """The credential that came with a request; raises `InvalidCredentials` for what cannot be one."""
        header = request.headers.get("authorization")
        if header is not None:
            return self.bearer(header)
        cookie = request.cookies.get(self.cookie_name(request)) if "cookie" in request.headers else None
        # What does not even look like one of ours is told without asking the database.
        if cookie is None or not identity.looks_like_token(cookie, identity.TokenKind.SESSION):
            return None
        return None if self.origins.is_foreign(request) else Presented(cookie, identity.TokenKind.SESSION)

    def bearer(self, header: str) -> Presented:
        """The credential in an `Authorization` header; raises `InvalidCredentials` for what cannot be one."""
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer":
            if self.issuers is not None and identity.looks_like_jwt(token):
                return Presented(token, None)
            kind = identity.kind_of(token)
            if kind in _BEARERS:
                return Presented(token, kind)
        raise InvalidCredentials("This token is not valid: it may be expired or revoked.")

    async def viewer_of(self, presented: Presented) -> Viewer | None:
        """Who is behind a credential; None where it is not good, or no longer.

        Raises `InvalidCredentials` for a bad token of another issuer, and `RequestError` where that is away.
        """
        if presented.kind is None:
            assert self.issuers is not None
            return await self.issuers.viewer(self.database, presented.secret)
        if presented.kind is identity.TokenKind.IMPERSONATION:
            return await self._acting(presented.secret)
        if presented.kind is identity.TokenKind.SESSION:
            found = await identity.viewer_of_session(self.database, presented.secret)
        else:
            found = await identity.viewer_of_bearer(self.database, presented.secret)
        if found is None:
            return None
        self.memory.keep(presented.kind, presented.secret, found)
        return await self._seen(found)

    def recalled(self, request: HTTPConnection) -> identity.Recalled | None:
        """Who was behind the credential of a request when it was last looked up; None where nobody knows.

        Raises `InvalidCredentials` for what cannot be one.
        """
        presented = self.presented(request)
        if presented is None or presented.kind is None:
            return None
        return self.memory.recall(presented.kind, presented.secret)

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

    def forget(self, request: HTTPConnection) -> None:
        """Takes nobody at the word of this request's credential any more."""
        presented = self.presented(request)
        if presented is not None and presented.kind is not None:
            self.memory.forget(presented.kind, presented.secret)

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


def origin_of(request: HTTPConnection, request_id: str | None = None) -> identity.Origin:
    """Where a request comes from: behind a trusted proxy, what that says."""
    address = request.client.host if request.client else None
    return identity.Origin(address, request.headers.get("user-agent"), request_id)
