"""Accommodations: who has more time or more attempts, given and taken back by those who may.

These functions work with the rights of the service, because an attempt that is under way gets its time at once; they
see for themselves whether the viewer may.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.errors import InvalidInput, NotFound, wrong_kind
from core.ids import tag_of
from core.rows import Row
from core.tables import table_of
from core.viewer import Viewer, scope_within
from core.writing import Transaction, checked
from models.content import Content
from models.curriculum import Assessment
from models.events.assessment import AccommodationGranted, AccommodationRevoked
from models.grading import Accommodation
from models.identity import Scope, User
from resolvers import events
from resolvers.assessment.allowances import ACCOMMODATION, Allowance, deadline
from resolvers.assessment.attempts import IN_PROGRESS, lock_person
from resolvers.assessment.visible import ATTEMPT

_AMOUNTS = ("extra_minutes", "extra_percent", "extra_attempts")


async def grant(tx: Transaction, viewer: Viewer, assessment_id: str, user_id: str, values: Mapping[str, Any]) -> str:
    """Gives somebody more time or more attempts, in place of what they had more before; answers its id.

    An attempt that is under way gets its time at once. Never is any taken away from one.
    """
    root_id = await _root(tx, viewer, assessment_id)
    kept = checked(Accommodation, values)
    if not any(kept[name] for name in _AMOUNTS):
        raise InvalidInput("Give some more time, or some more attempts.", "INVALID", ("extraMinutes",))
    await _lock_learner(tx, user_id)
    row = {
        "id": Accommodation.new_id(),
        "assessment_id": assessment_id,
        "root_id": root_id,
        "user_id": user_id,
        "granted_by": viewer.user_id,
        **kept,
    }
    statement = insert(ACCOMMODATION).values(row)
    anew = {name: statement.excluded[name] for name in (*kept, "granted_by")}
    made = await tx.row(
        statement.on_conflict_do_update(
            index_elements=["user_id", "assessment_id"], set_={**anew, "updated_at": sa.func.now()}
        ).returning(ACCOMMODATION.c.id)
    )
    assert made is not None
    await _extend(tx, assessment_id, user_id, Allowance(*(kept[name] for name in _AMOUNTS)))
    told = {"assessment_id": assessment_id, "user_id": user_id}
    events.record(tx, AccommodationGranted(subject_id=made.id, **told))
    return str(made.id)


async def revoke(tx: Transaction, viewer: Viewer, accommodation_id: str) -> None:
    """Takes back what somebody had more. An attempt that is under way keeps its time."""
    found = None
    if tag_of(accommodation_id) == Accommodation.__tag__:
        found = await tx.row(sa.select(ACCOMMODATION).where(ACCOMMODATION.c.id == accommodation_id).with_for_update())
    if found is None or not _may(viewer, found.root_id):
        raise NotFound("accommodation")
    await tx.execute(sa.delete(ACCOMMODATION).where(ACCOMMODATION.c.id == accommodation_id))
    told = {"assessment_id": found.assessment_id, "user_id": found.user_id}
    events.record(tx, AccommodationRevoked(subject_id=accommodation_id, **told))


def _may(viewer: Viewer, root_id: str) -> bool:
    scope = Scope.ACCOMMODATION_GRANT
    return viewer.may(scope) or scope_within(scope, root_id) in viewer.within


async def _root(tx: Transaction, viewer: Viewer, assessment_id: str) -> str:
    """What an assessment is published with; raises `NotFound` where the viewer may not give anything there."""
    content = table_of(Content)
    if tag_of(assessment_id) != Assessment.__tag__:
        raise InvalidInput(wrong_kind("assessment"), "WRONG_KIND_OF_ID", ("assessmentId",))
    found = await tx.row(
        sa.select(content.c.root_id).where(content.c.id == assessment_id, content.c.trashed_at.is_(None))
    )
    if found is None or not _may(viewer, found.root_id):
        raise NotFound("assessment", ("assessmentId",))
    return str(found.root_id)


async def _lock_learner(tx: Transaction, user_id: str) -> None:
    """Whoever begins an attempt waits until this is settled, and the other way round."""
    if tag_of(user_id) != User.__tag__:
        raise InvalidInput(wrong_kind("user"), "WRONG_KIND_OF_ID", ("userId",))
    if not await lock_person(tx, user_id):
        raise NotFound("user", ("userId",))


async def _extend(tx: Transaction, assessment_id: str, user_id: str, allowance: Allowance) -> None:
    """Gives the attempt that is under way, if there is one with time left, its time."""
    mine = sa.and_(
        ATTEMPT.c.assessment_id == assessment_id, ATTEMPT.c.user_id == user_id, ATTEMPT.c.status == IN_PROGRESS
    )
    found: Row | None = await tx.row(
        sa.select(ATTEMPT.c.id, ATTEMPT.c.time_limit_minutes, ATTEMPT.c.closes_at).where(mine).with_for_update()
    )
    if found is None or found.time_limit_minutes is None:
        return
    later = deadline(ATTEMPT.c.started_at, allowance.minutes(found.time_limit_minutes), found.closes_at)
    has_time = ATTEMPT.c.deadline_at >= sa.func.clock_timestamp()
    await tx.execute(
        sa.update(ATTEMPT)
        .where(ATTEMPT.c.id == found.id, has_time)
        .values(deadline_at=sa.func.greatest(ATTEMPT.c.deadline_at, later), updated_at=sa.func.now())
    )
