"""Running workers: for now the one thing that must happen whether or not anybody asks, housekeeping."""

from __future__ import annotations

import asyncio
import logging

import psycopg

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from resolvers import identity

HOUSEKEEPING_SECONDS = 3600
RETRY_SECONDS = 30
log = logging.getLogger("cairn.workers")


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
