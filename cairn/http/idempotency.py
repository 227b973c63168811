"""The header `Idempotency-Key`: a mutation that is sent again is answered again, and done once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from starlette.requests import Request

from core.addresses import counted_as
from core.database import Database
from core.viewer import SERVICE, Viewer, scope_within
from core.writing import transaction
from models.identity import Scope
from resolvers.requests import idempotency
from resolvers.requests.idempotency import Key

HEADER = "idempotency-key"
# A longer answer is read anew from what was done, should it be asked for again.
_LONGEST_KEPT = 500_000
# A string as the standard for structured fields has it, or the bare key that many clients send.
_KEY = re.compile(r'"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,255})')
# What somebody may within groups.
_OF_GROUPS = tuple(scope_within(scope, "") for scope in Scope if scope.startswith("group:"))
# How an answer with one of these errors ends instead.
STATUS = {"IDEMPOTENCY_KEY_REUSED": 422, "IDEMPOTENCY_KEY_IN_USE": 409}


class InvalidKey(Exception):
    """The header holds no key."""


@dataclass(frozen=True)
class Repeats:
    """Knows what was answered under which key."""

    database: Database
    kept_for: timedelta

    def key(self, request: Request, asked: Sequence[Any], viewer: Viewer) -> Key | None:
        """The key that came with a request, if any; raises `InvalidKey`.

        What counts as the same request is what was asked, and with which rights: who has lost some since gets no
        answer from before. What people may within groups does not count: to come in, or to go, is among what is asked.
        """
        header = request.headers.get(HEADER)
        if header is None:
            return None
        found = _KEY.fullmatch(header.strip())
        if found is None:
            raise InvalidKey("An Idempotency-Key is 1 to 255 printable characters, such as a UUID.")
        within = {held for held in viewer.within if not held.startswith(_OF_GROUPS)}
        rights = [viewer.kind.value, *sorted(viewer.scopes | within)]
        fingerprint = orjson.dumps([*asked, rights], option=orjson.OPT_SORT_KEYS)
        address = counted_as(request.client.host if request.client else None)
        return Key(_hash((found[1] or found[2]).encode()), _hash(fingerprint), _hash(address.encode()), self.kept_for)

    async def answered(self, key: Key, viewer: Viewer) -> bytes | None:
        """The answer that was given under this key; raises `RequestError` when that was to another request."""
        async with transaction(self.database, SERVICE) as tx:
            return await idempotency.answered(tx, key, viewer)

    async def keep(self, key: Key, viewer: Viewer, answer: bytes) -> bytes:
        """Keeps an answer, and answers the one to give: the first, should two have been made at the same time."""
        if len(answer) > _LONGEST_KEPT:
            return answer
        async with transaction(self.database, SERVICE) as tx:
            return await idempotency.keep(tx, key, viewer, answer)


def conflict(answer: dict[str, Any]) -> dict[str, Any] | None:
    """The error of an answer that is about its key, if there is one."""
    errors = answer.get("errors", ())
    return next((error for error in errors if error["extensions"]["code"] in STATUS), None)


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
