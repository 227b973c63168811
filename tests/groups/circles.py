"""A group to try things on, and short ways to do what is done in groups all the time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.writing import Transaction
from models.identity import Role, SessionKind
from resolvers import identity
from resolvers.identity import sessions
from tests.support.clients import Client, Data
from tests.support.databases import as_service

_numbers = itertools.count(1)

GROUP = "group { id kind name slug status memberCount maxMembers privacyLevel revision canRead canModerate canManage }"
MEMBERSHIP = "membership { id groupId userId role status joinedAt leftAt }"
MEMBERS = """query($id: ID!) { group(id: $id) { memberCount members(first: 100) {
    totalCount nodes { id userId role status } } } }"""


@dataclass
class Person:
    """Somebody who is signed in with an app."""

    client: Client
    id: str
    email: str


def people(url: str, database_url: str, many: int, role: Role = Role.LEARNER) -> list[Person]:
    """So many new people, who all are signed in."""

    async def come(tx: Transaction) -> list[Person]:
        found = []
        for _ in range(many):
            email = f"walker{next(_numbers)}@example.org"
            user_id = await identity.ensure_user(tx, email, "Guest", role)
            started = await sessions.start(tx, user_id, SessionKind.APP, identity.Origin())
            found.append(Person(Client(url, started.access_token), user_id, email))
        return found

    return as_service(database_url, come)


def make(client: Client, kind: str = "BUDDY_GROUP", **more: object) -> str:
    """Makes a group; answers its id."""
    found: str = client.do("groupCreate", GROUP, kind=kind, name="Walkers", **more)["group"]["id"]
    return found


def invite(client: Client, group: str, user_id: str, **more: object) -> str:
    """Asks somebody in; answers the membership's id."""
    found: str = client.do("membershipInvite", MEMBERSHIP, groupId=group, userId=user_id, **more)["membership"]["id"]
    return found


def join(client: Client, group: str, guest: Person, **more: object) -> str:
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
    people: dict[str, Person]
    ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    def made(cls, five: Sequence[Person], staff: Client) -> Circle:
        """With an owner, an admin, a moderator and a member, and a stranger who is none of these."""
        people = dict(zip(("owner", "admin", "moderator", "member", "stranger"), five, strict=True))
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
