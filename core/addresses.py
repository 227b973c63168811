"""Network addresses: reading them as they come, and whom they are counted as."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address


def read_address(text: str) -> Address | None:
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


@lru_cache(maxsize=4096)
def counted_as(address: str | None) -> str:
    """What an address is counted as: a whole /64 of IPv6 is one customer's, who may use each address once."""
    found = read_address(address or "")
    if found is None:
        return "nowhere"
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)


@lru_cache(maxsize=4096)
def is_this_machine(address: str | None) -> bool:
    """Whether a request comes from the machine that the server runs on."""
    found = read_address(address or "")
    return found is not None and found.is_loopback
