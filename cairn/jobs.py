"""`cairn jobs …`: looking after background work from the machine itself."""

from __future__ import annotations

import sqlalchemy as sa

from core.writing import Transaction
from models.jobs import JobState
from resolvers import audit, job_figures, jobs

_SHOWN = 50


async def listed(tx: Transaction, state: JobState | None) -> str:
    """The newest jobs, one a line, with the reason where one failed; after a line of figures per queue."""
    figures = [
        f"{each.queue}: {each.due} due (the oldest for {each.age:.0f} s), {each.waiting} waiting, "
        f"{each.running} running, {each.parked} parked"
        for each in await job_figures.figures(tx)
    ]
    chosen = sa.select(jobs.JOB).order_by(jobs.JOB.c.id.desc()).limit(_SHOWN)
    if state is not None:
        chosen = chosen.where(jobs.JOB.c.state == state.value)
    lines = [
        f"{each.id}  {each.state:9}  {each.actor}  {each.attempts}/{each.max_attempts}  "
        f"{each.run_at:%Y-%m-%d %H:%M:%S}  {each.parked_reason or each.last_error or ''}".rstrip()
        for each in await tx.rows(chosen)
    ]
    return "\n".join([*figures, *lines]) or "There are no jobs."


async def retry(tx: Transaction, job_id: str) -> str:
    """Has a parked or cancelled job tried again; answers so."""
    await jobs.retry(tx, job_id)
    await audit.record(tx, "job_retry", job_id, {})
    return f"{job_id} is queued again."


async def cancel(tx: Transaction, job_id: str) -> str:
    """Sees to it that a job is not done; answers so."""
    await jobs.cancel(tx, job_id)
    await audit.record(tx, "job_cancel", job_id, {})
    return f"{job_id} is cancelled."


async def park(tx: Transaction, job_id: str, reason: str) -> str:
    """Puts a job that waits aside; answers so."""
    await jobs.park(tx, job_id, reason)
    await audit.record(tx, "job_park", job_id, {"reason": reason})
    return f"{job_id} is parked."
