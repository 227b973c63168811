"""One POST to a foreign server: within a set time, to an address that was looked at, and believing it nothing."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import httpcore
import httpx

from gateways.webhooks.addresses import Address, Forbidden, Reach, Unresolved, problem_with, resolved

# From looking up the name to the last byte that is read.
SECONDS = 15.0
# What is read of an answer's body.
MOST_BYTES = 16 * 1024
_SIP_BYTES = 4 * 1024
USER_AGENT = "Cairn-Webhooks/1.0"


class Refusal(StrEnum):
    """Why there is no answer."""

    FORBIDDEN = "forbidden"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"


@dataclass(eq=False)
class NotSent(Exception):
    """There is no answer, and why; `address` is what was spoken to, if it came to that."""

    refusal: Refusal
    reason: str
    duration_ms: int = 0
    address: str | None = None

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Answer:
    """What a receiver answered: the beginning of its body, and the headers by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    duration_ms: int
    address: str | None


class Sender(Protocol):
    """Somebody who sends."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Posts the body; raises `NotSent`. An answer of any status is an answer."""

    def problem(self, url: str) -> str | None:
        """Why one could never send to this URL; None when it may be tried."""


@dataclass(frozen=True)
class HttpSender:
    """Sends over HTTP/1.1, a connection for each message. No proxy, no redirect, no cookie, no compression."""

    reach: Reach
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    seconds: float = SECONDS

    def problem(self, url: str) -> str | None:
        """Why one could never send to this URL; None when it may be tried."""
        return problem_with(url, self.reach)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Posts the body; raises `NotSent`."""
        problem = self.problem(url)
        if problem is not None:
            raise NotSent(Refusal.FORBIDDEN, problem)
        began, line = time.monotonic(), _CheckedLine(self.reach)
        try:
            async with asyncio.timeout(self.seconds):
                status, given, read = await self._exchange(line, url, headers, body)
        except TimeoutError as error:
            said = f"There was no whole answer within {self.seconds:g} seconds."
            raise _not_sent(Refusal.TIMED_OUT, said, began, line) from error
        except Forbidden as error:
            raise _not_sent(Refusal.FORBIDDEN, str(error), began, line) from error
        except (Unresolved, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise _not_sent(Refusal.UNREACHABLE, _in_words(error), began, line) from error
        return Answer(status, given, read, _since(began), _text(line.address))

    async def _exchange(
        self, line: _CheckedLine, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        parsed = httpx.URL(url)
        sent = {"host": parsed.netloc.decode(), "user-agent": USER_AGENT, **headers, "content-length": str(len(body))}
        pool = httpcore.AsyncConnectionPool(ssl_context=self.trust, network_backend=line, retries=0)
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


class _CheckedLine(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were looked at. TLS goes on asking for the name, and so does `Host`."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._plain: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()
        self.address: Address | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of the host that takes one; raises `Forbidden` or `Unresolved`."""
        failure: Exception | None = None
        for address in await resolved(host, port, self._reach):
            self.address = address
            try:
                line = await self._plain.connect_tcp(str(address), port, timeout, local_address, socket_options)
                return _Sips(line)
            except httpcore.NetworkError as error:
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


def _not_sent(refusal: Refusal, reason: str, began: float, line: _CheckedLine) -> NotSent:
    return NotSent(refusal, reason, _since(began), _text(line.address))


def _in_words(error: Exception) -> str:
    """What went wrong, in the words of whatever library met it, and without the classes around it."""
    cause = error
    while str(cause) == "" and isinstance(cause.__cause__ or cause.__context__, Exception):
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
    return str(cause) or type(error).__name__


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)
