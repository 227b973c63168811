"""Waiting for a bell, and not for ever: a wake-up may be lost."""

from __future__ import annotations

import asyncio


async def rung(bell: asyncio.Event, seconds: float) -> None:
    """Returns when the bell rings, or after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await bell.wait()
    except TimeoutError:
        pass
