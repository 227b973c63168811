"""Keyset paging: cursors over (sort key, id), forwards and backwards, as the Relay connection specification has it."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from core.errors import RequestError
from core.ids import tag_of
from core.rows import Row

DEFAULT_PAGE = 20
MAX_PAGE = 100
_NOT_OURS = "This cursor is not one of ours. Use a cursor from pageInfo or edges as it is."
# An instant as PostgreSQL writes it.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d)?", re.ASCII)


@dataclass(frozen=True)
class Page:
    """A checked request for one page: how many, from where, in which direction."""

    size: int
    cursor: tuple[str, str] | None = None
    backward: bool = False


@dataclass(frozen=True)
class PageOf:
    """One page of rows, in reading order, with what lies around it and how to count the whole."""

    rows: list[Row]
    has_next: bool
    has_previous: bool
    list_name: str
    sort_column: str

    def cursor(self, row: Row) -> str:
        """The cursor of one row of this page."""
        return encode_cursor(self.list_name, getattr(row, "sort_key"), row.id)  # noqa: B009 - a column by alias


def page(first: int | None, after: str | None, last: int | None, before: str | None, list_name: str) -> Page:
    """Checks the four arguments of a connection; raises `RequestError` naming the argument that is wrong."""
    if first is not None and last is not None:
        raise RequestError("Give first or last, not both.")
    if after is not None and before is not None:
        raise RequestError("Give after or before, not both.")
    if (after is not None and last is not None) or (before is not None and first is not None):
        raise RequestError("Page forwards with first and after, or backwards with last and before.")
    backward = last is not None or before is not None
    name, size = ("last", last) if backward else ("first", first)
    size = DEFAULT_PAGE if size is None else size
    if not 0 <= size <= MAX_PAGE:
        raise RequestError(f"{name} must be between 0 and {MAX_PAGE}.")
    cursor = before if backward else after
    return Page(size, None if cursor is None else decode_cursor(cursor, list_name), backward)


def encode_cursor(list_name: str, key: str, row_id: str) -> str:
    """An opaque cursor: the list (with its order) that it belongs to, the sort key as text, the id."""
    return base64.urlsafe_b64encode(orjson.dumps([list_name, key, row_id])).decode().rstrip("=")


def decode_cursor(text: str, list_name: str) -> tuple[str, str]:
    """(sort key, id) of a cursor made by `encode_cursor` for the same list; raises `RequestError` otherwise."""
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        parts = None
    if not (isinstance(parts, list) and len(parts) == 3 and all(isinstance(part, str) for part in parts)):
        raise RequestError(_NOT_OURS)
    if parts[0] != list_name:
        raise RequestError("This cursor belongs to another list or to another order. Start again without it.")
    return parts[1], parts[2]


def require_key(page: Page, kind: sa.types.TypeEngine[Any]) -> None:
    """Refuses a cursor that holds no id, or a sort key that no column of this type can have.

    The database would refuse it too, and with it everything else that the same answer still has to read.
    """
    if page.cursor is None:
        return
    key, row_id = page.cursor
    if tag_of(row_id) is None or not _fits(key, kind):
        raise RequestError(_NOT_OURS)


def _fits(key: str, kind: sa.types.TypeEngine[Any]) -> bool:
    if isinstance(kind, UUID):
        return tag_of(key) is not None
    if isinstance(kind, sa.Integer):
        largest = 2**63 if isinstance(kind, sa.BigInteger) else 2**31
        return re.fullmatch(r"-?[0-9]{1,19}", key) is not None and abs(int(key)) < largest
    if isinstance(kind, sa.DateTime):
        return _INSTANT.fullmatch(key) is not None and _is_instant(key)
    return "\0" not in key


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text) is not None
    except ValueError:
        return False
