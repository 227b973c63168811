"""GraphQL over HTTP, as the working draft of the specification has it: POST with JSON, GET for queries."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cairn.http.budgets import TOO_MANY, RequestBudget
from cairn.http.caching import revalidated
from cairn.http.credentials import Credentials, InvalidCredentials, origin_of
from cairn.http.idempotency import STATUS, InvalidKey, Repeats, conflict
from cairn.http.messages import ApiResponse
from cairn.http.origins import is_json
from cairn.observability.operations import Operation, Watch
from cairn.settings import HttpSettings
from core import telemetry
from core.database import Database
from core.errors import RequestError
from core.reading import Budget
from core.viewer import Viewer, ViewerKind
from gateways.tallies import Tallies
from graph.context import Context
from graph.documents.accepting import Refused
from graph.documents.prepared import Prepared
from graph.errors import shown
from graph.running import Operations
from models.identity import Scope
from resolvers.requests.idempotency import Key, KeyReused

GRAPHQL_JSON, JSON = "application/graphql-response+json", "application/json"
# A string that never ends counts as one up to the end, so that no body makes the search start over and over.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_CHARSET = re.compile(r'charset\s*=\s*"?([^\s;"]+)', re.IGNORECASE)
_LONGEST_ACCEPT = 1000
_WEIGHT = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
log = logging.getLogger("cairn.http")


@dataclass(frozen=True)
class BadRequest(Exception):
    """The request is no GraphQL request; answered with this status and one error."""

    status: int
    message: str
    code: str = "BAD_REQUEST"
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)


class Call(NamedTuple):
    """The parameters of a GraphQL request."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any] | None


