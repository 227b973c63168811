"""Housekeeping: what is over is removed, a batch at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container
from pathlib import Path

import sqlalchemy as sa

from core.database import Database
from core.jobs import JobKind, Priority
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from resolvers import events, followers, identity, jobs, outbox
from resolvers.groups import invitations
from resolvers.importing import IMPORT
from resolvers.inbox import events as inbox
from resolvers.inbox import hooks
from resolvers.requests import idempotency, limits
from resolvers.webhooks import keeping
from workers.actors import Work, actor

REMOVE_EXPIRED = JobKind("remove_expired", priority=Priority.LOW, time_limit=300, schedule="7 * * * *")
REMOVE_OLD = JobKind("remove_old", priority=Priority.LOW, time_limit=1800, schedule="23 3 * * *")


async def _expired_in_batches(work: Work) -> None:
    for delete in (
        identity.delete_expired,
        outbox.delete_old,
        limits.delete_old,
        idempotency.delete_old,
        hooks.delete_seen,
        invitations.delete_old,
    ):
        await _until_none(work, delete)


@actor(REMOVE_EXPIRED, prepare=_expired_in_batches)
async def remove_expired(work: Work) -> None:
    """Links, invitations, sessions, mails, counts and keys that are over, and files that nobody imports.

    What is over goes before, in batches: after a long absence, or an attack, there is too much for one transaction.
    """
    now, wanted = await _uploads(work.tx)
    await asyncio.to_thread(_remove_files, work.tools.imports, now - work.tools.job_days * 86_400, wanted)


async def _uploads(tx: Transaction) -> tuple[float, set[str]]:
    """(the database's clock, in seconds; the files that are still to be imported)."""
    (clock,) = await tx.rows(sa.select(sa.cast(sa.func.extract("epoch", sa.func.now()), sa.Float).label("now")))
    unfinished = sa.and_(jobs.JOB.c.actor == IMPORT.name, jobs.JOB.c.finished_at.is_(None))
    files = await tx.rows(sa.select(jobs.JOB.c.arguments["file"].astext.label("name")).where(unfinished))
    return clock.now, {each.name for each in files}


def _remove_files(folder: Path, before: float, wanted: Container[str]) -> None:
    """Uploads that nobody imported, or that were left behind when their worker was killed."""
    for path in folder.glob("*.*"):
        if path.name not in wanted and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


async def _in_batches(work: Work) -> None:
    """Each batch in a transaction of its own: removing much must not hold up anybody. What is gone stays gone."""
    await _until_none(work, lambda tx: jobs.delete_old(tx, work.tools.job_days))
    await _until_none(work, lambda tx: inbox.delete_old(tx, work.tools.event_days))
    await forget_facts(work.database, work.tools.fact_days)
    if work.tools.hooks is not None:
        days = work.tools.hooks.rules.delivery_days
        await _until_none(work, lambda tx: keeping.delete_old(tx, days))
        async with transaction(work.database, SERVICE) as tx:
            gone = await keeping.left_behind(tx)
        for webhook_id in gone:
            await _until_none(work, lambda tx, each=webhook_id: keeping.delete_rest(tx, each))  # type: ignore[misc]


async def _until_none(work: Work, delete: Callable[[Transaction], Awaitable[int]]) -> None:
    gone = 1
    while gone:
        async with transaction(work.database, SERVICE) as tx:
            gone = await delete(tx)


async def forget_facts(database: Database, days: int) -> None:
    """Has the log forget what is so old. Facts that somebody is still to follow, whose reaction is still to be done, or
    of which a webhook is still to be told, stay where those find them."""
    fact = events.FACT.c
    needed = sa.or_(followers.waits_for(fact.position), jobs.waits_for(fact.id), keeping.waits_for(fact.id))
    async with transaction(database, SERVICE) as tx:
        await followers.forget(tx)
    place: int | None = 0
    while place is not None:
        async with transaction(database, SERVICE) as tx:
            place = await events.forget(tx, days, needed, place)


@actor(REMOVE_OLD, prepare=_in_batches)
async def remove_old(work: Work) -> None:
    """What was done, what came in and went out, and facts of long ago: all of it in batches, before."""
