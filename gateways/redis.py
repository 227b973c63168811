"""Counting tries in Redis, for those who have one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from limits.aio.storage import RedisStorage
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from core.errors import RequestError
from gateways.tallies import Check

PREFIX = "cairn-limits"


class RedisTallies:
    """Counts in Redis, by a script that counts and sets the end of the window in one step."""

    def __init__(self, url: str, prefix: str = PREFIX) -> None:
        self._pool: ConnectionPool = ConnectionPool.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        options: dict[str, Any] = {"connection_pool": self._pool}
        self._storage = RedisStorage(f"async+{url}", implementation="redispy", key_prefix=prefix, **options)

    async def hit(self, checks: Sequence[Check]) -> int | None:
        """As `Tallies` says; raises `RequestError` when Redis does not answer: then nothing limited is done."""
        try:
            for check in checks:
                if await self._storage.incr(check.key, check.seconds) > check.most:
                    ends_at = await self._storage.get_expiry(check.key)
                    return max(1, round(ends_at - time.time()))
        except (RedisError, OSError) as error:
            raise RequestError("The server is busy. Try again in a moment.", "UNAVAILABLE") from error
        return None

    async def close(self) -> None:
        """Closes the connections."""
        await self._pool.disconnect()
