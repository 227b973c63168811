"""Taking invitations back: one of them, or all that somebody made who does not run the group any more."""

from __future__ import annotations

import sqlalchemy as sa

from core.tables import table_of
from core.viewer import Viewer
from core.writing import Transaction
from models.events.groups import GroupInvitationCancelled
from models.groups import GroupInvitation, InvitationStatus
from resolvers import events

INVITATION = table_of(GroupInvitation)


async def withdraw(tx: Transaction, viewer: Viewer, *chosen: sa.ColumnElement[bool]) -> None:
    """Takes back those of these invitations that may still be accepted. Who has come in by one stays."""
    taken_back = (
        sa.update(INVITATION)
        .where(*chosen, INVITATION.c.status == InvitationStatus.PENDING.value)
        .values(status=InvitationStatus.CANCELLED.value, updated_at=sa.func.now())
        .returning(INVITATION.c.id, INVITATION.c.group_id)
    )
    for each in await tx.rows(taken_back):
        events.record(tx, GroupInvitationCancelled(subject_id=each.id, root_id=each.group_id), viewer)


async def withdraw_of(tx: Transaction, viewer: Viewer, group_id: str, user_id: str) -> None:
    """Takes back what a person has made: they may still know its secret, and come back by that under another name."""
    await withdraw(tx, viewer, INVITATION.c.group_id == group_id, INVITATION.c.invited_by == user_id)
