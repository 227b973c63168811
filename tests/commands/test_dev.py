"""`cairn dev` in copies of the project: one command, and nothing left behind by whatever ends it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from cairn.embedded.processes import wait_until
from cairn.settings import PROJECT
from resolvers.identity import looks_like_token
from tests.embedded.lookout import is_running, needs_proc, postmaster_of

from .programs import Program

pytestmark = needs_proc
SECONDS = 30
ROOMS = ("cairn", "core", "gateways", "graph", "migrations", "models", "resolvers", "workers")
SIGN_IN = r"Sign in +((http://\S+)/sign-in\?token=\S+)"
DRAFT = "query @perspective(stage: DRAFT)"


@dataclass
class House:
    """A copy of the project in which `cairn dev` was started."""

    clone: Path
    program: Program
    link: str
    address: str

    @property
    def server(self) -> int:
        """The process id of its PostgreSQL."""
        return postmaster_of(self.clone / ".cairn" / "postgres")

    def is_ready(self) -> bool:
        """Whether it says so."""
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.address}/readyz").text == "ready\n"
        return False


@dataclass(frozen=True)
class Run:
    """What is left of a start that has ended."""

    code: int
    said: str
    server: int


Start = Callable[..., House]
Command = Callable[..., Program]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """`command(clone, "dev")` runs a command in a copy of the project; it is killed in the end."""
    logs = tmp_path_factory.mktemp("said")
    with ExitStack() as stack:

        def run(clone: Path, *arguments: str, **variables: str) -> Program:
            log = logs / f"{len(list(logs.iterdir()))}.txt"
            return stack.enter_context(Program(arguments, clone, variables, log))

        yield run


@pytest.fixture(scope="module")
def start(command: Command) -> Start:
    """`start(clone)` runs `cairn dev` there and waits until it is up."""

    def run(clone: Path, **variables: str) -> House:
        program = command(clone, "dev", **variables)
        greeting = program.says(SIGN_IN)
        return House(clone, program, greeting[1], greeting[2])

    return run


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which nothing was ever started."""
    clone = tmp_path_factory.mktemp("fresh") / "cairn"
    for room in ROOMS:
        shutil.copytree(PROJECT / room, clone / room)
    return clone


@pytest.fixture(scope="module")
def first_run(fresh: Path, start: Start) -> Run:
    """The first start ever in a copy, ended by Ctrl-C."""
    house = start(fresh, PORT="0")
    server = house.server
    return Run(house.program.end(signal.SIGINT), house.program.said, server)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, fresh: Path, first_run: Run, start: Start) -> House:
    """A later start, which goes on running. Nobody told it which port to take, and 8000 was in use."""
    clone = shutil.copytree(fresh, tmp_path_factory.mktemp("second") / "cairn")
    with ExitStack() as stack, contextlib.suppress(OSError):
        # When it cannot be taken, somebody else has it, which is just as well.
        stack.enter_context(socket.create_server(("127.0.0.1", 8000)))
        return start(clone)
    return start(clone)


@pytest.fixture(scope="module")
def browser(house: House) -> Iterator[httpx.Client]:
    """A browser that has followed the link."""
    with httpx.Client(base_url=house.address, verify=False) as http:
        assert http.get(house.link).status_code == 303
        yield http


