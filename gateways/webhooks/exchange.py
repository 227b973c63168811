"""The exchange itself: one request over one connection, to an address that was looked at, with httpcore."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from gateways.webhooks.addresses import Address, Forbidden, Reach, Unresolved, resolved

# What is read of an answer's body.
MOST_BYTES = 16 * 1024
_SIP_BYTES = 4 * 1024
# How long one of several addresses of a host is given to answer.
_PATIENCE_SECONDS = 2.0
USER_AGENT = "Cairn-Webhooks/1.0"
_BROKEN = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError)


class Broken(Exception):
    """There was no connection, or it broke, or what came over it was no HTTP."""


async def post(
    line: CheckedLine, url: str, headers: Mapping[str, str], body: bytes, trust: ssl.SSLContext | None
) -> tuple[int, dict[str, str], bytes]:
    """Posts the body; answers the status, the headers by their names in lower case, and the body's beginning.

    Raises `Forbidden`, `Unresolved` or `Broken`. Certificates are checked against the system's unless `trust` is given.
    """
    try:
        return await _exchange(line, url, headers, body, trust or _usual_trust())
    except TimeoutError:
        raise
    except _BROKEN as error:
        raise Broken(_in_words(error)) from error


async def _exchange(
    line: CheckedLine, url: str, headers: Mapping[str, str], body: bytes, trust: ssl.SSLContext
) -> tuple[int, dict[str, str], bytes]:
    parsed = httpx.URL(url)
    sent = {"host": parsed.netloc.decode(), "user-agent": USER_AGENT, **headers, "content-length": str(len(body))}
    pool = httpcore.AsyncConnectionPool(ssl_context=trust, network_backend=line, retries=0)
    target = httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)
    pairs = [(name.encode(), value.encode()) for name, value in sent.items()]
    async with pool, pool.stream("POST", target, headers=pairs, content=body) as response:
        read = b""
        async for part in response.aiter_stream():
            read += part
            if len(read) >= MOST_BYTES:
                break
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return response.status, given, read[:MOST_BYTES]


@lru_cache(maxsize=1)
def _usual_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class CheckedLine(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were looked at. TLS goes on asking for the name, and so does `Host`."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._plain: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()
        self._address: Address | None = None

    @property
    def spoken_to(self) -> str | None:
        """The address that was connected to, or tried."""
        return None if self._address is None else str(self._address)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of the host that takes one; raises `Forbidden` or `Unresolved`.

        One that does not answer is not waited for as long as there are others.
        """
        failure: Exception | None = None
        addresses = await resolved(host, port, self._reach)
        for number, address in enumerate(addresses, 1):
            self._address = address
            patience = timeout if number == len(addresses) else _PATIENCE_SECONDS
            try:
                line = await self._plain.connect_tcp(str(address), port, patience, local_address, socket_options)
                return _Sips(line)
            except (httpcore.NetworkError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or Unresolved(f"There is no {host}.")

    async def connect_unix_socket(self, *_given: Any, **_more: Any) -> httpcore.AsyncNetworkStream:
        """Refused: nothing that may be spoken to is a file of this machine."""
        raise Forbidden("Nothing is sent to a file.")

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await asyncio.sleep(seconds)


class _Sips(httpcore.AsyncNetworkStream):
    """A connection that is read a little at a time, so that of a long answer hardly more is read than is kept."""

    def __init__(self, line: httpcore.AsyncNetworkStream) -> None:
        self._line = line

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """The next few bytes."""
        return await self._line.read(min(max_bytes, _SIP_BYTES), timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Sends all of it."""
        await self._line.write(buffer, timeout)

    async def aclose(self) -> None:
        """Hangs up."""
        await self._line.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """The same with TLS."""
        return _Sips(await self._line.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """What is known of it."""
        return self._line.get_extra_info(info)


def _in_words(error: Exception) -> str:
    """What went wrong, in the words of whatever library met it, and without the classes around it."""
    cause = error
    while str(cause) == "" and isinstance(cause.__cause__ or cause.__context__, Exception):
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
    return str(cause) or type(error).__name__
