"""Groups: mutations of their life, of who is in them, and of invitations."""

from __future__ import annotations

from typing import Annotated

import strawberry

import models.events.groups as facts
from graph.door import Act, Done, Fields, Gate, described_as, mutation
from graph.groups.types import Group, GroupInvitation, Membership
from models.groups import GroupKind, GroupStatus, MemberRole
from models.identity import Scope
from resolvers.groups import invitations, lifecycle, members
from resolvers.groups.standing import renewed
from resolvers.requests import limits

GroupId = Annotated[strawberry.ID, described_as("The group's id.")]
MembershipId = Annotated[strawberry.ID, described_as("The id of how the person stands to the group.")]
InvitationId = Annotated[strawberry.ID, described_as("The invitation's id; not its secret.")]
UserId = Annotated[strawberry.ID, described_as("The person.")]
Kind = Annotated[GroupKind, described_as("What sort of group it is.")]
As = Annotated[MemberRole, described_as("What they are to be in the group; MEMBER when absent.")]
To = Annotated[MemberRole, described_as("What they are to be in the group.")]
Expected = Annotated[int, described_as("The revision you started from; another one now is a conflict.")]
Email = Annotated[str, described_as("Where the link is sent.", secret=True)]
Secret = Annotated[str, described_as("The secret of the link.", secret=True)]
# What else is recorded of somebody who goes: a pair takes a break, and links that they made are taken back.
_MORE_OF_GOING = (facts.GroupPaused, facts.GroupInvitationCancelled)

# A group's life ------------------------------------------------------------------------------------------------------


@mutation(Gate.SIGNED_IN, Group, creates=True, trusted=True, limit=limits.GROUP, records=(facts.GroupCreated,))
async def group_create(act: Act, kind: Kind, fields: Fields) -> Done:
    """Makes a group. Pairs, families and circles of friends are their maker's own; cohorts and pods are made by staff.

    A slug is chosen by staff; all others have one made of the name.
    """
    made = await lifecycle.create(act.tx, act.viewer, kind, fields)
    return Done(made, viewer=await renewed(act.tx, act.viewer))


@mutation(Scope.GROUP_MANAGE, Group, within=True, updates=True, records=(facts.GroupUpdated,))
async def group_update(act: Act, id: GroupId, expected_revision: Expected, fields: Fields) -> str:
    """Saves changed fields of a group. What is absent stays as it is."""
    return await lifecycle.update(act.tx, id, expected_revision, fields)


@mutation(Scope.GROUP_MANAGE, Group, within=True, records=(facts.GroupActivated,))
async def group_activate(act: Act, id: GroupId) -> str:
    """Starts a group, or lets it go on after a break. It takes two to make a pair."""
    return await lifecycle.move(act.tx, id, GroupStatus.ACTIVE)


@mutation(Scope.GROUP_MANAGE, Group, within=True, records=(facts.GroupPaused,))
async def group_pause(act: Act, id: GroupId) -> str:
    """Lets a group take a break."""
    return await lifecycle.move(act.tx, id, GroupStatus.PAUSED)


@mutation(Scope.GROUP_MANAGE, Group, within=True, records=(facts.GroupEnded,))
async def group_end(act: Act, id: GroupId) -> str:
    """Brings a group to its end. Who is in it still sees it, and nothing of it changes any more."""
    return await lifecycle.move(act.tx, id, GroupStatus.ENDED)


@mutation(Scope.GROUP_MANAGE, Group, within=True, trusted=True, records=(facts.GroupDisbanded,))
async def group_disband(act: Act, id: GroupId) -> str:
    """Ends a group for good and lets everybody go, which is for its owner and for staff."""
    return await lifecycle.disband(act.tx, act.viewer, id)


# Who is in it --------------------------------------------------------------------------------------------------------


@mutation(Scope.GROUP_MANAGE, Membership, trusted=True, records=(facts.MembershipJoined,))
async def membership_add(act: Act, group_id: GroupId, user_id: UserId, role: As = MemberRole.MEMBER) -> Done:
    """Puts somebody into a group without asking them, which is for staff."""
    return await _as_they_are(act, await members.add(act.tx, act.viewer, group_id, user_id, role))


@mutation(
    Scope.GROUP_MANAGE,
    Membership,
    within=True,
    trusted=True,
    limit=limits.GROUP,
    records=(facts.MembershipInvited,),
)
async def membership_invite(act: Act, group_id: GroupId, user_id: UserId, role: As = MemberRole.MEMBER) -> str:
    """Asks somebody who has an account into a group. To ask again changes nothing."""
    return await members.invite(act.tx, act.viewer, group_id, user_id, role)


@mutation(Gate.PERSON, Membership, trusted=True, records=(facts.MembershipJoined,))
async def membership_accept(act: Act, id: MembershipId) -> Done:
    """Comes into a group that one was asked into."""
    return await _as_they_are(act, await members.accept(act.tx, act.viewer, id))


