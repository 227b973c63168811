"""Everything that is not GraphQL: signing in by link, the session, health, and the IDE's files."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path

import psycopg
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from cairn.http.credentials import Credentials, InvalidCredentials, origin_of
from core.database import Database
from core.errors import DomainError
from core.viewer import ANONYMOUS, SERVICE
from core.writing import Transaction, transaction
from migrations.head import head
from resolvers import audit, identity

_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}


@dataclass(frozen=True)
class Pages:
    """The small pages around the API."""

    database: Database
    credentials: Credentials

    async def sign_in(self, request: Request) -> Response:
        """Trades the link's token for a session cookie and goes on to the IDE."""
        if request.method == "HEAD":
            # What programs that preview links do; only a person's click may use the link up.
            return Response(headers=_HEADERS)
        try:
            async with transaction(self.database, SERVICE) as tx:
                cookie = await identity.sign_in(tx, request.query_params.get("token", ""), origin_of(request))
                await self._record(tx, "session_start_by_link", cookie, request)
        except DomainError as error:
            return PlainTextResponse(f"{error.message}\n", 400, _HEADERS)
        response = RedirectResponse("/ide/", 303, _HEADERS)
        self.credentials.set_cookie(request, response, cookie)
        return response

    async def sign_out(self, request: Request) -> Response:
        """Ends the session."""
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
        shown = {"kind": viewer.kind.name, "name": viewer.name, "scopes": sorted(viewer.scopes)}
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
    """The built IDE, with the policy that it was built for."""

    def __init__(self, folder: Path) -> None:
        self._files = _Compressed(directory=folder, html=True)
        policy = folder.parent / "csp.txt"
        self._policy = policy.read_text().strip() if policy.exists() else "default-src 'self'"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one file."""

        async def with_headers(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                kept = [] if "/assets/" in scope["path"] else [(b"cache-control", b"no-cache")]
                headers = [
                    (b"content-security-policy", self._policy.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                    *kept,
                ]
                message = {**message, "headers": [*message["headers"], *headers]}  # type: ignore[misc]
            await send(message)

        await self._files(scope, receive, with_headers)  # type: ignore[arg-type]


async def ide_missing(_request: Request) -> Response:
    """What `/ide` says before the IDE was built."""
    return PlainTextResponse("The IDE is not built yet. Run `make dev`, which builds it.\n", 503)
