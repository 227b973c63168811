"""What others send us: `/hooks/stripe` for Stripe's events, `/hooks/in` for whoever has the token of a hook.

An event is answered once it is kept, and not before; what follows from it is a job's business. Whoever sends it again,
because an answer was lost, is told the same, and nothing happens twice.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cairn.http.bodies import EndedEarly, TooLarge, is_deeper, read
from cairn.http.origins import is_json
from cairn.settings import InboxSettings
from core.database import Database
from core.errors import DomainError
from core.viewer import SERVICE
from core.writing import transaction
from gateways import stripe
from gateways.tallies import Check, Tallies
from resolvers.identity import TokenKind, looks_like_token
from resolvers.inbox import events, hooks

_HEADERS = {"cache-control": "no-store"}
_DEEPEST = 64
_STRIPE_ID = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)
_STRIPE_TYPE = re.compile(r"[A-Za-z0-9_.]{1,200}", re.ASCII)
log = logging.getLogger("cairn.http")


@dataclass(frozen=True)
class Refusal(Exception):
    """Why nothing is taken."""

    status: int
    message: str
    code: str
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[["Inbound", Request], Awaitable[Response]]


def _refusing(answer: Answer) -> Answer:
    """Turns refusals into answers."""

    async def answered(inbound: Inbound, request: Request) -> Response:
        try:
            return await answer(inbound, request)
        except Refusal as refusal:
            shown = {"error": {"message": refusal.message, "code": refusal.code}}
            return JSONResponse(shown, refusal.status, {**_HEADERS, **refusal.headers})
        except DomainError as error:
            # The one that gets this far says that somebody else is at it.
            shown = {"error": {"message": error.message, "code": error.code}}
            return JSONResponse(shown, 503, {**_HEADERS, "retry-after": "5"})

    return answered


@dataclass(frozen=True)
class Inbound:
    """Takes what is sent; `tallies` counts how often that is, where anybody counts."""

    database: Database
    settings: InboxSettings
    tallies: Tallies | None

    @_refusing
    async def stripe(self, request: Request) -> Response:
        """Answers `POST /hooks/stripe`."""
        body = await self._body(request)
        secrets = [each.get_secret_value() for each in self.settings.stripe_secrets]
        header, tolerance = request.headers.get("stripe-signature", ""), self.settings.tolerance_seconds
        try:
            timestamp = stripe.signed_at(body, header, secrets)
            payload = _parsed(body)
            external_id, kind = _text(payload, "id", _STRIPE_ID), _text(payload, "type", _STRIPE_TYPE)
            async with transaction(self.database, SERVICE) as tx:
                stripe.require_recent(timestamp, (await tx.clock()).read.timestamp(), tolerance)
                is_new = await events.take(tx, "stripe", external_id, kind, body)
        except stripe.BadSignature as error:
            log.warning("an event said to be from stripe was refused: %s", error)
            raise Refusal(400, str(error), "BAD_SIGNATURE") from error
        return JSONResponse({"received": True, "duplicate": not is_new}, headers=_HEADERS)

    @_refusing
    async def hook(self, request: Request) -> Response:
        """Answers `POST /hooks/in` and `POST /hooks/in/<token>`."""
        hook = await self._hook(request)
        body = await self._body(request)
        payload = _parsed(body)
        delivery = request.headers.get("webhook-id") or request.headers.get("idempotency-key")
        async with transaction(self.database, SERVICE) as tx:
            event_id, is_new = await events.take_by_hook(tx, hook, payload, body, delivery)
        return JSONResponse({"event": event_id, "duplicate": not is_new}, 202 if is_new else 200, _HEADERS)

    async def _hook(self, request: Request) -> hooks.Known:
        """The hook whose token came along, if it takes anything and not too much came in by it."""
        token = request.path_params.get("token") or request.headers.get("authorization", "").removeprefix("Bearer ")
        found = None
        if looks_like_token(token, TokenKind.HOOK):
            found = await hooks.of_token(self.database, token)
        if found is None:
            raise Refusal(401, "This is not the token of a hook.", "UNAUTHENTICATED", {"www-authenticate": "Bearer"})
        if not found.is_enabled:
            raise Refusal(403, "This hook takes nothing at the moment.", "DISABLED")
        if self.tallies is not None:
            retry_after = await self.tallies.hit([Check(f"hook:{found.id}", found.per_minute, 60)])
            if retry_after is not None:
                headers = {"retry-after": str(retry_after)}
                raise Refusal(429, "This hook takes no more for a moment.", "RATE_LIMITED", headers)
        return found

    async def _body(self, request: Request) -> bytes:
        if not is_json(request):
            raise Refusal(415, "Send it as application/json.", "UNSUPPORTED_MEDIA_TYPE")
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Refusal(415, "Send the body uncompressed.", "UNSUPPORTED_MEDIA_TYPE")
        most = self.settings.max_body_bytes
        try:
            return await read(request, most)
        except TooLarge as error:
            raise Refusal(413, f"The body is larger than {most} bytes.", "BODY_TOO_LARGE") from error
        except EndedEarly as error:
            raise Refusal(400, "The body ended too early.", "BAD_REQUEST") from error


def _parsed(body: bytes) -> dict[str, Any]:
    """The body as a JSON object, refused when it nests too deeply or is none."""
    if is_deeper(body, _DEEPEST):
        raise Refusal(400, "The body is nested too deeply.", "BODY_TOO_DEEP")
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "The body is not JSON.", "BAD_REQUEST") from error
    if not isinstance(payload, dict):
        raise Refusal(400, "The body must be a JSON object.", "BAD_REQUEST")
    return payload


def _text(payload: dict[str, Any], name: str, shape: re.Pattern[str]) -> str:
    """A text of an event that has to look so."""
    found = payload.get(name)
    if not isinstance(found, str) or not shape.fullmatch(found):
        raise Refusal(400, f"This is no event: it has no {name}.", "BAD_REQUEST")
    return found
