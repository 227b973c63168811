"""Who is in a group: asked in and accepted, on a break, gone, and what each is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from core.clock import now
from core.errors import DomainError, NotFound
from core.ids import tag_of
from core.rows import Row
from core.tables import table_of
from core.viewer import Viewer
from core.writing import Transaction, camel, checked
from models.events.groups import (
    GroupPaused,
    MembershipDeclined,
    MembershipInvited,
    MembershipJoined,
    MembershipLeft,
    MembershipPaused,
    MembershipRemoved,
    MembershipResumed,
    MembershipRoleChanged,
    MembershipUpdated,
    MembershipWithdrawn,
)
from models.groups import GroupKind, GroupStatus, MemberRole, Membership, MembershipStatus
from models.identity import Connection, ConnectionStatus, Scope, User, UserStatus
from resolvers import events
from resolvers.groups.rules import CLOSED, GONE, MEMBER_STEPS, MOST_GROUPS, SEATED, Rank
from resolvers.groups.standing import GROUP, Standing, require_open, require_within, take_turn
from resolvers.groups.withdrawing import withdraw_of
from resolvers.identity.friends import require_known

MEMBERSHIP = table_of(Membership)
_ACTIVE, _PAUSED, _INVITED = MembershipStatus.ACTIVE, MembershipStatus.PAUSED, MembershipStatus.INVITED

# What is told of somebody who goes: of who was in the group, and of who was only asked in, which few know of.
_ENDINGS = {
    MembershipStatus.LEFT: (MembershipLeft, MembershipDeclined),
    MembershipStatus.REMOVED: (MembershipRemoved, MembershipWithdrawn),
}

# Coming in -----------------------------------------------------------------------------------------------------------

# These work with the rights of the service: they make rows of other people's, and look at who has blocked whom.


async def add(tx: Transaction, viewer: Viewer, group_id: str, user_id: str, role: MemberRole) -> str:
    """Puts somebody into a group without being asked, which is for staff; answers the membership's id."""
    found = await require_within(tx, viewer, group_id, Scope.GROUP_MANAGE)
    if found.rank < Rank.STAFF:
        raise DomainError("Who is in the group is asked first: invite them.", "RANK_TOO_LOW", ("userId",))
    await _require_person(tx, user_id)
    return await seat(tx, viewer, found.group, user_id, role)


async def invite(tx: Transaction, viewer: Viewer, group_id: str, user_id: str, role: MemberRole) -> str:
    """Asks somebody in; answers the membership's id. To ask again changes nothing.

    Raises `NotFound` for somebody who does not exist, and for somebody who has blocked the viewer: both look alike.
    """
    await require_known(tx, viewer)
    found = await require_within(tx, viewer, group_id, Scope.GROUP_MANAGE)
    _require_ordinary(role)
    found.require_above(role)
    await _require_person(tx, user_id)
    await _require_not_blocked(tx, viewer, user_id)
    kept = await _kept(tx, group_id, user_id)
    if kept is not None and kept.status in {_INVITED, *SEATED}:
        return str(kept.id)
    asked = {"role": role.value, "status": _INVITED.value, "left_at": None, "invited_by": viewer.user_id}
    membership_id = await _write(tx, kept, group_id, user_id, asked)
    events.record(tx, MembershipInvited(subject_id=membership_id, root_id=group_id, user_id=user_id), viewer)
    return membership_id


async def accept(tx: Transaction, viewer: Viewer, membership_id: str) -> str:
    """Comes into the group that one was asked into. Raises `NotFound` where one was not."""
    row, group = await _own(tx, viewer, membership_id)
    if row.status in SEATED:
        return membership_id
    if row.status != _INVITED:
        raise NotFound("invitation")
    require_open(group)
    return await seat(tx, viewer, group, row.user_id, MemberRole(row.role))


