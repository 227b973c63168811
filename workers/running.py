"""Running workers: for now the one thing that must happen whether or not anybody asks, housekeeping."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal

import psycopg

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from resolvers import identity

HOUSEKEEPING_SECONDS = 3600
RETRY_SECONDS = 30
log = logging.getLogger("cairn.workers")


async def work(database: Database) -> None:
    """Does all that there is to do until Ctrl-C or SIGTERM."""
    working = asyncio.ensure_future(housekeeping_forever(database))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def housekeeping(database: Database) -> int:
    """Deletes sign-in links and sessions that are over; answers how many rows went. Safe to repeat."""
    async with transaction(database, SERVICE) as tx:
        return await identity.delete_expired(tx)


async def housekeeping_forever(database: Database) -> None:
    """Housekeeping once an hour until cancelled; a database that is away is tried again soon."""
    while True:
        try:
            gone = await housekeeping(database)
            log.info("housekeeping removed %d expired rows", gone)
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
        except (psycopg.Error, OSError) as error:
            log.warning("housekeeping failed and will be tried again: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
