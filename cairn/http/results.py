"""Results of an assessment as CSV, written while they are read: however many there are, it takes no memory."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from cairn.http.credentials import Credentials, InvalidCredentials
from cairn.http.refusals import refused
from core.database import Database
from core.errors import DomainError, Forbidden, SignInRequired
from core.viewer import SERVICE, Viewer
from core.writing import transaction
from resolvers import audit
from resolvers.assessment import results
from resolvers.assessment.results import Table

_HEADERS = {"cache-control": "no-store", "content-disposition": 'attachment; filename="results.csv"'}
# What a spreadsheet would take for a formula, or for a cell of its own.
_DANGEROUS, _LINES = ("=", "+", "-", "@", "\u2212"), ("\t", "\r", "\n")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")
_ENDS = re.compile(r"([;\t\r\n])")
# Without it, spreadsheets take UTF-8 for something else.
_MARK = "\ufeff"


@dataclass(frozen=True)
class ResultsEndpoint:
    """Answers `GET /results/{id}`, with `?names=true` for who may know them. Each time is noted in the audit log."""

    database: Database
    credentials: Credentials

    async def __call__(self, request: Request) -> Response:
        """The table, or why there is none."""
        has_names = request.query_params.get("names", "").lower() in ("1", "true", "yes")
        try:
            viewer = await self.credentials.viewer(request)
            results.require_results(viewer, has_names=has_names)
            table = await self._begun(viewer, request.path_params["id"], has_names)
        except (InvalidCredentials, SignInRequired) as error:
            return refused(401, str(error), "UNAUTHENTICATED")
        except Forbidden as error:
            return refused(403, str(error), "FORBIDDEN")
        except DomainError as error:
            return refused(404 if error.code == "NOT_FOUND" else 422, str(error), error.code)
        return StreamingResponse(self._lines(table), media_type="text/csv; charset=utf-8", headers=_HEADERS)

    async def _begun(self, viewer: Viewer, assessment_id: str, has_names: bool) -> Table:
        """The columns. What is handed out is written down before any of it is."""
        async with transaction(self.database, SERVICE) as tx:
            table = await results.table_for(tx, assessment_id, has_names=has_names)
            await audit.record(tx, "results_export", assessment_id, {"names": has_names}, viewer)
        return table

    async def _lines(self, table: Table) -> AsyncIterator[str]:
        yield _MARK + _csv([table.head])
        after: str | None = None
        while True:
            # A transaction for each page: a slow reader holds up nothing.
            async with transaction(self.database, SERVICE) as tx:
                rows, after = await results.page_of(tx, table, after)
            yield _csv(rows)
            if after is None:
                return


def _csv(rows: Sequence[Sequence[str]]) -> str:
    made = io.StringIO()
    csv.writer(made).writerows([guarded(each) for each in row] for row in rows)
    return made.getvalue()


def guarded(cell: str) -> str:
    """The cell, with a mark before what a spreadsheet would run.

    Some end a cell at a semicolon, a tab or a line's end, whatever the quotes around it say: each part is seen to.
    """
    safe = "".join(f"'{part}" if _runs(part) else part for part in _ENDS.split(cell))
    return f"'{safe}" if cell.startswith(_LINES) else safe


def _runs(part: str) -> bool:
    """Whether it would be a formula: what is not seen is passed over, and a wide sign taken for a narrow one."""
    unseen = (each.isspace() or each == '"' or unicodedata.category(each)[0] == "C" for each in part)
    seen = next((each for each, is_unseen in zip(part, unseen, strict=True) if not is_unseen), "")
    return unicodedata.normalize("NFKC", seen).startswith(_DANGEROUS) and not _PLAIN_NUMBER.fullmatch(part.strip())
