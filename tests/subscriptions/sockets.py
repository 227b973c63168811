"""Clients of streams: a WebSocket that speaks GraphQL, a stream of server-sent events, and the relay at hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Queue
from socket import SHUT_RDWR
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.events.logs import place, sql
from tests.support.clients import Client, Data

PROTOCOL = "graphql-transport-ws"
PATIENCE_SECONDS = 30


@dataclass
class Socket:
    """A WebSocket to the API, as its client holds it."""

    connection: ClientConnection

    def say(self, kind: str, **message: Any) -> None:
        """Sends a message."""
        self.connection.send(json.dumps({"type": kind, **message}))

    def hear(self, seconds: float = PATIENCE_SECONDS) -> Data:
        """The next message."""
        found: Data = json.loads(self.connection.recv(seconds))
        return found

    def sign_in(self, token: str | None = None) -> None:
        """Says who it is, and hears that this is well."""
        self.say("connection_init", **({"payload": {"authorization": f"Bearer {token}"}} if token else {}))
        assert self.hear() == {"type": "connection_ack"}

    def subscribe(self, document: str, operation_id: str = "1", **variables: Any) -> None:
        """Asks for an operation."""
        self.say("subscribe", id=operation_id, payload={"query": document, "variables": variables})

    def answer(self, operation_id: str = "1") -> Data:
        """The data of the next answer, which must be to this operation and without errors."""
        message = self.hear()
        assert (message["type"], message["id"]) == ("next", operation_id), message
        assert "errors" not in message["payload"], message
        data: Data = message["payload"]["data"]
        return data

    def refusal(self, operation_id: str = "1") -> str:
        """The code of the one error that ends this operation."""
        message = self.hear()
        assert (message["type"], message["id"]) == ("error", operation_id), message
        (error,) = message["payload"]
        code: str = error["extensions"]["code"]
        return code

    def end(self, seconds: float = PATIENCE_SECONDS) -> tuple[int, str]:
        """(code, reason) of the closing that must come next."""
        with pytest.raises(ConnectionClosed) as closed:
            raise AssertionError(f"not closed, but: {self.connection.recv(seconds)!r}")
        assert closed.value.rcvd is not None, "cut off without a word"
        return closed.value.rcvd.code, closed.value.rcvd.reason


@contextmanager
def socket(address: str, protocols: Sequence[Any] = (PROTOCOL,), **options: Any) -> Iterator[Socket]:
    """A WebSocket to the API at this address."""
    url = address.replace("http://", "ws://") + "/graphql"
    with connect(url, subprotocols=list(protocols) or None, compression=None, **options) as connection:
        yield Socket(connection)


@contextmanager
def signed_in(client: Client, **options: Any) -> Iterator[Socket]:
    """A WebSocket of somebody who may send operations."""
    with socket(client.url, **options) as made:
        made.sign_in(client.token)
        yield made


@dataclass
class Events:
    """A stream of server-sent events; `ids` are those that were seen so far."""

    response: httpx.Response
    ids: list[str] = field(default_factory=list)
    _found: Queue[tuple[str, Data | None] | None] = field(default_factory=Queue)

    def read(self) -> None:
        """Takes the stream apart, until it ends."""
        event, data, last = "message", "", None
        try:
            for line in self.response.iter_lines():
                name, _, value = line.partition(": ")
                if line == "" and (event != "message" or data):
                    if last:
                        self.ids.append(last)
                    self._found.put((event, json.loads(data) if data else None))
                    event, data, last = "message", "", None
                elif name == "event":
                    event = value
                elif name == "data":
                    data += value
                elif name == "id":
                    last = value
        except httpx.HTTPError:
            pass
        self._found.put(None)

    def hear(self) -> tuple[str, Data | None]:
        """The next event: its name and its data. A stream that has ended is an error."""
        found = self._found.get(timeout=PATIENCE_SECONDS)
        assert found is not None, "the stream has ended"
        return found

    def answer(self) -> Data:
        """The data of the next answer, which must be without errors."""
        event, answer = self.hear()
        assert event == "next", (event, answer)
        assert answer is not None
        assert "errors" not in answer, answer
        data: Data = answer["data"]
        return data

    def refusal(self) -> str:
        """The code of the one error that the stream ends with."""
        event, answer = self.hear()
        assert event == "next", (event, answer)
        assert answer is not None
        (error,) = answer["errors"]
        assert self.hear() == ("complete", None)
        assert self.is_over()
        code: str = error["extensions"]["code"]
        return code

    def is_over(self) -> bool:
        """Whether the stream ends without another event."""
        return self._found.get(timeout=PATIENCE_SECONDS) is None


@contextmanager
def events(client: Client, document: str, *, headers: Data | None = None, **variables: Any) -> Iterator[Events]:
    """A subscription over a connection of its own."""
    with opened(client, "POST", headers=headers, json={"query": document, "variables": variables}) as made:
        yield made


@contextmanager
def opened(client: Client, method: str, *, headers: Data | None = None, **request: Any) -> Iterator[Events]:
    """The stream that answers a request."""
    given = {"accept": "text/event-stream", **(headers or {})}
    if client.token:
        given["authorization"] = f"Bearer {client.token}"
    timeout = httpx.Timeout(5, read=PATIENCE_SECONDS)
    with (
        httpx.Client(timeout=timeout, verify=False) as http,
        http.stream(method, f"{client.url}/graphql/stream", headers=given, **request) as response,
    ):
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        made = Events(response)
        threading.Thread(target=made.read, daemon=True).start()
        try:
            yield made
        finally:
            # While the other thread reads, closing would not be heard of at the other end.
            with suppress(OSError):
                response.extensions["network_stream"].get_extra_info("socket").shutdown(SHUT_RDWR)


def place_all(url: str) -> None:
    """Has every fact get its place."""
    while place(url) or sql(url, "SELECT 1 FROM fact WHERE position IS NULL"):
        pass


def cursor_now(admin: Client, url: str) -> str:
    """The cursor of the last fact there is; one is made where there is none."""
    place_all(url)
    found = admin.ask("{ events(last: 1) { pageInfo { endCursor } } }")["events"]["pageInfo"]["endCursor"]
    assert found, "There is nothing in the log yet."
    cursor: str = found
    return cursor
