"""What is visible of groups: row-level security lets through what the viewer may see of each."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

import models.groups as models
from core.relations import Relation, Sort, equals
from core.tables import table_of
from models.groups import Group, GroupInvitation, MemberRole, Membership
from models.identity import ProfileCard

GROUP, MEMBERSHIP, INVITATION = (table_of(model) for model in (Group, Membership, GroupInvitation))

_NEWEST = {"NEWEST": Sort("id", descending=True)}
_STANDING = MEMBERSHIP.c.left_at.is_(None)

GROUPS = Relation(
    Group,
    sorts={**_NEWEST, "NAME": Sort("name")},
    filters={"kind": equals(GROUP.c.kind), "status": equals(GROUP.c.status)},
)
# The same for those who may not see all of them: what the row policies let through is found, and not what they do not.
GROUPS_OF_VIEWER = replace(GROUPS, where=(sa.literal_column(models.GROUPS_OF_VIEWER, sa.Boolean),))
GROUP_BY_ID = Relation(Group, "id")
GROUP_BY_SLUG = Relation(Group, "slug", "slug", sorts=_NEWEST)
GROUP_OF_MEMBERSHIP = Relation(Group, "id", "group_id")
MEMBERS = Relation(
    Membership,
    "group_id",
    sorts={"OLDEST": Sort("id"), **_NEWEST},
    filters={"role": equals(MEMBERSHIP.c.role), "status": equals(MEMBERSHIP.c.status)},
    where=(_STANDING,),
)
OWNER = Relation(
    Membership,
    "group_id",
    sorts={"OLDEST": Sort("id")},
    where=(_STANDING, MEMBERSHIP.c.role == MemberRole.OWNER.value),
)
MEMBERSHIPS_OF_PERSON = Relation(Membership, "user_id", sorts=_NEWEST, where=(_STANDING,))
INVITATIONS = Relation(GroupInvitation, "group_id", sorts=_NEWEST, filters={"status": equals(INVITATION.c.status)})
CARD_OF_MEMBER = Relation(ProfileCard, "user_id", "user_id", sorts={"FULLEST": Sort("audience", descending=True)})
