"""What is done with attempts in the background."""

from __future__ import annotations

from dataclasses import replace

from core.viewer import SERVICE
from core.writing import transaction
from resolvers.assessment import aggregates, attempts, grading, regrading
from workers.actors import Work, actor


@actor(attempts.GRADE)
async def grade_attempt(work: Work, attempt_id: str) -> None:
    """Says what the answers of an attempt are worth."""
    await grading.grade(work.tx, attempt_id)


@actor(attempts.EXPIRE)
async def expire_attempts(work: Work) -> None:
    """Ends the attempts whose time is up."""
    while await attempts.expire_overdue(work.tx) == attempts.AT_ONCE:
        pass


@actor(aggregates.SUMMARISE)
async def summarise_results(work: Work) -> None:
    """Brings up to date what is told of many people together."""
    await aggregates.summarise(work.tx)


async def _in_batches(work: Work, regrade_id: str) -> None:
    """Each batch in a transaction of its own, which also says how far it is: what is done once is done."""
    percent: int | None = 0
    while percent is not None:
        work.progress(percent)
        async with transaction(
            work.database, replace(SERVICE, user_id=work.job.requested_by, actor_id=work.job.acted_by)
        ) as tx:
            percent = await regrading.step(tx, regrade_id)


@actor(regrading.REGRADE_JOB, prepare=_in_batches)
async def regrade_assessment(work: Work, regrade_id: str) -> None:
    """Grades attempts of earlier revisions by the keys that are published now: all of it in batches, before."""
