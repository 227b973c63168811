"""Sealing the audit log: what was committed gets its place in the chain, soon after."""

from __future__ import annotations

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from resolvers import audit


async def seal_all(database: Database) -> int:
    """Seals all that waits, some at a time; answers how many entries that were. Any number of processes may do it."""
    sealed = 0
    while True:
        async with transaction(database, SERVICE) as tx:
            count = await audit.seal(tx) if await audit.waiting(tx) else 0
        sealed += count
        if not count:
            return sealed
