"""Leads: an address that is left with a scorecard, how promising it is, and the account that it becomes.

Whether an address is known already, as a lead or as an account, makes no difference to whoever leaves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from core.errors import DomainError, InvalidInput, NotFound, wrong_kind
from core.events import Placed, on
from core.ids import tag_of
from core.relations import Relation, Sort
from core.rows import Row
from core.tables import table_of
from core.viewer import Viewer
from core.writing import Transaction, checked
from models.assessment import Attempt, AttemptStatus
from models.curriculum import ScaleRole
from models.events import UserClaimed, UserSignedUp
from models.events.assessment import LeadCaptured, LeadConverted
from models.identity import User
from models.leads import Lead, LeadCapture
from resolvers import events
from resolvers.assessment.attempts import answers_of
from resolvers.assessment.papers import entries_of
from resolvers.assessment.scales import measured_by_steps
from resolvers.assessment.visible import ATTEMPT, PAPER
from resolvers.assessment.walking import walk
from resolvers.curriculum.measuring import measure_of
from resolvers.identity.accounts import email_address

LEAD, CAPTURE = table_of(Lead), table_of(LeadCapture)
# From this score on somebody is worth a call.
HIGH_PRIORITY = 25

# Visible -------------------------------------------------------------------------------------------------------------

_NEWEST = {"NEWEST": Sort("id", descending=True)}
LEADS, LEAD_BY_ID = Relation(Lead, sorts=_NEWEST), Relation(Lead, "id")
HIGH_PRIORITY_LEADS = Relation(
    Lead, sorts=_NEWEST, where=(LEAD.c.score >= sa.literal_column(str(HIGH_PRIORITY)), LEAD.c.converted_at.is_(None))
)

# Actions -------------------------------------------------------------------------------------------------------------


async def capture(
    tx: Transaction, viewer: Viewer, attempt_id: str, email: str, fields: Mapping[str, Any], consent: str | None
) -> None:
    """Keeps the address of whoever made an attempt that is handed in. Left again, it is the same; the newest holds.

    `fields` are the first name and where somebody came from, which stand as they were told first.
    """
    address = email_address(email).lower()
    attempt = await _handed_in(tx, viewer, attempt_id)
    values = checked(Lead, {**fields, "consent_version": consent})
    lead_id = await _lead(tx, address, values)
    score = await promise(tx, attempt)
    row = {"id": LeadCapture.new_id(), "lead_id": lead_id, "attempt_id": attempt_id, "user_id": attempt.user_id}
    statement = insert(CAPTURE).values({**row, "score": score})
    await tx.execute(
        statement.on_conflict_do_update(index_elements=["attempt_id"], set_={"lead_id": lead_id, "score": score})
    )
    await tx.execute(sa.update(LEAD).where(LEAD.c.id == lead_id).values(score=score, updated_at=sa.func.now()))
    events.record(tx, LeadCaptured(subject_id=lead_id, assessment_id=attempt.assessment_id))


async def _handed_in(tx: Transaction, viewer: Viewer, attempt_id: str) -> Row:
    if tag_of(attempt_id) != Attempt.__tag__:
        raise InvalidInput(wrong_kind("attempt"), "WRONG_KIND_OF_ID", ("attemptId",))
    mine = sa.and_(ATTEMPT.c.id == attempt_id, ATTEMPT.c.user_id == viewer.user_id)
    attempt = await tx.row(sa.select(ATTEMPT).where(mine).with_for_update())
    if attempt is None:
        raise NotFound("attempt", ("attemptId",))
    if attempt.status == AttemptStatus.IN_PROGRESS.value:
        raise DomainError("Hand the attempt in first.", "IN_PROGRESS", ("attemptId",))
    return attempt


async def _lead(tx: Transaction, address: str, values: Mapping[str, Any]) -> str:
    """The id of the lead with this address; what was told before is kept, what was not is filled in."""
    agreed = None if values["consent_version"] is None else sa.func.now()
    statement = insert(LEAD).values(
        id=Lead.new_id(), email=address, first_seen_at=sa.func.now(), consented_at=agreed, **values
    )
    kept = [*values, "consented_at"]
    filled = {name: sa.func.coalesce(LEAD.c[name], statement.excluded[name]) for name in kept}
    found = await tx.row(statement.on_conflict_do_update(index_elements=["email"], set_=filled).returning(LEAD.c.id))
    assert found is not None
    return str(found.id)


async def promise(tx: Transaction, attempt: Row) -> float | None:
    """How promising an attempt makes somebody: its score on the scale for staff; None where there is none."""
    paper = await tx.row(sa.select(PAPER).where(PAPER.c.id == attempt.paper_id))
    assert paper is not None
    scale = next((each for each in paper.scales if each["role"] == ScaleRole.LEAD.value), None)
    if scale is None:
        return None
    steps = walk(await entries_of(tx, attempt), await answers_of(tx, attempt.id))
    score = measured_by_steps(measure_of(scale), paper, steps).score
    return None if score is None else float(score)


# Reactions -----------------------------------------------------------------------------------------------------------


@on(UserClaimed)
async def convert_lead_of_claimed(tx: Transaction, placed: Placed[UserClaimed]) -> None:
    """Whoever left an address and makes the account theirs is no lead any more."""
    await _convert(tx, placed.fact.subject_id)


@on(UserSignedUp)
async def convert_lead_of_signed_up(tx: Transaction, placed: Placed[UserSignedUp]) -> None:
    """Nor is whoever signs up with that address."""
    if not placed.fact.is_anonymous:
        await _convert(tx, placed.fact.subject_id)


async def _convert(tx: Transaction, user_id: str) -> None:
    user = table_of(User)
    # By the address alone, which they have shown to be theirs: anybody may leave that of somebody else.
    address = sa.select(sa.func.lower(user.c.email)).where(user.c.id == user_id).scalar_subquery()
    converted = sa.update(LEAD).where(LEAD.c.email == address, LEAD.c.converted_at.is_(None))
    values = {"converted_user_id": user_id, "converted_at": sa.func.now(), "updated_at": sa.func.now()}
    for row in await tx.rows(converted.values(**values).returning(LEAD.c.id)):
        events.record(tx, LeadConverted(subject_id=row.id, user_id=user_id))


REACTIONS = (convert_lead_of_claimed, convert_lead_of_signed_up)
