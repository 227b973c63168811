"""Groups' types, and how they are found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import strawberry

import models.events.groups as facts
import models.groups as models
from core.rows import Row
from graph.context import Info
from graph.engine import BatchInfo
from graph.fields import batched, column, computed, described, editable, entity, related_one
from graph.identity.types import User
from graph.node import Node, by_id_or_slug
from graph.paging import Connection, connection, sort_enum
from graph.subscriptions import OWNERS, Event, holders, subscription
from models.groups import GroupKind, GroupPrivacy, GroupStatus, InvitationStatus, MemberRole, MembershipStatus
from models.identity import Scope
from resolvers.groups import visible
from resolvers.groups.batches import own_memberships

described(
    GroupKind,
    cohort="Many who go through a programme together; made by staff.",
    pod="A few who meet and support each other; made by staff.",
    pair="Two, such as a couple; made by one of them.",
    family="A household, or those who are one to each other; made by one of them.",
    buddy_group="Friends who do something together; made by one of them.",
)
described(
    GroupStatus,
    forming="It is being put together.",
    active="It is under way.",
    paused="It takes a break.",
    ended="It has come to its end; who was in it still sees it.",
    disbanded="It is no more, and nobody is in it.",
)
described(
    GroupPrivacy,
    public="Everybody may know of the group; who is in it, members know alone.",
    private="Nobody knows of the group but who is in it, or asked in.",
)
described(
    MemberRole,
    owner="Whose group it is: one at most, who may hand it over.",
    admin="Runs the group.",
    moderator="Keeps it friendly.",
    member="Takes part.",
    child="Takes part as a child of the family.",
    guest="Takes part for a while.",
)
described(
    MembershipStatus,
    invited="Is asked in, and has not answered yet.",
    active="Is in the group.",
    paused="Has a seat, and takes no part for now.",
    left="Has gone, or declined.",
    removed="Was taken out, or is no longer asked in.",
)
described(
    InvitationStatus,
    pending="May still be accepted, unless its time is up.",
    accepted="Somebody came in by it.",
    cancelled="It was taken back.",
)


async def _own(groups: Sequence[Any], info: BatchInfo) -> Sequence[Row | None]:
    return await own_memberships(info.context.reader, groups)


GroupSort = sort_enum("GroupSort", visible.GROUPS)
MemberSort = sort_enum("MemberSort", visible.MEMBERS)


@strawberry.input(description="Which groups.")
class GroupFilter:
    """All conditions must hold."""

    kind: GroupKind | None = strawberry.field(default=None, description="Of this kind.")
    status: GroupStatus | None = strawberry.field(default=None, description="Those that are so far.")


@strawberry.input(description="Which members.")
class MemberFilter:
    """All conditions must hold."""

    role: MemberRole | None = strawberry.field(default=None, description="Who are this in the group.")
    status: MembershipStatus | None = strawberry.field(default=None, description="Who stand so to the group.")


@strawberry.input(description="Which invitations.")
class InvitationFilter:
    """All conditions must hold."""

    status: InvitationStatus | None = strawberry.field(default=None, description="Those of which this became.")


@entity(models.Membership)
class Membership(Node):
    """How one person stands to one group."""

    group_id: strawberry.ID
    user_id: strawberry.ID
    role: MemberRole
    status: MembershipStatus
    relationship_label: str | None = editable()
    display_name: str | None = editable()
    joined_at: datetime | None
    left_at: datetime | None
    user: User | None = related_one(
        visible.CARD_OF_MEMBER, "The person, as far as one may see them; null for a private profile."
    )
    group: Annotated[Group, strawberry.lazy("graph.groups.types")] | None = related_one(
        visible.GROUP_OF_MEMBERSHIP, "The group, as far as one may see it."
    )


@entity(models.GroupInvitation)
class GroupInvitation:
    """A link that lets one person into a group, once."""

    id: strawberry.ID = column("The invitation's own id; not its secret.")
    group_id: strawberry.ID
    email: str | None
    role: MemberRole
    status: InvitationStatus
    created_at: datetime = column("When it was made.")
    expires_at: datetime
    invited_by: strawberry.ID | None
    accepted_by: strawberry.ID | None


@entity(models.Group)
class Group(Node):
    """People who go some way together."""

    kind: GroupKind
    name: str = editable()
    slug: str = editable()
    description: str = editable()
    status: GroupStatus
    starts_on: date | None = editable()
    ends_on: date | None = editable()
    max_members: int | None = editable()
    member_count: int
    privacy_level: GroupPrivacy = editable()
    revision: int
    created_at: datetime = column("When it was made.")
    members: Connection[Membership] = connection(
        visible.MEMBERS,
        "Who is in it, for those who are, and for those who run it, who also see who is asked in.",
        sort=MemberSort,
        filter=MemberFilter,
    )
    owner: Membership | None = related_one(visible.OWNER, "Whose group it is, where it is somebody's.")
    membership: Membership | None = batched(_own, "How the viewer stands to it; null where they do not.", needs=("id",))
    invitations: Connection[GroupInvitation] = connection(
        visible.INVITATIONS, "Links into it, newest first, for those who run it.", filter=InvitationFilter
    )

    @computed(("id",), "Whether the viewer sees who is in it.")
    def can_read(self: Any, info: Info) -> bool:
        """By the permission that row-level security asks for."""
        return info.context.viewer.may_within(Scope.GROUP_READ, self.id)

    @computed(("id",), "Whether the viewer may let members take a break.")
    def can_moderate(self: Any, info: Info) -> bool:
        """By the permission that row-level security asks for."""
        return info.context.viewer.may_within(Scope.GROUP_MODERATE, self.id)

    @computed(("id",), "Whether the viewer may change it, ask people in and take them out.")
    def can_manage(self: Any, info: Info) -> bool:
        """By the permission that row-level security asks for."""
        return info.context.viewer.may_within(Scope.GROUP_MANAGE, self.id)


@strawberry.type
class ViewerOfGroups:
    """What groups add to who is asking."""

    groups: Connection[Membership] = connection(
        visible.MEMBERSHIPS_OF_PERSON, "The groups that the viewer is in, or asked into, newest first."
    )

    @computed((), "Whether the viewer may see all groups, and who is in them.")
    def can_read_groups(self: Any, info: Info) -> bool:
        """Everywhere."""
        return info.context.viewer.may(Scope.GROUP_READ)

    @computed((), "Whether the viewer may make and change all groups.")
    def can_manage_groups(self: Any, info: Info) -> bool:
        """Everywhere."""
        return info.context.viewer.may(Scope.GROUP_MANAGE)


@strawberry.type
class GroupsQuery:
    """Root fields of groups."""

    groups: Connection[Group] = connection(
        visible.GROUPS,
        "All groups that one may see, newest first: for staff these are all.",
        sort=GroupSort,
        filter=GroupFilter,
        scope=Scope.GROUP_READ,
        within=visible.GROUPS_OF_VIEWER,
    )
    group: Group | None = by_id_or_slug(
        visible.GROUP_BY_ID, visible.GROUP_BY_SLUG, "A group; null when there is none, or it may not be seen."
    )


@strawberry.type
class GroupsSubscription:
    """Root fields for those who are in groups."""

    group_changed: Event = subscription(
        (
            *(facts.GroupCreated, facts.GroupUpdated, facts.GroupActivated, facts.GroupPaused, facts.GroupEnded),
            *(facts.GroupDisbanded, facts.MembershipJoined, facts.MembershipLeft, facts.MembershipRemoved),
            *(facts.MembershipPaused, facts.MembershipResumed, facts.MembershipUpdated, facts.MembershipRoleChanged),
        ),
        holders(Scope.GROUP_READ),
        "Something has changed in a group, or who is in it.",
    )
    membership_changed: Event = subscription(
        (
            *(facts.MembershipInvited, facts.MembershipJoined, facts.MembershipLeft, facts.MembershipRemoved),
            *(facts.MembershipPaused, facts.MembershipResumed, facts.MembershipRoleChanged),
            *(facts.MembershipDeclined, facts.MembershipWithdrawn),
        ),
        OWNERS,
        "One is asked into a group, or stands to one in another way.",
    )
