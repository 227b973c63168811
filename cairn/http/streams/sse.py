"""Operations over server-sent events, as the protocol `graphql-sse` has it, in both of its modes.

Distinct connections: the operation comes with the request, and its answer is the stream. Single connection: a stream is
reserved with PUT, come for with GET, and carries the answers to all operations that are sent with its token by POST.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from cairn.http.calls import BadRequest, Call, from_body, from_url
from cairn.http.credentials import InvalidCredentials, Presented, origin_of
from cairn.http.streams.caps import Place
from cairn.http.streams.counting import Cap, TransportKind
from cairn.http.streams.endings import (
    IDLE,
    NOT_INITIALISED,
    TOO_MANY_OF_PERSON,
    TOO_SLOW,
    Ended,
    Ending,
)
from cairn.http.streams.following import going_on_after
from cairn.http.streams.hub import Streams, errors_of
from cairn.http.streams.subscriber import Rejected, Subscriber
from core.errors import RequestError

EVENT_STREAM = "text/event-stream"
TOKEN_HEADER, TOKEN_PARAMETER = "x-graphql-event-stream-token", "token"
# How long a client that is too slow may take to read why it is cut off.
CLOSE_SECONDS = 30.0
_LONGEST_ID = 200
_ALLOWED = {"allow": "GET, POST, PUT, DELETE"}


def wants_stream(accept: str) -> bool:
    """Whether an Accept header asks for events, and would not rather have JSON."""
    return EVENT_STREAM in accept and "json" not in accept


class EventStreamEndpoint:
    """Answers `/graphql/stream`, and `/graphql` where events are asked for."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._reserved: dict[str, EventStream] = {}

    async def __call__(self, request: Request) -> Response:
        """One request of either mode."""
        try:
            return await self._answer(request)
        except BadRequest as error:
            return _refused(error.status, error.code, error.message, dict(error.headers))
        except InvalidCredentials as error:
            challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
            return _refused(401, "UNAUTHENTICATED", str(error), challenge)
        except RequestError as error:
            return _refused(503, error.code, str(error), {"retry-after": "1"})

    async def _answer(self, request: Request) -> Response:
        if self._streams.credentials.origins.is_foreign(request):
            raise BadRequest(403, "Pages of this origin may not call the API.", "FOREIGN_ORIGIN")
        token = request.headers.get(TOKEN_HEADER) or request.query_params.get(TOKEN_PARAMETER)
        if request.method == "PUT":
            return await self._reserve(request)
        if request.method == "DELETE":
            return self._stop(await self._found(token, request), request)
        if EVENT_STREAM in request.headers.get("accept", ""):
            return self._come_for(await self._found(token, request)) if token else await self._distinct(request)
        if request.method == "POST" and token:
            return await self._operate(await self._found(token, request), request)
        raise BadRequest(406, f"Ask for {EVENT_STREAM}, or give the token of a stream.", "NOT_ACCEPTABLE", _ALLOWED)

    async def _call(self, request: Request) -> Call:
        http = self._streams.http
        if request.method == "POST":
            return await from_body(request, http.max_body_bytes, http.max_json_depth)
        return from_url(request, http.max_json_depth)

    # Distinct connections --------------------------------------------------------------------------------------------

    async def _distinct(self, request: Request) -> Response:
        call = await self._call(request)
        stream = await self._made(request, is_single=False)
        try:
            accepted = stream.subscriber.accept(call)
            kind = accepted.prepared.operation.operation
            if request.method != "POST" and kind is OperationType.MUTATION:
                raise BadRequest(405, "No mutation runs over GET. Use POST.", "METHOD_NOT_ALLOWED", {"allow": "POST"})
            if accepted.subscription is not None:
                last_seen = request.headers.get("last-event-id")
                accepted = replace(accepted, subscription=going_on_after(accepted.subscription, last_seen))
            stream.subscriber.start("", accepted)
        # Browsers show no body of a failed stream: what is wrong is told by one that was accepted.
        except Rejected as rejected:
            stream.refuse(rejected.errors)
        except RequestError as error:
            stream.refuse(errors_of(error, ""))
        except BaseException:
            stream.leave()
            raise
        return stream

    # Single connection -----------------------------------------------------------------------------------------------

    async def _reserve(self, request: Request) -> Response:
        stream = await self._made(request, is_single=True)
        token = secrets.token_urlsafe(32)
        self._reserved[token] = stream
        stream.when_over(lambda: self._reserved.pop(token, None))
        return Response(token, 201, {"cache-control": "no-store"}, "text/plain; charset=utf-8")

    async def _found(self, token: str | None, request: Request) -> EventStream:
        """The stream with this token, for whoever reserved it: a token that stands in addresses proves nothing."""
        found = self._reserved.get(token or "")
        if found is None:
            raise BadRequest(404, "There is no stream with this token.", "NOT_FOUND")
        credentials, owner = self._streams.credentials, found.subscriber
        presented = credentials.presented(request)
        # A token may have been exchanged for a new one since: then it counts who that is.
        if not _is_same(presented, owner.presented) and (await credentials.identified(presented))[1] != owner.viewer:
            raise BadRequest(403, "Somebody else has reserved this stream.", "FORBIDDEN")
        return found

    def _come_for(self, stream: EventStream) -> Response:
        if stream.is_open:
            raise BadRequest(409, "This stream is open already.", "CONFLICT")
        stream.is_open = True
        return stream

    async def _operate(self, stream: EventStream, request: Request) -> Response:
        call = await self._call(request)
        operation_id = call.extensions.get("operationId")
        if not isinstance(operation_id, str) or not 0 < len(operation_id) <= _LONGEST_ID:
            raise BadRequest(400, "Give the operation an id, as extensions.operationId.")
        if operation_id in stream.subscriber.running:
            raise BadRequest(409, "An operation with this id runs already.", "CONFLICT")
        try:
            await stream.subscriber.standing()
            stream.subscriber.start(operation_id, stream.subscriber.accept(call))
        except Rejected as rejected:
            refusal = rejected.refusal
            status = refusal.status if isinstance(refusal, BadRequest) else 400
            return JSONResponse({"errors": rejected.errors}, status)
        except Ended as ended:
            return JSONResponse({"errors": [ended.ending.error()]}, 401 if ended.ending.close else 429)
        return Response(status_code=202)

    def _stop(self, stream: EventStream, request: Request) -> Response:
        operation_id = request.query_params.get("operationId")
        if not operation_id:
            raise BadRequest(400, "Say which operation, as operationId.")
        stream.subscriber.stop(operation_id)
        return Response(status_code=200)

    # Both ------------------------------------------------------------------------------------------------------------

    async def _made(self, request: Request, *, is_single: bool) -> EventStream:
        """A stream for whoever asks, in its place among all connections; raises `BadRequest` where there is none."""
        streams, address = self._streams, request.client.host if request.client else None
        if streams.is_closing or streams.caps.is_full:
            streams.counting.refused(Cap.PROCESS)
            raise BadRequest(503, "The server takes no more connections.", "UNAVAILABLE", {"retry-after": "1"})
        place = streams.caps.take(address)
        if place is None:
            streams.counting.refused(Cap.ADDRESS)
            raise BadRequest(429, "Too many connections come from this address.", "TOO_MANY_CONNECTIONS")
        try:
            presented, viewer = await streams.credentials.identified(streams.credentials.presented(request))
            if not streams.caps.is_persons(place, viewer.user_id):
                streams.counting.refused(Cap.PERSON)
                raise BadRequest(429, TOO_MANY_OF_PERSON.message, TOO_MANY_OF_PERSON.code)
            made = EventStream(streams, place, is_single=is_single)
            made.subscriber = Subscriber(streams, made, presented, viewer, origin_of(request), dict(request.headers))
        except BaseException:
            streams.caps.give_back(place)
            raise
        streams.counting.entered(made.kind)
        streams.enter(made)
        return made