async def seat(tx: Transaction, viewer: Viewer, group: Row, user_id: str, role: MemberRole) -> str:
    """Gives a person a seat in a group whose turn it is; answers the membership's id. Who has one keeps it as it is.

    Raises `DomainError` where the group is full, or the person is in as many groups as one may be.
    """
    kept = await _kept(tx, group.id, user_id)
    if kept is not None and kept.status in SEATED:
        return str(kept.id)
    if kept is None or kept.status in GONE:
        await require_room_of_person(tx, user_id)
    if role is MemberRole.OWNER:
        await _require_no_owner(tx, group.id)
    if group.max_members is not None and group.member_count >= group.max_members:
        raise DomainError("There is no seat left in this group.", "GROUP_FULL")
    came = {"role": role.value, "status": _ACTIVE.value, "joined_at": now(), "left_at": None}
    membership_id = await _write(tx, kept, group.id, user_id, came)
    await _count(tx, group, 1)
    events.record(tx, MembershipJoined(subject_id=membership_id, root_id=group.id, user_id=user_id), viewer)
    return membership_id


# Going ---------------------------------------------------------------------------------------------------------------


async def leave(tx: Transaction, viewer: Viewer, membership_id: str) -> str:
    """Leaves a group, or declines to come in. An owner hands the group over first, or disbands it.

    Works with the rights of the service, as nobody else changes their own standing.
    """
    row, group = await _own(tx, viewer, membership_id)
    if row.status in GONE:
        return membership_id
    # A group that is over needs no owner, and cannot be handed over any more.
    if row.role == MemberRole.OWNER and group.status not in CLOSED:
        raise DomainError("Hand the group over to somebody else first, or disband it.", "LAST_OWNER")
    await _end(tx, viewer, row, group, MembershipStatus.LEFT)
    return membership_id


async def remove(tx: Transaction, membership_id: str) -> str:
    """Takes somebody out of a group, or takes back that they were asked in."""
    row, found = await _others(tx, membership_id, Scope.GROUP_MANAGE)
    if row.status in GONE:
        return membership_id
    if row.role == MemberRole.OWNER:
        raise DomainError("Hand the group over to somebody else first, or disband it.", "LAST_OWNER")
    await _end(tx, tx.viewer, row, found.group, MembershipStatus.REMOVED)
    return membership_id


async def _end(tx: Transaction, viewer: Viewer, row: Row, group: Row, to: MembershipStatus) -> None:
    await _set(tx, row, status=to.value, left_at=now())
    if row.status in SEATED:
        await _count(tx, group, -1)
        await withdraw_of(tx, viewer, group.id, row.user_id)
    seated, asked = _ENDINGS[to]
    kind = seated if row.status in SEATED else asked
    events.record(tx, kind(subject_id=row.id, root_id=group.id, user_id=row.user_id), viewer)
    if row.status in SEATED and group.kind == GroupKind.PAIR and group.status == GroupStatus.ACTIVE:
        events.record(tx, GroupPaused(subject_id=group.id), viewer)


# Standing ------------------------------------------------------------------------------------------------------------


async def pause(tx: Transaction, membership_id: str) -> str:
    """Lets somebody keep their seat and see nothing of the group. To do so again changes nothing."""
    return await _pause_or_resume(tx, membership_id, _PAUSED)


async def resume(tx: Transaction, membership_id: str) -> str:
    """Ends somebody's break. To do so again changes nothing."""
    return await _pause_or_resume(tx, membership_id, _ACTIVE)


async def _pause_or_resume(tx: Transaction, membership_id: str, to: MembershipStatus) -> str:
    row, found = await _others(tx, membership_id, Scope.GROUP_MODERATE)
    if row.status == to:
        return membership_id
    if row.status not in SEATED:
        raise DomainError("This is for those who are in the group.", "WRONG_STATUS")
    if row.role == MemberRole.OWNER:
        raise DomainError("An owner takes no break. Hand the group over first.", "LAST_OWNER")
    if to is _PAUSED and found.group.kind == GroupKind.PAIR:
        raise DomainError("A pair takes a break together: pause the group.", "NOT_TWO")
    await _set(tx, row, status=to.value)
    kind = MembershipPaused if to is _PAUSED else MembershipResumed
    events.record(tx, kind(subject_id=row.id, root_id=row.group_id, user_id=row.user_id))
    return membership_id


