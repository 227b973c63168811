"""Roles that staff give within a group: what they open there and nowhere else, and that they end at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.viewer import scope_within
from models.groups import Group, MemberRole
from models.identity import Role, Scope
from resolvers.identity.rights import SCOPES_OF_MEMBER, SCOPES_WITHIN_GROUP, scopes_within
from tests.groups.circles import GROUP, MEMBERSHIP, Circle, Person, make, members
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import code
from tests.support.clients import Client

Newcomer = Callable[[], Person]
CAN = "query($id: ID!) { group(id: $id) { canRead canModerate canManage } }"
UPDATE = """mutation($id: ID!) { groupUpdate(input: {id: $id, expectedRevision: 1, description: "d"}) {
    errors { code } } }"""


def give(circle: Circle, user_id: str, role: str, group: str, **more: object) -> str:
    """Gives somebody a role within a group; answers the grant's id."""
    given = {"userId": user_id, "role": role, "scopeType": "GROUP", "scopeId": group}
    found: str = circle.staff.do("roleGrant", "role { id }", **given, **more)["role"]["id"]
    return found


def can(client: Client, group: str) -> tuple[bool, bool, bool] | None:
    """What a client may in a group, as the API says; None where they do not see it."""
    found = client.ask(CAN, id=group)["group"]
    return None if found is None else (found["canRead"], found["canModerate"], found["canManage"])


@pytest.mark.parametrize(
    ("role", "rights"),
    [("COACH", (True, True, True)), ("MODERATOR", (True, True, False)), ("HOST", (True, False, False))],
)
def test_a_role_within_a_group_opens_that_group_and_no_other(
    circle: Circle, role: str, rights: tuple[bool, bool, bool]
) -> None:
    stranger = circle.people["stranger"]
    other = make(circle.staff, "COHORT")
    give(circle, stranger.id, role, circle.id)
    assert can(stranger.client, circle.id) == rights
    assert can(stranger.client, other) is None
    seen = members(stranger.client, circle.id)
    assert seen is not None
    assert stranger.id not in seen
    assert stranger.client.ask("{ groups { nodes { id } } }")["groups"]["nodes"] == [{"id": circle.id}]
    assert stranger.client.ask("{ viewer { scopes canReadGroups canManageGroups courses { courseId } } }")[
        "viewer"
    ] == {
        "scopes": [],
        "canReadGroups": False,
        "canManageGroups": False,
        "courses": [],
    }


def test_a_coach_runs_the_group_below_its_admins(circle: Circle) -> None:
    coach = circle.people["stranger"]
    give(circle, coach.id, "COACH", circle.id)
    coach.client.do("groupUpdate", GROUP, id=circle.id, expectedRevision=1, name="Coached")
    coach.client.do("groupActivate", GROUP, id=circle.id)
    coach.client.do("membershipPause", MEMBERSHIP, id=circle.ids["member"])
    coach.client.do("membershipRemove", MEMBERSHIP, id=circle.ids["moderator"])
    assert coach.client.refused("membershipRemove", id=circle.ids["admin"])["code"] == "RANK_TOO_LOW"
    assert coach.client.refused("groupDisband", id=circle.id)["code"] == "RANK_TOO_LOW"
    other = make(circle.staff, "COHORT")
    assert coach.client.refused("groupUpdate", id=other, expectedRevision=1, name="No")["code"] == "NOT_FOUND"


def test_a_role_within_a_group_ends_when_it_is_taken_or_its_time_is_up(circle: Circle, doorkeeper: Doorkeeper) -> None:
    coach = circle.people["stranger"]
    grant = give(circle, coach.id, "COACH", circle.id)
    assert can(coach.client, circle.id) == (True, True, True)
    doorkeeper.sql("UPDATE role_grant SET expires_at = now() WHERE id = %s", grant)
    assert can(coach.client, circle.id) is None
    assert coach.client.fails(UPDATE, id=circle.id) == "FORBIDDEN"
    doorkeeper.sql("UPDATE role_grant SET expires_at = NULL WHERE id = %s", grant)
    coach.client.do("groupUpdate", GROUP, id=circle.id, expectedRevision=1, description="d")
    circle.staff.do("roleRevoke", "__typename", id=grant)
    assert can(coach.client, circle.id) is None
    assert coach.client.fails(UPDATE, id=circle.id) == "FORBIDDEN"


