"""A course's questions as a file in GIFT or Moodle XML. Answer keys are in it: it is for authors."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from cairn.http.credentials import Credentials, InvalidCredentials
from cairn.http.refusals import refused
from core.database import Database
from core.errors import DomainError, Forbidden, SignInRequired
from core.viewer import require
from core.writing import transaction
from models.identity import Scope
from resolvers import audit

_TYPES = {
    "gift": ("text/plain; charset=utf-8", "questions.gift.txt"),
    "moodle": ("application/xml; charset=utf-8", "questions.xml"),
}


@dataclass(frozen=True)
class ExportEndpoint:
    """Answers `GET /exports/{course}`, with `?format=gift` or `moodle`. Each time is noted in the audit log."""

    database: Database
    credentials: Credentials

    async def __call__(self, request: Request) -> Response:
        """The file, or why there is none."""
        # What reads and writes such files takes ten megabytes, which processes that write none can do without.
        from gateways.banks import BankFormat
        from resolvers.importing.exporting import export_course

        asked = request.query_params.get("format", "")
        if asked not in _TYPES:
            return refused(400, "Say which format: gift or moodle.", "BAD_REQUEST")
        kind = BankFormat(asked)
        course_id = request.path_params["id"]
        try:
            viewer = await self.credentials.viewer(request)
            require(viewer, Scope.CONTENT_EDIT)
            async with transaction(self.database, viewer) as tx:
                made = await export_course(tx, course_id, kind)
                told = {"format": kind.value, "questions": made.number, "lost": len(made.lost)}
                await audit.record(tx, "bank_export", course_id, told)
        except (InvalidCredentials, SignInRequired) as error:
            return refused(401, str(error), "UNAUTHENTICATED")
        except Forbidden as error:
            return refused(403, str(error), "FORBIDDEN")
        except DomainError as error:
            return refused(404 if error.code == "NOT_FOUND" else 422, str(error), error.code)
        media_type, name = _TYPES[asked]
        headers = {"cache-control": "no-store", "content-disposition": f'attachment; filename="{name}"'}
        return Response(made.text, media_type=media_type, headers=headers)
