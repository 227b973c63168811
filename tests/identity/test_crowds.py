"""Sixty-four at once on everything that is limited or happens once: exactly as many get through as may."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from models.identity import Role
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import PASSWORD, Guest, Post
from tests.support.clients import ERRORS, Client

CROWD = 64
Staff = Callable[[Role], tuple[str, Client]]
Newcomer = Callable[[], Guest]
Visitor = Callable[[], Client]


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    """Sixty-four who wait for each other, and then ask at once."""
    with ThreadPoolExecutor(CROWD) as threads:
        yield Crowd(threads)


class Crowd:
    """Asks one thing many times at once; nobody begins before all are there."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    def codes(self, client: Client, name: str, /, inputs: list[dict[str, Any]]) -> Counter[str | None]:
        """How often a mutation ended without an error (None), or with one of which code; each has a connection."""
        barrier = Barrier(len(inputs))
        kind = f"{name[0].upper()}{name[1:]}Input!"
        document = f"mutation($input: {kind}) {{ {name}(input: $input) {{ __typename {ERRORS} }} }}"
        cookies = "; ".join(f"{each.name}={each.value}" for each in client.http.cookies.jar)
        headers = {"content-type": "application/json", **({"cookie": cookies} if cookies else {})}

        def ask(given: dict[str, Any]) -> str | None:
            with httpx.Client(timeout=60, verify=False) as http:
                body = json.dumps({"query": document, "variables": {"input": given}})
                barrier.wait(30)
                answer = http.post(f"{client.url}/graphql", content=body, headers=headers).json()
            if "errors" in answer:
                return str(answer["errors"][0]["extensions"]["code"])
            errors = answer["data"][name]["errors"]
            return str(errors[0]["code"]) if errors else None

        return Counter(self._threads.map(ask, inputs))


def test_of_many_tries_to_sign_in_ten_are_looked_at(newcomer: Newcomer, visitor: Visitor, crowd: Crowd) -> None:
    guest = newcomer()
    tries = [{"email": guest.email, "password": f"not the right one {number}"} for number in range(CROWD)]
    assert crowd.codes(visitor(), "sessionStart", tries) == {"WRONG_CREDENTIALS": 10, "RATE_LIMITED": CROWD - 10}


def test_of_many_tokens_thirty_are_made(newcomer: Newcomer, crowd: Crowd, doorkeeper: Doorkeeper) -> None:
    guest = newcomer()
    codes = crowd.codes(guest.client, "apiTokenCreate", [{"name": "t", "scopes": [], "password": PASSWORD}] * CROWD)
    assert codes == {None: 30, "RATE_LIMITED": CROWD - 30}
    assert doorkeeper.sql("SELECT count(*) FROM api_token WHERE user_id = %s", guest.id) == [(30,)]


def test_of_many_impersonations_thirty_begin(
    newcomer: Newcomer, staff: Staff, crowd: Crowd, doorkeeper: Doorkeeper
) -> None:
    guest, (admin_id, admin) = newcomer(), staff(Role.ADMIN)
    codes = crowd.codes(admin, "impersonationStart", [{"userId": guest.id, "reason": "r"}] * CROWD)
    assert codes == {None: 30, "RATE_LIMITED": CROWD - 30}
    assert doorkeeper.sql("SELECT count(*) FROM impersonation WHERE impersonator_id = %s", admin_id) == [(30,)]


def test_of_many_requests_to_be_friends_sixty_count_and_one_is_there(
    newcomer: Newcomer, crowd: Crowd, doorkeeper: Doorkeeper
) -> None:
    one, other = newcomer(), newcomer()
    codes = crowd.codes(one.client, "friendshipRequest", [{"userId": other.id}] * CROWD)
    assert codes == {None: 60, "RATE_LIMITED": 4}
    known = "FROM connection WHERE requested_by = %s"
    assert doorkeeper.sql(f"SELECT count(*) {known}", one.id) == [(1,)]
    asked = "SELECT count(*) FROM fact WHERE type = 'friendship.requested' AND actor_id = %s"
    assert doorkeeper.sql(asked, one.id) == [(1,)]


def test_a_link_signs_one_in(visitor: Visitor, newcomer: Newcomer, post: Post, crowd: Crowd) -> None:
    guest = newcomer()
    guest.client.do("accountSignInLinkRequest", "__typename", email=guest.email)
    codes = crowd.codes(visitor(), "sessionStartByLink", [{"token": post.secret(guest.email, "sign-in")}] * CROWD)
    assert codes[None] == 1
    assert set(codes) == {None, "LINK_EXPIRED", "RATE_LIMITED"}


def test_a_link_makes_one_account(visitor: Visitor, post: Post, crowd: Crowd, doorkeeper: Doorkeeper) -> None:
    guest = Guest(visitor(), post, "crowded@example.org")
    guest.ask_for_account()
    codes = crowd.codes(visitor(), "accountConfirm", [{"token": post.secret(guest.email, "confirm")}] * CROWD)
    assert codes[None] == 1
    assert set(codes) == {None, "LINK_EXPIRED", "RATE_LIMITED"}
    assert doorkeeper.sql('SELECT count(*) FROM "user" WHERE email = %s', guest.email) == [(1,)]


def test_a_link_sets_one_password(newcomer: Newcomer, visitor: Visitor, post: Post, crowd: Crowd) -> None:
    guest = newcomer()
    guest.client.do("accountPasswordResetRequest", "__typename", email=guest.email)
    token = post.secret(guest.email, "reset-password")
    # Each of these is hashed before it is looked at, which takes its time: a few are as good as many.
    wishes = [{"token": token, "password": f"a password of my own {number}"} for number in range(8)]
    codes = crowd.codes(visitor(), "accountPasswordReset", wishes)
    assert codes == {None: 1, "LINK_EXPIRED": 7}
    client = visitor()
    signed_in = [
        client.mutate("sessionStart", "__typename", email=guest.email, password=wish["password"])["errors"] == []
        for wish in wishes
    ]
    assert signed_in.count(True) == 1


def test_an_address_becomes_one_persons(newcomer: Newcomer, post: Post, doorkeeper: Doorkeeper) -> None:
    guests = [newcomer() for _ in range(3)]
    for guest in guests:
        guest.client.do("accountEmailChangeRequest", "__typename", email="wanted@example.org", password=guest.password)
    tokens = [post.secret_of(mail) for mail in post.mails("wanted@example.org")]
    assert len(set(tokens)) == 3
    barrier = Barrier(3)

    def confirm(guest: Guest, token: str) -> str | None:
        barrier.wait(30)
        errors = guest.client.mutate("accountEmailChangeConfirm", "__typename", token=token)["errors"]
        return str(errors[0]["code"]) if errors else None

    with ThreadPoolExecutor(3) as threads:
        codes = Counter(threads.map(confirm, guests, tokens))
    assert codes == {None: 1, "TAKEN": 2}
    assert len(doorkeeper.sql("SELECT 1 FROM \"user\" WHERE email = 'wanted@example.org'")) == 1


def test_an_anonymous_account_is_claimed_ten_times_an_hour_at_most(visitor: Visitor, post: Post, crowd: Crowd) -> None:
    client = visitor()
    client.do("accountStartAnonymously", "__typename")
    wishes = [{"email": f"claim{number}@example.org", "password": "a password of my own"} for number in range(CROWD)]
    codes = crowd.codes(client, "accountClaim", wishes)
    assert codes == {None: 10, "RATE_LIMITED": CROWD - 10}
