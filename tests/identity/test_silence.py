"""Who has an account is not to be found out: neither from answers, nor from what the server does to give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from resolvers.identity import passwords
from tests.identity.guests import PASSWORD, Guest, Post
from tests.support.clients import Client, Data
from tests.support.servers import RunningApplication

Visitor = Callable[[], Client]
Newcomer = Callable[[], Guest]
INPUTS: dict[str, Data] = {
    "accountCreate": {"password": PASSWORD, "displayName": "Maya"},
    "accountPasswordResetRequest": {},
    "accountSignInLinkRequest": {},
    "sessionStart": {"password": "not this one at all"},
}


@pytest.fixture
def statements(house: tuple[str, RunningApplication]) -> Callable[[], object]:
    """`with statements() as sent:` collects what the house sends to the database; mail is waited for before."""

    @contextmanager
    def listen() -> Iterator[list[str]]:
        house[1].settle()
        sent: list[str] = []
        database = house[1].parts.database
        database.on_statement = sent.append
        try:
            yield sent
        finally:
            database.on_statement = None

    return listen


@pytest.mark.parametrize("name", INPUTS)
def test_the_answer_and_all_that_is_done_for_it_are_the_same_with_and_without_an_account(
    newcomer: Newcomer, visitor: Visitor, post: Post, statements: Callable[[], object], name: str
) -> None:
    there, nowhere = newcomer().email, "nowhere@example.org"
    object_name = "session" if name.startswith("session") else "account"
    found = []
    for email in (there, nowhere):
        client = visitor()
        with statements() as sent:  # type: ignore[attr-defined]
            payload = client.mutate(name, f"{object_name} {{ id }}", email=email, **INPUTS[name])
        found.append((payload, sent))
    assert found[0] == found[1]
    assert found[0][1]


def test_what_a_password_is_compared_with_where_there_is_no_account_costs_what_a_real_one_costs() -> None:
    costs = [each.rpartition("$")[0].rpartition("$")[0] for each in (passwords._DUMMY, passwords._hasher.hash("x"))]
    assert costs[0] == costs[1] == "$argon2id$v=19$m=19456,t=2,p=1"
