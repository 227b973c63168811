"""Apps: pairs of tokens that are renewed, stolen, lost on the way and taken back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from resolvers.identity import delete_expired
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import TOKENS, Guest, code, who
from tests.support.clients import Client, Data
from tests.support.databases import as_service

Visitor = Callable[[], Client]
Newcomer = Callable[[], Guest]


@pytest.fixture
def pair(newcomer: Newcomer, visitor: Visitor) -> Data:
    """The tokens of somebody who has just signed in with an app."""
    return newcomer().sign_in(visitor(), kind="APP")


def renew(client: Client, token: str) -> Data:
    """What a refresh token is traded in for."""
    return client.mutate("sessionRefresh", f"session {{ id }} {TOKENS}", refreshToken=token)


def bearing(visitor: Visitor, token: str) -> Client:
    """Somebody who asks with this access token."""
    client = visitor()
    client.token = token
    return client


def status(client: Client) -> int:
    """The HTTP status of a plain question."""
    return client.post("{ viewer { kind } }").status_code


def age(doorkeeper: Doorkeeper, seconds: int) -> None:
    """Lets time pass over every token that was used."""
    doorkeeper.sql("UPDATE refresh_token SET used_at = used_at - make_interval(secs => %s)", seconds)


def test_an_app_asks_with_its_access_token_and_gets_no_cookie(newcomer: Newcomer, visitor: Visitor) -> None:
    guest, client = newcomer(), visitor()
    pair = guest.sign_in(client, kind="APP")
    assert dict(client.http.cookies) == {}
    client.token = pair["accessToken"]
    assert (who(client)["kind"], who(client)["id"]) == ("USER", guest.id)


def test_a_refresh_token_gets_the_next_pair_of_the_same_session(pair: Data, visitor: Visitor) -> None:
    following = renew(visitor(), pair["refreshToken"])
    assert following["session"] == pair["session"]
    assert {following["accessToken"], following["refreshToken"]}.isdisjoint({pair["accessToken"], pair["refreshToken"]})
    assert status(bearing(visitor, following["accessToken"])) == 200
    # What is under way with the older one still gets its answer.
    assert status(bearing(visitor, pair["accessToken"])) == 200


def test_an_access_token_is_worth_nothing_when_its_time_is_over(
    pair: Data, visitor: Visitor, doorkeeper: Doorkeeper
) -> None:
    doorkeeper.sql("UPDATE refresh_token SET access_expires_at = now() - interval '1 second'")
    assert status(bearing(visitor, pair["accessToken"])) == 401
    assert code(renew(visitor(), pair["refreshToken"])) is None


def test_a_token_of_one_kind_is_not_taken_for_another(pair: Data, visitor: Visitor) -> None:
    assert status(bearing(visitor, pair["refreshToken"])) == 401
    assert code(renew(visitor(), pair["accessToken"])) == "SESSION_OVER"
    client = visitor()
    for name in ("accessToken", "refreshToken"):
        client.http.cookies.set(f"cairn_session_{client.url.rpartition(':')[2]}", pair[name])
        assert who(client)["kind"] == "ANONYMOUS"


def test_an_answer_that_was_lost_is_given_again(pair: Data, visitor: Visitor, doorkeeper: Doorkeeper) -> None:
    first = renew(visitor(), pair["refreshToken"])
    age(doorkeeper, 8)
    assert renew(visitor(), pair["refreshToken"]) == first


def test_a_token_that_comes_back_later_ends_the_session(pair: Data, visitor: Visitor, doorkeeper: Doorkeeper) -> None:
    following = renew(visitor(), pair["refreshToken"])
    age(doorkeeper, 11)
    assert code(renew(visitor(), pair["refreshToken"])) == "SESSION_OVER"
    assert status(bearing(visitor, following["accessToken"])) == 401
    assert code(renew(visitor(), following["refreshToken"])) == "SESSION_OVER"


def test_a_token_that_comes_back_after_its_successor_was_used_ends_the_session_at_once(
    pair: Data, visitor: Visitor
) -> None:
    following = renew(visitor(), pair["refreshToken"])
    newest = renew(visitor(), following["refreshToken"])
    assert code(renew(visitor(), pair["refreshToken"])) == "SESSION_OVER"
    assert status(bearing(visitor, newest["accessToken"])) == 401


def test_of_64_who_renew_at_once_all_get_the_same_pair(pair: Data, visitor: Visitor, doorkeeper: Doorkeeper) -> None:
    clients = [visitor() for _ in range(64)]
    with ThreadPoolExecutor(64) as threads:
        payloads = list(threads.map(lambda each: renew(each, pair["refreshToken"]), clients))
    assert {code(each) for each in payloads} == {None}
    assert len({each["refreshToken"] for each in payloads}) == len({each["accessToken"] for each in payloads}) == 1
    session = pair["session"]["id"]
    assert doorkeeper.sql("SELECT count(*) FROM refresh_token WHERE session_id = %s", session) == [(2,)]


def test_signing_out_ends_both_tokens(pair: Data, visitor: Visitor) -> None:
    client = bearing(visitor, pair["accessToken"])
    client.do("sessionEnd", "session { id }")
    assert status(client) == 401
    assert code(renew(visitor(), pair["refreshToken"])) == "SESSION_OVER"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE \"user\" SET status = 'suspended' WHERE id = (SELECT user_id FROM auth_session WHERE id = %s)",
        "UPDATE auth_session SET expires_at = now() - interval '1 second' WHERE id = %s",
        "DELETE FROM auth_session WHERE id = %s",
    ],
    ids=["suspended", "too old", "deleted"],
)
def test_a_session_that_is_over_is_not_renewed(
    pair: Data, visitor: Visitor, doorkeeper: Doorkeeper, change: str
) -> None:
    doorkeeper.sql(change, pair["session"]["id"])
    assert status(bearing(visitor, pair["accessToken"])) == 401
    assert code(renew(visitor(), pair["refreshToken"])) == "SESSION_OVER"


def test_a_session_is_renewed_sixty_times_an_hour_and_goes_on(
    pair: Data, visitor: Visitor, doorkeeper: Doorkeeper
) -> None:
    client, token = visitor(), pair["refreshToken"]
    for _ in range(60):
        token = renew(client, token)["refreshToken"]
    assert code(renew(client, token)) == "TOO_MANY_RENEWALS"
    doorkeeper.sql("UPDATE refresh_token SET created_at = created_at - interval '1 hour'")
    assert code(renew(client, token)) is None


def test_used_tokens_are_kept_as_long_as_their_session_goes_on_and_no_longer(
    pair: Data, visitor: Visitor, doorkeeper: Doorkeeper, database_url: str
) -> None:
    session = pair["session"]["id"]
    following = renew(visitor(), pair["refreshToken"])
    age(doorkeeper, 40 * 24 * 3600)
    as_service(database_url, delete_expired)
    # Whoever comes back with it after all that time is noticed all the same.
    assert code(renew(visitor(), pair["refreshToken"])) == "SESSION_OVER"
    assert code(renew(visitor(), following["refreshToken"])) == "SESSION_OVER"
    doorkeeper.sql("UPDATE auth_session SET revoked_at = now() - interval '25 hours' WHERE id = %s", session)
    as_service(database_url, delete_expired)
    assert doorkeeper.sql("SELECT 1 FROM refresh_token WHERE session_id = %s", session) == []
