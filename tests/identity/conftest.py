"""People who come in by the front door, and the mail they get."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gateways.mail import Mailbox
from models.identity import Role
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import Guest, Post
from tests.support.clients import Client
from tests.support.servers import RunningApplication

_numbers = itertools.count(1)


@pytest.fixture
def doorkeeper(database_url: str) -> Iterator[Doorkeeper]:
    """Whoever hands out credentials and takes them back; those who came in meanwhile are gone afterwards."""
    with Doorkeeper(database_url).closing_time() as keeper:
        yield keeper
        keeper.sql("DELETE FROM job")
        keeper.sql("DELETE FROM outgoing_mail")


@pytest.fixture
def post(house: tuple[str, RunningApplication], doorkeeper: Doorkeeper) -> Post:
    """The mail that the house has sent since the test began."""
    mailbox = house[1].parts.mail
    assert isinstance(mailbox, Mailbox)
    mailbox.kept.clear()
    return Post(mailbox, house[1].settle)


@pytest.fixture
def visitor(house: tuple[str, RunningApplication], doorkeeper: Doorkeeper) -> Iterator[Callable[[], Client]]:
    """`visitor()` is somebody with a browser of their own, who is not signed in."""
    with ExitStack() as stack:

        def come() -> Client:
            client = Client(house[0])
            stack.callback(client.http.close)
            return client

        yield come


@pytest.fixture
def newcomer(visitor: Callable[[], Client], post: Post) -> Callable[[], Guest]:
    """`newcomer()` is somebody who has just made an account, and is signed in with a browser."""

    def come() -> Guest:
        guest = Guest(visitor(), post, f"guest{next(_numbers)}@example.org")
        guest.sign_up()
        return guest

    return come


@pytest.fixture
def staff(visitor: Callable[[], Client], doorkeeper: Doorkeeper) -> Callable[[Role], tuple[str, Client]]:
    """`staff(Role.ADMIN)` is (id, client) of somebody new who holds the role and is signed in with a browser."""

    def come(role: Role) -> tuple[str, Client]:
        client, person = visitor(), doorkeeper.person(role)
        answer = client.http.get(f"{client.url}{doorkeeper.link(person)}")
        assert answer.status_code == 303
        return person, client

    return come
