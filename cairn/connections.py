"""Connections as uvicorn holds them that go badly: who stops reading, and who does not stop sending."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# What a client has not taken by then, it will not take: its connection is given up, and what waits for it forgotten.
# Without that a client that is there and never reads would keep both for as long as it likes.
UNREAD_SECONDS = 60.0


class HttpConnection(HttpToolsProtocol):
    """A connection, which may become a WebSocket."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins."""
        _give_up_in_time(transport)
        super().connection_made(transport)


class WebSocketConnection(WebSocketsSansIOProtocol):
    """A WebSocket, which hears its client out for a moment after it has been cut off.

    TCP drops what was said last when something arrives for a socket that is closed: whoever sends too much would not
    learn that it was too much.
    """

    def data_received(self, data: bytes) -> None:
        """Takes what arrives; after the end, only to let it go."""
        if not self._is_cut_off:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Cuts off a client that broke the rules of WebSockets, or sent too much at once."""
        closing = self.conn.close_sent
        assert closing is not None
        self.queue.put_nowait({"type": "websocket.disconnect", "code": closing.code, "reason": closing.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)

    @property
    def _is_cut_off(self) -> bool:
        return self.close_sent and self.conn.parser_exc is not None


def _give_up_in_time(transport: asyncio.Transport) -> None:
    found = transport.get_extra_info("socket")
    # Only Linux has it; and a connection may be gone already, or be none over TCP.
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if found is not None and option is not None and found.family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            found.setsockopt(socket.IPPROTO_TCP, option, int(UNREAD_SECONDS * 1000))
