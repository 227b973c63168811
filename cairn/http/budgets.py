"""A budget of requests for each address and each person, kept in this process: it costs no round trip to check.

It is there to keep one client from taking the whole machine. Every process has its own, so several let through as many
times more. What must be exact is counted elsewhere (`resolvers.requests.limits`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.addresses import counted_as, is_this_machine

TOO_MANY = "Too many requests. Try again in a moment."
# Beyond this many, those who have been quiet the longest are forgotten first.
_MOST_KNOWN = 50_000


class RequestBudget:
    """So many requests a second for each name, and so many at once for who has been quiet.

    Of each name it is known when its budget will be full again; a request puts that off by what one request costs.
    """

    def __init__(self, per_second: int, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._cost = 1 / per_second
        self._room = (burst - 1) / per_second
        self._clock = clock
        self._full_at: dict[str, float] = {}

    def spend(self, name: str) -> int | None:
        """Takes one request from a budget; answers the seconds to wait when there is none left, and then takes none."""
        now = self._clock()
        # Taken out and put back at the end, so that the first in the row is the one that has been quiet the longest.
        full_at = self._full_at.pop(name, 0.0)
        wait = full_at - now - self._room
        if wait > 0:
            self._full_at[name] = full_at
            return max(1, math.ceil(wait))
        self._full_at[name] = max(full_at, now) + self._cost
        if len(self._full_at) > _MOST_KNOWN:
            del self._full_at[next(iter(self._full_at))]
        return None


class AddressBudgets:
    """Turns an address away that asks for too much, before anything of the request is read.

    This machine itself is not counted: behind a proxy on it that nobody has declared as trusted, everybody would be.
    """

    def __init__(self, app: ASGIApp, budget: RequestBudget) -> None:
        self._app = app
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        peer = scope.get("client")
        if scope["type"] == "http" and peer is not None and not is_this_machine(peer[0]):
            seconds = self._budget.spend(counted_as(peer[0]))
            if seconds is not None:
                await _turned_away(seconds)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _turned_away(seconds: int) -> Response:
    extensions = {"code": "RATE_LIMITED", "retryAfter": seconds}
    body = orjson.dumps({"errors": [{"message": TOO_MANY, "extensions": extensions}]})
    headers = {"retry-after": str(seconds), "cache-control": "no-store"}
    return Response(body, 429, headers, "application/json; charset=utf-8")
