"""Housekeeping: what is over is removed, a batch at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import sqlalchemy as sa

from core.jobs import JobKind, Priority
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from resolvers import events, identity, jobs, outbox
from resolvers.requests import idempotency, limits
from resolvers.webhooks import sending
from workers.actors import Work, actor

REMOVE_EXPIRED = JobKind("remove_expired", priority=Priority.LOW, time_limit=300, schedule="7 * * * *")
REMOVE_OLD = JobKind("remove_old", priority=Priority.LOW, time_limit=1800, schedule="23 3 * * *")


@actor(REMOVE_EXPIRED)
async def remove_expired(work: Work) -> None:
    """Links, sessions, mails, counts and keys that are over, and files that nobody imports."""
    await identity.delete_expired(work.tx)
    await outbox.delete_old(work.tx)
    await limits.delete_old(work.tx)
    await idempotency.delete_old(work.tx)
    await asyncio.to_thread(_remove_files, work.tools.imports, work.tools.job_days)


def _remove_files(folder: Path, days: int) -> None:
    """Uploads that nobody imported, or that were left behind when their worker was killed."""
    for path in folder.glob("*.tar.gz"):
        if path.stat().st_mtime < time.time() - days * 86_400:
            path.unlink(missing_ok=True)


async def _in_batches(work: Work) -> None:
    """Each batch in a transaction of its own: removing much must not hold up anybody. What is gone stays gone."""
    await _until_none(work, lambda tx: jobs.delete_old(tx, work.tools.job_days))
    await _until_none(work, lambda tx: _delete_old_facts(tx, work.tools.fact_days))
    if work.tools.hooks is not None:
        days = work.tools.hooks.rules.delivery_days
        await _until_none(work, lambda tx: sending.delete_old(tx, days))


async def _until_none(work: Work, delete: Callable[[Transaction], Awaitable[int]]) -> None:
    gone = 1
    while gone:
        async with transaction(work.database, SERVICE) as tx:
            gone = await delete(tx)


async def _delete_old_facts(tx: Transaction, days: int) -> int:
    """Facts whose reaction is still to be done stay."""
    fact_id = jobs.JOB.c.arguments["fact_id"].astext
    waiting = sa.select(fact_id.label("id")).where(jobs.JOB.c.finished_at.is_(None), fact_id.is_not(None)).distinct()
    return await events.delete_old(tx, days, keep=[each.id for each in await tx.rows(waiting)])


@actor(REMOVE_OLD, prepare=_in_batches)
async def remove_old(work: Work) -> None:
    """Jobs that were done, facts and deliveries of long ago: all of it in batches, before."""
