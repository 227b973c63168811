"""Sealing the audit log: what was committed gets its place in the chain, soon after."""

from __future__ import annotations

import asyncio
import logging

import psycopg

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from resolvers import audit

EVERY_SECONDS = 1.0
RETRY_SECONDS = 30
log = logging.getLogger("cairn.workers")


async def seal_all(database: Database) -> int:
    """Seals all that waits, some at a time; answers how many entries that were. Any number of processes may do it."""
    sealed = 0
    while True:
        async with transaction(database, SERVICE) as tx:
            count = await audit.seal(tx) if await audit.waiting(tx) else 0
        sealed += count
        if not count:
            return sealed


async def seal_forever(database: Database) -> None:
    """Seals once a second until cancelled; a database that is away is tried again soon."""
    while True:
        try:
            await seal_all(database)
            await asyncio.sleep(EVERY_SECONDS)
        except (psycopg.Error, OSError) as error:
            log.warning("sealing the audit log failed and will be tried again: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
