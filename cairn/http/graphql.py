"""GraphQL over HTTP, as the working draft of the specification has it: POST with JSON, GET for queries."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cairn.http.budgets import TOO_MANY, RequestBudget
from cairn.http.caching import revalidated
from cairn.http.calls import JSON, BadRequest, Call, from_body, from_url
from cairn.http.credentials import Credentials, InvalidCredentials, origin_of
from cairn.http.idempotency import STATUS, InvalidKey, Repeats, conflict
from cairn.http.messages import ApiResponse
from cairn.http.origins import is_json
from cairn.observability.operations import Operation, Watch
from cairn.settings import HttpSettings
from core import telemetry
from core.database import Database
from core.errors import RequestError
from core.proving import Proof
from core.reading import Budget
from core.viewer import Viewer, ViewerKind
from gateways.tallies import Tallies
from graph.context import Context
from graph.documents.accepting import Refused
from graph.documents.prepared import Prepared
from graph.errors import shown
from graph.running import Operations
from models.identity import Scope
from resolvers.identity import Recalled
from resolvers.requests.idempotency import Key, KeyReused
from resolvers.uploads import Files
from resolvers.webhooks.kit import Hooks

GRAPHQL_JSON = "application/graphql-response+json"
_LONGEST_ACCEPT = 1000
_WEIGHT = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
log = logging.getLogger("cairn.http")


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
    hooks: Hooks | None = None
    files: Files | None = None

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
        call = await self._call(request)
        operation.text, operation.variables = call.query or "", call.variables
        viewer = None if self._is_open(call) else await self._editor(request, operation)
        prepared = operation.prepared = self._prepared(call)
        kind = prepared.operation.operation
        if kind is OperationType.SUBSCRIPTION:
            raise BadRequest(400, "Subscriptions do not run over plain HTTP.", "SUBSCRIPTION_OVER_HTTP")
        if request.method != "POST" and kind is not OperationType.QUERY:
            raise BadRequest(405, "Only queries run over GET. Use POST.", "METHOD_NOT_ALLOWED", {"allow": "POST"})
        # Whoever asked a moment ago is taken at their word, as long as what they get comes with the proof.
        recalled = self._recalled(request) if viewer is None and kind is OperationType.QUERY else None
        viewer = viewer or (recalled.viewer if recalled else await self._viewer(request, operation))
        self._spend(viewer)
        key = self._key(request, call, viewer) if kind is OperationType.MUTATION else None
        before = None if key is None else await self._answered(key, viewer)
        if before is not None:
            return _response(before, media_type, 200, operation, {"idempotency-replayed": "true"})
        context, answer = await self._ran(request, call, operation, viewer, recalled, key)
        viewer, operation.answer = context.viewer, answer
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

    def _context(
        self,
        request: Request,
        operation: Operation,
        viewer: Viewer,
        *,
        key: Key | None = None,
        proof: Proof | None = None,
    ) -> Context:
        limits = self.operations.limits
        operation.context = Context(
            self.database,
            viewer,
            budget=Budget(limits.max_objects, limits.max_statements),
            origin=origin_of(request, operation.request_id),
            tallies=self.tallies,
            key=key,
            hooks=self.hooks,
            files=self.files,
            proof=proof,
        )
        return operation.context

    def _recalled(self, request: Request) -> Recalled | None:
        try:
            return self.credentials.recalled(request)
        except InvalidCredentials:
            # Said when they are looked up.
            return None

    async def _ran(
        self,
        request: Request,
        call: Call,
        operation: Operation,
        viewer: Viewer,
        recalled: Recalled | None,
        key: Key | None,
    ) -> tuple[Context, dict[str, Any]]:
        """The answer, and the context it was given in. Where somebody was recalled, the viewer is them at first."""
        assert operation.prepared is not None
        asked = operation.prepared, call.variables
        if recalled is not None:
            context = self._context(request, operation, viewer, proof=recalled.proof)
            answer = await self.operations.run_at_once(*asked, context, operation.request_id)
            if recalled.proof.holds:
                operation.viewer = viewer
            else:
                if recalled.proof.holds is False:
                    self.credentials.forget(request)
                viewer = await self._viewer(request, operation)
                # What failed before there was proof has failed for the same person, and would again.
                answer = answer if recalled.proof.holds is None and viewer == recalled.viewer else None
            if answer is not None:
                return context, answer
        context = self._context(request, operation, viewer, key=key)
        return context, await self.operations.run(*asked, context, operation.request_id)

    async def _kept(self, key: Key, answer: dict[str, Any], content: bytes, context: Context, viewer: Viewer) -> bytes:
        """The bytes of an answer whose request had a key, kept to be given again where nothing stands against it."""
        _refuse_conflicts(answer)
        if "errors" in answer or not context.is_repeatable:
            return content
        return await self.repeats.keep(key, viewer, content)

    async def _call(self, request: Request) -> Call:
        if request.method != "POST":
            return from_url(request, self.limits.max_json_depth)
        if is_json(request) and self.credentials.origins.is_foreign(request):
            raise BadRequest(403, "Pages of this origin may not call the API.", "FOREIGN_ORIGIN")
        return await from_body(request, self.limits.max_body_bytes, self.limits.max_json_depth)

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


def _refuse_conflicts(answer: dict[str, Any]) -> None:
    """Raises where the key of the request is in use, or was used for something else: nothing more is said then."""
    error = conflict(answer)
    if error is not None:
        code = error["extensions"]["code"]
        raise BadRequest(STATUS[code], error["message"], code, {"retry-after": "1"} if STATUS[code] == 409 else {})


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
