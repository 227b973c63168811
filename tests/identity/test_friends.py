"""Friends: asked and accepted, seen by each other, ended, blocked without a word."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.identity import Connection, User
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import Guest, code
from tests.support.clients import Client, Data

Newcomer = Callable[[], Guest]
SEEN = "query($id: ID!) { user(id: $id) { displayName bio } }"
LISTED = "{ friendships { totalCount nodes { id status userId user { displayName } } } }"


def request(guest: Guest, other: Guest) -> Data:
    """The payload of asking somebody."""
    return guest.client.mutate("friendshipRequest", "friendship { id status userId }", userId=other.id)


def befriend(one: Guest, other: Guest) -> str:
    """Makes two people friends; answers the friendship's id."""
    asked = request(one, other)["friendship"]
    other.client.do("friendshipAccept", "friendship { status }", id=asked["id"])
    friendship_id: str = asked["id"]
    return friendship_id


def sees(client: Client, guest: Guest) -> bool:
    """Whether a client sees the card of a person."""
    return client.ask(SEEN, id=guest.id)["user"] is not None


def listed(guest: Guest) -> list[Data]:
    """The friendships of a person, as they see them."""
    found = guest.client.ask(LISTED)["friendships"]
    assert found["totalCount"] == len(found["nodes"])
    nodes: list[Data] = found["nodes"]
    return nodes


def test_friends_see_what_is_for_friends_and_strangers_do_not(newcomer: Newcomer) -> None:
    one, other, stranger = newcomer(), newcomer(), newcomer()
    assert not sees(other.client, one)
    befriend(one, other)
    assert sees(other.client, one)
    assert sees(one.client, other)
    assert not sees(stranger.client, one)


def test_who_has_only_asked_sees_nothing_yet(newcomer: Newcomer) -> None:
    one, other = newcomer(), newcomer()
    assert request(one, other)["friendship"] == {**request(one, other)["friendship"], "status": "PENDING"}
    assert (sees(one.client, other), sees(other.client, one)) == (False, False)
    assert [(each["status"], each["userId"]) for each in listed(other)] == [("PENDING", one.id)]


def test_nobody_accepts_for_the_other(newcomer: Newcomer) -> None:
    one, other, stranger = newcomer(), newcomer(), newcomer()
    asked = request(one, other)["friendship"]["id"]
    for guest in (one, stranger):
        assert code(guest.client.mutate("friendshipAccept", "friendship { id }", id=asked)) == "NOT_FOUND"
        assert not sees(one.client, other)
    assert code(stranger.client.mutate("friendshipEnd", "friendship { id }", id=asked)) == "NOT_FOUND"


def test_whoever_asks_back_accepts(newcomer: Newcomer) -> None:
    one, other = newcomer(), newcomer()
    request(one, other)
    assert request(other, one)["friendship"]["status"] == "ACCEPTED"


def test_of_two_who_ask_each_other_at_once_one_friendship_comes(newcomer: Newcomer) -> None:
    one, other = newcomer(), newcomer()
    pairs = [(one.client, other.id), (other.client, one.id)]
    ask = "friendshipRequest", "friendship { id }"
    with ThreadPoolExecutor(2) as threads:
        payloads = list(threads.map(lambda each: each[0].mutate(*ask, userId=each[1]), pairs))
    found = {each["friendship"]["id"] for each in payloads}
    assert len(found) == 1
    assert [each["status"] for each in listed(one)] == ["ACCEPTED"]


def test_a_friendship_that_ended_shows_nothing_more(newcomer: Newcomer) -> None:
    one, other = newcomer(), newcomer()
    friendship = befriend(one, other)
    other.client.do("friendshipEnd", "friendship { id }", id=friendship)
    assert (sees(one.client, other), listed(one)) == (False, [])


def test_who_is_blocked_is_not_told_and_cannot_ask(newcomer: Newcomer) -> None:
    one, other = newcomer(), newcomer()
    befriend(one, other)
    one.client.do("friendshipBlock", "friendship { status }", userId=other.id)
    assert (sees(one.client, other), sees(other.client, one)) == (False, False)
    assert listed(other) == []
    assert [each["status"] for each in listed(one)] == ["BLOCKED"]
    missing = other.client.mutate("friendshipRequest", "friendship { id }", userId=User.new_id())
    assert request(other, one) == missing
    assert code(missing) == "NOT_FOUND"
    blocked = listed(one)[0]["id"]
    assert code(other.client.mutate("friendshipEnd", "friendship { id }", id=blocked)) == "NOT_FOUND"


def test_whoever_blocked_unblocks(newcomer: Newcomer) -> None:
    one, other = newcomer(), newcomer()
    made = one.client.do("friendshipBlock", "friendship { id }", userId=other.id)
    assert code(request(one, other)) == "BLOCKED"
    one.client.do("friendshipEnd", "friendship { id }", id=made["friendship"]["id"])
    assert code(request(other, one)) is None


