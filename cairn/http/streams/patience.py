"""Waiting for a database that is away, without taking that for an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core import connection
from core.errors import RequestError
from graph.subscribing import Away

T = TypeVar("T")
PAUSE_SECONDS = 1.0
log = logging.getLogger("cairn.streams")


def is_away(error: Exception) -> bool:
    """Whether something failed because the database, or an issuer of tokens, could not be asked just now."""
    if isinstance(error, RequestError):
        return error.code == "UNAVAILABLE"
    return connection.is_away(error) or isinstance(error, OSError | Away)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """What is answered once it can be asked; any other failure is raised."""
    while True:
        try:
            return await ask()
        except Exception as error:
            if not is_away(error):
                raise
            log.debug("a stream waits: %s", error)
        await asyncio.sleep(PAUSE_SECONDS)
