"""Finding a port to listen on."""

from __future__ import annotations

import os
import socket

FIRST_PORT, PORTS_TRIED = 8000, 50


class PortTaken(Exception):
    """The address or the port that was asked for, or every port that was tried, is not to be had."""


def listen(host: str, wanted: int | None) -> socket.socket:
    """A listening socket on this port, or on 8000 or the next free one where none is wanted; raises `PortTaken`."""
    candidates = range(FIRST_PORT, FIRST_PORT + PORTS_TRIED) if wanted is None else [wanted]
    family, address = _address(host)
    for port in candidates:
        try:
            return socket.create_server((address, port), family=family, backlog=256)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
    if wanted is None:
        ports = f"{candidates[0]} to {candidates[-1]}"
        raise PortTaken(f"No port from {ports} is to be had: {reason}. Choose one with PORT=….")
    raise PortTaken(f"Port {wanted} is not to be had: {reason}. Choose another with PORT=…, or leave PORT unset.")


def _address(host: str) -> tuple[socket.AddressFamily, str]:
    try:
        family, *_, address = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise PortTaken(f"CAIRN_HTTP__HOST must be an address of this machine, not {host!r}.") from None
    return family, str(address[0])
