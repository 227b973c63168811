"""The rules of groups as data: which steps there are, and who stands above whom."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from models.groups import GroupKind, GroupStatus, MemberRole, MembershipStatus
from models.identity import Role

# How many groups one person may be in, those included into which they are asked: what everybody may within groups goes
# along with each of their requests.
MOST_GROUPS = 100
# How many invitations of a group may be open at once.
MOST_INVITATIONS = 100

# Groups that people make for themselves; the others are made by staff.
OF_PEOPLE = frozenset({GroupKind.PAIR, GroupKind.FAMILY, GroupKind.BUDDY_GROUP})
# How many a group has room for where nothing else is said.
ROOM: Mapping[GroupKind, int] = MappingProxyType({GroupKind.PAIR: 2, GroupKind.POD: 6, GroupKind.FAMILY: 6})

# From each status of a group to those that may follow.
STEPS: Mapping[GroupStatus, frozenset[GroupStatus]] = MappingProxyType(
    {
        GroupStatus.FORMING: frozenset({GroupStatus.ACTIVE, GroupStatus.DISBANDED}),
        GroupStatus.ACTIVE: frozenset({GroupStatus.PAUSED, GroupStatus.ENDED, GroupStatus.DISBANDED}),
        GroupStatus.PAUSED: frozenset({GroupStatus.ACTIVE, GroupStatus.ENDED, GroupStatus.DISBANDED}),
        GroupStatus.ENDED: frozenset(),
        GroupStatus.DISBANDED: frozenset(),
    }
)
# Nobody comes into a group that is one of these, and nothing of it is changed.
CLOSED = frozenset({GroupStatus.ENDED, GroupStatus.DISBANDED})

# From each status of a membership to those that may follow. Who went may come back: the row is the same.
MEMBER_STEPS: Mapping[MembershipStatus, frozenset[MembershipStatus]] = MappingProxyType(
    {
        MembershipStatus.INVITED: frozenset({MembershipStatus.ACTIVE, MembershipStatus.LEFT, MembershipStatus.REMOVED}),
        MembershipStatus.ACTIVE: frozenset({MembershipStatus.PAUSED, MembershipStatus.LEFT, MembershipStatus.REMOVED}),
        MembershipStatus.PAUSED: frozenset({MembershipStatus.ACTIVE, MembershipStatus.LEFT, MembershipStatus.REMOVED}),
        MembershipStatus.LEFT: frozenset({MembershipStatus.INVITED, MembershipStatus.ACTIVE}),
        MembershipStatus.REMOVED: frozenset({MembershipStatus.INVITED, MembershipStatus.ACTIVE}),
    }
)
# Who is one of these has a seat.
SEATED = frozenset({MembershipStatus.ACTIVE, MembershipStatus.PAUSED})
GONE = frozenset({MembershipStatus.LEFT, MembershipStatus.REMOVED})


class Rank(IntEnum):
    """Who stands above whom in a group. Nobody acts on their equals, nor makes some."""

    NONE = 0
    PLAIN = 1
    MODERATOR = 2
    ADMIN = 3
    OWNER = 4
    STAFF = 5


RANK_OF_MEMBER: Mapping[MemberRole, Rank] = MappingProxyType(
    {
        MemberRole.OWNER: Rank.OWNER,
        MemberRole.ADMIN: Rank.ADMIN,
        MemberRole.MODERATOR: Rank.MODERATOR,
        MemberRole.MEMBER: Rank.PLAIN,
        MemberRole.CHILD: Rank.PLAIN,
        MemberRole.GUEST: Rank.PLAIN,
    }
)
# Of those to whom staff gave a role within the group.
RANK_OF_GRANT: Mapping[Role, Rank] = MappingProxyType(
    {Role.COACH: Rank.ADMIN, Role.MODERATOR: Rank.MODERATOR, Role.HOST: Rank.NONE}
)