@dataclass(frozen=True)
class GraphqlEndpoint:
    """Answers `/graphql`."""

    database: Database
    credentials: Credentials
    operations: Operations
    limits: HttpSettings
    watch: Watch
    repeats: Repeats
    tallies: Tallies | None = None
    budget: RequestBudget | None = None

    async def __call__(self, request: Request) -> Response:
        """One request, one answer; nothing but our own failures is a 5xx."""
        if request.method != "POST" and _wants_page(request):
            return RedirectResponse("/ide/", 303)
        operation = self.watch.begin(request.headers)
        try:
            response = await self._answer(request, operation)
        finally:
            self.watch.end(operation)
        if operation.viewer is not None and operation.viewer.may(Scope.CONTENT_EDIT):
            response.headers["server-timing"] = _server_timing(operation)
        return response

    async def _answer(self, request: Request, operation: Operation) -> Response:
        media_type = _media_type(request)
        try:
            return await self._run(request, media_type, operation)
        except BadRequest as error:
            body = _failure(error.message, error.code, operation, error.extensions)
            return _response(body, media_type, error.status, operation, error.headers)
        except Refused as refused:
            body = {"errors": [shown(error, operation.request_id) for error in refused.errors]}
            return _response(body, media_type, 200 if media_type == JSON else 400, operation)
        except RequestError as error:
            # Who asks could not be found out, because the database is busy or away.
            body = _failure(str(error), error.code, operation)
            return _response(body, media_type, 503, operation, {"retry-after": "1"})
        except Exception:
            log.exception("request %s failed", operation.request_id)
            body = _failure("Something went wrong on our side.", "INTERNAL_SERVER_ERROR", operation)
            return _response(body, media_type, 500, operation)

    async def _run(self, request: Request, media_type: str, operation: Operation) -> Response:
        if media_type == "":
            raise BadRequest(406, f"This endpoint answers {GRAPHQL_JSON} or {JSON}.", "NOT_ACCEPTABLE")
        call = await self._from_body(request) if request.method == "POST" else self._from_url(request)
        operation.text, operation.variables = call.query or "", call.variables
        viewer = None if self._is_open(call) else await self._editor(request, operation)
        prepared = operation.prepared = self._prepared(call)
        kind = prepared.operation.operation
        if kind is OperationType.SUBSCRIPTION:
            raise BadRequest(400, "Subscriptions do not run over plain HTTP.", "SUBSCRIPTION_OVER_HTTP")
        if request.method != "POST" and kind is not OperationType.QUERY:
            raise BadRequest(405, "Only queries run over GET. Use POST.", "METHOD_NOT_ALLOWED", {"allow": "POST"})
        viewer = viewer or await self._viewer(request, operation)
        self._spend(viewer)
        key = self._key(request, call, viewer) if kind is OperationType.MUTATION else None
        before = None if key is None else await self._answered(key, viewer)
        if before is not None:
            return _response(before, media_type, 200, operation, {"idempotency-replayed": "true"})
        limits = self.operations.limits
        budget = Budget(limits.max_objects, limits.max_statements)
        context = operation.context = Context(
            self.database,
            viewer,
            budget=budget,
            origin=origin_of(request, operation.request_id),
            tallies=self.tallies,
            key=key,
        )
        answer = operation.answer = await self.operations.run(prepared, call.variables, context, operation.request_id)
        status = 200 if "data" in answer or media_type == JSON else 400
        content = orjson.dumps(answer, default=str)
        if context.key is not None:
            content = await self._kept(context.key, answer, content, context, viewer)
        response = _response(content, media_type, status, operation)
        if request.method != "POST" and call.document_id and "errors" not in answer:
            is_public = viewer.kind is ViewerKind.ANONYMOUS
            response = revalidated(request, response, public=is_public, max_age=self.limits.document_max_age)
        self.credentials.apply(request, response, context.effects)
        if context.effects.retry_after is not None:
            response.headers["retry-after"] = str(context.effects.retry_after)
        return response

    async def _kept(self, key: Key, answer: dict[str, Any], content: bytes, context: Context, viewer: Viewer) -> bytes:
        """The bytes of an answer whose request had a key, kept to be given again where nothing stands against it."""
        _refuse_conflicts(answer)
        if "errors" in answer or not context.is_repeatable:
            return content
        return await self.repeats.keep(key, viewer, content)

    def _spend(self, viewer: Viewer) -> None:
        """Takes the request from the person's budget, wherever they ask from; addresses have theirs already."""
        seconds = None if self.budget is None or viewer.user_id is None else self.budget.spend(viewer.user_id)
        if seconds is not None:
            raise BadRequest(
                429, TOO_MANY, "RATE_LIMITED", {"retry-after": str(seconds)}, extensions={"retryAfter": seconds}
            )

    def _key(self, request: Request, call: Call, viewer: Viewer) -> Key | None:
        try:
            asked = (call.query, call.document_id, call.operation_name, call.variables)
            return self.repeats.key(request, asked, viewer)
        except InvalidKey as error:
            raise BadRequest(400, str(error)) from error

    async def _answered(self, key: Key, viewer: Viewer) -> bytes | None:
        try:
            return await self.repeats.answered(key, viewer)
        except KeyReused as error:
            raise BadRequest(STATUS[error.code], str(error), error.code) from error

    def _is_open(self, call: Call) -> bool:
        return call.query is None or self.operations.allows(call.query)

    async def _editor(self, request: Request, operation: Operation) -> Viewer:
        """Whoever may run what is not trusted; everybody else is refused before the document is looked at."""
        viewer = await self._viewer(request, operation)
        if not viewer.may(Scope.CONTENT_EDIT):
            only = "Only the documents of known apps are run here. Send the documentId of one."
            raise BadRequest(400, only, "PERSISTED_DOCUMENT_REQUIRED")
        return viewer

    def _prepared(self, call: Call) -> Prepared:
        began = perf_counter()
        try:
            if call.document_id is None:
                return self.operations.prepare(call.query or "", call.operation_name)
            found = self.operations.find(call.document_id, call.operation_name)
        finally:
            telemetry.took("plan", began)
        if found is None:
            raise BadRequest(404, "There is no document with this documentId.", "PERSISTED_DOCUMENT_NOT_FOUND")
        return found

    async def _viewer(self, request: Request, operation: Operation) -> Viewer:
        try:
            operation.viewer = await self.credentials.viewer(request)
        except InvalidCredentials as error:
            challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
            raise BadRequest(401, str(error), "UNAUTHENTICATED", challenge) from error
        return operation.viewer

    async def _from_body(self, request: Request) -> Call:
        _check_headers(request, self.limits.max_body_bytes)
        if self.credentials.origins.is_foreign(request):
            raise BadRequest(403, "Pages of this origin may not call the API.", "FOREIGN_ORIGIN")
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


