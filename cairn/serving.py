"""Serving: uvicorn as all of our servers run it, which says good-bye to streams before it stops."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from cairn.connections import HttpConnection, WebSocketConnection
from cairn.settings import Settings

# Requests in hand when a server is told to stop have this long.
GRACE_SECONDS = 15
log = logging.getLogger("cairn")


def options(settings: Settings) -> dict[str, Any]:
    """What uvicorn is told by these settings, wherever it runs."""
    streams = settings.streams
    return {
        "http": HttpConnection,
        "ws": WebSocketConnection,
        # Its loggers are set up with all others.
        "log_config": None,
        # A line per request costs a sixth of what a course page costs.
        "access_log": False,
        # Who the client is, is found out by cairn.http.addresses.
        "proxy_headers": False,
        # Nobody outside has to know by what we are served.
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_SECONDS,
        "ws_max_size": streams.max_message_bytes,
        "ws_ping_interval": streams.ping_seconds,
        "ws_ping_timeout": streams.ping_seconds,
        # It costs more memory and time for each of many connections than small messages are worth.
        "ws_per_message_deflate": False,
    }


class Server(uvicorn.Server):
    """A server inside of a program, which ends its streams before it waits for what is under way."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops it."""
        streams = self.lifespan.state.get("streams")
        if streams is not None:
            await streams.close()
        await super().shutdown(sockets)


def outlive_nobody() -> None:
    """Has this process stop once the one that started it is gone, however that ended; where none did, nothing."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def stop_with_it() -> None:
        parent.join()
        log.warning("whoever supervised this server is gone, so that it stops, too")
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop_with_it, name="cairn-lifeline", daemon=True).start()


def when_told_to_stop(act: Callable[[], object]) -> None:
    """Has the event loop call this as soon as a signal stops the process, before the server does what it does then.

    Servers that are run from the command line say nothing to their application until all requests are over.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def tell(number: int, frame: FrameType | None, before: Any = before) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(act)
            if callable(before):
                before(number, frame)

        if callable(before):
            signal.signal(number, tell)
