"""Sixty-four at once on the last seat, on one link, on one owner, and on what is given and taken at the same time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from models.groups import Membership
from tests.groups.circles import Circle, Person, invite, make
from tests.groups.test_rights import give
from tests.http.doorkeeper import Doorkeeper
from tests.identity.test_crowds import CROWD

# What a slow machine says: nothing was done, and one is to ask again.
LATER = ("UNAVAILABLE", "BUSY")
ASKED = """INSERT INTO membership (id, group_id, user_id, role, status)
    VALUES (%s, %s, %s, 'member', 'invited')"""
JOINED = "SELECT count(*) FROM fact WHERE type = 'membership.joined' AND payload->>'rootId' = %s"


def _asked(http: httpx.Client, url: str, body: str, headers: dict[str, str], name: str) -> str | None:
    answer = http.post(f"{url}/graphql", content=body, headers=headers).json()
    if "errors" in answer:
        return str(answer["errors"][0]["extensions"]["code"])
    errors = answer["data"][name]["errors"]
    return str(errors[0]["code"]) if errors else None


def at_once(url: str, acts: list[tuple[str | None, str, dict[str, Any]]]) -> Counter[str | None]:
    """How often (token, mutation, input) ended without an error (None), or with which code; all begin together."""
    barrier = Barrier(len(acts))

    def ask(act: tuple[str | None, str, dict[str, Any]]) -> str | None:
        token, name, given = act
        head = f"mutation($input: {name[0].upper()}{name[1:]}Input!)"
        body = {"query": f"{head} {{ {name}(input: $input) {{ errors {{ code }} }} }}", "variables": {"input": given}}
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        with httpx.Client(timeout=120, verify=False) as http:
            barrier.wait(60)
            code = _asked(http, url, json.dumps(body), headers, name)
            while code in LATER:
                code = _asked(http, url, json.dumps(body), headers, name)
            return code

    with ThreadPoolExecutor(len(acts)) as threads:
        return Counter(threads.map(ask, acts))


@pytest.fixture
def passers(come: Callable[..., list[Person]]) -> list[Person]:
    """Sixty-four people with apps of their own."""
    return come(CROWD)


def _seats(doorkeeper: Doorkeeper, group: str) -> tuple[int, int]:
    """(seats that are counted, people who have one)."""
    ((counted,),) = doorkeeper.sql('SELECT member_count FROM "group" WHERE id = %s', group)
    seated = "SELECT count(*) FROM membership WHERE group_id = %s AND status IN ('active', 'paused')"
    ((there,),) = doorkeeper.sql(seated, group)
    return counted, there


def test_of_many_who_were_asked_in_as_many_come_as_there_are_seats(
    circle: Circle, passers: list[Person], doorkeeper: Doorkeeper
) -> None:
    pod = make(circle.staff, "POD")
    asked = []
    for each in passers:
        membership_id = Membership.new_id()
        doorkeeper.sql(ASKED, membership_id, pod, each.id)
        asked.append((each.client.token, "membershipAccept", {"id": membership_id}))
    assert at_once(circle.staff.url, asked) == {None: 6, "GROUP_FULL": CROWD - 6}
    assert _seats(doorkeeper, pod) == (6, 6)
    assert doorkeeper.sql(JOINED, pod) == [(6,)]


def test_of_many_who_follow_one_link_one_comes_in(
    circle: Circle, passers: list[Person], doorkeeper: Doorkeeper
) -> None:
    token = circle.client("owner").do("groupInvitationCreate", "token", groupId=circle.id)["token"]
    tries = [(each.client.token, "membershipStartByLink", {"token": token}) for each in passers]
    assert at_once(circle.staff.url, tries) == {None: 1, "INVITATION_OVER": CROWD - 1}
    assert _seats(doorkeeper, circle.id) == (5, 5)


def test_who_accepts_many_times_at_once_comes_in_once(circle: Circle, doorkeeper: Doorkeeper) -> None:
    stranger = circle.people["stranger"]
    asked = invite(circle.client("owner"), circle.id, stranger.id)
    token = stranger.client.token
    assert at_once(circle.staff.url, [(token, "membershipAccept", {"id": asked})] * CROWD) == {None: CROWD}
    assert _seats(doorkeeper, circle.id) == (5, 5)
    told = "SELECT count(*) FROM fact WHERE type = 'membership.joined' AND subject_id = %s"
    assert doorkeeper.sql(told, asked) == [(1,)]


def test_a_group_has_one_owner_whoever_hands_it_over_and_leaves_at_the_same_time(
    circle: Circle, doorkeeper: Doorkeeper
) -> None:
    """The owner and those it is handed to all hand it over and leave: somebody is left whose it is."""
    tokens = {name: circle.client(name).token for name in ("owner", "admin", "moderator", "member")}
    names = list(tokens)
    acts = [
        (tokens[names[number % 4]], "membershipMakeOwner", {"id": circle.ids[names[(number + 1) % 4]]})
        if number % 2
        else (tokens[names[number // 2 % 4]], "membershipLeave", {"id": circle.ids[names[number // 2 % 4]]})
        for number in range(CROWD)
    ]
    at_once(circle.staff.url, acts)
    owners = "SELECT count(*) FROM membership WHERE group_id = %s AND role = 'owner' AND status = 'active'"
    assert doorkeeper.sql(owners, circle.id) == [(1,)]
    counted, there = _seats(doorkeeper, circle.id)
    assert counted == there


def test_what_is_done_while_a_role_is_taken_was_done_before_or_is_not_done(
    circle: Circle, doorkeeper: Doorkeeper
) -> None:
    coach = circle.people["stranger"]
    grant = give(circle, coach.id, "COACH", circle.id)
    token = coach.client.token
    revoker = circle.staff.do("apiTokenCreate", "token", name="r", scopes=["ROLE_GRANT", "GROUP_READ"])["token"]
    acts: list[tuple[str | None, str, dict[str, Any]]] = [(token, "groupInvitationCreate", {"groupId": circle.id})] * 31
    codes = at_once(circle.staff.url, [*acts, (revoker, "roleRevoke", {"id": grant}), *acts])
    made = doorkeeper.sql("SELECT count(*) FROM group_invitation WHERE group_id = %s", circle.id)[0][0]
    assert codes[None] == made + 1
    assert set(codes) <= {None, "NOT_FOUND", "FORBIDDEN", "RATE_LIMITED"}
    after = at_once(circle.staff.url, [(token, "groupInvitationCreate", {"groupId": circle.id})] * 4)
    assert set(after) <= {"FORBIDDEN", "RATE_LIMITED"}


def test_of_a_family_with_room_for_six_no_more_are_seated_whichever_way_they_come(
    circle: Circle, passers: list[Person], doorkeeper: Doorkeeper
) -> None:
    family = make(circle.client("owner"), "FAMILY")
    acts: list[tuple[str | None, str, dict[str, Any]]] = []
    adder = circle.staff.do("apiTokenCreate", "token", name="a", scopes=["GROUP_MANAGE", "GROUP_READ"])["token"]
    for number, each in enumerate(passers):
        membership_id = Membership.new_id()
        if number % 2:
            doorkeeper.sql(ASKED, membership_id, family, each.id)
            acts.append((each.client.token, "membershipAccept", {"id": membership_id}))
        else:
            acts.append((adder, "membershipAdd", {"groupId": family, "userId": each.id}))
    assert at_once(circle.staff.url, acts) == {None: 5, "GROUP_FULL": CROWD - 5}
    assert _seats(doorkeeper, family) == (6, 6)