def _refuse_conflicts(answer: dict[str, Any]) -> None:
    """Raises where the key of the request is in use, or was used for something else: nothing more is said then."""
    error = conflict(answer)
    if error is not None:
        code = error["extensions"]["code"]
        raise BadRequest(STATUS[code], error["message"], code, {"retry-after": "1"} if STATUS[code] == 409 else {})


def _check_headers(request: Request, most: int) -> None:
    """Refuses a body that we cannot read, or that is too large, before any of it is read."""
    if request.headers.get("content-type") != JSON:
        _check_content_type(request)
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        plain = {"accept-encoding": "identity"}
        raise BadRequest(415, "Send the body uncompressed.", "UNSUPPORTED_MEDIA_TYPE", plain)
    if int(request.headers.get("content-length", 0)) > most:
        raise _too_large(most)


def _check_content_type(request: Request) -> None:
    if not is_json(request):
        raise BadRequest(415, f"Send the request as {JSON}.", "UNSUPPORTED_MEDIA_TYPE")
    charset = _CHARSET.search(request.headers.get("content-type", "").partition(";")[2])
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise BadRequest(415, "Send the request in UTF-8.", "UNSUPPORTED_MEDIA_TYPE")


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
    query, document_id, name = given.get("query"), given.get("documentId"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    if document_id is not None and not isinstance(document_id, str):
        raise BadRequest(400, "The parameter documentId must be a string.")
    if document_id and query is not None:
        raise BadRequest(400, "Give either the parameter query or the parameter documentId.")
    if not document_id and (not isinstance(query, str) or not query):
        raise BadRequest(400, "The parameter query is missing.")
    if name is not None and not isinstance(name, str):
        raise BadRequest(400, "The parameter operationName must be a string.")
    if variables is not None and not isinstance(variables, dict):
        raise BadRequest(400, "The parameter variables must be an object.")
    if extensions is not None and not isinstance(extensions, dict):
        raise BadRequest(400, "The parameter extensions must be an object.")
    return Call(query, document_id or None, name or None, variables)


async def _read(request: Request, most: int) -> bytes:
    """The body, refused as soon as it is known to be too large."""
    body = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise BadRequest(400, "The body ended too early.")
        part = message.get("body", b"")
        if len(body) + len(part) > most:
            raise _too_large(most)
        more = message.get("more_body", False)
        if not more and not body:
            # Nearly always it comes in one piece.
            return bytes(part)
        body += part
        if not more:
            return bytes(body)


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
    return _liked_best(",".join(request.headers.getlist("accept"))[:_LONGEST_ACCEPT])


@lru_cache(maxsize=256)
def _liked_best(accept: str) -> str:
    """The one of our media types that an Accept header likes best; empty when none will do."""
    accept = accept.lower()
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
    asks = {"query", "documentId"} & request.query_params.keys()
    return not asks and "text/html" in request.headers.get("accept", "")


def _server_timing(operation: Operation) -> str:
    """Where the time went, in milliseconds, as browsers show it beside a request."""
    parts = {**operation.phases(), "total": operation.seconds}
    return ", ".join(f"{name};dur={seconds * 1000:.2f}" for name, seconds in parts.items())


def _failure(message: str, code: str, operation: Operation, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    extensions = {"code": code, "requestId": operation.request_id, **(more or {})}
    return {"errors": [{"message": message, "extensions": extensions}]}


def _response(
    body: dict[str, Any] | bytes,
    media_type: str,
    status: int,
    operation: Operation,
    headers: Mapping[str, str] | None = None,
) -> Response:
    if isinstance(body, dict):
        operation.answer = body
        body = orjson.dumps(body, default=str)
    return ApiResponse(body, status, media_type or JSON, operation.request_id, headers)
