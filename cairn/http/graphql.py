"""GraphQL over HTTP, as the working draft of the specification has it: POST with JSON, GET for queries."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from cairn.http.credentials import Credentials, InvalidCredentials, origin_of
from cairn.settings import HttpSettings
from core.database import Database
from core.errors import RequestError
from core.reading import Budget
from graph.context import Context
from graph.errors import shown
from graph.running import Operations, Refused

GRAPHQL_JSON, JSON = "application/graphql-response+json", "application/json"
# A string that never ends counts as one up to the end, so that no body makes the search start over and over.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_CHARSET = re.compile(r'charset\s*=\s*"?([^\s;"]+)', re.IGNORECASE)
_WEIGHT = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
log = logging.getLogger("cairn.http")


@dataclass(frozen=True)
class BadRequest(Exception):
    """The request is no GraphQL request; answered with this status and one error."""

    status: int
    message: str
    code: str = "BAD_REQUEST"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """The parameters of a GraphQL request."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None


@dataclass(frozen=True)
class GraphqlEndpoint:
    """Answers `/graphql`."""

    database: Database
    credentials: Credentials
    operations: Operations
    limits: HttpSettings

    async def __call__(self, request: Request) -> Response:
        """One request, one answer; nothing but our own failures is a 5xx."""
        if request.method != "POST" and _wants_page(request):
            return RedirectResponse("/ide/", 303)
        request_id = secrets.token_hex(8)
        media_type = _media_type(request)
        try:
            return await self._answer(request, media_type, request_id)
        except BadRequest as error:
            body = _failure(error.message, error.code, request_id)
            return _response(body, media_type, error.status, request_id, error.headers)
        except Refused as refused:
            body = {"errors": [shown(error, request_id) for error in refused.errors]}
            return _response(body, media_type, 200 if media_type == JSON else 400, request_id)
        except RequestError as error:
            # Who asks could not be found out, because the database is busy or away.
            body = _failure(str(error), error.code, request_id)
            return _response(body, media_type, 503, request_id, {"retry-after": "1"})
        except Exception:
            log.exception("request %s failed", request_id)
            body = _failure("Something went wrong on our side.", "INTERNAL_SERVER_ERROR", request_id)
            return _response(body, media_type, 500, request_id)

    async def _answer(self, request: Request, media_type: str, request_id: str) -> Response:
        if media_type == "":
            raise BadRequest(406, f"This endpoint answers {GRAPHQL_JSON} or {JSON}.", "NOT_ACCEPTABLE")
        call = await self._from_body(request) if request.method == "POST" else self._from_url(request)
        document, operation = self.operations.prepare(call.query, call.operation_name)
        if operation.operation is OperationType.SUBSCRIPTION:
            raise BadRequest(400, "Subscriptions do not run over plain HTTP.", "SUBSCRIPTION_OVER_HTTP")
        if request.method != "POST" and operation.operation is not OperationType.QUERY:
            raise BadRequest(405, "Only queries run over GET. Use POST.", "METHOD_NOT_ALLOWED", {"allow": "POST"})
        try:
            viewer = await self.credentials.viewer(request)
        except InvalidCredentials as error:
            challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
            raise BadRequest(401, str(error), "UNAUTHENTICATED", challenge) from error
        limits = self.operations.limits
        budget = Budget(limits.max_objects, limits.max_statements)
        context = Context(self.database, viewer, budget=budget, origin=origin_of(request))
        answer = await self.operations.run(document, operation, call.variables, context, request_id)
        status = 200 if "data" in answer or media_type == JSON else 400
        response = _response(answer, media_type, status, request_id)
        self.credentials.apply(request, response, context.effects)
        return response

    async def _from_body(self, request: Request) -> Call:
        _check_headers(request, self.limits.max_body_bytes)
        body = await _read(request, self.limits.max_body_bytes)
        parsed = _parsed(body, self.limits.max_json_depth, "The body")
        if not isinstance(parsed, dict):
            raise BadRequest(400, "The body must be a JSON object.")
        return _call(parsed)

    def _from_url(self, request: Request) -> Call:
        given: dict[str, Any] = dict(request.query_params)
        for name in ("variables", "extensions"):
            text = given.pop(name, "")
            if text:
                given[name] = _parsed(text.encode(), self.limits.max_json_depth, f"The parameter {name}")
        return _call(given)


