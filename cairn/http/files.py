"""Files on the disk of this machine, sent and fetched by addresses that were handed out: the addresses say all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from gateways.storage import DiskStorage, NotKept
from gateways.storage.disk import BadTicket, Busy

_HEADERS = {"cache-control": "private, no-store"}


@dataclass(frozen=True)
class DiskEndpoint:
    """Answers `PUT` and `GET /files/{ticket}`, as S3 answers its own presigned addresses. No credentials are read."""

    storage: DiskStorage

    async def put(self, request: Request) -> Response:
        """200 once the file is on the disk; 403 for an address that is good no more, or another file; 409 while it is
        being sent already.
        """
        try:
            ticket = self._ticket(request, "put")
            if request.headers.get("content-type", "").strip().lower() != ticket["type"]:
                return _refused(415, f"Send the file as {ticket['type']}.", "UNSUPPORTED_MEDIA_TYPE")
            if int(request.headers.get("content-length", ticket["size"])) != ticket["size"]:
                return _refused(413, f"The file has {ticket['size']} bytes.", "BODY_TOO_LARGE")
            await self.storage.receive(request.path_params["ticket"], request.stream())
        except BadTicket as error:
            return _refused(403, str(error), "FORBIDDEN")
        except Busy as error:
            return _refused(409, str(error), "BUSY")
        except ClientDisconnect:
            return _refused(400, "The file ended too early.", "BAD_REQUEST")
        except NotKept:
            return _refused(507, "The file cannot be kept here at the moment.", "NO_ROOM")
        return Response(status_code=200, headers=_HEADERS)

    async def get(self, request: Request) -> Response:
        """The file, to be saved and never shown; 404 where it is gone."""
        try:
            ticket = self._ticket(request, "get")
        except BadTicket as error:
            return _refused(403, str(error), "FORBIDDEN")
        path = self.storage.path_of(ticket)
        if not path.is_file():
            return _refused(404, "There is no such file any more.", "NOT_FOUND")
        return FileResponse(path, media_type=ticket["type"], filename=ticket["name"], headers=_HEADERS)

    def _ticket(self, request: Request, act: Literal["put", "get"]) -> dict[str, Any]:
        return self.storage.ticket(request.path_params["ticket"], act)


def _refused(status: int, message: str, code: str) -> Response:
    return JSONResponse({"error": {"message": message, "code": code}}, status, _HEADERS)