@mutation(
    Gate.PERSON,
    Membership,
    trusted=True,
    records=(facts.MembershipLeft, facts.MembershipDeclined, *_MORE_OF_GOING),
)
async def membership_leave(act: Act, id: MembershipId) -> Done:
    """Leaves a group, or declines to come in. An owner hands the group over first, or disbands it."""
    return await _as_they_are(act, await members.leave(act.tx, act.viewer, id))


@mutation(
    Scope.GROUP_MANAGE,
    Membership,
    within=True,
    records=(facts.MembershipRemoved, facts.MembershipWithdrawn, *_MORE_OF_GOING),
)
async def membership_remove(act: Act, id: MembershipId) -> str:
    """Takes somebody out of a group, or takes back that they were asked in. They come back when they are asked anew.

    Links that they made are taken back.
    """
    return await members.remove(act.tx, id)


@mutation(Scope.GROUP_MODERATE, Membership, within=True, records=(facts.MembershipPaused,))
async def membership_pause(act: Act, id: MembershipId) -> str:
    """Lets a member keep their seat and see nothing of the group for now."""
    return await members.pause(act.tx, id)


@mutation(Scope.GROUP_MODERATE, Membership, within=True, records=(facts.MembershipResumed,))
async def membership_resume(act: Act, id: MembershipId) -> str:
    """Ends a member's break."""
    return await members.resume(act.tx, id)


@mutation(
    Scope.GROUP_MANAGE,
    Membership,
    within=True,
    records=(facts.MembershipRoleChanged, facts.GroupInvitationCancelled),
)
async def membership_role_change(act: Act, id: MembershipId, role: To) -> str:
    """Makes somebody another thing in a group, below what one is there oneself. Links that they made are taken back."""
    return await members.change_role(act.tx, id, role)


@mutation(Scope.GROUP_MANAGE, Membership, within=True, trusted=True, records=(facts.MembershipRoleChanged,))
async def membership_make_owner(act: Act, id: MembershipId) -> Done:
    """Makes somebody who is in a group its owner, which is for the owner and for staff. The owner becomes an admin."""
    return await _as_they_are(act, await members.hand_over(act.tx, act.viewer, id))


@mutation(Gate.PERSON, Membership, updates=True, trusted=True, records=(facts.MembershipUpdated,))
async def membership_describe(act: Act, id: MembershipId, fields: Fields) -> str:
    """Saves what one is called in a group, and what one is to the others."""
    return await members.name(act.tx, act.viewer, id, fields)


# Invitations ---------------------------------------------------------------------------------------------------------


@mutation(
    Scope.GROUP_MANAGE,
    GroupInvitation,
    within=True,
    trusted=True,
    limit=limits.GROUP,
    extra={"token": (str, "The secret of the link, which is told this once.")},
    records=(facts.GroupInvitationCreated,),
)
async def group_invitation_create(act: Act, group_id: GroupId, role: As = MemberRole.MEMBER) -> Done:
    """Makes a link into a group for whoever gets hold of it first. It works once, within two weeks."""
    made, token = await invitations.create_link(act.tx, act.viewer, group_id, role)
    return Done(made, {"token": token})


@mutation(
    Scope.GROUP_MANAGE,
    GroupInvitation,
    within=True,
    trusted=True,
    limit=limits.GROUP_MAIL,
    records=(facts.GroupInvitationCreated,),
)
async def group_invitation_send(act: Act, group_id: GroupId, email: Email, role: As = MemberRole.MEMBER) -> str:
    """Sends a link into a group to an address, whether or not somebody with it has an account."""
    return await invitations.send(act.tx, act.viewer, group_id, role, email)


@mutation(Scope.GROUP_MANAGE, GroupInvitation, within=True, records=(facts.GroupInvitationCancelled,))
async def group_invitation_cancel(act: Act, id: InvitationId) -> str:
    """Takes a link back. Who has come in by it stays."""
    return await invitations.cancel(act.tx, id)


@mutation(
    Gate.PERSON,
    Membership,
    trusted=True,
    limit=limits.GROUP_SECRET,
    records=(facts.MembershipJoined, facts.GroupInvitationAccepted),
)
async def membership_start_by_link(act: Act, token: Secret) -> Done:
    """Comes into a group by a link."""
    return await _as_they_are(act, await invitations.accept(act.tx, act.viewer, token))


async def _as_they_are(act: Act, membership_id: str) -> Done:
    """The answer is read with what the viewer may in the group by now."""
    return Done(membership_id, viewer=await renewed(act.tx, act.viewer))


MUTATIONS = (
    group_create,
    group_update,
    group_activate,
    group_pause,
    group_end,
    group_disband,
    membership_make_owner,
    membership_add,
    membership_invite,
    membership_accept,
    membership_leave,
    membership_remove,
    membership_pause,
    membership_resume,
    membership_role_change,
    membership_describe,
    group_invitation_create,
    group_invitation_send,
    group_invitation_cancel,
    membership_start_by_link,
)
