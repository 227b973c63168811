"""Jobs in the API: how background work stands, for whoever called for it and for operators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import models.jobs as models
from graph.door import Act, described_as, mutation
from graph.fields import column, described, entity
from graph.node import Node, by_id
from graph.paging import Connection, connection, sort_enum
from graph.scalars import JSON
from models.identity import Scope
from models.jobs import JobState
from resolvers.jobs import JOB_BY_ID, JOBS, cancel, retry

described(
    JobState,
    queued="It waits: for its time, for a worker, or to be tried again.",
    running="A worker is at it.",
    done="It is done.",
    parked="It failed too often, or cannot be done: somebody has to look at it.",
    cancelled="It will not be done.",
)


@entity(models.Job)
class Job(Node):
    """One piece of background work."""

    id: strawberry.ID = column("The job's own id.")
    actor: str
    arguments: JSON
    queue: str
    priority: int
    state: JobState
    progress: int
    note: str | None
    run_at: datetime
    attempts: int
    max_attempts: int
    unique_key: str | None
    last_error: str | None
    parked_reason: str | None
    requested_by: strawberry.ID | None
    created_at: datetime = column("When it was called for.")
    started_at: datetime | None
    finished_at: datetime | None


@strawberry.input(description="Which jobs.")
class JobFilter:
    """All conditions must hold."""

    state: JobState | None = strawberry.field(default=None, description="Those that stand so.")
    queue: str | None = strawberry.field(default=None, description="Of this queue.")
    actor: str | None = strawberry.field(default=None, description="Of this kind of work.")


JobSort = sort_enum("JobSort", JOBS)


@strawberry.type
class JobsQuery:
    """Root fields about background work."""

    jobs: Connection[Job] = connection(
        JOBS, "Background work, the newest first.", sort=JobSort, filter=JobFilter, scope=Scope.JOBS_MANAGE
    )
    job: Job | None = by_id(
        JOB_BY_ID, "One piece of background work; null for who neither called for it nor looks after it."
    )


Id = Annotated[strawberry.ID, described_as("The job's id.")]


@mutation(Scope.JOBS_MANAGE, Job)
async def job_retry(act: Act, id: Id) -> str:
    """Has a parked or cancelled job tried again, with all its attempts before it."""
    await retry(act.tx, id)
    return id


@mutation(Scope.JOBS_MANAGE, Job)
async def job_cancel(act: Act, id: Id) -> str:
    """Sees to it that a job is not done. What one that is being done has done so far is undone."""
    await cancel(act.tx, id)
    return id


MUTATIONS = (job_retry, job_cancel)
