"""Operations over WebSockets, as the protocol `graphql-transport-ws` has it.

One connection carries any number of operations, each under an id of the client's. Whoever breaks the protocol is cut
off with the code that the protocol has for it; docs/subscriptions.md lists all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from cairn.http.calls import BadRequest, call_of, parsed
from cairn.http.credentials import InvalidCredentials, Presented, origin_of
from cairn.http.streams.caps import Place
from cairn.http.streams.counting import Cap, TransportKind
from cairn.http.streams.endings import (
    BAD_MESSAGE,
    DUPLICATE,
    IDLE,
    NOT_INITIALISED,
    SUBPROTOCOL,
    TOO_MANY,
    TOO_MANY_MESSAGES,
    TOO_MANY_OF_PERSON,
    TOO_SLOW,
    UNAUTHORIZED,
    Ended,
    Ending,
)
from cairn.http.streams.hub import Streams
from cairn.http.streams.subscriber import Subscriber
from core.errors import RequestError

PROTOCOL = "graphql-transport-ws"
# How long a client that is too slow may take to read why it is cut off.
CLOSE_SECONDS = 30.0
_LONGEST_ID, _LONGEST_REASON = 200, 120


class WebSocketEndpoint:
    """Answers `/graphql` where a WebSocket is asked for."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    async def __call__(self, websocket: WebSocket) -> None:
        """One connection, from the handshake to the end."""
        streams, address = self._streams, websocket.client.host if websocket.client else None
        if streams.credentials.origins.is_foreign(websocket):
            await _deny(websocket, 403, "FOREIGN_ORIGIN", "Pages of this origin may not call the API.")
            return
        if streams.is_closing or streams.caps.is_full:
            streams.counting.refused(Cap.PROCESS)
            await _deny(websocket, 503, "UNAVAILABLE", "The server takes no more connections. Try again in a moment.")
            return
        place = None if streams.spend(address) is not None else streams.caps.take(address)
        if place is None:
            streams.counting.refused(Cap.ADDRESS)
            await _deny(websocket, 429, "TOO_MANY_CONNECTIONS", "Too many connections come from this address.")
            return
        try:
            if PROTOCOL not in websocket.scope["subprotocols"]:
                await websocket.accept()
                await websocket.close(SUBPROTOCOL, f"Subprotocol not acceptable: use {PROTOCOL}")
                return
            await websocket.accept(PROTOCOL)
            await _Connection(streams, websocket, place).run()
        except (WebSocketDisconnect, ConnectionError):
            # Gone in the middle of something.
            return
        finally:
            streams.caps.give_back(place)


async def _deny(websocket: WebSocket, status: int, code: str, message: str) -> None:
    headers = {"retry-after": "1"} if status in (429, 503) else {}
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    await websocket.send_denial_response(JSONResponse(body, status, headers))


