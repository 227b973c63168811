"""The facts of groups. What was done to a group names it as its subject, and what belongs to one as its root."""

from __future__ import annotations

import pydantic

from core.events import Fact

_say = pydantic.Field


class GroupCreated(Fact, type="group.created", subject="group"):
    """A group was made."""

    kind: str = _say(description="cohort, pod, pair, family or buddy_group.")


class GroupUpdated(Fact, type="group.updated", subject="group"):
    """Fields of a group were saved."""

    revision: int = _say(description="The group's revision from here on.")
    fields: list[str] = _say(description="The fields that changed.")


class GroupActivated(Fact, type="group.activated", subject="group"):
    """A group is under way, or goes on after a break."""


class GroupPaused(Fact, type="group.paused", subject="group"):
    """A group takes a break; a pair does so by itself when one of the two goes."""


class GroupEnded(Fact, type="group.ended", subject="group"):
    """A group has come to its end. Who is in it still sees it."""


class GroupDisbanded(Fact, type="group.disbanded", subject="group"):
    """A group is no more, and nobody is in it."""


class OfGroup(Fact):
    """Something happened to what belongs to a group."""

    root_id: str = _say(description="The group.")


class OfMember(OfGroup):
    """Something happened to how a person stands to a group."""

    user_id: str = _say(description="The person.")


class MembershipInvited(OfMember, type="membership.invited", subject="membership"):
    """A person was asked into a group."""


class MembershipJoined(OfMember, type="membership.joined", subject="membership"):
    """A person is in a group."""


class MembershipLeft(OfMember, type="membership.left", subject="membership"):
    """A person has left a group."""


class MembershipRemoved(OfMember, type="membership.removed", subject="membership"):
    """A person was taken out of a group."""


class MembershipDeclined(OfMember, type="membership.declined", subject="membership"):
    """A person who was asked into a group does not come in: only they and those who run it know of either."""


class MembershipWithdrawn(OfMember, type="membership.withdrawn", subject="membership"):
    """A person is asked into a group no longer: only they and those who run it know of either."""


class MembershipPaused(OfMember, type="membership.paused", subject="membership"):
    """A person keeps their seat in a group and takes no part."""


class MembershipResumed(OfMember, type="membership.resumed", subject="membership"):
    """A person takes part in a group again."""


class MembershipUpdated(OfMember, type="membership.updated", subject="membership"):
    """A person saved what they are called in a group, or what they are to the others."""

    fields: list[str] = _say(description="The fields that changed.")


class MembershipRoleChanged(OfMember, type="membership.role_changed", subject="membership"):
    """A person is another thing in a group."""

    role: str = _say(description="What the person is now.")
    was: str = _say(description="What the person was.")


class GroupInvitationCreated(OfGroup, type="group_invitation.created", subject="group_invitation"):
    """There is a link by which one person may come into a group."""


class GroupInvitationCancelled(OfGroup, type="group_invitation.cancelled", subject="group_invitation"):
    """A link into a group was taken back."""


class GroupInvitationAccepted(OfGroup, type="group_invitation.accepted", subject="group_invitation"):
    """A person came into a group by a link, which is used up."""


FACTS: tuple[type[Fact], ...] = (
    GroupCreated, GroupUpdated, GroupActivated, GroupPaused, GroupEnded, GroupDisbanded,
    MembershipInvited, MembershipJoined, MembershipLeft, MembershipRemoved,
    MembershipDeclined, MembershipWithdrawn, MembershipPaused, MembershipResumed,
    MembershipUpdated, MembershipRoleChanged,
    GroupInvitationCreated, GroupInvitationCancelled, GroupInvitationAccepted,
)  # fmt: skip
