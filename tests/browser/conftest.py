"""A real Chromium for the tests of the IDE, and a loud word when there is none.

The fixtures `base_url`, `editor_link` and `demo_course` take the place of those of the folder above: the browser visits
an application of its own, whose content is loaded once, and no coroutine runs in the thread that Playwright holds.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import pytest
from pydantic import SecretStr

from cairn.demo import loading
from cairn.settings import Settings
from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from models.identity import Role, ScopeType
from resolvers import identity
from resolvers.identity import roles
from tests.support.servers import RunningApplication, cloned

from .announcement import NO_CHROMIUM, pytest_terminal_summary
from .ide_page import IdePage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["pytest_terminal_summary"]

T = TypeVar("T")

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Root cannot use Chromium's sandbox, and what phones home would be a request that leaves the machine.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The program to run, or None when this machine has none."""
    return os.environ.get("CAIRN_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


# Not for the whole session: while open, Playwright keeps an event loop in this thread, and other tests want theirs.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One headless browser for the tests of a module; each test opens a fresh profile in it."""
    program = find_chromium()
    if program is None:
        pytest.skip(NO_CHROMIUM)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demo_site(database_server: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """(address, connection string) of an application of its own with the demo content, which no other test empties."""
    with cloned(*database_server) as url:
        settings = Settings(DATABASE_URL=SecretStr(url))
        if not settings.ide_folder.exists():
            pytest.fail("The IDE is not built. Run `make ide` first.")
        awaited(with_database(url, loading.load))
        running = RunningApplication(settings)
        yield running.start(), url
        running.stop()


@pytest.fixture
def base_url(demo_site: tuple[str, str]) -> str:
    """Where the IDE and the API are, without a slash at the end."""
    return demo_site[0]


@pytest.fixture
def editor_link(demo_site: tuple[str, str]) -> str:
    """A sign-in link of an editor; good for one use."""
    address, url = demo_site

    async def create(database: Database) -> str:
        async with transaction(database, SERVICE) as tx:
            user_id = await identity.ensure_user(tx, "editor@example.org", "Maya Okafor", Role.EDITOR)
            return await identity.create_login_token(tx, user_id)

    return f"{address}/sign-in?token={awaited(with_database(url, create))}"


@pytest.fixture
def course_editor_link(demo_site: tuple[str, str], demo_course: dict[str, Any]) -> str:
    """A sign-in link of somebody who edits one course and no other."""
    address, url = demo_site

    async def create(database: Database) -> str:
        async with transaction(database, SERVICE) as tx:
            user_id = await identity.ensure_user(tx, "author@example.org", "Ada Author", Role.LEARNER)
            await roles.give(tx, user_id, Role.EDITOR, ScopeType.COURSE, demo_course["id"])
            return await identity.create_login_token(tx, user_id)

    return f"{address}/sign-in?token={awaited(with_database(url, create))}"


@pytest.fixture
def demo_course(base_url: str) -> dict[str, Any]:
    """The first published course: `id`, `slug`, `title`, and its `lessons` (id, title)."""
    query = "{ courses(first: 1) { nodes { id slug title modules { lessons { id title } } } } }"
    answer = httpx.post(f"{base_url}/graphql", json={"query": query}).raise_for_status().json()
    course: dict[str, Any] = answer["data"]["courses"]["nodes"][0]
    lessons = [lesson for module in course.pop("modules") for lesson in module["lessons"]]
    return {**course, "lessons": lessons}


async def with_database(url: str, act: Callable[[Database], Awaitable[T]]) -> T:
    """What `act` answers, given a database that is open meanwhile."""
    database = Database(url, pool_size=1)
    await database.open()
    try:
        return await act(database)
    finally:
        await database.close()


def awaited(answer: Coroutine[Any, Any, T]) -> T:
    """Runs it to its end in a thread, since this one's event loop may be Playwright's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, answer).result()


@pytest.fixture
def ide(chromium: Browser, base_url: str) -> Iterator[IdePage]:
    """The IDE in a fresh profile. Afterwards the page must have kept to its origin and to its policy."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = IdePage(context, base_url)
    yield page
    page.close()
    page.assert_stayed_at_home()
    page.assert_nothing_complained()
