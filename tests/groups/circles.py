"""A group to try things on, and short ways to do what is done in groups all the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.identity.guests import Guest
from tests.support.clients import Client, Data

GROUP = "group { id kind name slug status memberCount maxMembers privacyLevel revision canRead canModerate canManage }"
MEMBERSHIP = "membership { id groupId userId role status joinedAt leftAt }"
MEMBERS = """query($id: ID!) { group(id: $id) { memberCount members(first: 100) {
    totalCount nodes { id userId role status } } } }"""


def make(client: Client, kind: str = "BUDDY_GROUP", **more: object) -> str:
    """Makes a group; answers its id."""
    found: str = client.do("groupCreate", GROUP, kind=kind, name="Walkers", **more)["group"]["id"]
    return found


def invite(client: Client, group: str, user_id: str, **more: object) -> str:
    """Asks somebody in; answers the membership's id."""
    found: str = client.do("membershipInvite", MEMBERSHIP, groupId=group, userId=user_id, **more)["membership"]["id"]
    return found


def join(client: Client, group: str, guest: Guest, **more: object) -> str:
    """Asks somebody in who accepts; answers the membership's id."""
    asked = invite(client, group, guest.id, **more)
    guest.client.do("membershipAccept", MEMBERSHIP, id=asked)
    return asked


def members(client: Client, group: str) -> Data | None:
    """Person to what they are and how they stand, as a client sees it; None where they see no group."""
    found = client.ask(MEMBERS, id=group)["group"]
    if found is None:
        return None
    assert found["members"]["totalCount"] == len(found["members"]["nodes"])
    return {each["userId"]: (each["role"], each["status"]) for each in found["members"]["nodes"]}


@dataclass
class Circle:
    """A group by what its people are in it, with the id of each one's membership."""

    id: str
    staff: Client
    people: dict[str, Guest]
    ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    def made(cls, newcomer: Callable[[], Guest], staff: Client) -> Circle:
        """With an owner, an admin, a moderator and a member, and a stranger who is none of these."""
        people = {name: newcomer() for name in ("owner", "admin", "moderator", "member", "stranger")}
        owner = people["owner"].client
        made = cls(make(owner), staff, people)
        for name in ("admin", "moderator", "member"):
            made.ids[name] = join(owner, made.id, people[name], role=name.upper())
        own = owner.ask("query($id: ID!) { group(id: $id) { owner { id } } }", id=made.id)["group"]["owner"]
        made.ids["owner"] = own["id"]
        return made

    def client(self, name: str) -> Client:
        """The client of somebody; `staff` runs the place."""
        return self.staff if name == "staff" else self.people[name].client
