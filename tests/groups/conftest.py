"""Groups and people who know each other from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from models.identity import Role
from tests.groups.circles import Circle
from tests.http.doorkeeper import Doorkeeper
from tests.identity.conftest import newcomer, post, staff, visitor
from tests.identity.guests import Guest
from tests.identity.test_crowds import crowd
from tests.support.clients import Client

__all__ = ["crowd", "newcomer", "post", "staff", "visitor"]


@pytest.fixture
def doorkeeper(database_url: str) -> Iterator[Doorkeeper]:
    """Whoever hands out credentials and takes them back; groups and those who came in are gone afterwards."""
    with Doorkeeper(database_url).closing_time() as keeper:
        yield keeper
        for table in ("job", "outgoing_mail", '"group"', "role_grant WHERE scope_type = 'group'"):
            keeper.sql(f"DELETE FROM {table}")


@pytest.fixture
def admin(staff: Callable[[Role], tuple[str, Client]]) -> Client:
    """Somebody who runs the place."""
    return staff(Role.ADMIN)[1]


@pytest.fixture
def circle(newcomer: Callable[[], Guest], admin: Client) -> Circle:
    """A circle of friends with an owner, an admin, a moderator and a member, and somebody outside."""
    return Circle.made(newcomer, admin)
