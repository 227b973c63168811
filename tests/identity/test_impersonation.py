"""Acting as somebody else: who may, what they may then do, who sees it, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from graph.door import Gate
from graph.schema import schema
from models.curriculum import Course
from models.identity import Impersonation, Role
from resolvers.identity.rights import KEEPERS, SCOPES_OF_ROLE, SCOPES_WITHIN_COURSE, may_act_as
from tests.fence.arguments import contract, gate_of, value
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import Guest, code
from tests.support.clients import Client, Data

Staff = Callable[[Role], tuple[str, Client]]
Newcomer = Callable[[], Guest]
Visitor = Callable[[], Client]
WHO = "{ viewer { id name scopes impersonatedBy canImpersonate account { email } } }"
SEEN = "{ viewer { impersonations { id impersonatorId reason endedAt } } }"


def start(client: Client, user_id: str, reason: str = "They cannot see their course.") -> Data:
    """The payload of beginning to act as somebody."""
    return client.mutate("impersonationStart", "token impersonation { id expiresAt }", userId=user_id, reason=reason)


@dataclass
class Scene:
    """An admin who acts as somebody."""

    admin_id: str
    admin: Client
    guest: Guest
    id: str
    acting: Client


@pytest.fixture
def scene(staff: Staff, newcomer: Newcomer, visitor: Visitor) -> Scene:
    """An admin, somebody, and the admin as that somebody."""
    (admin_id, admin), guest, acting = staff(Role.ADMIN), newcomer(), visitor()
    payload = start(admin, guest.id)
    assert code(payload) is None
    acting.token = payload["token"]
    return Scene(admin_id, admin, guest, payload["impersonation"]["id"], acting)


def status(client: Client) -> int:
    """The HTTP status of a plain question."""
    return client.post("{ viewer { kind } }").status_code


def test_an_admin_sees_what_the_person_sees_and_it_says_who_they_are(scene: Scene) -> None:
    viewer = scene.acting.ask(WHO)["viewer"]
    assert viewer == {
        "id": scene.guest.id,
        "name": "Guest",
        "scopes": [],
        "impersonatedBy": scene.admin_id,
        "canImpersonate": False,
        "account": {"email": scene.guest.email},
    }
    assert scene.guest.client.ask(WHO)["viewer"]["impersonatedBy"] is None


def test_the_person_sees_that_it_happened_and_why(scene: Scene) -> None:
    seen = scene.guest.client.ask(SEEN)["viewer"]["impersonations"]
    told = "They cannot see their course."
    assert seen == [{"id": scene.id, "impersonatorId": scene.admin_id, "reason": told, "endedAt": None}]
    scene.admin.do("impersonationEnd", "impersonation { id }", id=scene.id)
    (after,) = scene.guest.client.ask(SEEN)["viewer"]["impersonations"]
    assert after["endedAt"] is not None


def test_that_somebody_acted_as_them_is_not_that_they_were_here(scene: Scene, doorkeeper: Doorkeeper) -> None:
    person = scene.guest.id
    doorkeeper.sql('UPDATE "user" SET last_active_at = NULL WHERE id = %s', person)
    scene.acting.ask(WHO)
    assert doorkeeper.sql('SELECT last_active_at FROM "user" WHERE id = %s', person) == [(None,)]


def test_what_is_done_meanwhile_names_both(scene: Scene, doorkeeper: Doorkeeper) -> None:
    scene.acting.do("settingsUpdate", "__typename", expectedRevision=1, displayName="Renamed")
    scene.acting.do("impersonationEnd", "__typename")
    query = "SELECT action, actor_id::text, acted_as_id::text FROM audit_log WHERE actor_id = %s ORDER BY id"
    assert doorkeeper.sql(query, scene.admin_id) == [
        ("session_start_by_link", scene.admin_id, None),
        ("impersonation_start", scene.admin_id, None),
        ("settings_update", scene.admin_id, scene.guest.id),
        ("impersonation_end", scene.admin_id, scene.guest.id),
    ]


def test_it_ends_with_its_own_token(scene: Scene) -> None:
    scene.acting.do("impersonationEnd", "__typename")
    assert status(scene.acting) == 401


def test_it_ends_by_the_admins_own_hand(scene: Scene) -> None:
    scene.admin.do("impersonationEnd", "__typename", id=scene.id)
    scene.admin.do("impersonationEnd", "__typename", id=scene.id)
    assert status(scene.acting) == 401


ENDINGS = {
    "half an hour is over": "UPDATE impersonation SET expires_at = now() WHERE id = %(id)s",
    "the admin is none any more": "DELETE FROM role_grant WHERE user_id = %(admin)s",
    "the admin's role has ended": "UPDATE role_grant SET expires_at = now() WHERE user_id = %(admin)s",
    "the admin is suspended": "UPDATE \"user\" SET status = 'suspended' WHERE id = %(admin)s",
    "the person is suspended": "UPDATE \"user\" SET status = 'suspended' WHERE id = %(user)s",
    "the admin's session is over": "UPDATE auth_session SET expires_at = now() WHERE user_id = %(admin)s",
    "the admin's session is forgotten": "DELETE FROM auth_session WHERE user_id = %(admin)s",
    "the person has become an admin": (
        "INSERT INTO role_grant (id, user_id, role, scope_type) VALUES (gen_random_uuid(), %(user)s, 'admin', 'global')"
    ),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_it_ends_at_once_when(scene: Scene, doorkeeper: Doorkeeper, database_url: str, ending: str) -> None:
    assert status(scene.acting) == 200
    doorkeeper.named(ending, id=scene.id, admin=scene.admin_id, user=scene.guest.id)
    assert status(scene.acting) == 401


def test_it_ends_when_the_admin_signs_out(scene: Scene) -> None:
    scene.admin.do("sessionEnd", "__typename")
    assert status(scene.acting) == 401


def test_the_persons_rights_are_theirs_as_they_change(scene: Scene) -> None:
    draft = "query @perspective(stage: DRAFT) { courses { totalCount } }"
    assert scene.acting.fails(draft) == "FORBIDDEN"
    scene.admin.do("roleGrant", "__typename", userId=scene.guest.id, role="EDITOR")
    assert scene.acting.ask(draft)["courses"]["totalCount"] >= 0


@pytest.mark.parametrize("role", list(Role))
def test_nobody_acts_as_somebody_who_runs_the_place(staff: Staff, role: Role) -> None:
    (_, admin), (other, _) = staff(Role.ADMIN), staff(role)
    assert code(start(admin, other)) == ("FORBIDDEN" if role in KEEPERS else None)


def test_nobody_acts_as_somebody_who_may_do_more() -> None:
    for own in Role:
        for theirs in Role:
            if may_act_as([own], [theirs], []):
                assert SCOPES_OF_ROLE[theirs] < SCOPES_OF_ROLE[own]
                assert theirs not in KEEPERS
            if may_act_as([own], [], [(theirs, Course.new_id())]):
                assert SCOPES_WITHIN_COURSE.get(theirs, frozenset()) < SCOPES_OF_ROLE[own]


def test_only_those_who_may_and_in_person(
    staff: Staff, newcomer: Newcomer, visitor: Visitor, doorkeeper: Doorkeeper
) -> None:
    document = 'mutation($id: ID!) { impersonationStart(input: { userId: $id, reason: "r" }) { token } }'
    guest = newcomer()
    assert guest.client.fails(document, id=guest.id) == "FORBIDDEN"
    assert staff(Role.EDITOR)[1].fails(document, id=guest.id) == "FORBIDDEN"
    program = visitor()
    program.token = doorkeeper.token(doorkeeper.person(Role.ADMIN), Role.ADMIN)
    assert program.fails(document, id=guest.id) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("given", "path"),
    [({"userId": "nobody"}, "userId"), ({"userId": Impersonation.new_id()}, "userId"), ({"reason": " "}, "reason")],
)
def test_what_makes_no_sense_is_refused_by_field(
    staff: Staff, newcomer: Newcomer, given: dict[str, str], path: str
) -> None:
    good = {"userId": newcomer().id, "reason": "r"}
    assert staff(Role.ADMIN)[1].refused("impersonationStart", **{**good, **given})["path"] == [path]


def test_nobody_acts_as_themselves(staff: Staff) -> None:
    own, admin = staff(Role.ADMIN)
    assert code(start(admin, own)) == "INVALID"


def test_nobody_ends_what_somebody_else_began(scene: Scene, staff: Staff) -> None:
    _, other = staff(Role.ADMIN)
    assert other.refused("impersonationEnd", id=scene.id)["code"] == "NOT_FOUND"
    assert scene.guest.client.refused("impersonationEnd", id=scene.id)["code"] == "NOT_FOUND"
    assert scene.guest.client.refused("impersonationEnd")["code"] == "NOT_FOUND"
    assert status(scene.acting) == 200


def _in_person() -> list[str]:
    kind = schema()._schema.mutation_type
    assert kind is not None
    return [each for each in kind.fields if gate_of(each) in (Gate.ANYONE, Gate.PERSON)]


def test_credentials_consents_tokens_and_friends_are_among_what_is_done_in_person() -> None:
    families = ("account", "session", "apiToken", "consent", "friendship")
    kind = schema()._schema.mutation_type
    assert kind is not None
    assert set(_in_person()) >= {each for each in kind.fields if each.startswith(families)}


def test_what_people_do_in_person_nobody_does_as_somebody_else(scene: Scene, doorkeeper: Doorkeeper) -> None:
    kind = contract().mutation_type
    assert kind is not None
    counts = "SELECT count(*) FROM audit_log"
    before = doorkeeper.sql(counts)
    plain = {"Int": 1, "Boolean": True}
    person = scene.guest.id
    for name in _in_person():
        wanted = kind.fields[name].args["input"].type
        given = value(wanted, "input", lambda _, each: plain.get(each, person))
        document = f"mutation($input: {wanted}) {{ {name}(input: $input) {{ __typename }} }}"
        assert scene.acting.fails(document, input=given) == "FORBIDDEN", name
    assert doorkeeper.sql(counts) == before


PROFILE = "{ viewer { profile { bio } user { displayName } } }"


def test_what_a_person_keeps_to_themselves_nobody_reads_who_acts_as_them(scene: Scene) -> None:
    scene.guest.client.do("profileUpdate", "__typename", expectedRevision=1, bio="Between me and me.")
    assert scene.guest.client.ask(PROFILE)["viewer"]["profile"] == {"bio": "Between me and me."}
    assert scene.acting.ask(PROFILE)["viewer"] == {"profile": None, "user": {"displayName": "Guest"}}
    document = 'mutation { profileUpdate(input: {expectedRevision: 2, bio: "x"}) { errors { code } } }'
    assert scene.acting.fails(document) == "FORBIDDEN"


def test_a_name_that_is_changed_meanwhile_is_the_one_that_others_see(scene: Scene) -> None:
    scene.acting.do("settingsUpdate", "__typename", expectedRevision=1, displayName="Renamed")
    assert scene.guest.client.ask(PROFILE)["viewer"]["user"] == {"displayName": "Renamed"}


def test_a_fact_names_who_acted_and_as_whom(scene: Scene, doorkeeper: Doorkeeper) -> None:
    scene.acting.do("settingsUpdate", "__typename", expectedRevision=1, displayName="Renamed")
    scene.guest.client.do("settingsUpdate", "__typename", expectedRevision=2, displayName="Myself")
    query = """SELECT actor_id::text, acted_as_id::text FROM fact
        WHERE subject_id = %s AND type = 'user.updated' ORDER BY recorded"""
    assert doorkeeper.sql(query, scene.guest.id) == [(scene.admin_id, scene.guest.id), (scene.guest.id, None)]


def test_nobody_acts_as_one_person_after_another_without_end(scene: Scene) -> None:
    codes = [code(start(scene.admin, scene.guest.id)) for _ in range(31)]
    # One was begun before.
    assert codes == [None] * 29 + ["RATE_LIMITED"] * 2
