"""Which address a request comes from: behind a trusted proxy what that says, and otherwise who is on the line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from core.addresses import read_address

Network = IPv4Network | IPv6Network
ForwardedHeader = Literal["x-forwarded-for", "forwarded"]
# Nobody has this many proxies in a row; a longer header is somebody's game.
_MOST_HOPS = 20
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;\s"]*))', re.IGNORECASE)


class ClientAddresses:
    """Puts the client's own address in the place of that of a trusted proxy, for everything behind it.

    Each proxy appends whom it heard from. Read from the end, what a trusted proxy has written is believed, and nothing
    before the first address that is not one of them: a client may have written that itself.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network], header: ForwardedHeader) -> None:
        self._app = app
        self._trusted = tuple(trusted)
        self._header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        peer = scope.get("client")
        if scope["type"] in ("http", "websocket") and peer is not None:
            hops = _hops(Headers(scope=scope).getlist(self._header), self._header)
            found = client_address(peer[0], hops, self._trusted)
            if found != peer[0]:
                scope = {**scope, "client": (found, 0)}
        await self._app(scope, receive, send)


def client_address(peer: str, hops: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address of the client behind the proxies; `hops` are what these wrote, the last one nearest to us."""
    found = peer
    for hop in reversed(hops[-_MOST_HOPS:]):
        address = read_address(found)
        if address is None or not any(address in network for network in trusted):
            break
        named = read_address(hop)
        if named is None:
            break
        found = str(named)
    return found


def _hops(values: Sequence[str], header: ForwardedHeader) -> list[str]:
    parts = ",".join(values).split(",") if values else []
    if header == "x-forwarded-for":
        return [part.strip() for part in parts]
    matches = (_FOR.search(part) for part in parts)
    return ["" if found is None else (found[1] or found[2] or "") for found in matches]
