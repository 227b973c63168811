"""A group's life: made by whoever may, changed, under way, on a break, over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.groups import Group
from tests.groups.circles import GROUP, Circle, Person, invite, join, make, members
from tests.identity.guests import code
from tests.support.clients import Client

Newcomer = Callable[[], Person]


@pytest.mark.parametrize(("kind", "room"), [("PAIR", 2), ("FAMILY", 6), ("BUDDY_GROUP", None)])
def test_people_make_groups_of_their_own_and_own_them(newcomer: Newcomer, kind: str, room: int | None) -> None:
    guest = newcomer()
    made = guest.client.do("groupCreate", GROUP, kind=kind, name="Us")["group"]
    assert (made["status"], made["memberCount"], made["maxMembers"]) == ("FORMING", 1, room)
    assert (made["canRead"], made["canModerate"], made["canManage"]) == (True, True, True)
    assert members(guest.client, made["id"]) == {guest.id: ("OWNER", "ACTIVE")}
    listed = guest.client.ask("{ viewer { groups { totalCount nodes { role group { name } } } } }")["viewer"]["groups"]
    assert listed == {"totalCount": 1, "nodes": [{"role": "OWNER", "group": {"name": "Us"}}]}


@pytest.mark.parametrize("kind", ["COHORT", "POD"])
def test_cohorts_and_pods_are_made_by_staff_and_are_nobodys(newcomer: Newcomer, admin: Client, kind: str) -> None:
    refusal = newcomer().client.refused("groupCreate", kind=kind, name="Spring")
    assert (refusal["code"], refusal["path"]) == ("FORBIDDEN", ["kind"])
    made = admin.do("groupCreate", f"{GROUP[:-2]} owner {{ id }} }}", kind=kind, name="Spring", slug="spring-29")
    assert (made["group"]["slug"], made["group"]["owner"], made["group"]["memberCount"]) == ("spring-29", None, 0)


def test_a_group_is_found_by_its_slug_too(admin: Client) -> None:
    made = admin.do("groupCreate", GROUP, kind="COHORT", name="Autumn", slug="autumn-29")["group"]
    document = "query($slug: String!) { group(slug: $slug) { id name } }"
    assert admin.ask(document, slug="autumn-29")["group"] == {"id": made["id"], "name": "Autumn"}
    assert admin.ask(document, slug="autumn-30")["group"] is None


def test_the_same_name_twice_says_nothing_about_the_other_group(newcomer: Newcomer) -> None:
    slugs = {
        newcomer().client.do("groupCreate", GROUP, kind="FAMILY", name="Family Smith")["group"]["slug"] for _ in "12"
    }
    assert len(slugs) == 2
    assert all(slug.startswith("family-smith-") for slug in slugs)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": " "}, ["name"]),
        ({"maxMembers": 0}, ["maxMembers"]),
        ({"maxMembers": 3}, ["maxMembers"]),
        ({"startsOn": "2029-02-01", "endsOn": "2029-01-31"}, ["endsOn"]),
        ({"description": "x" * 5001}, ["description"]),
    ],
)
def test_what_breaks_a_rule_is_named_by_its_field(
    newcomer: Newcomer, fields: dict[str, object], path: list[str]
) -> None:
    refusal = newcomer().client.refused("groupCreate", **{"kind": "PAIR", "name": "Us", **fields})
    assert (refusal["code"], refusal["path"]) == ("INVALID", path)


def test_a_group_is_saved_by_those_who_run_it_and_a_stale_revision_is_a_conflict(circle: Circle) -> None:
    saved = circle.client("admin").do("groupUpdate", GROUP, id=circle.id, expectedRevision=1, name="Runners")["group"]
    assert (saved["name"], saved["revision"]) == ("Runners", 2)
    stale = circle.client("owner").refused("groupUpdate", id=circle.id, expectedRevision=1, name="Sitters")
    assert (stale["code"], stale["fields"][0]["current"]) == ("REVISION_CONFLICT", "Runners")
    small = circle.client("owner").refused("groupUpdate", id=circle.id, expectedRevision=2, maxMembers=3)
    assert (small["code"], small["path"]) == ("INVALID", ["maxMembers"])
    slug = circle.client("owner").refused("groupUpdate", id=circle.id, expectedRevision=2, slug="mine")
    assert (slug["code"], slug["path"]) == ("FORBIDDEN", ["slug"])
    assert (
        circle.staff.do("groupUpdate", GROUP, id=circle.id, expectedRevision=2, slug="mine")["group"]["slug"] == "mine"
    )


def test_nothing_else_of_a_group_is_changed_by_those_who_do_not_run_it(circle: Circle) -> None:
    document = (
        'mutation($id: ID!) { groupUpdate(input: {id: $id, expectedRevision: 1, name: "No"}) { errors { code } } }'
    )
    for name in ("moderator", "member", "stranger"):
        assert circle.client(name).fails(document, id=circle.id) == "FORBIDDEN"
    other = make(circle.client("stranger"))
    refusal = circle.client("stranger").refused("groupUpdate", id=circle.id, expectedRevision=1, name="No")
    nowhere = circle.client("stranger").refused("groupUpdate", id=Group.new_id(), expectedRevision=1, name="No")
    assert refusal == nowhere
    assert other != circle.id


def test_a_group_goes_through_its_life_step_by_step(circle: Circle) -> None:
    owner = circle.client("owner")

    def step(name: str) -> str | None:
        return code(owner.mutate(name, "group { status }", id=circle.id))

    assert step("groupPause") == "WRONG_STATUS"
    assert step("groupEnd") == "WRONG_STATUS"
    for name in ("groupActivate", "groupActivate", "groupPause", "groupActivate", "groupEnd"):
        assert step(name) is None
    for name in ("groupActivate", "groupPause", "groupEnd", "groupDisband"):
        assert step(name) == "GROUP_OVER"
    seen = members(circle.client("member"), circle.id)
    assert seen is not None
    assert len(seen) == 4


def test_a_group_that_is_over_takes_nobody_and_lets_people_go(circle: Circle) -> None:
    owner, stranger = circle.client("owner"), circle.people["stranger"]
    asked = invite(owner, circle.id, stranger.id)
    owner.do("groupActivate", GROUP, id=circle.id)
    owner.do("groupEnd", GROUP, id=circle.id)
    assert stranger.client.refused("membershipAccept", id=asked)["code"] == "GROUP_OVER"
    assert owner.refused("groupInvitationCreate", groupId=circle.id)["code"] == "GROUP_OVER"
    assert code(circle.client("member").mutate("membershipLeave", "__typename", id=circle.ids["member"])) is None


def test_a_group_is_disbanded_by_its_owner_or_staff_and_lets_everybody_go(circle: Circle) -> None:
    assert circle.client("admin").refused("groupDisband", id=circle.id)["code"] == "RANK_TOO_LOW"
    circle.client("owner").do("groupDisband", "__typename", id=circle.id)
    for name in ("owner", "admin", "moderator", "member"):
        assert members(circle.client(name), circle.id) is None
    assert members(circle.staff, circle.id) == {}


def test_it_takes_two_to_make_a_pair_and_one_who_goes_leaves_it_on_a_break(newcomer: Newcomer) -> None:
    one, other, third = newcomer(), newcomer(), newcomer()
    pair = make(one.client, "PAIR")
    assert one.client.refused("groupActivate", id=pair)["code"] == "NOT_TWO"
    second = join(one.client, pair, other)
    asked = invite(one.client, pair, third.id)
    assert third.client.refused("membershipAccept", id=asked)["code"] == "GROUP_FULL"
    one.client.do("groupActivate", GROUP, id=pair)
    assert one.client.refused("membershipPause", id=second)["code"] == "NOT_TWO"
    other.client.do("membershipLeave", "membership { status }", id=second)
    found = one.client.ask("query($id: ID!) { group(id: $id) { status memberCount } }", id=pair)["group"]
    assert found == {"status": "PAUSED", "memberCount": 1}
    assert one.client.refused("groupActivate", id=pair)["code"] == "NOT_TWO"
    join(one.client, pair, other)
    assert one.client.do("groupActivate", GROUP, id=pair)["group"]["status"] == "ACTIVE"


def test_a_public_group_is_known_to_everybody_and_its_members_to_none(
    newcomer: Newcomer, visitor: Callable[[], Client]
) -> None:
    guest = newcomer()
    group = make(guest.client, privacyLevel="PUBLIC", description="We walk.")
    asked = """query($id: ID!) { group(id: $id) {
        name memberCount canRead members { totalCount nodes { id } } owner { id } } }"""
    for client in (visitor(), newcomer().client):
        assert client.ask(asked, id=group)["group"] == {
            "name": "Walkers",
            "memberCount": 1,
            "canRead": False,
            "members": {"totalCount": 0, "nodes": []},
            "owner": None,
        }
    guest.client.do("groupUpdate", GROUP, id=group, expectedRevision=1, privacyLevel="PRIVATE")
    assert visitor().ask(asked, id=group)["group"] is None
