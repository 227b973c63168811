"""Uploading a course or a question bank to be imported: the file is kept, a job does the rest."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from cairn.http.credentials import Credentials, InvalidCredentials
from cairn.settings import WorkSettings
from core.database import Database
from core.errors import DomainError, Forbidden, SignInRequired
from core.viewer import Viewer, require
from core.writing import transaction
from models.identity import Scope
from resolvers import audit
from resolvers.importing.calling import call_for

_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
# Media type to what it is, and what its file's name ends in. No form of a foreign page can send these, so a cookie is
# not used behind anybody's back.
_TYPES = {
    "application/gzip": ("olx", ".tar.gz"),
    "application/x-gzip": ("olx", ".tar.gz"),
    "application/xml": ("moodle", ".xml"),
    "text/x-gift": ("gift", ".gift"),
}
_MAX_NAME = 100


@dataclass(frozen=True)
class Refusal(Exception):
    """Why a file is not taken."""

    status: int
    message: str
    code: str


@dataclass(frozen=True)
class ImportEndpoint:
    """Answers `POST /imports`: the body is the .tar.gz, or a file of questions that are called by the parameter `name`.

    The parameter `theme` is the slug of a new course's theme.
    """

    database: Database
    credentials: Credentials
    work: WorkSettings

    async def __call__(self, request: Request) -> Response:
        """202 with the id of the job, or the reason why there is none."""
        try:
            viewer = await self.credentials.viewer(request)
            require(viewer, Scope.CONTENT_IMPORT)
            _check(request, self.work.import_max_bytes)
            job_id = await self._taken(request, viewer)
        except (InvalidCredentials, SignInRequired) as error:
            return _refused(Refusal(401, str(error), "UNAUTHENTICATED"))
        except Forbidden as error:
            return _refused(Refusal(403, str(error), "FORBIDDEN"))
        except Refusal as refusal:
            return _refused(refusal)
        return JSONResponse({"job": job_id}, 202, _HEADERS)

    async def _taken(self, request: Request, viewer: Viewer) -> str:
        """Keeps the file, and calls for its import; a file that nobody calls for is removed."""
        source, ending = _TYPES[_media_type(request)]
        name = f"{secrets.token_hex(16)}{ending}"
        path = self.work.imports / name
        try:
            await self._keep(request, path)
            await run_in_threadpool(self._require_room)
            arguments = {"file": name, "theme": _theme(request)}
            if source != "olx":
                arguments |= {"source": source, "name": _name(request)}
            async with transaction(self.database, viewer) as tx:
                job_id = await call_for(tx, arguments, self.work.imports_of_person)
                await audit.record(tx, "import_upload", job_id, arguments)
        except DomainError as error:
            path.unlink(missing_ok=True)
            raise Refusal(429 if error.code == "TOO_MANY_IMPORTS" else 503, error.message, error.code) from error
        except psycopg.OperationalError:
            # Perhaps it was committed, and only the answer lost: then the job needs the file. If not, time removes it.
            raise
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return job_id

    def _require_room(self) -> None:
        """Raises `Refusal` where all files that wait, the new one too, are more than is set; whoever came last goes."""
        held = 0
        for each in self.work.imports.glob("*.*"):
            with suppress(FileNotFoundError):
                held += each.stat().st_size
        if held > self.work.imports_bytes:
            raise Refusal(507, "Too much waits to be imported. Send this later.", "NO_ROOM")

    async def _keep(self, request: Request, path: Path) -> None:
        """Writes the body down, and on to the disk: what was answered must be there after a power cut."""
        size = 0
        try:
            self.work.imports.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("xb") as file:
                async for part in request.stream():
                    size += len(part)
                    if size > self.work.import_max_bytes:
                        raise _too_large(self.work.import_max_bytes)
                    await run_in_threadpool(file.write, part)
                await run_in_threadpool(_flush, file.fileno())
        except ClientDisconnect as error:
            raise Refusal(400, "The file ended too early.", "BAD_REQUEST") from error
        except OSError as error:
            raise Refusal(507, "The file cannot be kept here at the moment.", "NO_ROOM") from error
        if not size:
            raise Refusal(400, "The file is empty.", "BAD_REQUEST")


def _check(request: Request, most: int) -> None:
    if _media_type(request) not in _TYPES:
        message = "Send a .tar.gz as application/gzip, Moodle XML as application/xml, or GIFT as text/x-gift."
        raise Refusal(415, message, "UNSUPPORTED_MEDIA_TYPE")
    if _TYPES[_media_type(request)][0] != "olx" and not _name(request):
        raise Refusal(400, f"Say what the questions are called: name, of at most {_MAX_NAME} letters.", "BAD_REQUEST")
    if int(request.headers.get("content-length", 0)) > most:
        raise _too_large(most)


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _name(request: Request) -> str:
    """The name of a question bank; empty where there is none that can be taken."""
    name = " ".join(request.query_params.get("name", "").split())
    return name if len(name) <= _MAX_NAME and name.isprintable() else ""


def _theme(request: Request) -> str | None:
    theme = request.query_params.get("theme") or None
    if theme is not None and not (len(theme) <= _MAX_NAME and theme.isprintable()):
        raise Refusal(400, "The parameter theme is the slug of a theme.", "BAD_REQUEST")
    return theme


def _flush(descriptor: int) -> None:
    os.fsync(descriptor)


def _too_large(most: int) -> Refusal:
    return Refusal(413, f"The file is larger than {most} bytes.", "BODY_TOO_LARGE")


def _refused(refusal: Refusal) -> Response:
    shown = {"error": {"message": refusal.message, "code": refusal.code}}
    return JSONResponse(shown, refusal.status, _HEADERS)
