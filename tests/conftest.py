"""Fixtures of the whole suite. Databases and the application are real; nothing is mocked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

import httpx
import pytest
from httpx._transports import default as transports
from pydantic import HttpUrl, SecretStr

from cairn import garbage
from cairn.settings import MailSettings, Settings
from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from models import TABLES
from models.identity import Role
from resolvers import identity
from tests.browser.announcement import pytest_terminal_summary
from tests.support.clients import Client, People
from tests.support.databases import Broom, with_database
from tests.support.recycling import Databases
from tests.support.servers import DatabaseServer, RunningApplication, cloned

__all__ = ["pytest_terminal_summary"]

# Tests start some hundred processes. Where bytecode may not be kept, each would compile all of our files anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# httpx reads all certificates there are for each client, which takes longer than most tests.
transports.create_ssl_context = cache(httpx.create_ssl_context)
_SERVER = pytest.StashKey[DatabaseServer]()
_FIRST = {"browser", "chaos", "commands", "embedded", "house", "jobs", "migrations"}


def pytest_configure(config: pytest.Config) -> None:
    """The controller (or a run without workers) starts the database server before anything is collected."""
    if not hasattr(config, "workerinput") and not config.option.collectonly and not config.option.help:
        server = DatabaseServer()
        server.start()
        config.stash[_SERVER] = server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests wait for processes come first: the last worker at work should not be one that waits."""
    items.sort(key=lambda item: item.path.parent.name not in _FIRST)


def pytest_collection_finish() -> None:
    """What is there before the first test stays until the last: no search for garbage has to look at it again."""
    garbage.keep()


def pytest_unconfigure(config: pytest.Config) -> None:
    """And stops it when all is done."""
    server = config.stash.get(_SERVER, None)
    if server is not None:
        server.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells each xdist worker where the server is."""
    server = node.config.stash[_SERVER]
    node.workerinput["database_server"] = (server.url, server.template)


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> tuple[str, str]:
    """(connection string, name of the migrated template)."""
    workerinput = getattr(request.config, "workerinput", None)
    if workerinput is not None:
        url, template = workerinput["database_server"]
        return url, template
    server = request.config.stash[_SERVER]
    return server.url, server.template


@pytest.fixture(scope="session")
def database_url(database_server: tuple[str, str]) -> Iterator[str]:
    """This worker's own database, cloned from the template; its user is the owner."""
    with cloned(*database_server) as url:
        yield url


@pytest.fixture(scope="session")
def databases(database_server: tuple[str, str]) -> Iterator[Databases]:
    """This worker's store of databases for one test alone."""
    made = Databases(*database_server)
    yield made
    made.close()


@pytest.fixture
def fresh_database(databases: Databases) -> Iterator[str]:
    """A migrated database for one test alone."""
    with databases.one() as url:
        yield url


@pytest.fixture(scope="session")
def application(database_url: str) -> Iterator[tuple[str, RunningApplication]]:
    """(address, the running application) over this worker's database."""
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url)))
    yield running.start(), running
    running.stop()


@pytest.fixture(scope="session")
def house(database_url: str) -> Iterator[tuple[str, RunningApplication]]:
    """(address, running application) with a mailbox, over this worker's database.

    It stands here so that there is one: of two at work on one database, each would send some of the other's mail.
    """
    mail = MailSettings(mailbox=True, app_url=HttpUrl("https://app.example"))
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), mail=mail), works=("mail",))
    yield running.start(), running
    running.stop()


@pytest.fixture(scope="session")
def _tokens(database_url: str) -> dict[Role, tuple[str, str]]:
    """(user id, token) of one person per role; they outlive the emptying between tests."""

    async def make(database: Database) -> dict[Role, tuple[str, str]]:
        made = {}
        async with transaction(database, SERVICE) as tx:
            for role in (Role.LEARNER, Role.EDITOR, Role.ADMIN):
                user_id = await identity.ensure_user(tx, f"{role.value}@example.org", role.value, role)
                scopes = identity.scopes_of([role])
                made[role] = (user_id, await identity.create_api_token(tx, user_id, "tests", scopes, 1))
        return made

    return with_database(database_url, make)


@pytest.fixture
def users(_tokens: dict[Role, tuple[str, str]]) -> dict[Role, str]:
    """The user id of the person with each role."""
    return {role: user_id for role, (user_id, _) in _tokens.items()}


@pytest.fixture(scope="session")
def _broom(database_url: str) -> Iterator[Broom]:
    broom = Broom(database_url, [model for model in TABLES if "identity" not in model.__module__])
    yield broom
    broom.close()


@pytest.fixture
def empty(_broom: Broom) -> None:
    """Empties every table but those of identity, so that each test starts from nothing."""
    _broom.sweep()


@pytest.fixture
def address(application: tuple[str, RunningApplication]) -> str:
    """The running application's address."""
    return application[0]


@pytest.fixture
def people(address: str, _tokens: dict[Role, tuple[str, str]], empty: None) -> Iterator[People]:
    """A client for each kind of viewer, on an empty system."""
    made = People(
        anonymous=Client(address),
        learner=Client(address, _tokens[Role.LEARNER][1]),
        editor=Client(address, _tokens[Role.EDITOR][1]),
        admin=Client(address, _tokens[Role.ADMIN][1]),
    )
    yield made
    for client in (made.anonymous, made.learner, made.editor, made.admin):
        client.http.close()


@pytest.fixture
def editor(people: People) -> Client:
    """Somebody who may edit and publish."""
    return people.editor


@pytest.fixture
def reader(people: People) -> Client:
    """Somebody who is not signed in."""
    return people.anonymous


@pytest.fixture
def statements(application: tuple[str, RunningApplication]) -> Callable[[], AbstractContextManager[list[str]]]:
    """`with statements() as sent:` collects every SQL statement that the application sends meanwhile.

    Statements that find out who is asking are left out: they are the same for every request with credentials.
    """
    database = application[1].parts.database

    @contextmanager
    def listen() -> Iterator[list[str]]:
        sent: list[str] = []
        database.on_statement = lambda text: None if _is_about_credentials(text) else sent.append(text)
        try:
            yield sent
        finally:
            database.on_statement = None

    return listen


def _is_about_credentials(text: str) -> bool:
    return any(f"FROM {name}" in text for name in ("api_token", "auth_session", "role_grant"))
