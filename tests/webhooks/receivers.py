"""Receivers over HTTP that do what receivers do: take, refuse, stall, drip, redirect, break off, and lie."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        """The message's id."""
        return self.headers["webhook-id"]

    @property
    def said(self) -> Any:
        """What the body says."""
        return json.loads(self.body)

    @property
    def sequence(self) -> int:
        """Its number among all about the same object."""
        return int(self.headers["cairn-sequence"])

    def verified(self, secret: str) -> Any:
        """What the public library makes of it; raises when it is not signed with this secret."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass(frozen=True)
class Reply:
    """What is answered: the body in pieces, with a pause before each."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stall: float = 0
    drip: float = 0
    breaks_off: bool = False


TAKEN, FAILED = Reply(204), Reply(500, body=b"not today")
Behave = Callable[[Received], Reply]


@dataclass
class Receiver:
    """A receiver at an address, with what it received so far. What it replies can be changed."""

    url: str
    behave: Behave = lambda _received: TAKEN
    received: list[Received] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> list[str]:
        """The ids of the messages, in order of arrival."""
        return [each.id for each in self.received]


@contextmanager
def receiver(behave: Behave | None = None) -> Iterator[Receiver]:
    """A receiver on this machine while the block runs."""
    made = Receiver("")
    if behave is not None:
        made.behave = behave

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got = Received(self.path, headers, body, time.monotonic())
            made.received.append(got)
            with suppress(OSError):
                self._reply(made.behave(got))

        def _reply(self, reply: Reply) -> None:
            self.close_connection = True
            if made.ended.wait(reply.stall) or reply.breaks_off:
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if "content-length" not in reply.headers:
                self.send_header("connection", "close")
            self.end_headers()
            size = 1 if reply.drip else 65536
            for start in range(0, len(reply.body), size):
                if made.ended.wait(reply.drip):
                    return
                self.wfile.write(reply.body[start : start + size])

        def log_message(self, *_given: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_given: Any) -> None:
            """Those who hang up are no news."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/in"
    try:
        yield made
    finally:
        made.ended.set()
        server.shutdown()
        server.server_close()