async def change_role(tx: Transaction, membership_id: str, role: MemberRole) -> str:
    """Makes somebody another thing in the group. To do so again changes nothing."""
    _require_ordinary(role)
    row, found = await _others(tx, membership_id, Scope.GROUP_MANAGE)
    if row.status in GONE:
        raise NotFound("membership")
    if row.role == MemberRole.OWNER:
        raise DomainError("Hand the group over to somebody else first.", "LAST_OWNER")
    found.require_above(role)
    if row.role != role:
        await _set(tx, row, role=role.value)
        await withdraw_of(tx, tx.viewer, row.group_id, row.user_id)
        _tell_role(tx, tx.viewer, row, role)
    return membership_id


async def hand_over(tx: Transaction, viewer: Viewer, membership_id: str) -> str:
    """Makes somebody who is in the group its owner, and the owner until now an admin. To do so again changes nothing.

    Works with the rights of the service, as nobody else changes an owner.
    """
    row = await _found(tx, membership_id)
    found = await require_within(tx, viewer, row.group_id, Scope.GROUP_MANAGE, "membership")
    if found.rank < Rank.OWNER:
        raise DomainError("A group is handed over by its owner, or by staff.", "RANK_TOO_LOW")
    row = await _found(tx, membership_id)
    if row.status != _ACTIVE:
        raise DomainError("This is for somebody who is in the group.", "WRONG_STATUS")
    if row.role == MemberRole.OWNER:
        return membership_id
    before = await _owner(tx, row.group_id)
    if before is not None:
        await _set(tx, before, role=MemberRole.ADMIN.value)
        _tell_role(tx, viewer, before, MemberRole.ADMIN)
    await _set(tx, row, role=MemberRole.OWNER.value)
    _tell_role(tx, viewer, row, MemberRole.OWNER)
    return membership_id


async def name(tx: Transaction, viewer: Viewer, membership_id: str, fields: Mapping[str, Any]) -> str:
    """Saves what one is called in the group, and what one is to the others."""
    row, _ = await _own(tx, viewer, membership_id)
    if row.status in GONE:
        raise NotFound("membership")
    values = checked(Membership, fields)
    changed = {each: value for each, value in values.items() if getattr(row, each) != value}
    if changed:
        await _set(tx, row, **changed)
        told = {"root_id": row.group_id, "user_id": row.user_id, "fields": [camel(each) for each in sorted(changed)]}
        events.record(tx, MembershipUpdated(subject_id=row.id, **told), viewer)
    return membership_id


# Rules ---------------------------------------------------------------------------------------------------------------


def _require_ordinary(role: MemberRole) -> None:
    if role is MemberRole.OWNER:
        raise DomainError("A group has one owner, who hands it over.", "INVALID", ("role",))


async def _require_no_owner(tx: Transaction, group_id: str) -> None:
    if await _owner(tx, group_id) is not None:
        raise DomainError("A group has one owner, who hands it over.", "INVALID", ("role",))


async def _require_person(tx: Transaction, user_id: str) -> None:
    user = table_of(User)
    active = sa.select(user.c.id).where(user.c.id == user_id, user.c.status == UserStatus.ACTIVE.value)
    if tag_of(user_id) != User.__tag__ or await tx.row(active) is None:
        raise NotFound("user", ("userId",))


async def _require_not_blocked(tx: Transaction, viewer: Viewer, user_id: str) -> None:
    """Raises where the person has blocked the viewer."""
    table = table_of(Connection)
    low, high = sorted((str(viewer.user_id), user_id))
    blocked = sa.select(table.c.id).where(
        table.c.user_low == low,
        table.c.user_high == high,
        table.c.status == ConnectionStatus.BLOCKED.value,
        table.c.requested_by == user_id,
    )
    if viewer.user_id is not None and await tx.row(blocked) is not None:
        raise NotFound("user", ("userId",))


async def require_room_of_person(tx: Transaction, user_id: str) -> None:
    """Raises where a person is in as many groups as one may be. Whoever comes in somewhere waits for their turn.

    What one is asked into does not count: others could keep somebody out of every group by that.
    """
    key = sa.func.hashtextextended(user_id, 0)
    await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(key)))
    found = await tx.row(
        sa.select(sa.func.count().label("many")).where(
            MEMBERSHIP.c.user_id == user_id, MEMBERSHIP.c.left_at.is_(None), MEMBERSHIP.c.status != _INVITED.value
        )
    )
    assert found is not None
    if found.many >= MOST_GROUPS:
        raise DomainError(f"Nobody is in more than {MOST_GROUPS} groups.", "TOO_MANY_GROUPS")


