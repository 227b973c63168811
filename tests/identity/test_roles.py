"""Roles: who may give which to whom, how they end, and who cannot be the last to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from models.curriculum import Course
from models.identity import Role, RoleGrant, ScopeType
from resolvers.identity.rights import GRANTABLE, KEEPERS, SCOPES_OF_ROLE, SCOPES_WITHIN, grantable_by, scopes_of
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import Guest, code
from tests.support.clients import Client, Data

Staff = Callable[[Role], tuple[str, Client]]
Newcomer = Callable[[], Guest]
CAN = "{ viewer { canEdit canPublish canImport canManageUsers canGrantRoles canReadAudit grantableRoles } }"


def give(client: Client, user_id: str, role: str, **more: object) -> Data:
    """The payload of giving a role."""
    return client.mutate("roleGrant", "role { id role expiresAt }", userId=user_id, role=role, **more)


def take(client: Client, grant_id: str) -> Data:
    """The payload of taking a role back."""
    return client.mutate("roleRevoke", "role { id }", id=grant_id)


def grant_of(doorkeeper: Doorkeeper, user_id: str) -> str:
    """The id of the one role that somebody holds."""
    ((found,),) = doorkeeper.sql("SELECT id::text FROM role_grant WHERE user_id = %s", user_id)
    return str(found)


@pytest.fixture
def alone(doorkeeper: Doorkeeper) -> Iterator[None]:
    """Nobody else keeps the house while the test runs."""
    kept = doorkeeper.sql("SELECT id::text FROM role_grant WHERE role IN ('admin', 'super_admin')")
    doorkeeper.sql("UPDATE role_grant SET expires_at = 'infinity' WHERE role IN ('admin', 'super_admin')")
    yield
    doorkeeper.sql("UPDATE role_grant SET expires_at = NULL WHERE id = ANY (%s::uuid[])", [row[0] for row in kept])


def test_a_role_counts_from_the_moment_it_is_given_until_it_is_taken(staff: Staff, newcomer: Newcomer) -> None:
    (_, admin), guest = staff(Role.ADMIN), newcomer()
    assert guest.client.ask(CAN)["viewer"]["canEdit"] is False
    made = give(admin, guest.id, "EDITOR")
    assert guest.client.ask(CAN)["viewer"]["canEdit"] is True
    assert code(take(admin, made["role"]["id"])) is None
    assert guest.client.ask(CAN)["viewer"]["canEdit"] is False


def test_a_role_that_ends_ends_at_once(staff: Staff, newcomer: Newcomer, doorkeeper: Doorkeeper) -> None:
    (_, admin), guest = staff(Role.ADMIN), newcomer()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    give(admin, guest.id, "EDITOR", expiresAt=tomorrow)
    assert guest.client.ask(CAN)["viewer"]["canEdit"] is True
    doorkeeper.sql("UPDATE role_grant SET expires_at = now() WHERE user_id = %s", guest.id)
    assert guest.client.ask(CAN)["viewer"]["canEdit"] is False
    assert guest.client.fails('mutation { courseCreate(input: { title: "No" }) { errors { code } } }') == "FORBIDDEN"


def test_to_give_a_role_again_changes_when_it_ends(staff: Staff, newcomer: Newcomer) -> None:
    (_, admin), guest = staff(Role.ADMIN), newcomer()
    first = give(admin, guest.id, "COACH", expiresAt="2100-01-01T00:00:00Z")
    second = give(admin, guest.id, "COACH")
    assert first["role"]["id"] == second["role"]["id"]
    assert (first["role"]["expiresAt"] is None, second["role"]["expiresAt"]) == (False, None)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("giver", [Role.ADMIN, Role.SUPER_ADMIN])
def test_everybody_gives_what_the_table_says_and_no_more(
    staff: Staff, newcomer: Newcomer, giver: Role, role: Role
) -> None:
    (_, client), guest = staff(giver), newcomer()
    expected = None if role in GRANTABLE[giver] else "ROLE_TOO_HIGH"
    assert code(give(client, guest.id, role.name)) == expected
    offered = client.ask(CAN)["viewer"]["grantableRoles"]
    assert (role.name in offered) is (expected is None)


def test_who_may_not_give_roles_is_turned_away(staff: Staff, newcomer: Newcomer, visitor: Callable[[], Client]) -> None:
    document = "mutation($id: ID!) { roleGrant(input: { userId: $id, role: LEARNER }) { errors { code } } }"
    guest = newcomer()
    assert guest.client.fails(document, id=guest.id) == "FORBIDDEN"
    assert staff(Role.EDITOR)[1].fails(document, id=guest.id) == "FORBIDDEN"
    assert visitor().fails(document, id=guest.id) == "UNAUTHENTICATED"


def test_nobody_changes_their_own_roles(staff: Staff, doorkeeper: Doorkeeper) -> None:
    for role in (Role.ADMIN, Role.SUPER_ADMIN):
        own, client = staff(role)
        assert code(give(client, own, "EDITOR")) == "OWN_ROLE"
        assert code(take(client, grant_of(doorkeeper, own))) == "OWN_ROLE"


def test_an_admin_does_not_take_the_role_of_an_equal(staff: Staff, doorkeeper: Doorkeeper) -> None:
    (_, admin), (other, _) = staff(Role.ADMIN), staff(Role.ADMIN)
    assert code(take(admin, grant_of(doorkeeper, other))) == "ROLE_TOO_HIGH"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"scopeType": "COURSE"}, "scopeId"),
        ({"scopeType": "COURSE", "scopeId": "nonsense"}, "scopeId"),
        ({"scopeId": RoleGrant.new_id()}, "scopeId"),
        ({"scopeType": "GROUP", "scopeId": RoleGrant.new_id()}, "scopeId"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "2100-01-01T00:00:00"}, "expiresAt"),
        ({"userId": RoleGrant.new_id()}, "userId"),
        ({"userId": "nobody"}, "userId"),
    ],
)
def test_a_role_that_makes_no_sense_is_refused_by_field(
    staff: Staff, newcomer: Newcomer, given: dict[str, str], path: str
) -> None:
    (_, admin), guest = staff(Role.ADMIN), newcomer()
    refusal = admin.refused("roleGrant", **{"userId": guest.id, "role": "COACH", **given})
    assert refusal["path"] == [path]


def test_a_role_within_a_course_gives_nothing_elsewhere(staff: Staff, newcomer: Newcomer) -> None:
    (_, admin), guest = staff(Role.ADMIN), newcomer()
    course = staff(Role.EDITOR)[1].do("courseCreate", "course { id }", title="Within")["course"]["id"]
    assert code(give(admin, guest.id, "COACH", scopeType="COURSE", scopeId=course)) is None
    assert guest.client.ask(CAN)["viewer"]["canEdit"] is False
    roles = guest.client.ask("{ viewer { account { roles { role scopeType scopeId } } } }")["viewer"]["account"][
        "roles"
    ]
    assert roles == [{"role": "COACH", "scopeType": "COURSE", "scopeId": course}]


@pytest.mark.parametrize("reach", ["COURSE", "GROUP"])
@pytest.mark.parametrize("role", [each for each in Role if SCOPES_OF_ROLE[each]])
def test_a_role_with_permissions_holds_within_something_only_where_it_has_any_there(
    staff: Staff, newcomer: Newcomer, role: Role, reach: str
) -> None:
    (_, admin), guest = staff(Role.SUPER_ADMIN), newcomer()
    given = {"userId": guest.id, "role": role.name, "scopeType": reach, "scopeId": Course.new_id()}
    refusal = admin.refused("roleGrant", **given)
    # That there is no such course, and that this is the id of one, is all that may stand in the way then.
    wrong = {"COURSE": ("NOT_FOUND", ["scopeId"]), "GROUP": ("INVALID", ["scopeId"])}[reach]
    holds = SCOPES_WITHIN[ScopeType[reach]].get(role)
    assert (refusal["code"], refusal["path"]) == (wrong if holds else ("INVALID", ["scopeType"]))


def test_the_last_keeper_cannot_go(staff: Staff, doorkeeper: Doorkeeper, alone: None) -> None:
    (first, one), (second, _) = staff(Role.SUPER_ADMIN), staff(Role.SUPER_ADMIN)
    assert code(take(one, grant_of(doorkeeper, second))) is None
    doorkeeper.sql("UPDATE role_grant SET expires_at = now() + interval '1 hour' WHERE user_id = %s", first)
    (last, _) = staff(Role.SUPER_ADMIN)
    refused = take(one, grant_of(doorkeeper, last))
    assert code(refused) == "LAST_KEEPER"
    assert code(give(one, last, "SUPER_ADMIN", expiresAt="2100-01-01T00:00:00Z")) == "LAST_KEEPER"


def test_of_keepers_who_take_each_others_roles_at_once_one_is_left(
    staff: Staff, doorkeeper: Doorkeeper, alone: None
) -> None:
    people = [staff(Role.SUPER_ADMIN) for _ in range(8)]
    grants = [grant_of(doorkeeper, user_id) for user_id, _ in people]
    # Everybody takes the role of the next one in the circle.
    pairs = [(client, grants[(place + 1) % 8]) for place, (_, client) in enumerate(people)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda each: each[0].answer(TAKE, id=each[1]), pairs))
    ids = [user_id for user_id, _ in people]
    ((left,),) = doorkeeper.sql("SELECT count(*) FROM role_grant WHERE user_id = ANY (%s::uuid[])", ids)
    assert left >= 1


TAKE = "mutation($id: ID!) { roleRevoke(input: { id: $id }) { errors { code } } }"


def test_nobody_is_given_more_than_the_giver_has() -> None:
    for role, given in GRANTABLE.items():
        assert scopes_of(given) <= scopes_of([role])
        assert not given or SCOPES_OF_ROLE[role]
    assert grantable_by([Role.ADMIN]).isdisjoint(KEEPERS)