class _Connection:
    """One WebSocket after the handshake."""

    kind = TransportKind.WEBSOCKET

    def __init__(self, streams: Streams, websocket: WebSocket, place: Place) -> None:
        self._streams, self._websocket, self._place = streams, websocket, place
        # Past the state that Starlette keeps, which many messages to many clients would pay for.
        self._say = websocket._send
        self._began = time.monotonic()
        self._sending_since: float | None = None
        self._is_initialised = False
        self._subscriber: Subscriber | None = None
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Reads messages until the client goes, or until there is a reason to end it."""
        self._streams.enter(self)
        self._streams.counting.entered(self.kind)
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait((reading, self._ending), return_when=asyncio.FIRST_COMPLETED)
            if self._ending.done():
                reading.cancel()
                self._stop()
                await self._close(self._ending.result())
            else:
                reading.result()
        finally:
            reading.cancel()
            self._stop()
            self._streams.leave(self)
            self._streams.counting.left(self.kind)

    def _stop(self) -> None:
        if self._subscriber is not None:
            self._subscriber.close()

    async def _close(self, ending: Ending) -> None:
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._websocket.close(ending.close or 1000, ending.message[:_LONGEST_REASON])

    # Looked after ----------------------------------------------------------------------------------------------------

    def end(self, ending: Ending) -> None:
        """Ends the connection; the first reason counts."""
        if not self._ending.done():
            self._streams.counting.ended(ending.code)
            self._ending.set_result(ending)

    def look(self, now: float) -> None:
        """Ends what has taken too long."""
        settings, subscriber = self._streams.settings, self._subscriber
        if self._sending_since is not None and now - self._sending_since > settings.slow_seconds:
            self.end(TOO_SLOW)
        elif subscriber is None:
            if now - self._began > settings.init_seconds:
                self.end(NOT_INITIALISED)
        elif not subscriber.running and now - subscriber.idle_since > settings.idle_seconds:
            self.end(IDLE)

    @property
    def checked_at(self) -> float:
        """When it was last asked whether they may still be here."""
        return self._began if self._subscriber is None else self._subscriber.checked_at

    async def check(self) -> None:
        """Ends what the subscriber may not have any more."""
        if self._subscriber is not None:
            await self._subscriber.check()

    # Messages in -----------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if self._streams.spend(self._address) is not None:
                self.end(TOO_MANY_MESSAGES)
                return
            try:
                await self._take(_read_message(text, self._streams))
            except Ended as ended:
                self.end(ended.ending)
                return

    @property
    def _address(self) -> str | None:
        return self._websocket.client.host if self._websocket.client else None

    async def _take(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "ping":
            await self._send({"type": "pong", **_payload(message)})
        elif kind == "connection_init":
            await self._initialise(message)
        elif kind == "subscribe":
            await self._subscribe(message)
        elif kind == "complete" and self._subscriber is not None:
            self._subscriber.stop(_id(message))

    async def _initialise(self, message: Mapping[str, Any]) -> None:
        if self._is_initialised:
            raise Ended(Ending("BAD_REQUEST", "Too many initialisation requests", TOO_MANY))
        self._is_initialised = True
        credentials, websocket = self._streams.credentials, self._websocket
        try:
            presented, viewer = await credentials.identified(self._presented(message.get("payload")))
        except InvalidCredentials as error:
            raise Ended(Ending("UNAUTHENTICATED", str(error), UNAUTHORIZED)) from error
        except RequestError as error:
            raise Ended(Ending(error.code, str(error), TOO_SLOW.close)) from error
        if not self._streams.caps.is_persons(self._place, viewer.user_id):
            self._streams.counting.refused(Cap.PERSON)
            raise Ended(TOO_MANY_OF_PERSON)
        self._subscriber = Subscriber(
            self._streams, self, presented, viewer, origin_of(websocket), dict(websocket.headers)
        )
        await self._send({"type": "connection_ack"})

    def _presented(self, payload: Any) -> Presented | None:
        """The token in the message, or what came with the handshake."""
        given = payload if isinstance(payload, dict) else {}
        nested = given.get("headers")
        for place in (given, nested if isinstance(nested, dict) else {}):
            header = next((value for name, value in place.items() if name.lower() == "authorization"), None)
            if isinstance(header, str):
                return self._streams.credentials.bearer(header)
        return self._streams.credentials.presented(self._websocket)

    async def _subscribe(self, message: Mapping[str, Any]) -> None:
        subscriber, operation_id = self._subscriber, _id(message)
        if subscriber is None:
            raise Ended(Ending("UNAUTHENTICATED", "Unauthorized", UNAUTHORIZED))
        if operation_id in subscriber.running:
            raise Ended(Ending("BAD_REQUEST", f"Subscriber for {operation_id} already exists", DUPLICATE))
        payload = message.get("payload")
        if not isinstance(payload, dict):
            raise _invalid("a subscribe message has a payload")
        try:
            call = call_of(payload)
        except BadRequest as error:
            raise _invalid(error.message) from error
        try:
            subscriber.begin(operation_id, call)
        except Ended as ended:
            if ended.ending.close is not None:
                raise
            await self.fail(operation_id, [ended.ending.error()])

    # Messages out ----------------------------------------------------------------------------------------------------

    async def next(self, operation_id: str, payload: str, cursor: str | None) -> None:
        """One answer, as JSON; the cursor is a field of it for those who asked."""
        await self._send_text(f'{{"id":{_json(operation_id)},"type":"next","payload":{payload}}}')

    async def fail(self, operation_id: str, errors: list[dict[str, Any]]) -> None:
        """The operation is over, because of these errors."""
        await self._say_last({"id": operation_id, "type": "error", "payload": errors})

    async def complete(self, operation_id: str) -> None:
        """The operation is over."""
        await self._say_last({"id": operation_id, "type": "complete"})

    async def _say_last(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(ConnectionError):
            await self._send(message)

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._send_text(orjson.dumps(message).decode())

    async def _send_text(self, text: str) -> None:
        if self._sending_since is None:
            self._sending_since = time.monotonic()
        try:
            await self._say({"type": "websocket.send", "text": text})
        except (OSError, RuntimeError) as error:
            raise ConnectionResetError from error
        finally:
            self._sending_since = None


def _read_message(text: str | None, streams: Streams) -> dict[str, Any]:
    """A message of the protocol; raises `Ended` for anything else."""
    if text is None:
        raise _invalid("messages are texts")
    if len(text) > streams.settings.max_message_bytes:
        raise _invalid("too long")
    try:
        message = parsed(text.encode(), streams.http.max_json_depth, "The message")
    except BadRequest as error:
        raise _invalid(error.message) from error
    if not isinstance(message, dict) or message.get("type") not in _TYPES:
        raise _invalid(f"the type is one of {', '.join(_TYPES)}")
    payload = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise _invalid("a payload is an object")
    return message


_TYPES = ("connection_init", "ping", "pong", "subscribe", "complete")


def _payload(message: Mapping[str, Any]) -> dict[str, Any]:
    return {"payload": message["payload"]} if message.get("payload") is not None else {}


def _id(message: Mapping[str, Any]) -> str:
    found = message.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_ID:
        raise _invalid("the id is a text that is not empty")
    return found


def _invalid(why: str) -> Ended:
    return Ended(Ending("BAD_REQUEST", f"Invalid message: {why}", BAD_MESSAGE))


@lru_cache(maxsize=4096)
def _json(text: str) -> str:
    return orjson.dumps(text).decode()