def _is_same(one: Presented | None, other: Presented | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.kind == other.kind and hmac.compare_digest(one.secret.encode(), other.secret.encode())


def _refused(status: int, code: str, message: str, headers: dict[str, str]) -> Response:
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return JSONResponse(body, status, {"cache-control": "no-store", **headers})


class EventStream(Response):
    """A stream of events, as the answer to a request. It is there, and is looked after, before that request comes."""

    subscriber: Subscriber

    def __init__(self, streams: Streams, place: Place, *, is_single: bool) -> None:
        self._streams, self._place, self._is_single = streams, place, is_single
        self.kind = TransportKind.SHARED if is_single else TransportKind.DISTINCT
        self.is_open = not is_single
        self._began = time.monotonic()
        self._sent_at = self._began
        self._sending_since: float | None = None
        self._send: Send | None = None
        self._connected = asyncio.Event()
        self._ending: asyncio.Future[Ending | None] = asyncio.get_running_loop().create_future()
        self._over: list[Callable[[], object]] = []
        self._has_left = False
        self._refusals: list[dict[str, Any]] = []

    def refuse(self, errors: list[dict[str, Any]]) -> None:
        """All that the stream will say."""
        self._refusals = errors

    def when_over(self, act: Callable[[], object]) -> None:
        """Calls this once the stream is over."""
        self._over.append(act)

    def leave(self) -> None:
        """Gives back all that the stream holds; safe to call twice."""
        if self._has_left:
            return
        self._has_left = True
        self.subscriber.close()
        self._streams.leave(self)
        self._streams.counting.left(self.kind)
        self._streams.caps.give_back(self._place)
        for act in self._over:
            act()

    # Looked after ----------------------------------------------------------------------------------------------------

    @property
    def checked_at(self) -> float:
        """When it was last asked whether they may still be here."""
        return self.subscriber.checked_at

    def end(self, ending: Ending) -> None:
        """Ends the stream; the first reason counts."""
        if self._has_left or self._ending.done():
            return
        self._streams.counting.ended(ending.code)
        if self.is_open:
            self._ending.set_result(ending)
        else:
            self.leave()

    def look(self, now: float) -> None:
        """Ends what has taken too long, and has quiet streams say that they are still there."""
        settings = self._streams.settings
        if self._sending_since is not None:
            if now - self._sending_since > settings.slow_seconds:
                self.end(TOO_SLOW)
        elif not self.is_open:
            if now - self._began > settings.init_seconds:
                self.end(NOT_INITIALISED)
        elif self._is_single and not self.subscriber.running and self._is_idle(now):
            self.end(IDLE)

    def _is_idle(self, now: float) -> bool:
        return now - self.subscriber.idle_since > self._streams.settings.idle_seconds

    async def check(self) -> None:
        """Ends what the subscriber may not have any more."""
        await self.subscriber.check()

    # Events out ------------------------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends events until there are no more, or the client goes, or there is a reason to end it."""
        self._send = send
        try:
            headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
            # Proxies must not gather what is meant to arrive at once.
            headers.append((b"x-accel-buffering", b"no"))
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            # Some browsers take a stream for open only when something has come.
            await self._write(": \n\n")
            self._connected.set()
            if self._refusals:
                await self.fail("", self._refusals)
            await self._until_over(receive)
            if self._ending.done():
                await self._close(self._ending.result())
        finally:
            self.leave()

    async def _until_over(self, receive: Receive) -> None:
        gone = asyncio.create_task(_gone(receive))
        quiet = self._streams.settings.ping_seconds
        try:
            while not (gone.done() or self._ending.done()):
                await asyncio.wait((gone, self._ending), timeout=quiet, return_when=asyncio.FIRST_COMPLETED)
                if time.monotonic() - self._sent_at >= quiet and self._sending_since is None:
                    await self._write(": \n\n")
        finally:
            gone.cancel()

    async def _close(self, ending: Ending | None) -> None:
        """The last words, as far as the client takes them: for each operation that still runs, why it is over."""
        ids = list(self.subscriber.running) if self._is_single else [""]
        self.subscriber.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                if ending is not None and ending is not IDLE:
                    for operation_id in ids:
                        await self._write(self._next(operation_id, _json({"errors": [ending.error()]}), None))
                        await self._write(self._complete(operation_id))
                await self._sent({"type": "http.response.body", "body": b"", "more_body": False})

    async def next(self, operation_id: str, payload: str, cursor: str | None) -> None:
        """One answer, as JSON; its cursor is the event's id."""
        await self._connected.wait()
        await self._write(self._next(operation_id, payload, cursor))

    async def fail(self, operation_id: str, errors: list[dict[str, Any]]) -> None:
        """The operation is over, because of these errors."""
        await self.next(operation_id, _json({"errors": errors}), None)
        await self.complete(operation_id)

    async def complete(self, operation_id: str) -> None:
        """The operation is over; and with it the stream, where it is the only one."""
        await self._connected.wait()
        await self._write(self._complete(operation_id))
        if not self._is_single and not self._ending.done():
            self._ending.set_result(None)

    def _next(self, operation_id: str, payload: str, cursor: str | None) -> str:
        data = f'{{"id":{_json(operation_id)},"payload":{payload}}}' if self._is_single else payload
        # On a stream that is shared, the last id would say nothing of the other operations.
        last_seen = f"id: {cursor}\n" if cursor and not self._is_single else ""
        return f"event: next\n{last_seen}data: {data}\n\n"

    def _complete(self, operation_id: str) -> str:
        return f"event: complete\ndata: {_json({'id': operation_id}) if self._is_single else ''}\n\n"

    async def _write(self, text: str) -> None:
        await self._sent({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def _sent(self, message: Message) -> None:
        assert self._send is not None
        if self._sending_since is None:
            self._sending_since = time.monotonic()
        try:
            await self._send(message)
            self._sent_at = time.monotonic()
        finally:
            self._sending_since = None


async def _gone(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
