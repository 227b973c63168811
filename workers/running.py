"""Running workers: housekeeping, the mail that waits, and the audit log that is to be sealed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal

import psycopg

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from resolvers import identity, outbox
from resolvers.requests import idempotency, limits
from workers.mail import Postman
from workers.sealing import seal_forever

HOUSEKEEPING_SECONDS = 3600
RETRY_SECONDS = 30
log = logging.getLogger("cairn.workers")


async def work(database: Database, postman: Postman) -> None:
    """Does all that there is to do until Ctrl-C or SIGTERM."""
    working = asyncio.ensure_future(work_forever(database, postman))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def work_forever(database: Database, postman: Postman) -> None:
    """All that goes on in the background, until cancelled."""
    await asyncio.gather(housekeeping_forever(database), postman.deliver_forever(), seal_forever(database))


async def housekeeping(database: Database) -> int:
    """Deletes links, sessions, mails, counts and keys that are over; answers how many rows went. Safe to repeat."""
    async with transaction(database, SERVICE) as tx:
        return sum(
            [
                await identity.delete_expired(tx),
                await outbox.delete_old(tx),
                await limits.delete_old(tx),
                await idempotency.delete_old(tx),
            ]
        )


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
