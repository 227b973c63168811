"""Everything that is not GraphQL: signing in by link, the session, health, and the IDE's files."""

from __future__ import annotations

import html
import logging
import mimetypes
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from cairn.http.credentials import Credentials, InvalidCredentials, origin_of
from cairn.http.origins import is_whole_page
from core.database import Database
from core.errors import DomainError
from core.viewer import ANONYMOUS, SERVICE
from core.writing import Transaction, transaction
from gateways.tallies import Tallies
from graph.introspection import Openness, may_read_schema
from migrations.head import head
from resolvers import audit, identity
from resolvers.requests import failures, limits

_HEADERS = {"cache-control": "no-store"}
_ASKING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title>
<p>You came here by a link on another page. <a href="/sign-in?{query}">Sign in</a> if it is your own link.</p></html>
"""
_IDE_CLOSED = "The IDE is for those who may read the schema (schema:read). Sign in by a link of yours first.\n"
log = logging.getLogger("cairn.http")


@dataclass(frozen=True)
class Pages:
    """The small pages around the API."""

    database: Database
    credentials: Credentials
    introspection: Openness = "everybody"
    tallies: Tallies | None = None

    async def may_open_ide(self, request: Request) -> bool:
        """Whether whoever asks may open the IDE: those who may read the schema that it is made of."""
        if self.introspection == "everybody":
            return True
        try:
            return may_read_schema(self.introspection, await self.credentials.viewer(request))
        except InvalidCredentials:
            return False

    async def sign_in(self, request: Request) -> Response:
        """Trades the link's token for a session cookie and goes on to the IDE."""
        if request.method == "HEAD" or not is_whole_page(request):
            # What programs that preview links do, and pages that hide one; only a person's click may use the link up.
            return Response(headers=_HEADERS)
        if self.credentials.origins.is_foreign(request):
            # A page elsewhere, be it the reader of a mailbox, sent the browser here, perhaps with a link of somebody
            # else's account, in which whoever sits there is to work unawares: they say themselves that they want in.
            return HTMLResponse(_ASKING.format(query=html.escape(request.url.query)), headers=_HEADERS)
        origin = origin_of(request)
        try:
            if self.tallies is not None:
                await limits.check(self.tallies, limits.SECRET, {}, ANONYMOUS, origin)
            async with transaction(self.database, SERVICE) as tx:
                cookie = await identity.sign_in(tx, request.query_params.get("token", ""), origin)
                await self._record(tx, "session_start_by_link", cookie, request)
        except limits.RateLimited as error:
            failures.tell("session_start_by_link", [error], "", ANONYMOUS, origin)
            return PlainTextResponse(f"{error}\n", 429, {**_HEADERS, "retry-after": str(error.retry_after)})
        except DomainError as error:
            failures.tell("session_start_by_link", [error], "", ANONYMOUS, origin)
            return PlainTextResponse(f"{error.message}\n", 400, _HEADERS)
        response = RedirectResponse("/ide/", 303, _HEADERS)
        self.credentials.set_cookie(request, response, cookie)
        return response

    async def sign_out(self, request: Request) -> Response:
        """Ends the session, unless another site's page has made the browser ask for it."""
        if not self.credentials.origins.may_act(request):
            return PlainTextResponse("Another site's page may not sign you out.\n", 403, _HEADERS)
        cookie = request.cookies.get(self.credentials.cookie_name(request))
        if cookie:
            async with transaction(self.database, SERVICE) as tx:
                await self._record(tx, "session_end", cookie, request)
                await identity.sign_out(tx, cookie)
        response = Response(status_code=204, headers=_HEADERS)
        self.credentials.delete_cookie(request, response)
        return response

    async def _record(self, tx: Transaction, action: str, cookie: str, request: Request) -> None:
        """The same entry that the mutation of this name leaves; none where nobody is signed in."""
        session = await identity.session_of(tx, cookie)
        if session is not None:
            viewer = await identity.viewer_of_user(tx, session.user_id, session.id)
            await audit.record(tx, action, session.id, {}, viewer, origin=origin_of(request))

    async def session(self, request: Request) -> Response:
        """Who is signed in, for the IDE."""
        try:
            viewer = await self.credentials.viewer(request)
        except InvalidCredentials:
            viewer = ANONYMOUS
        # What holds within single courses and groups, whichever they are: enough for a word about it.
        within = {held.partition("@")[0] for held in viewer.within}
        shown = {
            "kind": viewer.kind.name,
            "name": viewer.name,
            "scopes": sorted(viewer.scopes),
            "within": sorted(within - viewer.scopes),
        }
        return JSONResponse({"viewer": shown}, headers=_HEADERS)

    async def healthz(self, _request: Request) -> Response:
        """The process is alive."""
        return PlainTextResponse("ok\n", headers=_HEADERS)

    async def readyz(self, _request: Request) -> Response:
        """The database answers and is migrated to what this code expects."""
        try:
            async with self.database.transaction(SERVICE) as connection:
                row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
        except psycopg.errors.UndefinedTable:
            row = None
        except Exception as error:  # whatever stands in the way, the answer is the same: not ready
            return PlainTextResponse(f"not ready: {type(error).__name__}\n", 503, _HEADERS)
        if row is None or row.version_num != head():
            return PlainTextResponse("not ready: migrations are missing (cairn migrate)\n", 503, _HEADERS)
        return PlainTextResponse("ready\n", headers=_HEADERS)


