"""Who is in a group sees that one, who runs it writes that one, and nobody any other: in raw SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from core.policies import API
from models.groups import Group, GroupInvitation, MemberRole, Membership
from models.identity import Role, User
from resolvers.identity.rights import scopes_within
from tests.fence.personas import Owner, Persona, acting_as, attempt, effective, sees

BY_ID = "id = %(id)s"
ROLES = ("owner", "admin", "moderator", "member")
PERSON = """INSERT INTO "user" (id, display_name, status, timezone, locale, day_start_hour, is_anonymous, revision)
    VALUES (%(id)s, 'Somebody', 'active', 'UTC', 'en', 0, false, 1)"""
GROUP = """INSERT INTO "group" (id, kind, name, slug, status, privacy_level, member_count)
    VALUES (%(id)s::uuid, %(kind)s, 'A group', %(id)s::text, 'active', 'private', 4)"""
MEMBER = """INSERT INTO membership (id, group_id, user_id, role, status)
    VALUES (%(id)s, %(group)s, %(person)s, %(role)s, %(status)s)"""
LINK = """INSERT INTO group_invitation (id, group_id, role, status, token_hash, expires_at)
    VALUES (%(id)s::uuid, %(group)s, 'member', 'pending', %(id)s::text, 'infinity')"""
CARD = """INSERT INTO profile_card (id, user_id, audience, display_name)
    VALUES (gen_random_uuid(), %(person)s, 'friends', 'Somebody')"""


@dataclass
class Circle:
    """A group with its people and its link, by what they are in it."""

    id: str
    link: str
    people: dict[str, str]
    ids: dict[str, str]

    def persona(self, name: str, *others: tuple[Role | MemberRole, str]) -> Persona:
        """Somebody of the group, with what they may within it."""
        own = () if name == "invited" else ((MemberRole(name), self.id),)
        return Persona(API, self.people[name], within=scopes_within((*own, *others)))


def _circle(owner: Owner, kind: str) -> Circle:
    made = Circle(Group.new_id(), GroupInvitation.new_id(), {}, {})
    owner.execute(GROUP, {"id": made.id, "kind": kind})
    owner.execute(LINK, {"id": made.link, "group": made.id})
    for name in (*ROLES, "invited"):
        made.people[name], made.ids[name] = User.new_id(), Membership.new_id()
        owner.execute(PERSON, {"id": made.people[name]})
        owner.execute(CARD, {"person": made.people[name]})
        role, status = ("member", "invited") if name == "invited" else (name, "active")
        given = {"id": made.ids[name], "group": made.id, "person": made.people[name], "role": role, "status": status}
        owner.execute(MEMBER, given)
    return made


@pytest.fixture
def circles(owner: Owner) -> Iterator[tuple[Circle, Circle]]:
    """Two groups of different people."""
    with owner.transaction(force_rollback=True):
        yield _circle(owner, "family"), _circle(owner, "family")


def _seen(owner: Owner, who: Persona, circle: Circle) -> dict[str, bool]:
    """What somebody sees of a group: itself, its link, and each member."""
    found = {"group": sees(owner, who, "group", BY_ID, {"id": circle.id})}
    found["link"] = sees(owner, who, "group_invitation", "id = %(id)s", {"id": circle.link})
    return found | {name: sees(owner, who, "membership", BY_ID, {"id": each}) for name, each in circle.ids.items()}


@pytest.mark.parametrize("name", [*ROLES, "invited"])
def test_who_is_in_a_group_sees_that_and_nothing_of_another(
    owner: Owner, circles: tuple[Circle, Circle], name: str
) -> None:
    mine, other = circles
    who = mine.persona(name)
    runs, is_in = name in ("owner", "admin"), name != "invited"
    expected = dict.fromkeys(ROLES, is_in) | {"group": True, "link": runs, "invited": runs or name == "invited"}
    assert _seen(owner, who, mine) == expected
    assert not any(_seen(owner, who, other).values())


@pytest.mark.parametrize("name", [*ROLES, "invited"])
def test_who_runs_a_group_writes_that_and_others_nothing(
    owner: Owner, circles: tuple[Circle, Circle], name: str
) -> None:
    mine, other = circles
    who = mine.persona(name)
    runs = {"UPDATE"} if name in ("owner", "admin") else set()
    assert effective(owner, who, "group", BY_ID, {"id": mine.id}) == runs
    assert effective(owner, who, "group_invitation", BY_ID, {"id": mine.link}) == runs
    written = {each for each, at in mine.ids.items() if effective(owner, who, "membership", BY_ID, {"id": at})}
    everybody = {"admin", "moderator", "member", "invited"} - {name}
    assert written == {"owner": everybody, "admin": everybody, "moderator": {"member"}}.get(name, set())
    for table, at in (("group", other.id), ("group_invitation", other.link), ("membership", other.ids["member"])):
        assert effective(owner, who, table, BY_ID, {"id": at}) == set()


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("membership", "UPDATE {table} SET role = 'owner' WHERE id = %(member)s"),
        ("membership", "UPDATE {table} SET group_id = %(other)s WHERE id = %(member)s"),
        ("membership", "UPDATE {table} SET user_id = %(stranger)s WHERE id = %(member)s"),
        ("membership", "UPDATE {table} SET display_name = 'x' WHERE id = %(member)s"),
        ("group", "UPDATE {table} SET kind = 'cohort' WHERE id = %(mine)s"),
        ("group", "UPDATE {table} SET id = %(other)s WHERE id = %(mine)s"),
        ("group_invitation", "UPDATE {table} SET token_hash = 'x' WHERE group_id = %(mine)s"),
        ("group_invitation", "UPDATE {table} SET role = 'admin' WHERE group_id = %(mine)s"),
        ("group_invitation", "SELECT token_hash FROM {table} WHERE group_id = %(mine)s"),
    ],
)
def test_not_even_an_owner_makes_another_thing_of_what_is_there(
    owner: Owner, circles: tuple[Circle, Circle], table: str, statement: str
) -> None:
    mine, other = circles
    given = {"member": mine.ids["member"], "mine": mine.id, "other": other.id, "stranger": other.people["member"]}
    with acting_as(owner, mine.persona("owner")):
        assert attempt(owner, statement, table, given) is None


def test_a_moderator_lets_members_take_a_break_and_neither_takes_them_out_nor_raises_them(
    owner: Owner, circles: tuple[Circle, Circle]
) -> None:
    mine, _ = circles
    given = {"id": mine.ids["member"]}
    with acting_as(owner, mine.persona("moderator")):
        assert attempt(owner, "UPDATE {table} SET status = 'paused' WHERE " + BY_ID, "membership", given) == 1
        gone = "UPDATE {table} SET status = 'removed', left_at = now() WHERE " + BY_ID
        assert attempt(owner, gone, "membership", given) is None
        assert attempt(owner, "UPDATE {table} SET role = 'admin' WHERE " + BY_ID, "membership", given) is None


def test_who_was_given_a_role_within_a_group_sees_and_writes_that_alone(
    owner: Owner, circles: tuple[Circle, Circle]
) -> None:
    mine, other = circles
    coach = Persona(API, User.new_id(), within=scopes_within([(Role.COACH, mine.id)]))
    assert all(_seen(owner, coach, mine).values())
    assert not any(_seen(owner, coach, other).values())
    assert effective(owner, coach, "group", BY_ID, {"id": mine.id}) == {"UPDATE"}
    assert effective(owner, coach, "group", BY_ID, {"id": other.id}) == set()


def test_rights_within_a_course_open_no_group_nor_the_other_way_round(
    owner: Owner, circles: tuple[Circle, Circle]
) -> None:
    mine, _ = circles
    held = frozenset({f"content:edit@{mine.id}", f"content:publish@{mine.id}"})
    assert not any(_seen(owner, Persona(API, User.new_id(), within=held), mine).values())
    with acting_as(owner, mine.persona("owner")):
        assert attempt(owner, "SELECT id FROM {table}", "content") == 0


def test_the_card_for_friends_is_for_those_of_a_family_and_not_for_those_of_a_cohort(
    owner: Owner, circles: tuple[Circle, Circle]
) -> None:
    mine, other = circles
    cohort = _circle(owner, "cohort")

    def seen(who: Persona, person: str) -> bool:
        return sees(owner, who, "profile_card", "user_id = %(person)s", {"person": person})

    assert seen(mine.persona("member"), mine.people["owner"])
    assert not seen(mine.persona("member"), other.people["owner"])
    assert not seen(mine.persona("invited"), mine.people["owner"])
    assert not seen(mine.persona("member"), mine.people["invited"])
    assert not seen(cohort.persona("member"), cohort.people["owner"])
    owner.execute("""UPDATE "group" SET status = 'ended' WHERE id = %(id)s""", {"id": mine.id})
    assert not seen(mine.persona("member"), mine.people["owner"])
