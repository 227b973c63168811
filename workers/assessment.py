"""What is done with attempts in the background."""

from __future__ import annotations

from resolvers.assessment import aggregates, attempts, grading
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