async def failed(_request: Request, error: Exception) -> Response:
    """What a page says when it broke: nothing about our insides, and by which word we find it in the log."""
    request_id = secrets.token_hex(8)
    log.error("request %s failed", request_id, exc_info=error)
    said = f"Something went wrong on our side (request {request_id}).\n"
    return PlainTextResponse(said, 500, {**_HEADERS, "x-request-id": request_id})


async def unavailable(_request: Request, error: Exception) -> Response:
    """What any of the pages says when the database is busy or away."""
    return PlainTextResponse(f"{error}\n", 503, {**_HEADERS, "retry-after": "1"})


class _Compressed(StaticFiles):
    """Static files, sent as their `.gz` twin where the build made one and the browser takes it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, compressed if possible."""
        if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            twin, found = await run_in_threadpool(self.lookup_path, f"{path}.gz")
            if found is not None:
                media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
                response = FileResponse(twin, stat_result=found, media_type=media_type)
                response.headers.update({"content-encoding": "gzip", "vary": "accept-encoding"})
                return response
        return await super().get_response(path, scope)


class IdeFiles:
    """The built IDE, with the policy that it was built for. Its page is shown to whom `may_open` lets in."""

    def __init__(self, folder: Path, may_open: Callable[[Request], Awaitable[bool]]) -> None:
        self._may_open = may_open
        self._files = _Compressed(directory=folder, html=True)
        policy = folder.parent / "csp.txt"
        self._policy = policy.read_text().strip() if policy.exists() else "default-src 'self'"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one file. Scripts and styles hold nothing but themselves, and are for everybody."""
        if "/assets/" not in scope["path"] and not await self._may_open(Request(scope)):
            refusal = PlainTextResponse(_IDE_CLOSED, 403, _HEADERS)
            await refusal(scope, receive, send)
            return

        async def with_headers(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                kept = [] if "/assets/" in scope["path"] else [(b"cache-control", b"no-cache")]
                headers = [(b"content-security-policy", self._policy.encode()), *kept]
                message = {**message, "headers": [*message["headers"], *headers]}  # type: ignore[misc]
            await send(message)

        await self._files(scope, receive, with_headers)  # type: ignore[arg-type]


async def ide_missing(_request: Request) -> Response:
    """What `/ide` says before the IDE was built."""
    return PlainTextResponse("The IDE is not built yet. Run `make dev`, which builds it.\n", 503)
