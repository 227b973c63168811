"""Who is in a group: asked in, in, on a break, gone; who may do what to whom; and what others see of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.groups import Membership
from models.identity import User
from resolvers.groups.rules import MOST_GROUPS
from tests.groups.circles import GROUP, MEMBERSHIP, Circle, Person, invite, join, make, members
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import code
from tests.support.clients import Client

Newcomer = Callable[[], Person]
SEEN = "query($id: ID!) { group(id: $id) { name memberCount members { totalCount } membership { status } } }"
CARDS = """query($id: ID!) { group(id: $id) { members(first: 100) {
    nodes { userId displayName relationshipLabel user { displayName bio location } } } } }"""


def test_who_is_asked_in_sees_the_group_and_nobody_in_it_until_they_come(circle: Circle) -> None:
    owner, stranger = circle.client("owner"), circle.people["stranger"]
    assert stranger.client.ask(SEEN, id=circle.id)["group"] is None
    asked = invite(owner, circle.id, stranger.id)
    seen = stranger.client.ask(SEEN, id=circle.id)["group"]
    assert (seen["name"], seen["membership"]) == ("Walkers", {"status": "INVITED"})
    # Their own row is all that they see of members.
    assert seen["members"]["totalCount"] == 1
    came = stranger.client.do("membershipAccept", f"{MEMBERSHIP[:-2]} group {{ memberCount }} }}", id=asked)
    assert came["membership"]["group"] == {"memberCount": 5}
    assert stranger.client.ask(SEEN, id=circle.id)["group"]["members"]["totalCount"] == 5


def test_members_see_who_is_in_it_and_those_who_run_it_who_is_asked_in_too(circle: Circle) -> None:
    invite(circle.client("owner"), circle.id, circle.people["stranger"].id)
    for name, many in (("owner", 5), ("admin", 5), ("staff", 5), ("moderator", 4), ("member", 4)):
        seen = members(circle.client(name), circle.id)
        assert seen is not None
        assert len(seen) == many, name


def test_to_ask_and_to_accept_again_changes_nothing(circle: Circle, doorkeeper: Doorkeeper) -> None:
    owner, stranger = circle.client("owner"), circle.people["stranger"]
    asked = invite(owner, circle.id, stranger.id)
    assert invite(owner, circle.id, stranger.id, role="ADMIN") == asked
    for _ in range(2):
        assert stranger.client.do("membershipAccept", MEMBERSHIP, id=asked)["membership"]["role"] == "MEMBER"
    told = "SELECT type, count(*) FROM fact WHERE subject_id = %s GROUP BY type ORDER BY type"
    assert doorkeeper.sql(told, asked) == [("membership.invited", 1), ("membership.joined", 1)]


def test_who_declines_or_leaves_comes_back_in_the_same_row(circle: Circle) -> None:
    owner, stranger = circle.client("owner"), circle.people["stranger"]
    asked = invite(owner, circle.id, stranger.id)
    declined = stranger.client.do("membershipLeave", MEMBERSHIP, id=asked)["membership"]
    assert (declined["status"], declined["leftAt"] is None) == ("LEFT", False)
    assert stranger.client.refused("membershipAccept", id=asked)["code"] == "NOT_FOUND"
    assert invite(owner, circle.id, stranger.id, role="GUEST") == asked
    back = stranger.client.do("membershipAccept", MEMBERSHIP, id=asked)["membership"]
    assert (back["status"], back["role"], back["leftAt"]) == ("ACTIVE", "GUEST", None)
    stranger.client.do("membershipLeave", MEMBERSHIP, id=asked)
    stranger.client.do("membershipLeave", MEMBERSHIP, id=asked)
    assert owner.ask(SEEN, id=circle.id)["group"]["memberCount"] == 4


def test_who_takes_a_break_keeps_the_seat_and_sees_nobody(circle: Circle) -> None:
    member, moderator = circle.client("member"), circle.client("moderator")
    for _ in range(2):
        paused = moderator.do("membershipPause", MEMBERSHIP, id=circle.ids["member"])["membership"]
    assert paused["status"] == "PAUSED"
    seen = member.ask(SEEN, id=circle.id)["group"]
    assert (seen["memberCount"], seen["members"]["totalCount"]) == (4, 1)
    assert member.refused("membershipDescribe", id=circle.ids["owner"], displayName="No")["code"] == "NOT_FOUND"
    moderator.do("membershipResume", MEMBERSHIP, id=circle.ids["member"])
    assert member.ask(SEEN, id=circle.id)["group"]["members"]["totalCount"] == 4


def test_who_was_made_to_go_sees_nothing_more_at_once(circle: Circle) -> None:
    circle.client("admin").do("membershipRemove", MEMBERSHIP, id=circle.ids["member"])
    assert circle.client("member").ask(SEEN, id=circle.id)["group"] is None
    assert circle.client("member").ask("{ viewer { groups { totalCount } } }")["viewer"]["groups"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("who", "mutation", "whom", "expected"),
    [
        ("owner", "membershipRemove", "admin", None),
        ("owner", "membershipRemove", "owner", "OWN_STANDING"),
        ("admin", "membershipRemove", "moderator", None),
        ("admin", "membershipRemove", "admin", "OWN_STANDING"),
        ("admin", "membershipRemove", "owner", "RANK_TOO_LOW"),
        ("moderator", "membershipRemove", "member", "FORBIDDEN"),
        ("moderator", "membershipPause", "member", None),
        ("moderator", "membershipPause", "admin", "RANK_TOO_LOW"),
        ("member", "membershipPause", "member", "FORBIDDEN"),
        ("stranger", "membershipRemove", "member", "FORBIDDEN"),
        ("staff", "membershipRemove", "admin", None),
        ("staff", "membershipRemove", "owner", "LAST_OWNER"),
        ("staff", "membershipPause", "owner", "LAST_OWNER"),
        ("owner", "membershipLeave", "owner", "LAST_OWNER"),
        ("member", "membershipLeave", "admin", "NOT_FOUND"),
        ("admin", "membershipMakeOwner", "member", "RANK_TOO_LOW"),
        ("owner", "membershipMakeOwner", "member", None),
        ("staff", "membershipMakeOwner", "member", None),
    ],
)
def test_nobody_acts_on_their_equals_nor_on_those_above(
    circle: Circle, who: str, mutation: str, whom: str, expected: str | None
) -> None:
    name = f"{mutation[0].upper()}{mutation[1:]}Input!"
    document = f"mutation($input: {name}) {{ {mutation}(input: $input) {{ errors {{ code }} }} }}"
    answer = circle.client(who).answer(document, input={"id": circle.ids[whom]})
    found = answer.get("errors") or answer["data"][mutation]["errors"]
    codes = [each["extensions"]["code"] if "extensions" in each else each["code"] for each in found]
    assert codes == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("who", "role", "expected"),
    [
        ("owner", "ADMIN", None),
        ("owner", "OWNER", "INVALID"),
        ("admin", "MODERATOR", None),
        ("admin", "ADMIN", "RANK_TOO_LOW"),
        ("staff", "ADMIN", None),
    ],
)
def test_nobody_makes_an_equal_of_theirs(circle: Circle, who: str, role: str, expected: str | None) -> None:
    changed = circle.client(who).mutate("membershipRoleChange", MEMBERSHIP, id=circle.ids["member"], role=role)
    assert code(changed) == expected
    stranger = circle.people["stranger"].id
    asked = circle.client(who).mutate("membershipInvite", MEMBERSHIP, groupId=circle.id, userId=stranger, role=role)
    assert code(asked) == expected


def test_a_group_is_handed_over_and_its_owner_becomes_an_admin(circle: Circle) -> None:
    owner, member = circle.people["owner"], circle.people["member"]
    for _ in range(2):
        circle.staff.do("membershipMakeOwner", MEMBERSHIP, id=circle.ids["member"])
    seen = members(owner.client, circle.id)
    assert seen is not None
    assert (seen[owner.id][0], seen[member.id][0]) == ("ADMIN", "OWNER")
    assert owner.client.refused("groupDisband", id=circle.id)["code"] == "RANK_TOO_LOW"
    owner.client.do("membershipLeave", "__typename", id=circle.ids["owner"])


def test_staff_put_people_into_a_group_and_nobody_else_does(circle: Circle, newcomer: Newcomer) -> None:
    stranger = circle.people["stranger"].id
    cohort = make(circle.staff, "COHORT")
    added = circle.staff.do("membershipAdd", MEMBERSHIP, groupId=cohort, userId=stranger)["membership"]
    assert (added["status"], added["role"]) == ("ACTIVE", "MEMBER")
    assert (
        circle.staff.do("membershipAdd", MEMBERSHIP, groupId=cohort, userId=stranger)["membership"]["id"] == added["id"]
    )
    document = "mutation($input: MembershipAddInput!) { membershipAdd(input: $input) { __typename } }"
    for name in ("owner", "admin"):
        given = {"groupId": circle.id, "userId": stranger}
        assert circle.client(name).fails(document, input=given) == "FORBIDDEN"
    refusal = circle.staff.refused("membershipAdd", groupId=circle.id, userId=stranger, role="OWNER")
    assert (refusal["code"], refusal["path"]) == ("INVALID", ["role"])


@pytest.mark.parametrize(
    "user_id", ["nonsense", Membership.new_id(), User.new_id()], ids=["nonsense", "of another kind", "of nobody"]
)
def test_nobody_is_asked_in_who_is_not_there(circle: Circle, user_id: str) -> None:
    refusal = circle.client("owner").refused("membershipInvite", groupId=circle.id, userId=user_id)
    assert (refusal["code"], refusal["path"]) == ("NOT_FOUND", ["userId"])


def test_who_was_blocked_cannot_ask_in_and_is_not_told(circle: Circle) -> None:
    owner, stranger = circle.people["owner"], circle.people["stranger"]
    stranger.client.do("friendshipBlock", "__typename", userId=owner.id)
    refusal = owner.client.refused("membershipInvite", groupId=circle.id, userId=stranger.id)
    assert refusal == owner.client.refused("membershipInvite", groupId=circle.id, userId=User.new_id())


def test_nobody_is_in_more_groups_than_there_may_be(circle: Circle, newcomer: Newcomer, doorkeeper: Doorkeeper) -> None:
    stranger = circle.people["stranger"]
    doorkeeper.sql(
        """WITH made AS (INSERT INTO "group" (id, kind, name, slug, status, privacy_level)
               SELECT gen_random_uuid(), 'cohort', 'n', 'many-' || n, 'active', 'private'
               FROM generate_series(1, %s) AS n RETURNING id)
           INSERT INTO membership (id, group_id, user_id, role, status, joined_at)
           SELECT gen_random_uuid(), id, %s, 'member', 'active', now() FROM made""",
        MOST_GROUPS,
        stranger.id,
    )
    # How many these are is for the person alone to know, and not for whoever asks them in.
    asked = invite(circle.client("owner"), circle.id, stranger.id)
    assert stranger.client.refused("membershipAccept", id=asked)["code"] == "TOO_MANY_GROUPS"
    assert stranger.client.refused("groupCreate", kind="FAMILY", name="One more")["code"] == "TOO_MANY_GROUPS"


def test_what_one_is_called_in_a_group_is_ones_own_to_say(circle: Circle, doorkeeper: Doorkeeper) -> None:
    named = {"displayName": "Mum", "relationshipLabel": "mother"}
    circle.client("owner").do("membershipDescribe", "__typename", id=circle.ids["owner"], **named)
    nodes = circle.client("member").ask(CARDS, id=circle.id)["group"]["members"]["nodes"]
    found = {each["userId"]: (each["displayName"], each["relationshipLabel"]) for each in nodes}
    assert found[circle.people["owner"].id] == ("Mum", "mother")
    assert circle.client("admin").refused("membershipDescribe", id=circle.ids["member"], displayName="X")["code"] == (
        "NOT_FOUND"
    )
    entry = "SELECT details::text, after::text FROM audit_log WHERE action = %s AND subject_id = %s"
    assert "Mum" not in str(doorkeeper.sql(entry, "membership_describe", circle.ids["owner"]))


def _tell(guest: Person, privacy: str) -> None:
    visibility = [{"field": "bio", "audience": "FRIENDS"}, {"field": "location", "audience": "NOBODY"}]
    told = {"bio": "I listen.", "location": "Here", "privacyLevel": privacy, "visibility": visibility}
    guest.client.do("profileUpdate", "__typename", expectedRevision=1, **told)


@pytest.mark.parametrize(
    ("kind", "privacy", "seen"),
    [
        ("FAMILY", "FRIENDS_ONLY", {"displayName": "Guest", "bio": "I listen.", "location": None}),
        ("FAMILY", "PRIVATE", None),
        ("FAMILY", "PUBLIC", {"displayName": "Guest", "bio": "I listen.", "location": None}),
        ("BUDDY_GROUP", "FRIENDS_ONLY", None),
        ("BUDDY_GROUP", "PUBLIC", {"displayName": "Guest", "bio": None, "location": None}),
    ],
)
def test_members_see_of_each_other_what_each_shows_to_those_who_are_close(
    newcomer: Newcomer, kind: str, privacy: str, seen: dict[str, str | None] | None
) -> None:
    one, other = newcomer(), newcomer()
    _tell(one, privacy)
    group = make(one.client, kind)
    one.client.do("membershipInvite", "__typename", groupId=group, userId=other.id)
    one.client.do("groupActivate", GROUP, id=group)
    join(one.client, group, other)
    nodes = other.client.ask(CARDS, id=group)["group"]["members"]["nodes"]
    assert {each["userId"]: each["user"] for each in nodes}[one.id] == seen


def test_what_is_for_the_close_ends_with_the_group_the_seat_or_a_break(newcomer: Newcomer) -> None:
    one, other, third = newcomer(), newcomer(), newcomer()
    _tell(one, "FRIENDS_ONLY")
    card = "query($id: ID!) { user(id: $id) { bio } }"
    family = make(one.client, "FAMILY")
    seat = join(one.client, family, other)

    def sees(client: Client) -> bool:
        return client.ask(card, id=one.id)["user"] is not None

    assert not sees(other.client)
    one.client.do("groupActivate", GROUP, id=family)
    assert (sees(other.client), sees(third.client)) == (True, False)
    one.client.do("membershipPause", "__typename", id=seat)
    assert not sees(other.client)
    one.client.do("membershipResume", "__typename", id=seat)
    one.client.do("groupPause", GROUP, id=family)
    assert not sees(other.client)
    one.client.do("groupActivate", GROUP, id=family)
    assert sees(other.client)
    one.client.do("membershipRemove", "__typename", id=seat)
    assert not sees(other.client)
