"""A database of one's own, an application that reaches it through a proxy, and people who come in by the front door."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from pydantic import HttpUrl, SecretStr

from cairn.composition import tools
from cairn.settings import MailSettings, Settings, WorkSettings
from gateways.mail import Mailbox
from tests.chaos.errands import do_due
from tests.chaos.nursery import Nursery
from tests.chaos.proxy import Proxy, postgres_at, through
from tests.chaos.states import States
from tests.http.doorkeeper import Doorkeeper
from tests.identity.conftest import newcomer, staff, visitor
from tests.identity.guests import Post
from tests.jobs.conftest import databases_for_effects, url
from tests.support.servers import RunningApplication, cloned

__all__ = ["databases_for_effects", "newcomer", "staff", "url", "visitor"]


@pytest.fixture(scope="session")
def door() -> Iterator[socket.socket]:
    """Where APIs that may be killed listen, one after the other: who comes in between waits for the next."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        yield listening


@pytest.fixture(scope="session")
def nursery(door: socket.socket) -> Iterator[Nursery]:
    """Makes processes that may be killed."""
    with Nursery((door.fileno(),)) as made:
        yield made


@pytest.fixture(scope="module")
def own_database(database_server: tuple[str, str]) -> Iterator[str]:
    """A database of this file's alone."""
    with cloned(*database_server) as url:
        yield url


@pytest.fixture(scope="module")
def wire(own_database: str) -> Iterator[Proxy]:
    """What the application has between itself and its database."""
    with Proxy(lambda: postgres_at(own_database), speaks_sql=True) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def house(
    own_database: str, wire: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, RunningApplication]]:
    """(address, running application) behind the proxy, with a mailbox; its jobs are done when a test says so."""
    mail = MailSettings(mailbox=True, app_url=HttpUrl("https://app.example"))
    work = WorkSettings(imports=tmp_path_factory.mktemp("imports"))
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(through(wire, own_database)), mail=mail, work=work))
    yield running.start(), running
    running.stop()


@pytest.fixture
def doorkeeper(own_database: str) -> Doorkeeper:
    """Whoever hands out credentials."""
    return Doorkeeper(own_database)


@pytest.fixture
def post(house: tuple[str, RunningApplication], own_database: str) -> Post:
    """The mail that the house has sent."""
    parts = house[1].parts
    assert isinstance(parts.mail, Mailbox)
    return Post(parts.mail, lambda: do_due(own_database, tools(parts.settings, parts.mail), ["mail"]))


@pytest.fixture(scope="module")
def states(own_database: str) -> Iterator[States]:
    """The states of the database."""
    made = States(own_database)
    yield made
    made.close()
