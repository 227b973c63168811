"""GraphQL over HTTP, as the working draft of the specification has it: POST with JSON, GET for queries."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from cairn.http.credentials import Credentials, InvalidCredentials
from cairn.settings import HttpSettings
from core.database import Database
from graph.context import Context
from graph.errors import shown
from graph.running import Operations, Refused

GRAPHQL_JSON, JSON = "application/graphql-response+json", "application/json"
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')


@dataclass(frozen=True)
class BadRequest(Exception):
    """The request is no GraphQL request; answered with this status and one error."""

    status: int
    message: str
    code: str = "BAD_REQUEST"


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
        if request.method == "GET" and _wants_page(request):
            return RedirectResponse("/ide/", 303)
        request_id = secrets.token_hex(8)
        media_type = _media_type(request)
        try:
            return await self._answer(request, media_type, request_id)
        except BadRequest as error:
            body = {"errors": [{"message": error.message, "extensions": {"code": error.code, "requestId": request_id}}]}
            headers = {"allow": "GET, POST"} if error.status == 405 else {}
            return _response(body, media_type, error.status, request_id, headers)
        except Refused as refused:
            body = {"errors": [shown(error, request_id) for error in refused.errors]}
            return _response(body, media_type, 200 if media_type == JSON else 400, request_id)

    async def _answer(self, request: Request, media_type: str, request_id: str) -> Response:
        if media_type == "":
            raise BadRequest(406, f"This endpoint answers {GRAPHQL_JSON} or {JSON}.", "NOT_ACCEPTABLE")
        call = _from_url(request) if request.method == "GET" else await self._from_body(request)
        document, operation = self.operations.prepare(call.query, call.operation_name)
        if operation.operation is OperationType.SUBSCRIPTION:
            raise BadRequest(400, "Subscriptions do not run over plain HTTP.", "SUBSCRIPTION_OVER_HTTP")
        if request.method == "GET" and operation.operation is not OperationType.QUERY:
            raise BadRequest(405, "Only queries run over GET. Use POST.", "METHOD_NOT_ALLOWED")
        try:
            viewer = await self.credentials.viewer(request)
        except InvalidCredentials as error:
            raise BadRequest(401, str(error), "UNAUTHENTICATED") from error
        context = Context(self.database, viewer)
        answer = await self.operations.run(document, operation, call.variables, context, request_id)
        status = 200 if "data" in answer or media_type == JSON else 400
        return _response(answer, media_type, status, request_id)

    async def _from_body(self, request: Request) -> Call:
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != JSON:
            raise BadRequest(415, f"Send the request as {JSON}.", "UNSUPPORTED_MEDIA_TYPE")
        if (
            "charset" in request.headers["content-type"].lower()
            and "utf-8" not in request.headers["content-type"].lower()
        ):
            raise BadRequest(415, "Send the request in UTF-8.", "UNSUPPORTED_MEDIA_TYPE")
        body = await _read(request, self.limits.max_body_bytes)
        if _is_deeper(body, self.limits.max_json_depth):
            raise BadRequest(400, "The body is nested too deeply.", "BODY_TOO_DEEP")
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadRequest(400, "The body is not JSON.") from error
        if not isinstance(parsed, dict):
            raise BadRequest(400, "The body must be a JSON object.")
        return _call(parsed)


def _from_url(request: Request) -> Call:
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if given.get(name):
            try:
                given[name] = orjson.loads(given[name])
            except orjson.JSONDecodeError as error:
                raise BadRequest(400, f"The parameter {name} is not JSON.") from error
        else:
            given.pop(name, None)
    return _call(given)


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
                raise BadRequest(413, f"The body is larger than {most} bytes.", "BODY_TOO_LARGE")
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
    """The answer's media type by the Accept header; empty when none of ours will do."""
    accept = request.headers.get("accept", "").lower()
    if not accept.strip():
        return JSON
    wanted = [part.split(";")[0].strip() for part in accept.split(",")]
    for each in wanted:
        if each == GRAPHQL_JSON:
            return GRAPHQL_JSON
        if each in (JSON, "application/*", "*/*"):
            return JSON
    return ""


def _wants_page(request: Request) -> bool:
    return "query" not in request.query_params and "text/html" in request.headers.get("accept", "")


def _response(
    body: dict[str, Any], media_type: str, status: int, request_id: str, headers: dict[str, str] | None = None
) -> Response:
    content = orjson.dumps(body, default=str)
    return Response(
        content,
        status,
        {
            "x-request-id": request_id,
            "cache-control": "no-store",
            "vary": "accept, authorization, cookie",
            **(headers or {}),
        },
        f"{media_type or JSON}; charset=utf-8",
    )
