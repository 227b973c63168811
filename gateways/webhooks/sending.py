"""One POST to a foreign server: within a set time, to an address that was looked at, and believing it nothing."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateways.webhooks.addresses import Forbidden, Reach, Unresolved, problem_with

# From looking up the name to the last byte that is read.
SECONDS = 15.0


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
    trust: ssl.SSLContext | None = None
    seconds: float = SECONDS

    def problem(self, url: str) -> str | None:
        """Why one could never send to this URL; None when it may be tried."""
        return problem_with(url, self.reach)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Posts the body; raises `NotSent`."""
        problem = self.problem(url)
        if problem is not None:
            raise NotSent(Refusal.FORBIDDEN, problem)
        # Several megabytes, which processes that send nothing can do without.
        from gateways.webhooks.exchange import Broken, CheckedLine, post

        began, line = time.monotonic(), CheckedLine(self.reach)

        def not_sent(refusal: Refusal, reason: str) -> NotSent:
            return NotSent(refusal, reason, _since(began), line.spoken_to)

        try:
            async with asyncio.timeout(self.seconds):
                status, given, read = await post(line, url, headers, body, self.trust)
        except TimeoutError as error:
            raise not_sent(Refusal.TIMED_OUT, f"There was no whole answer within {self.seconds:g} seconds.") from error
        except Forbidden as error:
            raise not_sent(Refusal.FORBIDDEN, str(error)) from error
        except (Unresolved, Broken) as error:
            raise not_sent(Refusal.UNREACHABLE, str(error)) from error
        return Answer(status, given, read, _since(began), line.spoken_to)


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