def test_who_is_asked_what_they_may_within_an_act_is_the_database(circle: Circle, doorkeeper: Doorkeeper) -> None:
    """A second group keeps the door open, so that it is the act itself that has to find out."""
    coach, other = circle.people["stranger"], make(circle.staff, "COHORT")
    grant = give(circle, coach.id, "COACH", circle.id)
    give(circle, coach.id, "COACH", other)
    held = """mutation($a: ID!, $b: ID!) {
        one: groupPause(input: {id: $a}) { errors { code } }
        two: groupUpdate(input: {id: $b, expectedRevision: 1, name: "N"}) { errors { code } } }"""
    circle.staff.do("roleRevoke", "__typename", id=grant)
    found = coach.client.ask(held, a=circle.id, b=other)
    assert (found["one"]["errors"], found["two"]["errors"]) == ([{"code": "NOT_FOUND"}], [])


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"role": "LEARNER"}, ["role"]),
        ({"role": "CHAMPION"}, ["role"]),
        ({"role": "EDITOR"}, ["scopeType"]),
        ({"role": "ADMIN"}, ["role"]),
        ({"role": "COACH", "scopeId": Group.new_id()}, ["scopeId"]),
        ({"role": "COACH", "scopeId": "nonsense"}, ["scopeId"]),
        ({"role": "COACH", "scopeId": None}, ["scopeId"]),
    ],
    ids=["learner", "champion", "editor", "admin", "of nothing", "nonsense", "nowhere"],
)
def test_only_what_opens_something_is_given_within_a_group_that_is_there(
    circle: Circle, given: dict[str, str | None], path: list[str]
) -> None:
    whole = {"userId": circle.people["stranger"].id, "scopeType": "GROUP", "scopeId": circle.id, **given}
    assert circle.staff.refused("roleGrant", **whole)["path"] == path


def test_neither_owners_nor_coaches_give_roles(circle: Circle) -> None:
    coach = circle.people["stranger"]
    give(circle, coach.id, "COACH", circle.id)
    document = "mutation($input: RoleGrantInput!) { roleGrant(input: $input) { __typename } }"
    given = {"userId": circle.people["member"].id, "role": "COACH", "scopeType": "GROUP", "scopeId": circle.id}
    for client in (coach.client, circle.client("owner")):
        assert client.fails(document, input=given) == "FORBIDDEN"


def test_a_token_has_of_its_owners_groups_what_it_was_given(circle: Circle) -> None:
    owner = circle.client("owner")
    for scopes, rights in (
        ([], None),
        (["GROUP_READ"], (True, False, False)),
        (["GROUP_READ", "GROUP_MANAGE"], (True, False, True)),
    ):
        made = owner.do("apiTokenCreate", "token", name="t", scopes=scopes)
        program = Client(owner.url, made["token"])
        assert can(program, circle.id) == rights
        refused = program.answer(UPDATE, id=circle.id)
        assert ("errors" in refused) is ("GROUP_MANAGE" not in scopes)
        program.http.close()


def test_whoever_acts_as_a_member_sees_their_groups_and_does_not_come_in_or_go_for_them(circle: Circle) -> None:
    member = circle.people["member"]
    begun = circle.staff.do("impersonationStart", "token", userId=member.id, reason="To see")
    acting = Client(circle.staff.url, begun["token"])
    seen = members(acting, circle.id)
    assert seen is not None
    assert len(seen) == 4
    document = "mutation($id: ID!) { membershipLeave(input: {id: $id}) { __typename } }"
    assert acting.fails(document, id=circle.ids["member"]) == "FORBIDDEN"
    acting.http.close()


def test_what_the_api_says_that_one_may_is_what_the_row_policies_are_told(circle: Circle) -> None:
    for name, role in (("owner", MemberRole.OWNER), ("moderator", MemberRole.MODERATOR), ("member", MemberRole.MEMBER)):
        held = scopes_within([(role, circle.id)])
        scopes = (Scope.GROUP_READ, Scope.GROUP_MODERATE, Scope.GROUP_MANAGE)
        assert can(circle.client(name), circle.id) == tuple(scope_within(each, circle.id) in held for each in scopes)


def test_every_role_of_members_and_every_grant_opens_the_group_to_be_read() -> None:
    assert set(SCOPES_OF_MEMBER) == set(MemberRole)
    for scopes in (*SCOPES_OF_MEMBER.values(), *SCOPES_WITHIN_GROUP.values()):
        assert Scope.GROUP_READ in scopes
    assert Role.LEARNER not in SCOPES_WITHIN_GROUP


def test_the_same_idempotency_key_answers_after_one_has_come_in_or_gone(circle: Circle) -> None:
    stranger = circle.people["stranger"]
    stranger.client.http.headers["idempotency-key"] = "a-group-of-my-own"
    answers = [stranger.client.mutate("groupCreate", GROUP, kind="FAMILY", name="Us") for _ in range(2)]
    del stranger.client.http.headers["idempotency-key"]
    assert answers[0] == answers[1]
    assert code(answers[0]) is None
