"""An editor follows a course in the IDE while somebody else changes it, over either transport."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import expect

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from models.identity import Role
from resolvers import identity
from tests.subscriptions.sockets import place_all
from tests.support import factories
from tests.support.clients import Client

from .conftest import awaited, with_database
from .ide_page import IdePage

pytestmark = pytest.mark.browser

WAYS = {"websocket": "WebSocket", "sse": "server-sent events"}


class Colleague:
    """Another editor, who changes the same course."""

    def __init__(self, site: tuple[str, str]) -> None:
        self._url = site[1]
        self._client = Client(site[0], awaited(with_database(site[1], _token)))
        self._settle()

    def add_module(self, course_id: str) -> str:
        """Adds a module, and has what happened get its place in the log."""
        module_id = factories.module(self._client, course_id)
        self._settle()
        return module_id

    def _settle(self) -> None:
        # Playwright keeps an event loop in this thread.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(place_all, self._url).result()

    def close(self) -> None:
        """Goes home."""
        self._client.http.close()


@pytest.mark.parametrize("way", WAYS)
def test_changes_arrive_while_one_looks_on(
    ide: IdePage, editor_link: str, demo_site: tuple[str, str], demo_course: dict[str, Any], way: str
) -> None:
    colleague = Colleague(demo_site)
    ide.open(editor_link).choose("FollowCourse")
    expect(ide.perspective).to_contain_text("Draft")
    ide.header.get_by_label("Events over").select_option(WAYS[way])
    ide.write_variables({"id": demo_course["id"]})
    ide.press_play()
    events = ide.header.get_by_role("log")
    expect(events).to_have_text("waiting …")
    # The first change may come before the subscription stands.
    for _ in range(10):
        colleague.add_module(demo_course["id"])
        try:
            expect(events).to_contain_text("event", timeout=2_000)
            break
        except AssertionError:
            continue
    expect(ide.answer).to_contain_text("MODULE_CREATED")
    second = colleague.add_module(demo_course["id"])
    expect(ide.answer).to_contain_text(second)
    expect(events).to_have_text(re.compile(r"^\d+ events, the last at \d\d:\d\d:\d\d$"))
    ide.screenshot(f"ide-following-{way}")
    ide.page.get_by_role("button", name="Stop query").click()
    expect(events).to_contain_text("ended")
    colleague.close()


def test_who_may_not_follow_is_told_why(ide: IdePage) -> None:
    ide.open()
    ide.write("Operation Editor", "subscription Log { events { cursor } }")
    ide.press_play()
    expect(ide.answer).to_contain_text("UNAUTHENTICATED")
    expect(ide.notice).to_contain_text("signed in")
    expect(ide.header.get_by_role("log")).to_have_text("ended")


async def _token(database: Database) -> str:
    async with transaction(database, SERVICE) as tx:
        user_id = await identity.ensure_user(tx, "colleague@example.org", "Colleague", Role.EDITOR)
        return await identity.create_api_token(tx, user_id, "tests", identity.scopes_of([Role.EDITOR]), 1)
