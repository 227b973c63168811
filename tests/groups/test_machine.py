"""A group under whatever is done to it, in any order: the rules as data, and a group that keeps to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.groups import GroupStatus, MemberRole, MembershipStatus
from resolvers.groups.rules import CLOSED, GONE, MEMBER_STEPS, RANK_OF_MEMBER, SEATED, STEPS
from tests.engine.sizes import generated
from tests.groups.circles import Person, make, members
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import code
from tests.support.clients import Client

ROOM = 3
ACTS = ("invite", "accept", "leave", "remove", "pause", "resume", "link", "role")


def test_from_every_status_the_steps_are_told_and_what_is_over_stays_over() -> None:
    assert set(STEPS) == set(GroupStatus)
    assert set(MEMBER_STEPS) == set(MembershipStatus)
    assert all(STEPS[each] == frozenset() for each in CLOSED)
    assert set(RANK_OF_MEMBER) == set(MemberRole)


def test_whoever_is_gone_may_come_back_and_nobody_is_asked_in_who_is_there() -> None:
    for each in MembershipStatus:
        assert (MembershipStatus.INVITED in MEMBER_STEPS[each]) is (each in GONE)
        assert each not in MEMBER_STEPS[each]


class Model:
    """What there ought to be: person to status, for people who are no owners."""

    def __init__(self, many: int) -> None:
        self.status: dict[int, str | None] = dict.fromkeys(range(many))

    @property
    def seated(self) -> int:
        """How many seats are taken, the owner's included."""
        return 1 + sum(each in SEATED for each in self.status.values())

    def after(self, act: str, who: int) -> str | None:
        """The code that an act has to end in; what is then so is kept."""
        now = self.status[who]
        if act == "invite":
            self.status[who] = now if now in {"invited", *SEATED} else "invited"
        elif act in ("accept", "link"):
            return self._in(act, who, now)
        elif act == "leave":
            self.status[who] = now if now is None or now in GONE else "left"
        elif act == "remove":
            self.status[who] = now if now is None or now in GONE else "removed"
        elif act in ("pause", "resume"):
            if now not in SEATED:
                return "WRONG_STATUS"
            self.status[who] = "paused" if act == "pause" else "active"
        elif now in GONE:
            return "NOT_FOUND"
        return None

    def _in(self, act: str, who: int, now: str | None) -> str | None:
        if now in SEATED:
            return None
        if act == "accept" and now != "invited":
            return "NOT_FOUND"
        if act == "link" and now == "removed":
            return "INVITATION_OVER"
        if self.seated >= ROOM:
            return "GROUP_FULL"
        self.status[who] = "active"
        return None


class Group:
    """The real one, and how each act is done through the API."""

    def __init__(self, owner: Client, guests: list[Person]) -> None:
        self.owner, self.guests = owner, guests
        self.id = make(owner, maxMembers=ROOM)
        self.ids: dict[int, str] = {}

    def does(self, act: str, who: int) -> str | None:
        """The code in which an act ends; None as well for one that needs a membership where there is none."""
        guest = self.guests[who]
        if act == "invite":
            payload = self.owner.mutate("membershipInvite", "membership { id }", groupId=self.id, userId=guest.id)
            if payload["membership"]:
                self.ids[who] = payload["membership"]["id"]
            return code(payload)
        if act == "link":
            token = self.owner.do("groupInvitationCreate", "token", groupId=self.id)["token"]
            payload = guest.client.mutate("membershipStartByLink", "membership { id }", token=token)
            if payload["membership"]:
                self.ids[who] = payload["membership"]["id"]
            return code(payload)
        if who not in self.ids:
            return None
        client = guest.client if act in ("accept", "leave") else self.owner
        name = {"role": "membershipRoleChange"}.get(act, f"membership{act.title()}")
        more = {"role": "GUEST"} if act == "role" else {}
        return code(client.mutate(name, "membership { id }", id=self.ids[who], **more))


@pytest.fixture
def walkers(come: Callable[..., list[Person]]) -> list[Person]:
    """An owner and three others."""
    return come(4)


@generated(60)
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2)), min_size=6, max_size=14))
def test_whatever_is_done_in_whatever_order_a_group_is_what_its_rules_say(
    walkers: list[Person], doorkeeper: Doorkeeper, acts: list[tuple[str, int]]
) -> None:
    # As many groups as hypothesis likes are made and tried: that is not what the limits are about.
    doorkeeper.sql("DELETE FROM rate_limit")
    owner, *others = walkers
    group, model = Group(owner.client, others), Model(len(others))
    for act, who in acts:
        if model.status[who] is None and act not in ("invite", "link"):
            assert group.does(act, who) is None
            continue
        assert group.does(act, who) == model.after(act, who), (act, who, acts)
        seen = members(owner.client, group.id)
        assert seen is not None
        standing = {number: seen.get(each.id, (None, None))[1] for number, each in enumerate(others)}
        expected = {each: None if now is None or now in GONE else now.upper() for each, now in model.status.items()}
        assert standing == expected, acts
        counted = owner.client.ask("query($id: ID!) { group(id: $id) { memberCount } }", id=group.id)["group"]
        assert counted == {"memberCount": model.seated}
