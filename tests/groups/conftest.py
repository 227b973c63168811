"""Groups and people who know each other from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from models.identity import Role
from tests.groups.circles import Circle, Person, people
from tests.http.doorkeeper import Doorkeeper
from tests.identity.conftest import post, visitor
from tests.support.clients import Client
from tests.support.servers import RunningApplication

__all__ = ["post", "visitor"]


@pytest.fixture
def doorkeeper(database_url: str) -> Iterator[Doorkeeper]:
    """Whoever hands out credentials and takes them back; groups and those who came in are gone afterwards."""
    with Doorkeeper(database_url).closing_time() as keeper:
        yield keeper
        for table in ("job", "outgoing_mail", '"group"', "role_grant WHERE scope_type = 'group'"):
            keeper.sql(f"DELETE FROM {table}")


@pytest.fixture
def come(
    house: tuple[str, RunningApplication], database_url: str, doorkeeper: Doorkeeper
) -> Iterator[Callable[..., list[Person]]]:
    """`come(3)` are so many new people, each signed in with an app; `come(1, Role.ADMIN)` holds a role."""
    with ExitStack() as stack:

        def made(many: int, role: Role = Role.LEARNER) -> list[Person]:
            found = people(house[0], database_url, many, role)
            for each in found:
                stack.callback(each.client.http.close)
            return found

        yield made


@pytest.fixture
def newcomer(come: Callable[..., list[Person]]) -> Callable[[], Person]:
    """`newcomer()` is somebody new, signed in with an app."""
    return lambda: come(1)[0]


@pytest.fixture
def admin(come: Callable[..., list[Person]]) -> Client:
    """Somebody who runs the place."""
    return come(1, Role.ADMIN)[0].client


@pytest.fixture
def circle(come: Callable[..., list[Person]], admin: Client) -> Circle:
    """A circle of friends with an owner, an admin, a moderator and a member, and somebody outside."""
    return Circle.made(come(5), admin)
