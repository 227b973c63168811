"""A group's life: made, changed, under way, on a break, over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from core.clock import now
from core.errors import DomainError, InvalidInput
from core.events import Fact
from core.revisions import require_revision
from core.tables import table_of
from core.viewer import Viewer, require_signed_in
from core.writing import Transaction, camel, checked
from models.events.groups import GroupActivated, GroupCreated, GroupDisbanded, GroupEnded, GroupPaused, GroupUpdated
from models.groups import Group, GroupKind, GroupStatus, MemberRole, Membership, MembershipStatus
from models.identity import Scope
from resolvers import events
from resolvers.curriculum.rules import slug_of
from resolvers.groups.members import require_room_of_person
from resolvers.groups.rules import OF_PEOPLE, ROOM, STEPS, Rank
from resolvers.groups.standing import GROUP, Standing, require_within
from resolvers.identity.credentials import roles_of
from resolvers.identity.rights import scopes_of

MEMBERSHIP = table_of(Membership)
_FACTS: Mapping[GroupStatus, type[Fact]] = {
    GroupStatus.ACTIVE: GroupActivated,
    GroupStatus.PAUSED: GroupPaused,
    GroupStatus.ENDED: GroupEnded,
    GroupStatus.DISBANDED: GroupDisbanded,
}

# Who may -------------------------------------------------------------------------------------------------------------


async def _require_may_make(tx: Transaction, viewer: Viewer, kind: GroupKind) -> None:
    """Raises unless the viewer may make a group of this kind: one's own in person, the others as staff."""
    if kind in OF_PEOPLE:
        require_signed_in(viewer, in_person=True)
    elif viewer.user_id is not None:
        held = scopes_of(await roles_of(tx, viewer.user_id))
        if Scope.GROUP_MANAGE not in held or not viewer.may(Scope.GROUP_MANAGE):
            raise DomainError("Groups of this kind are made by staff.", "FORBIDDEN", ("kind",))


# Actions -------------------------------------------------------------------------------------------------------------


async def create(tx: Transaction, viewer: Viewer, kind: GroupKind, fields: Mapping[str, Any]) -> str:
    """Makes a group; whoever makes one of their own is its owner. Answers its id.

    Works with the rights of the service: nobody is in a group yet that is only being made.
    """
    await _require_may_make(tx, viewer, kind)
    values = {"max_members": ROOM.get(kind), **checked(Group, fields)}
    _check(kind, values, 0)
    group_id = Group.new_id()
    if values.get("slug") is None or kind in OF_PEOPLE:
        values["slug"] = _slug(values["name"], group_id)
    owned = kind in OF_PEOPLE
    if owned:
        await require_room_of_person(tx, str(viewer.user_id))
    await tx.insert(Group, [{**values, "id": group_id, "kind": kind.value, "member_count": int(owned)}])
    events.record(tx, GroupCreated(subject_id=group_id, kind=kind), viewer)
    if owned:
        owner = {"role": MemberRole.OWNER.value, "status": MembershipStatus.ACTIVE.value, "joined_at": now()}
        row = {"id": Membership.new_id(), "group_id": group_id, "user_id": viewer.user_id, **owner}
        await tx.insert(Membership, [row])
    return group_id


async def update(tx: Transaction, group_id: str, expected_revision: int, fields: Mapping[str, Any]) -> str:
    """Saves changed fields of an open group. Raises `Conflict` when somebody saved in between."""
    found = await require_within(tx, tx.viewer, group_id, Scope.GROUP_MANAGE)
    group, values = found.group, checked(Group, fields)
    if "slug" in values and found.rank < Rank.STAFF:
        # That it is taken would tell of groups that one may not know of.
        raise InvalidInput("The name in addresses is chosen by staff.", "FORBIDDEN", ("slug",))
    _check(GroupKind(group.kind), {**vars(group), **values}, group.member_count)
    require_revision(group, expected_revision, fields)
    changed = {name: value for name, value in values.items() if getattr(group, name) != value}
    if changed:
        await _save(tx, group_id, **changed, revision=group.revision + 1)
        told = [camel(name) for name in sorted(changed)]
        events.record(tx, GroupUpdated(subject_id=group_id, revision=group.revision + 1, fields=told))
    return group_id


async def move(tx: Transaction, group_id: str, to: GroupStatus) -> str:
    """Takes an open group on to another status. To do so again changes nothing."""
    found = await require_within(tx, tx.viewer, group_id, Scope.GROUP_MANAGE)
    await _step(tx, found, to, tx.viewer)
    return group_id


async def disband(tx: Transaction, viewer: Viewer, group_id: str) -> str:
    """Ends a group for good and lets everybody go, which is for its owner and for staff.

    Works with the rights of the service, as nobody else may let an owner go.
    """
    found = await require_within(tx, viewer, group_id, Scope.GROUP_MANAGE)
    if found.rank < Rank.OWNER:
        raise DomainError("A group is disbanded by its owner, or by staff.", "RANK_TOO_LOW")
    standing = (MEMBERSHIP.c.group_id == group_id, MEMBERSHIP.c.left_at.is_(None))
    left = {"status": MembershipStatus.LEFT.value, "left_at": now(), "updated_at": now()}
    await _step(tx, found, GroupStatus.DISBANDED, viewer)
    await tx.execute(sa.update(MEMBERSHIP).where(*standing).values(**left))
    await _save(tx, group_id, member_count=0)
    return group_id


async def _step(tx: Transaction, found: Standing, to: GroupStatus, viewer: Viewer) -> None:
    group = found.group
    if group.status == to:
        return
    if to not in STEPS[GroupStatus(group.status)]:
        raise DomainError(f"A group that is {group.status} cannot be {to.value}.", "WRONG_STATUS")
    if to is GroupStatus.ACTIVE and group.kind == GroupKind.PAIR:
        seated = await tx.rows(
            sa.select(MEMBERSHIP.c.id).where(
                MEMBERSHIP.c.group_id == group.id, MEMBERSHIP.c.status == MembershipStatus.ACTIVE.value
            )
        )
        if len(seated) != 2:
            raise DomainError("It takes two to make a pair.", "NOT_TWO")
    await _save(tx, group.id, status=to.value)
    events.record(tx, _FACTS[to](subject_id=group.id), viewer)


async def _save(tx: Transaction, group_id: str, **values: Any) -> None:
    await tx.execute(sa.update(GROUP).where(GROUP.c.id == group_id).values(**values, updated_at=sa.func.now()))


# Rules ---------------------------------------------------------------------------------------------------------------


def _check(kind: GroupKind, values: Mapping[str, Any], seated: int) -> None:
    starts_on, ends_on, room = values.get("starts_on"), values.get("ends_on"), values.get("max_members")
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise InvalidInput("A group ends after it began.", "INVALID", ("endsOn",))
    if kind is GroupKind.PAIR and room != ROOM[GroupKind.PAIR]:
        raise InvalidInput("A pair is two.", "INVALID", ("maxMembers",))
    if room is not None and room < seated:
        raise InvalidInput(f"There are {seated} in it already.", "INVALID", ("maxMembers",))


def _slug(name: str, group_id: str) -> str:
    """With a part of the id, so that nobody learns from it that there is another group of this name."""
    return f"{slug_of(name)}-{group_id[-8:]}"
