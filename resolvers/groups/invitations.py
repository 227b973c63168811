"""Invitations into a group by a link: made, sent, taken back, and accepted once.

Whether somebody with an address has an account makes no difference to whoever invites them: a mail is asked for either
way, and what it says is the same.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from core.errors import DomainError, NotFound
from core.ids import tag_of
from core.removing import remove_some
from core.tables import table_of
from core.viewer import Viewer
from core.writing import Transaction
from models.events.groups import GroupInvitationAccepted, GroupInvitationCreated
from models.groups import GroupInvitation, InvitationStatus, MemberRole, Membership, MembershipStatus
from models.identity import Scope
from resolvers import events, outbox
from resolvers.groups import members
from resolvers.groups.rules import MOST_INVITATIONS
from resolvers.groups.standing import may_still_invite, require_open, require_within, take_turn
from resolvers.groups.withdrawing import INVITATION, withdraw
from resolvers.identity.accounts import email_address
from resolvers.identity.friends import require_known
from resolvers.identity.mails import MailKind
from resolvers.identity.tokens import TokenKind, kind_of, new_token, token_hash

MEMBERSHIP = table_of(Membership)
LIFE = timedelta(days=14)
KEPT_FOR = timedelta(days=30)
_IS_OPEN = (INVITATION.c.status == InvitationStatus.PENDING.value, INVITATION.c.expires_at > sa.func.now())


class InvitationOver(DomainError):
    """The secret leads nowhere: there never was one, or it was used, taken back or too old. All look alike."""

    def __init__(self) -> None:
        super().__init__("This invitation is over.", "INVITATION_OVER", ("token",))


async def create_link(tx: Transaction, viewer: Viewer, group_id: str, role: MemberRole) -> tuple[str, str]:
    """Makes an invitation for whoever gets hold of its secret first; answers (id, secret)."""
    token = new_token(TokenKind.INVITATION)
    return await _create(tx, viewer, group_id, role, token=token), token


async def send(tx: Transaction, viewer: Viewer, group_id: str, role: MemberRole, email: str) -> str:
    """Makes an invitation whose secret goes out by mail, and is seen by nobody else; answers its id."""
    address = email_address(email)
    await require_known(tx, viewer)
    invitation_id = await _create(tx, viewer, group_id, role, email=address)
    await outbox.enqueue(tx, MailKind.GROUP_INVITATION, address, {"invitation_id": invitation_id})
    return invitation_id


async def _create(
    tx: Transaction,
    viewer: Viewer,
    group_id: str,
    role: MemberRole,
    *,
    token: str | None = None,
    email: str | None = None,
) -> str:
    found = await require_within(tx, viewer, group_id, Scope.GROUP_MANAGE)
    if role is MemberRole.OWNER:
        raise DomainError("A group has one owner, who hands it over.", "INVALID", ("role",))
    found.require_above(role)
    open_ones = await tx.row(
        sa.select(sa.func.count().label("many")).where(INVITATION.c.group_id == group_id, *_IS_OPEN)
    )
    assert open_ones is not None
    if open_ones.many >= MOST_INVITATIONS:
        raise DomainError(f"At most {MOST_INVITATIONS} invitations of a group are open at once.", "TOO_MANY")
    row = {
        "id": GroupInvitation.new_id(),
        "group_id": group_id,
        "token_hash": None if token is None else token_hash(token),
        "email": email,
        "role": role.value,
        "invited_by": viewer.user_id,
        "expires_at": sa.func.now() + LIFE,
    }
    await tx.insert(GroupInvitation, [row])
    events.record(tx, GroupInvitationCreated(subject_id=row["id"], root_id=group_id), viewer)
    return str(row["id"])


async def cancel(tx: Transaction, invitation_id: str) -> str:
    """Takes an invitation back. To do so again changes nothing; who has come in by it stays."""
    # The secret's hash is for nobody's eyes, so that not all of the row can be asked for.
    which = sa.select(INVITATION.c.group_id, INVITATION.c.status).where(INVITATION.c.id == invitation_id)
    row = await tx.row(which) if tag_of(invitation_id) == GroupInvitation.__tag__ else None
    if row is None:
        raise NotFound("invitation")
    await require_within(tx, tx.viewer, row.group_id, Scope.GROUP_MANAGE)
    await withdraw(tx, tx.viewer, INVITATION.c.id == invitation_id)
    return invitation_id


async def accept(tx: Transaction, viewer: Viewer, token: str) -> str:
    """Comes into a group by the secret of an invitation; answers the membership's id.

    Who was made to go does not come back by a link, nor does anybody come in by one whose maker may not make it any
    more. Who is in the group already does not use it up.
    """
    if kind_of(token) is not TokenKind.INVITATION:
        raise InvitationOver
    known = sa.select(INVITATION).where(INVITATION.c.token_hash == token_hash(token))
    row = await tx.row(known)
    if row is None:
        raise InvitationOver
    group = await take_turn(tx, row.group_id)
    row = await tx.row(known.where(*_IS_OPEN))
    own = await tx.row(
        sa.select(MEMBERSHIP.c.id, MEMBERSHIP.c.status).where(
            MEMBERSHIP.c.group_id == group.id, MEMBERSHIP.c.user_id == viewer.user_id
        )
    )
    if row is None or (own is not None and own.status == MembershipStatus.REMOVED):
        raise InvitationOver
    if row.invited_by is not None and not await may_still_invite(tx, row.invited_by, group.id, MemberRole(row.role)):
        raise InvitationOver
    require_open(group)
    if own is not None and own.status in (MembershipStatus.ACTIVE, MembershipStatus.PAUSED):
        return str(own.id)
    membership_id = await members.seat(tx, viewer, group, str(viewer.user_id), MemberRole(row.role))
    used = {"status": InvitationStatus.ACCEPTED.value, "accepted_by": viewer.user_id, "updated_at": sa.func.now()}
    await tx.execute(sa.update(INVITATION).where(INVITATION.c.id == row.id).values(**used))
    events.record(tx, GroupInvitationAccepted(subject_id=row.id, root_id=group.id), viewer)
    return membership_id


async def delete_old(tx: Transaction) -> int:
    """Removes invitations that were over a month ago, with the addresses in them; answers how many."""
    return await remove_some(tx, GroupInvitation, INVITATION.c.expires_at < sa.func.now() - KEPT_FOR)
