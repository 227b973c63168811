"""The pages say what is so: the files they name exist, the operations they show are valid."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest
from graphql import parse, validate
from pydantic import SecretStr

from cairn.composition import compose
from cairn.http.app import application
from cairn.settings import PROJECT, Settings
from graph.schema import schema
from tests.house.tree import ROOMS, files, pages, text
from tests.support import factories
from tests.support.clients import People

LIFE = Path("docs/life-of-a-request.md")
THREATS = Path("docs/threats.md")
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]*\.\w+)`")
LINKED = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)")
GRAPHQL = re.compile(r"^```graphql\n(.*?)^```", re.MULTILINE | re.DOTALL)
# The smallest kit, of use everywhere and a stop on no way.
EVERYWHERE = {"core/__init__.py", "core/clock.py", "core/errors.py", "core/ids.py", "core/tables.py"}
COURSE = "query($id: ID!) { course(id: $id) { title modules { title lessons { title blocks { html } } } } }"
SAVE = """mutation($id: ID!) { lessonUpdate(input: { id: $id, expectedRevision: 1, title: "Noticing" }) {
    lesson { title revision } errors { message path } } }"""
OPERATIONS = [(path, block) for path in pages() for block in GRAPHQL.findall(text(path))]


@pytest.mark.parametrize("path", pages(), ids=str)
def test_a_page_names_and_links_only_what_exists(path: Path) -> None:
    there = {str(each) for each in files()}
    rooms = {each.parts[0] for each in files()}
    named = [name for name in NAMED.findall(text(path)) if name.split("/")[0] in rooms and "<" not in name]
    assert [name for name in named if name not in there] == []
    links = [(PROJECT / path.parent / link).resolve() for link in LINKED.findall(text(path))]
    assert [str(link) for link in links if not link.exists()] == []


def test_every_threat_has_a_defence_and_a_test_that_tries_it() -> None:
    rows = [line.strip("|").split("|") for line in text(THREATS).splitlines() if line.startswith("|")][2:]
    assert len(rows) > 30
    for threat, defence, tests in rows:
        named = [Path(name) for name in NAMED.findall(tests)]
        assert all([threat.strip(), defence.strip(), named]), threat
        assert [path for path in named if not re.search(r"^def test_", text(path), re.MULTILINE)] == []


@pytest.mark.parametrize(("path", "operation"), OPERATIONS, ids=[str(path) for path, _ in OPERATIONS])
def test_every_operation_on_a_page_is_valid(path: Path, operation: str) -> None:
    assert [str(error) for error in validate(schema()._schema, parse(operation))] == []


def test_the_front_page_shows_operations() -> None:
    assert Path("README.md") in {path for path, _ in OPERATIONS}


def test_the_life_of_a_request_names_every_file_that_a_query_and_a_mutation_pass_through(
    people: People, database_url: str
) -> None:
    made = factories.tree(people.editor, modules=1, lessons=1, blocks=1)
    factories.publish(people.editor, made["course"])
    passed = asyncio.run(_passed(database_url, people.editor.token, made))
    named = set(NAMED.findall(text(LIFE)))
    assert {"cairn/http/graphql.py", "core/reading.py", "graph/door.py", "resolvers/content/drafts.py"} <= passed
    assert sorted(passed - named - EVERYWHERE) == []


async def _passed(url: str, token: str | None, made: dict[str, Any]) -> set[str]:
    """The files whose functions run between the request and its answer, for a query and for a mutation."""
    parts = compose(Settings(DATABASE_URL=SecretStr(url)))
    await parts.database.open()
    transport = httpx.ASGITransport(app=application(parts))
    passed: set[str] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            passed.add(frame.f_code.co_filename)

    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://cairn") as client:
            query = {"query": COURSE, "variables": {"id": made["course"]}}
            mutation = {"query": SAVE, "variables": {"id": made["lessons"][0]}}
            sys.setprofile(note)
            answers = [
                await client.post("/graphql", json=query),
                await client.post("/graphql", json=mutation, headers={"authorization": f"Bearer {token}"}),
            ]
            sys.setprofile(None)
    finally:
        sys.setprofile(None)
        await parts.database.close()
    assert all("errors" not in answer.json() for answer in answers)
    relative = {str(Path(name).relative_to(PROJECT)) for name in passed if name.startswith(f"{PROJECT}/")}
    return {name for name in relative if name.split("/")[0] in ROOMS}