def _check_headers(request: Request, most: int) -> None:
    """Refuses a body that we cannot read, or that is too large, before any of it is read."""
    name, _, parameters = request.headers.get("content-type", "").partition(";")
    if name.strip().lower() != JSON:
        raise BadRequest(415, f"Send the request as {JSON}.", "UNSUPPORTED_MEDIA_TYPE")
    charset = _CHARSET.search(parameters)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise BadRequest(415, "Send the request in UTF-8.", "UNSUPPORTED_MEDIA_TYPE")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        plain = {"accept-encoding": "identity"}
        raise BadRequest(415, "Send the body uncompressed.", "UNSUPPORTED_MEDIA_TYPE", plain)
    if int(request.headers.get("content-length", 0)) > most:
        raise _too_large(most)


def _too_large(most: int) -> BadRequest:
    return BadRequest(413, f"The body is larger than {most} bytes.", "BODY_TOO_LARGE")


def _parsed(text: bytes, deepest: int, what: str) -> Any:
    """JSON as data, refused when it nests too deeply or is none."""
    if _is_deeper(text, deepest):
        raise BadRequest(400, f"{what} is nested too deeply.", "BODY_TOO_DEEP")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, f"{what} is not JSON.") from error


def _call(given: dict[str, Any]) -> Call:
    query, name = given.get("query"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    if not isinstance(query, str) or not query:
        raise BadRequest(400, "The parameter query is missing.")
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, "The parameter operationName must be a string.")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(400, "The parameter variables must be an object.")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadRequest(400, "The parameter extensions must be an object.")
    return Call(query, name or None, variables)


async def _read(request: Request, most: int) -> bytes:
    """The body, refused as soon as it is known to be too large."""
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise _too_large(most)
            parts.append(part)
    except ClientDisconnect as error:
        raise BadRequest(400, "The body ended too early.") from error
    return b"".join(parts)


def _is_deeper(body: bytes, most: int) -> bool:
    """Whether brackets outside of strings nest deeper than allowed; ordinary bodies are told by counting alone."""
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    depth = 0
    for found in _BRACKETS.finditer(body):
        if found[0] in (b"[", b"{"):
            depth += 1
            if depth > most:
                return True
        elif found[0] in (b"]", b"}"):
            depth -= 1
    return False


def _media_type(request: Request) -> str:
    """The one of our media types that the Accept header likes best; empty when none will do."""
    accept = ",".join(request.headers.getlist("accept")).lower()
    if not accept.strip():
        return JSON
    wanted = [_range(part) for part in accept.split(",")]
    ranked = [(*_liking(ours, wanted), ours) for ours in (JSON, GRAPHQL_JSON)]
    # Of two that are liked the same, the first: programs that know nothing of the newer type expect the older one.
    weight, _, _, best = max(ranked, key=lambda each: each[:3])
    return best if weight > 0 else ""


def _range(part: str) -> tuple[str, float]:
    """A media range of an Accept header, and its weight."""
    name, *parameters = (each.strip() for each in part.split(";"))
    weight = next((found for each in parameters if (found := _WEIGHT.fullmatch(each))), None)
    return name, float(weight[1]) if weight else 1.0


def _liking(ours: str, wanted: list[tuple[str, float]]) -> tuple[float, int, int]:
    """(weight, how narrowly it is named, how early): the narrowest range that covers a type decides its weight."""
    ranges = ("*/*", "application/*", ours)
    found = [(ranges.index(name), -place, weight) for place, (name, weight) in enumerate(wanted) if name in ranges]
    narrowness, earliness, weight = max(found, default=(0, 0, 0.0))
    return weight, narrowness, earliness


def _wants_page(request: Request) -> bool:
    return "query" not in request.query_params and "text/html" in request.headers.get("accept", "")


def _failure(message: str, code: str, request_id: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code, "requestId": request_id}}]}


def _response(
    body: dict[str, Any], media_type: str, status: int, request_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    content = orjson.dumps(body, default=str)
    return Response(
        content,
        status,
        {
            "x-request-id": request_id,
            "cache-control": "no-store",
            "vary": "accept, authorization, cookie",
            "x-content-type-options": "nosniff",
            **(headers or {}),
        },
        f"{media_type or JSON}; charset=utf-8",
    )
