"""What the clock is to publish and unpublish."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

import models.content as models
import models.events as facts
from graph.door import Act, described_as, mutation
from graph.fields import column, described, entity, related_one
from graph.jobs import Job
from graph.node import Node
from graph.paging import Connection, connection, sort_enum
from models.content import ScheduleAction, ScheduleState
from models.identity import Scope
from resolvers.curriculum import scheduling

described(ScheduleAction, publish="Show it to readers.", unpublish="Take it away from readers.")
described(
    ScheduleState,
    planned="It is still to come; its job says so if something stands in the way.",
    done="It was done.",
    cancelled="It will not be done.",
)


@entity(models.Schedule)
class Schedule(Node):
    """That a theme, a course or an assessment by itself is to be published or unpublished at a set time."""

    id: strawberry.ID = column("The plan's own id.")
    root_id: strawberry.ID
    action: ScheduleAction
    revision: int | None
    run_at: datetime
    state: ScheduleState
    job: Job | None = related_one(
        scheduling.JOB_OF_SCHEDULE, "The job that does it, for who planned it or looks after jobs."
    )


@strawberry.input(description="Which plans.")
class ScheduleFilter:
    """All conditions must hold."""

    root: strawberry.ID | None = strawberry.field(default=None, description="Of this theme, course or assessment.")
    state: ScheduleState | None = strawberry.field(default=None, description="Those that stand so.")


ScheduleSort = sort_enum("ScheduleSort", scheduling.SCHEDULES)


@strawberry.type
class SchedulesQuery:
    """Root fields about what is planned."""

    schedules: Connection[Schedule] = connection(
        scheduling.SCHEDULES,
        "What is planned to be published and unpublished, and was.",
        sort=ScheduleSort,
        filter=ScheduleFilter,
        scope=Scope.CONTENT_EDIT,
    )


_PLANNED = (facts.ThemePlanned, facts.CoursePlanned, facts.AssessmentPlanned)
_CANCELLED = (facts.ThemePlanCancelled, facts.CoursePlanCancelled, facts.AssessmentPlanCancelled)
Id = Annotated[strawberry.ID, described_as("The plan's id.")]
RootId = Annotated[strawberry.ID, described_as("The theme or course, or the assessment that stands by itself.")]
Action = Annotated[ScheduleAction, described_as("What is to be done.")]
RunAt = Annotated[datetime, described_as("When; in the future, with its offset from UTC.")]
Number = Annotated[
    int | None, described_as("The revision to publish; when absent, the draft as it stands now is sealed as one.")
]
Message = Annotated[str | None, described_as("What changed, for the revision that is sealed.")]


@mutation(Scope.CONTENT_PUBLISH, Schedule, records=_PLANNED, within=True)
async def schedule_create(
    act: Act, root_id: RootId, action: Action, run_at: RunAt, number: Number = None, message: Message = None
) -> str:
    """Plans that a theme, a course or an assessment that stands by itself is published or unpublished at a set time.

    Readers will get the revision that the plan points at, whatever is saved in the meantime.
    """
    return await scheduling.plan(act.tx, root_id, action, run_at, number, message)


@mutation(Scope.CONTENT_PUBLISH, Schedule, records=_PLANNED, within=True)
async def schedule_move(act: Act, id: Id, run_at: RunAt) -> str:
    """Gives a plan another time."""
    await scheduling.put_off(act.tx, id, run_at)
    return id


@mutation(Scope.CONTENT_PUBLISH, Schedule, records=_CANCELLED, within=True)
async def schedule_cancel(act: Act, id: Id) -> str:
    """Gives a plan up."""
    await scheduling.cancel(act.tx, id)
    return id


MUTATIONS = (schedule_create, schedule_move, schedule_cancel)