@pytest.mark.parametrize(
    "user_id", ["nonsense", Connection.new_id(), User.new_id()], ids=["nonsense", "of nobody", "of another kind"]
)
def test_nobody_is_asked_who_is_not_there(newcomer: Newcomer, user_id: str) -> None:
    assert newcomer().client.refused("friendshipRequest", userId=user_id)["code"] == "NOT_FOUND"


def test_nobody_befriends_themselves(newcomer: Newcomer) -> None:
    guest = newcomer()
    assert code(request(guest, guest)) == "INVALID"


def test_a_private_profile_is_not_even_for_friends(newcomer: Newcomer) -> None:
    one, other = newcomer(), newcomer()
    befriend(one, other)
    one.client.do("profileUpdate", "profile { id }", expectedRevision=1, privacyLevel="PRIVATE")
    assert not sees(other.client, one)


def test_what_becomes_of_a_friendship_is_recorded_once_and_names_nobody_but_who_did_it(
    newcomer: Newcomer, doorkeeper: Doorkeeper
) -> None:
    one, other = newcomer(), newcomer()
    for _ in range(2):
        asked = request(one, other)["friendship"]["id"]
    for _ in range(2):
        other.client.do("friendshipAccept", "friendship { id }", id=asked)
    request(one, other)
    one.client.do("friendshipEnd", "friendship { id }", id=asked)
    for _ in range(2):
        blocked = other.client.do("friendshipBlock", "friendship { id }", userId=one.id)["friendship"]["id"]
    other.client.do("friendshipEnd", "friendship { id }", id=blocked)
    request(one, other)
    back = request(other, one)["friendship"]["id"]
    query = """SELECT type, subject_id::text, actor_id::text, payload FROM fact
        WHERE type LIKE 'friendship.%%' AND actor_id = ANY (%s::uuid[]) ORDER BY recorded"""
    assert doorkeeper.sql(query, [one.id, other.id]) == [
        ("friendship.requested", asked, one.id, {}),
        ("friendship.accepted", asked, other.id, {}),
        ("friendship.ended", asked, one.id, {}),
        ("friendship.blocked", blocked, other.id, {}),
        ("friendship.ended", blocked, other.id, {}),
        ("friendship.requested", back, one.id, {}),
        ("friendship.accepted", back, other.id, {}),
    ]


def test_a_public_card_is_closed_to_whoever_was_blocked_until_they_are_not(
    newcomer: Newcomer, visitor: Callable[[], Client]
) -> None:
    one, other, stranger = newcomer(), newcomer(), newcomer()
    one.client.do("profileUpdate", "profile { id }", expectedRevision=1, privacyLevel="PUBLIC")
    assert sees(other.client, one)
    blocked = one.client.do("friendshipBlock", "friendship { id }", userId=other.id)["friendship"]["id"]
    assert (sees(other.client, one), sees(stranger.client, one), sees(visitor(), one)) == (False, True, True)
    one.client.do("profileUpdate", "profile { id }", expectedRevision=2, privacyLevel="FRIENDS_ONLY")
    one.client.do("profileUpdate", "profile { id }", expectedRevision=3, privacyLevel="PUBLIC")
    assert (sees(other.client, one), sees(stranger.client, one)) == (False, True)
    one.client.do("friendshipEnd", "friendship { id }", id=blocked)
    assert sees(other.client, one)


def test_whoever_was_blocked_finds_nobody_there_whatever_they_try(newcomer: Newcomer) -> None:
    one, other = newcomer(), newcomer()
    one.client.do("friendshipBlock", "friendship { id }", userId=other.id)
    for act in ("friendshipRequest", "friendshipBlock"):
        missing = other.client.mutate(act, "friendship { id }", userId=User.new_id())
        assert other.client.mutate(act, "friendship { id }", userId=one.id) == missing
        assert code(missing) == "NOT_FOUND"


@pytest.mark.parametrize("status", ["suspended", "erased"])
def test_the_card_of_somebody_who_is_gone_is_closed_to_everybody(
    newcomer: Newcomer, visitor: Callable[[], Client], doorkeeper: Doorkeeper, status: str
) -> None:
    one, other = newcomer(), newcomer()
    one.client.do("profileUpdate", "profile { id }", expectedRevision=1, privacyLevel="PUBLIC")
    befriend(one, other)
    user_id = one.id

    def seen() -> tuple[bool, bool]:
        found = [client.ask(SEEN, id=user_id)["user"] is not None for client in (other.client, visitor())]
        return found[0], found[1]

    assert seen() == (True, True)
    doorkeeper.sql('UPDATE "user" SET status = %s WHERE id = %s', status, user_id)
    assert seen() == (False, False)
    doorkeeper.sql("UPDATE \"user\" SET status = 'active' WHERE id = %s", user_id)
    assert seen() == (True, True)


def test_nobody_asks_without_having_said_who_they_are(newcomer: Newcomer, visitor: Callable[[], Client]) -> None:
    guest, client = newcomer(), visitor()
    client.do("accountStartAnonymously", "account { id }")
    assert client.refused("friendshipRequest", userId=guest.id)["code"] == "ANONYMOUS"
