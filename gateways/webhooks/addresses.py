"""Which addresses may be spoken to: those of the open internet, and what the settings allow besides.

A name is no protection, and neither is a look at the URL: `127.1`, `[::ffff:10.0.0.1]` or a name that stands for
169.254.169.254 all lead inside. So what counts are the addresses that a name stands for at the moment of connecting, as
the system resolves it. All of them must be allowed, and the connection goes to one of those that were looked at.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_CHARACTERS = 2_000
# The IANA special-purpose registries, where Python's `is_global` of one version or another sees them as global:
# protocol assignments, the old 6to4 relays. And the address at which Azure's machines ask what they are.
_OTHER_V4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
# Of IPv6 only 2000::/3 is the internet; and not all of that. Teredo and its neighbours, documentation, 6to4.
_INTERNET_V6 = ipaddress.IPv6Network("2000::/3")
_OTHER_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# NAT64: the IPv4 address stands in the last 32 bits.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


# Whoever looks up names blocks a thread, for as long as a name server likes: not those that others wait for, too.
_LOOKERS_UP = ThreadPoolExecutor(max_workers=128, thread_name_prefix="cairn-names")


class Forbidden(Exception):
    """This address may not be spoken to."""


class Unresolved(Exception):
    """Nothing is known under this name, at the moment."""


@dataclass(frozen=True)
class Reach:
    """How far one may go: networks beyond the open internet, ports, and whether without TLS. No port named is any.

    Forbidden networks are never spoken to, whatever else is allowed.
    """

    networks: Sequence[Network] = ()
    ports: Sequence[int] = (443,)
    plain_http: bool = False
    forbidden: Sequence[Network] = ()

    def allows(self, address: Address) -> bool:
        """Whether the address may be spoken to."""
        plain = unwrapped(address)
        if any(each in network for network in self.forbidden for each in (plain, address)):
            return False
        return is_global(address) or any(plain in network for network in self.networks)


def unwrapped(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 one, as what it is; any other as it is."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_global(address: Address) -> bool:
    """Whether this is one machine on the open internet, by any way of writing it down."""
    plain = unwrapped(address)
    if plain.is_multicast or not plain.is_global:
        return False
    if isinstance(plain, ipaddress.IPv4Address):
        return not any(plain in network for network in _OTHER_V4)
    return plain in _INTERNET_V6 and not any(plain in network for network in _OTHER_V6)


def problem_with(url: str, reach: Reach) -> str | None:
    """Why one could never send to this URL, as far as its text says; None when it may be tried."""
    # Not for those who never look at an address.
    import httpx

    try:
        parsed = httpx.URL(url)
        host, port = parsed.raw_host.decode(), parsed.port
    except (httpx.InvalidURL, UnicodeError, TypeError):
        return "This is no address that can be sent to."
    if port is not None and not 0 < port < 1 << 16:
        return "This is no address that can be sent to."
    if len(url) > MOST_CHARACTERS or not host or "\0" in url or any(each.isspace() for each in url):
        return "This is no address that can be sent to."
    if parsed.scheme not in (("https", "http") if reach.plain_http else ("https",)):
        return "The address must begin with https://."
    if parsed.userinfo or parsed.fragment:
        return "The address holds a user name, a password or a fragment. Leave that out."
    if reach.ports and (port or _usual_port(parsed.scheme)) not in reach.ports:
        return f"Only these ports are sent to: {', '.join(map(str, reach.ports))}."
    literal = _literal(host)
    if literal is not None and not reach.allows(literal):
        return "This address is not on the open internet."
    return None


def _usual_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


async def resolved(host: str, port: int, reach: Reach) -> list[Address]:
    """What a name stands for, asked once; raises `Forbidden` unless all of it may be spoken to, or `Unresolved`."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    try:
        found = await asyncio.get_running_loop().run_in_executor(_LOOKERS_UP, look_up)
    except (OSError, UnicodeError) as error:
        raise Unresolved(f"There is no {host}.") from error
    # A zone (`fe80::1%eth0`) says which interface: nothing beyond this machine's own links has one.
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not addresses:
        raise Unresolved(f"There is no {host}.")
    for address in addresses:
        if not reach.allows(address):
            raise Forbidden(f"{host} stands for {address}, which is not on the open internet.")
    return list(dict.fromkeys(addresses))
