"""The clients that front ends are written with: Apollo Client and urql of npm, over both transports, run by Node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import factories
from tests.support.clients import Client, People

from .sockets import cursor_now, place_all
from .test_foreign_clients import NODE, PACKAGE

SCRIPT = Path(__file__).parent / "apollo_and_urql.mjs"
PUBLISHED = "subscription($after: String) { contentPublished(after: $after) { cursor type subjectId } }"
CREATE = "mutation($title: String!) { themeCreate(input: {title: $title}) { theme { id } errors { message } } }"
WHO = "{ viewer { kind } }"
Step = dict[str, Any]

pytestmark = [
    pytest.mark.parametrize("way", ["websocket", "sse"]),
    pytest.mark.parametrize("client", ["apollo", "urql"]),
]


def work(client: str, way: str, whose: Client, *steps: Step) -> list[Any]:
    """What the client prints of these steps, one after the other."""
    assert (PACKAGE.parent / "node_modules" / "@urql").exists(), "The clients are not installed. Run `make ide`."
    command = [NODE, SCRIPT, PACKAGE, client, way, whose.url, whose.token or "", json.dumps(steps)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def following(after: str, number: int) -> Step:
    """The step of following so many events."""
    return {"follow": PUBLISHED, "variables": {"after": after}, "number": number}


def test_it_asks_changes_follows_and_goes_on_after_the_last_cursor(
    people: People, database_url: str, client: str, way: str
) -> None:
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    themes = [factories.theme(people.editor, publish=True) for _ in range(5)]
    place_all(database_url)
    asked, made, *events, refused = work(
        client,
        way,
        people.editor,
        {"query": WHO},
        {"query": CREATE, "variables": {"title": "Rest"}},
        following(after, 2),
        following("$LAST", 3),
        {"follow": "subscription { events { cursor } }", "number": 1},
    )
    assert asked["data"]["viewer"]["kind"] == "API_TOKEN"
    assert made["data"]["themeCreate"]["errors"] == []
    assert [each["data"]["contentPublished"]["subjectId"] for each in events] == themes
    assert [each["code"] for each in refused["errors"]] == ["FORBIDDEN"]


def test_it_learns_that_its_token_is_bad(people: People, client: str, way: str) -> None:
    stranger = Client(people.anonymous.url, "cairn_api_nonsense", people.anonymous.http)
    (told,) = work(client, way, stranger, {"follow": PUBLISHED, "number": 1})
    # Apollo makes one sentence of the code and the reason.
    assert ("4401" if way == "websocket" else "401") in json.dumps(told)
