"""Jobs in the API: how background work stands, for whoever called for it and for operators."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

import models.jobs as models
from core.errors import NotFound
from core.rows import Row
from graph.declaring import argument
from graph.door import Act, described_as, mutation
from graph.engine import BatchInfo
from graph.fields import column, described, entity
from graph.node import Node, by_id, find, require_kind
from graph.paging import Connection, connection, sort_enum
from graph.scalars import JSON
from graph.subscriptions import FollowsJob, subscription_field
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
    acted_by: strawberry.ID | None
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


def _follow_job(arguments: Mapping[str, Any]) -> FollowsJob:
    require_kind(JOB_BY_ID, arguments["id"])
    return FollowsJob(arguments["id"])


async def _job_now(events: Sequence[Any], info: BatchInfo, id: str) -> Sequence[Row]:
    found = await find(info, JOB_BY_ID, id)
    if found is None:
        raise NotFound("job")
    return [found] * len(events)


@strawberry.type
class JobsSubscription:
    """Root fields for those who follow background work."""

    job_progress: Job = subscription_field(
        _follow_job,
        "How a job stands: at once, and then whenever that changes, until it is done or cancelled.\n\n"
        "For whoever called for it, and for holders of the permission `jobs:manage`.",
        [argument("id", strawberry.ID, "The job's id.", default=inspect.Parameter.empty)],
        _job_now,
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