def ask(http: httpx.Client, document: str, **variables: Any) -> Any:
    """The data of a query that must not fail."""
    answer = http.post("/graphql", json={"query": document, "variables": variables}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def test_the_first_start_says_where_everything_is(first_run: Run) -> None:
    for words in ("Cairn is up", "/graphql", "/ide/", "/sign-in?token="):
        assert first_run.said.count(words) == 1


def test_ctrl_c_ends_it_without_a_complaint_and_with_its_database(first_run: Run) -> None:
    assert first_run.code == 0
    assert not is_running(first_run.server)
    assert "Traceback" not in first_run.said


def test_where_the_usual_port_is_taken_the_next_free_one_is(house: House) -> None:
    assert 8000 < (urlsplit(house.address).port or 0) < 8050


def test_it_is_ready_when_it_says_so(house: House) -> None:
    assert house.is_ready()


def test_the_link_signs_an_editor_in_once(house: House, browser: httpx.Client) -> None:
    assert ask(browser, "{ viewer { kind canEdit canPublish } }")["viewer"] == {
        "kind": "USER",
        "canEdit": True,
        "canPublish": True,
    }
    assert httpx.get(house.link).status_code == 400


def test_the_demo_has_themes_courses_and_lessons_for_everybody_to_read(house: House) -> None:
    with httpx.Client(base_url=house.address, verify=False) as anybody:
        found = ask(anybody, "{ themes { totalCount } courses { totalCount } lessons { totalCount } }")
    assert (found["themes"]["totalCount"], found["courses"]["totalCount"]) == (2, 3)
    assert 38 <= found["lessons"]["totalCount"] <= 44


def test_the_demo_has_every_format_of_block(browser: httpx.Client) -> None:
    kinds = ask(browser, '{ __type(name: "Block") { possibleTypes { name } } }')["__type"]["possibleTypes"]
    rest = "{ nodes { __typename } pageInfo { hasNextPage endCursor } }"
    page = f"query($after: String) {{ blocks(first: 100, after: $after) {rest} }}"
    found, after, more = set(), None, True
    while more:
        blocks = ask(browser, page, after=after)["blocks"]
        found |= {each["__typename"] for each in blocks["nodes"]}
        after, more = blocks["pageInfo"]["endCursor"], blocks["pageInfo"]["hasNextPage"]
    assert found == {kind["name"] for kind in kinds}


def test_one_course_of_the_demo_was_changed_since_it_was_published(browser: httpx.Client) -> None:
    courses = ask(browser, f"{DRAFT} {{ courses {{ nodes {{ publishState }} }} }}")["courses"]["nodes"]
    assert sorted(course["publishState"] for course in courses) == ["CHANGED", "PUBLISHED", "PUBLISHED"]


def test_the_demo_has_a_journal_of_forty_five_days_with_milestones(browser: httpx.Client) -> None:
    courses = ask(browser, "{ courses { nodes { kind durationDays milestones { endDay } } } }")["courses"]["nodes"]
    (journal,) = [course for course in courses if course["durationDays"]]
    assert (journal["kind"], journal["durationDays"]) == ("JOURNAL", 45)
    assert [each["endDay"] for each in journal["milestones"]] == [9, 18, 27, 36, 45]


def test_a_second_start_in_the_same_folder_says_who_is_there(house: House, command: Command) -> None:
    second = command(house.clone, "dev", PORT="0")
    assert second.wait() == 1
    assert f"Process {house.program.pid} already runs the database" in second.said
    assert (second.said.count("\n"), house.is_ready()) == (1, True)


def test_other_commands_use_the_database_that_runs(house: House, command: Command) -> None:
    made = command(house.clone, "token", "create", "--role", "editor")
    assert made.wait() == 0
    token = made.said.strip()
    assert looks_like_token(token)
    headers = {"authorization": f"Bearer {token}"}
    answer = httpx.post(f"{house.address}/graphql", json={"query": "{ viewer { canEdit } }"}, headers=headers)
    assert answer.json()["data"] == {"viewer": {"canEdit": True}}


def test_a_database_that_is_killed_is_started_again(house: House) -> None:
    before, links = house.server, house.program.said.count("Sign in")
    os.kill(before, signal.SIGKILL)
    house.program.says("PostgreSQL ended unexpectedly")
    house.program.says(SIGN_IN, times=links + 1)
    assert house.is_ready()
    assert house.server != before
    assert "Traceback" not in house.program.said


def test_two_copies_do_not_meet_and_when_one_is_killed_its_next_start_works(
    tmp_path: Path, fresh: Path, house: House, browser: httpx.Client, start: Start
) -> None:
    clone = shutil.copytree(fresh, tmp_path / "cairn")
    other = start(clone, PORT="0")
    assert httpx.get(f"{house.address}{urlsplit(other.link).path}?{urlsplit(other.link).query}").status_code == 400
    server = other.server
    other.program.send(signal.SIGKILL)
    assert wait_until(lambda: not is_running(server), SECONDS)
    again = start(clone, PORT="0")
    assert again.is_ready()
    server = again.server
    assert again.program.end(signal.SIGTERM) == 0
    assert not is_running(server)
    assert "Traceback" not in again.program.said
    assert house.is_ready()
    assert ask(browser, "{ viewer { kind } }") == {"viewer": {"kind": "USER"}}