# Rows ----------------------------------------------------------------------------------------------------------------


async def _found(tx: Transaction, membership_id: str) -> Row:
    found = None
    if tag_of(membership_id) == Membership.__tag__:
        found = await tx.row(sa.select(MEMBERSHIP).where(MEMBERSHIP.c.id == membership_id))
    if found is None:
        raise NotFound("membership")
    return found


async def _own(tx: Transaction, viewer: Viewer, membership_id: str) -> tuple[Row, Row]:
    """(the viewer's own membership as it stands, its group whose turn it is)."""
    row = await _found(tx, membership_id)
    if viewer.user_id is None or row.user_id != viewer.user_id:
        raise NotFound("membership")
    group = await take_turn(tx, row.group_id)
    return await _found(tx, membership_id), group


async def _others(tx: Transaction, membership_id: str, scope: Scope) -> tuple[Row, Standing]:
    """(somebody else's membership as it stands, how the viewer stands above them).

    Raises `NotFound` for who may not see it, and `DomainError` for who does not stand above them.
    """
    row = await _found(tx, membership_id)
    found = await require_within(tx, tx.viewer, row.group_id, scope)
    row = await _found(tx, membership_id)
    if row.user_id == tx.viewer.user_id and found.rank < Rank.STAFF:
        raise DomainError("Nobody changes their own standing. Leave, if you want to go.", "OWN_STANDING")
    found.require_above(MemberRole(row.role))
    return row, found


async def _kept(tx: Transaction, group_id: str, user_id: str) -> Row | None:
    return await tx.row(sa.select(MEMBERSHIP).where(MEMBERSHIP.c.group_id == group_id, MEMBERSHIP.c.user_id == user_id))


async def _owner(tx: Transaction, group_id: str) -> Row | None:
    return await tx.row(
        sa.select(MEMBERSHIP).where(
            MEMBERSHIP.c.group_id == group_id,
            MEMBERSHIP.c.role == MemberRole.OWNER.value,
            MEMBERSHIP.c.left_at.is_(None),
        )
    )


async def _write(tx: Transaction, kept: Row | None, group_id: str, user_id: str, values: Mapping[str, Any]) -> str:
    """Makes the row, or takes it up again; answers its id."""
    if kept is not None:
        await _set(tx, kept, **values)
        return str(kept.id)
    row = {"id": Membership.new_id(), "group_id": group_id, "user_id": user_id, **values}
    await tx.insert(Membership, [row])
    return str(row["id"])


async def _set(tx: Transaction, row: Row, **values: Any) -> None:
    """Saves a membership. What its status becomes has to be a step of `MEMBER_STEPS`."""
    to = values.get("status", row.status)
    assert to == row.status or MembershipStatus(to) in MEMBER_STEPS[MembershipStatus(row.status)], (row.status, to)
    await tx.execute(sa.update(MEMBERSHIP).where(MEMBERSHIP.c.id == row.id).values(**values, updated_at=sa.func.now()))


async def _count(tx: Transaction, group: Row, by: int) -> None:
    """Counts seats; a pair under way that loses one takes a break."""
    values: dict[str, Any] = {"member_count": GROUP.c.member_count + by, "updated_at": sa.func.now()}
    if by < 0 and group.kind == GroupKind.PAIR and group.status == GroupStatus.ACTIVE:
        values["status"] = GroupStatus.PAUSED.value
    await tx.execute(sa.update(GROUP).where(GROUP.c.id == group.id).values(**values))


def _tell_role(tx: Transaction, viewer: Viewer, row: Row, role: MemberRole) -> None:
    told = MembershipRoleChanged(
        subject_id=row.id, root_id=row.group_id, user_id=row.user_id, role=role.value, was=str(row.role)
    )
    events.record(tx, told, viewer)
