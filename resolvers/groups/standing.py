"""Who may: what somebody may do in a group, asked of the database at the moment of the act."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sqlalchemy as sa

from core.errors import DomainError, NotFound
from core.ids import tag_of
from core.rows import Row
from core.tables import table_of
from core.viewer import Viewer, ViewerKind
from core.writing import Transaction
from models.groups import Group, MemberRole
from models.identity import Role, Scope
from resolvers.groups.rules import CLOSED, RANK_OF_GRANT, RANK_OF_MEMBER, Rank
from resolvers.identity.credentials import held_within, standing
from resolvers.identity.rights import scopes_of, scopes_within

GROUP = table_of(Group)


@dataclass(frozen=True)
class Standing:
    """A group, whose turn it is, and what somebody may there at this moment."""

    group: Row
    scopes: frozenset[str]
    rank: Rank

    def require_above(self, *roles: MemberRole) -> None:
        """Raises unless they stand above everybody who is, or is to be, one of these."""
        if any(RANK_OF_MEMBER[role] >= self.rank for role in roles):
            raise DomainError("This is for those who stand above them in the group.", "RANK_TOO_LOW")


async def take_turn(tx: Transaction, group_id: str) -> Row:
    """The group, which nobody else changes until the act is over. Raises `NotFound` where it may not be seen.

    The turn is a lock of its own and not one on the row, which only those could take who may write that.
    """
    if tag_of(group_id) != Group.__tag__:
        raise NotFound("group")
    key = sa.func.hashtextextended(group_id, 0)
    await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(key)))
    found = await tx.row(sa.select(GROUP).where(GROUP.c.id == group_id))
    if found is None:
        raise NotFound("group")
    return found


def require_open(group: Row) -> None:
    """Raises where the group has ended or was disbanded."""
    if group.status in CLOSED:
        raise DomainError("This group is over.", "GROUP_OVER")


async def standing_in(tx: Transaction, viewer: Viewer, group_id: str) -> Standing:
    """Takes the turn of a group, and finds out what the viewer may there.

    It is asked of the database and not of the viewer alone, whose rights may have ended since the request began; and of
    the viewer too, as the rights of a token are but a part of those of its owner.
    """
    group = await take_turn(tx, group_id)
    if viewer.kind is ViewerKind.SERVICE:
        return Standing(group, frozenset(Scope), Rank.STAFF)
    anywhere, inside, rank = _ranked(await _held(tx, viewer.user_id), group_id)
    scopes = frozenset(scope for scope in anywhere | inside if viewer.may_within(scope, group_id))
    is_staff = Scope.GROUP_MANAGE in anywhere and viewer.may(Scope.GROUP_MANAGE)
    return Standing(group, scopes, Rank.STAFF if is_staff else rank)


async def may_still_invite(tx: Transaction, user_id: str, group_id: str, role: MemberRole) -> bool:
    """Whether a person may, at this moment, ask somebody into the group as this."""
    anywhere, inside, rank = _ranked(await _held(tx, user_id), group_id)
    return Scope.GROUP_MANAGE in anywhere or (Scope.GROUP_MANAGE in inside and rank > RANK_OF_MEMBER[role])


def _ranked(held: Row, group_id: str) -> tuple[frozenset[str], frozenset[str], Rank]:
    """(permissions everywhere, permissions within the group, the rank there) of whoever holds this."""
    here = [role for role, root_id in map(held_within, held.within) if root_id == group_id]
    inside = frozenset(each.partition("@")[0] for each in scopes_within((role, group_id) for role in here))
    ranks = (
        RANK_OF_MEMBER[each] if isinstance(each, MemberRole) else RANK_OF_GRANT.get(each, Rank.NONE) for each in here
    )
    return frozenset(scopes_of(map(Role, held.roles))), inside, max(ranks, default=Rank.NONE)


async def require_within(
    tx: Transaction, viewer: Viewer, group_id: str, scope: Scope, named: str = "group"
) -> Standing:
    """Takes the turn of an open group for somebody who may do this there.

    Raises `NotFound` for who may not even see the group, which looks the same as if there were none of what they
    `named`, and `DomainError` for who may see it and no more.
    """
    found = await standing_in(tx, viewer, group_id)
    if scope not in found.scopes:
        if Scope.GROUP_READ in found.scopes:
            raise DomainError("In this group you may not do this.", "FORBIDDEN")
        raise NotFound(named)
    require_open(found.group)
    return found


async def renewed(tx: Transaction, viewer: Viewer) -> Viewer:
    """A person with the rights that they have now that they came into a group, or went; whoever else, as they are."""
    if viewer.kind is not ViewerKind.USER:
        return viewer
    found = await _held(tx, viewer.user_id)
    return replace(viewer, within=scopes_within(map(held_within, found.within)))


async def _held(tx: Transaction, user_id: str | None) -> Row:
    who = sa.bindparam("user_id", type_=GROUP.c.id.type)
    found = await tx.row(sa.select(*standing(who)), {"user_id": user_id})
    assert found is not None
    return found
