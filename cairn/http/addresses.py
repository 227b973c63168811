"""Which address a request comes from: behind a trusted proxy what that says, and otherwise who is on the line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
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
        address = _address(found)
        if address is None or not any(address in network for network in trusted):
            break
        named = _address(hop)
        if named is None:
            break
        found = str(named)
    return found


def counted_as(address: str | None) -> str:
    """What an address is counted as: a whole /64 of IPv6 is one customer's, who may use each address once."""
    found = _address(address or "")
    if found is None:
        return "nowhere"
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)


def is_this_machine(address: str | None) -> bool:
    """Whether a request comes from the machine that the server runs on."""
    found = _address(address or "")
    return found is not None and found.is_loopback


def _hops(values: Sequence[str], header: ForwardedHeader) -> list[str]:
    parts = ",".join(values).split(",") if values else []
    if header == "x-forwarded-for":
        return [part.strip() for part in parts]
    matches = (_FOR.search(part) for part in parts)
    return ["" if found is None else (found[1] or found[2] or "") for found in matches]


def _address(text: str) -> Address | None:
    """An address with or without brackets, port or zone; None for what is none, such as `unknown`."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
