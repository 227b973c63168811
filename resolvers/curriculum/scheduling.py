"""What the clock is to publish and unpublish: planned, put off, cancelled, and done once.

What is to be published is sealed when it is planned: the plan points at that revision, and readers get what the editor
saw, whatever is saved in the meantime. A plan has a job of its own; the row of the plan decides whether there is still
anything to do, so a job that comes late, twice, or for another time than it stands there now does nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.errors import DomainError, InvalidInput, NotFound, SeveralErrors
from core.events import Placed, on
from core.ids import tag_of
from core.jobs import JobKind, Priority
from core.relations import Relation, Sort, equals
from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.content import Schedule, ScheduleAction, ScheduleState, Staged
from models.curriculum import Assessment, Course, Theme
from models.events import AssessmentTrashed, CourseTrashed, ThemeTrashed
from models.identity import Scope
from models.jobs import Job
from resolvers import jobs
from resolvers.content import drafts, publishing
from resolvers.curriculum.actions import publishing_problems, unpublish_course, unpublish_theme
from resolvers.curriculum.assessments import assessment_problems, unpublish_assessment
from resolvers.curriculum.branches import flow_problems
from resolvers.curriculum.rules import live_holder
from resolvers.identity import viewer_of_user

RUN = JobKind("run_schedule", priority=Priority.HIGH, time_limit=300)
SCHEDULE = table_of(Schedule)
_ROOTS: tuple[type[Staged], ...] = (Theme, Course, Assessment)
_UNPUBLISH = {Theme: unpublish_theme, Course: unpublish_course, Assessment: unpublish_assessment}
PLANNED, DONE, CANCELLED = ScheduleState.PLANNED.value, ScheduleState.DONE.value, ScheduleState.CANCELLED.value

# What is visible -----------------------------------------------------------------------------------------------------

SCHEDULES = Relation(
    Schedule,
    sorts={"RUN_AT": Sort("run_at"), "NEWEST": Sort("id", descending=True)},
    filters={"root": equals(SCHEDULE.c.root_id), "state": equals(SCHEDULE.c.state)},
)
JOB_OF_SCHEDULE = Relation(Job, "id", "job_id")

# Actions -------------------------------------------------------------------------------------------------------------


async def plan(
    tx: Transaction,
    root_id: str,
    action: ScheduleAction,
    run_at: datetime,
    number: int | None = None,
    message: str | None = None,
) -> str:
    """Plans that a theme, course or assessment by itself is published or unpublished; answers the plan's id.

    Without a number, the draft as it stands is sealed to be published. Raises what stands in the way of publishing it.
    """
    model = _root(root_id)
    await _require_future(tx, run_at)
    if (await drafts.locked(tx, model, root_id, "rootId")).root_id != root_id:
        raise DomainError("This assessment is published with its course.", "NOT_A_ROOT", ("rootId",))
    if action is ScheduleAction.PUBLISH:
        number = number or await _sealed(tx, model, root_id, message)
        await publishing.sealed(tx, root_id, number)
    elif number is not None:
        raise InvalidInput("Only publishing speaks of a revision.", "INVALID", ("number",))
    schedule_id = Schedule.new_id()
    row = {
        "id": schedule_id,
        "root_id": root_id,
        "action": action.value,
        "revision": number,
        "run_at": run_at,
        "state": PLANNED,
        "job_id": await jobs.enqueue(tx, RUN, {"schedule_id": schedule_id}, at=run_at),
    }
    await tx.insert(Schedule, [row])
    drafts.tell(tx, model, "planned", root_id, schedule_id=schedule_id, action=action.value, run_at=run_at)
    return schedule_id


async def put_off(tx: Transaction, schedule_id: str, run_at: datetime) -> None:
    """Gives a plan another time, earlier or later."""
    await _require_future(tx, run_at)
    found = await _planned(tx, schedule_id)
    job_id = await jobs.enqueue(tx, RUN, {"schedule_id": schedule_id}, at=run_at)
    await _set(tx, schedule_id, run_at=run_at, job_id=job_id)
    known = {"schedule_id": schedule_id, "action": found.action, "run_at": run_at}
    drafts.tell(tx, _root(found.root_id), "planned", found.root_id, **known)


async def cancel(tx: Transaction, schedule_id: str) -> None:
    """Gives a plan up. Its job finds nothing to do."""
    await _give_up(tx, await _planned(tx, schedule_id))


async def run(tx: Transaction, schedule_id: str) -> None:
    """Does what is planned, unless that was done, given up or put off. Raises what stands in the way."""
    is_due = sa.and_(SCHEDULE.c.state == PLANNED, SCHEDULE.c.run_at <= sa.func.now())
    found = await tx.row(sa.select(SCHEDULE).where(SCHEDULE.c.id == schedule_id, is_due).with_for_update())
    if found is None:
        return
    model = _root(found.root_id)
    await _require_right(tx, found)
    await drafts.locked(tx, model, found.root_id)
    if found.action == ScheduleAction.UNPUBLISH.value:
        await _UNPUBLISH[model](tx, found.root_id)
    else:
        await _publish(tx, model, found)
    await _set(tx, schedule_id, state=DONE)


async def _require_right(tx: Transaction, plan: Row) -> None:
    """Raises unless whoever chose the time may publish the root still: a right that has ended authorises nothing.

    The plan stays, for somebody who may to put off, which makes it theirs, or to cancel. The command line always may.
    """
    job = table_of(Job)
    chosen = await tx.row(sa.select(job.c.requested_by).where(job.c.id == plan.job_id))
    if chosen is None or chosen.requested_by is None:
        return
    planner = await viewer_of_user(tx, chosen.requested_by, notes=False)
    if planner is None or not planner.may_within(Scope.CONTENT_PUBLISH, plan.root_id):
        raise DomainError("Whoever planned this may not publish it any more. Put it off or cancel it.", "RIGHT_ENDED")


async def _publish(tx: Transaction, model: type[Staged], plan: Row) -> None:
    snapshot = await publishing.sealed(tx, plan.root_id, plan.revision)
    root = Row(snapshot[table_of(model).name][0])
    holder = await live_holder(tx, model, root)
    if holder is not None:
        raise DomainError(f"The published {drafts.name_of(model)} {holder!r} has the slug {root.slug}.", "TAKEN")
    theme_id = vars(root).get("theme_id")
    if theme_id and not await publishing.is_live(tx, Theme, theme_id):
        await _wait_for_theme(tx, theme_id)
    if theme_id and not await publishing.is_live(tx, Theme, theme_id):
        raise DomainError("The course's theme is not published. Publish the theme first.", "THEME_NOT_PUBLISHED")
    said = f"Planned as revision {plan.revision}"
    await publishing.publish_revision(tx, model, plan.root_id, plan.revision, said)


async def _wait_for_theme(tx: Transaction, theme_id: str) -> None:
    """Lets a theme go first that is planned for the same time, whoever is at it; raises `BUSY` where nobody is yet."""
    due = sa.and_(SCHEDULE.c.root_id == theme_id, SCHEDULE.c.state == PLANNED, SCHEDULE.c.run_at <= sa.func.now())
    publishes = SCHEDULE.c.action == ScheduleAction.PUBLISH.value
    if await tx.row(sa.select(SCHEDULE.c.id).where(due, publishes).with_for_update(read=True)) is not None:
        raise DomainError("The course's theme is to be published first, and is not yet.", "BUSY")


async def _sealed(tx: Transaction, model: type[Staged], root_id: str, message: str | None) -> int:
    if model is Course:
        problems = await publishing_problems(tx, await drafts.draft_row(tx, Course, root_id))
        # A theme may well be planned to be published before.
        standing = [each for each in problems if each.code != "THEME_NOT_PUBLISHED"]
        if standing:
            raise SeveralErrors(standing)
    if model is Assessment:
        wrong = [*await assessment_problems(tx, root_id), *await flow_problems(tx, root_id)]
        if wrong:
            raise SeveralErrors(wrong)
    return await publishing.plan(tx, model, root_id, message)


async def _planned(tx: Transaction, schedule_id: str) -> Row:
    found = None
    if tag_of(schedule_id) == Schedule.__tag__:
        found = await tx.row(sa.select(SCHEDULE).where(SCHEDULE.c.id == schedule_id).with_for_update())
    if found is None:
        raise NotFound("schedule")
    if found.state != PLANNED:
        raise DomainError(f"This is {found.state} already.", "WRONG_STATE", ("id",))
    return found


async def _give_up(tx: Transaction, plan: Row) -> None:
    await _set(tx, plan.id, state=CANCELLED)
    drafts.tell(tx, _root(plan.root_id), "plan_cancelled", plan.root_id, schedule_id=plan.id)


async def _set(tx: Transaction, schedule_id: str, **values: object) -> None:
    chosen = sa.update(SCHEDULE).where(SCHEDULE.c.id == schedule_id)
    await tx.execute(chosen.values(**values, updated_at=sa.func.now()))


async def _require_future(tx: Transaction, run_at: datetime) -> None:
    if run_at.tzinfo is None:
        raise InvalidInput("Give the instant with its offset from UTC.", "INVALID", ("runAt",))
    (asked,) = await tx.rows(sa.select((sa.literal(run_at, SCHEDULE.c.run_at.type) > sa.func.now()).label("later")))
    if not asked.later:
        raise InvalidInput("This instant is over.", "INVALID", ("runAt",))


def _root(root_id: str) -> type[Staged]:
    for model in _ROOTS:
        if tag_of(root_id) == model.__tag__:
            return model
    raise InvalidInput("This is not the id of a theme, a course or an assessment.", "WRONG_KIND_OF_ID", ("rootId",))


# Reactions -----------------------------------------------------------------------------------------------------------


@on(CourseTrashed)
async def give_up_plans_of_course(tx: Transaction, placed: Placed[CourseTrashed]) -> None:
    """What was planned for a course in the trash will not happen."""
    await _give_up_all(tx, placed)


@on(ThemeTrashed)
async def give_up_plans_of_theme(tx: Transaction, placed: Placed[ThemeTrashed]) -> None:
    """What was planned for a theme in the trash will not happen."""
    await _give_up_all(tx, placed)


@on(AssessmentTrashed)
async def give_up_plans_of_assessment(tx: Transaction, placed: Placed[AssessmentTrashed]) -> None:
    """What was planned for an assessment in the trash will not happen."""
    await _give_up_all(tx, placed)


async def _give_up_all(tx: Transaction, placed: Placed[Any]) -> None:
    """What follows may come late: of a root that was restored, what was planned since stays."""
    root_id = placed.fact.subject_id
    mine = sa.and_(SCHEDULE.c.root_id == root_id, SCHEDULE.c.state == PLANNED)
    content = drafts.CONTENT
    root = await tx.row(sa.select(content.c.trashed_at).where(content.c.id == root_id).with_for_update(read=True))
    if root is not None and root.trashed_at is None:
        mine = sa.and_(mine, SCHEDULE.c.created_at < placed.recorded_at)
    for each in await tx.rows(sa.select(SCHEDULE).where(mine).order_by(SCHEDULE.c.id).with_for_update()):
        await _give_up(tx, each)


REACTIONS = (give_up_plans_of_course, give_up_plans_of_theme, give_up_plans_of_assessment)
