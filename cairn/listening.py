"""Finding a port to listen on."""

from __future__ import annotations

import os
import socket

FIRST_PORT, PORTS_TRIED = 8000, 50


class PortTaken(Exception):
    """The port that was asked for, or every port that was tried, is in use."""


def listen() -> socket.socket:
    """A listening socket on `PORT`, or, where that is unset, on 8000 or the next free port; raises `PortTaken`."""
    wanted = os.environ.get("PORT")
    host = os.environ.get("CAIRN_HTTP__HOST", "127.0.0.1")
    candidates = [int(wanted)] if wanted else list(range(FIRST_PORT, FIRST_PORT + PORTS_TRIED))
    for port in candidates:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(256)
        except OSError:
            listener.close()
        else:
            return listener
    if wanted:
        raise PortTaken(f"Port {wanted} is not to be had. Choose another with PORT=…, or leave PORT unset.")
    raise PortTaken(f"No port from {candidates[0]} to {candidates[-1]} is free. Choose one with PORT=….")
