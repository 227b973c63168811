"""PostgreSQL is killed, restarted, and left without room: what was acknowledged is there, and all goes on soon."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.chaos.checker import Clients, Lookout, check
from tests.chaos.hands import TOIL
from tests.chaos.nursery import Nursery
from tests.chaos.proxy import Proxy, through
from tests.chaos.servers import OwnServer, small_disk
from tests.chaos.waiting import until_at_rest
from tests.events.logs import sql
from tests.http.doorkeeper import Doorkeeper
from tests.jobs.crews import ask, until

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
ROUNDS = 10 if IS_LONG else 1
BACK_SECONDS = 10
_numbers = itertools.count(1)


@dataclass
class System:
    """An API and a worker, both behind a proxy before a server that may go."""

    server: OwnServer
    clients: Clients
    called_for: dict[str, int] = field(default_factory=dict)

    def call_for_job(self) -> str:
        """Calls for a job; answers the mark that it will leave."""
        name = f"job {next(_numbers)}"
        ask(self.server.url, TOIL, name=name)
        self.called_for[name] = 1
        return name

    def is_done(self, name: str) -> bool:
        """Whether a job has left its mark."""
        try:
            return bool(sql(self.server.url, "SELECT 1 FROM effect WHERE name = %s", name))
        except psycopg.Error:
            return False


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bool]]:
    """(a folder, whether it is a small disk of its own)."""
    folder = tmp_path_factory.mktemp("chaos") / "disk"
    with small_disk(folder) as is_small:
        yield folder, is_small


@pytest.fixture(scope="module")
def server(disk: tuple[Path, bool]) -> Iterator[OwnServer]:
    """A PostgreSQL of this file's own."""
    made = OwnServer(disk[0])
    yield made
    made.stop()


@pytest.fixture
def system(server: OwnServer, nursery: Nursery, door: socket.socket) -> Iterator[System]:
    """The system at work, with clients."""
    server.start()
    keeper = Doorkeeper(server.url)
    sql(server.url, "TRUNCATE theme, content, fact, job, audit_log, audit_seal, effect, idempotency_key CASCADE")
    sql(server.url, "UPDATE fact_counter SET last_position = 0")
    sql(server.url, "UPDATE follower SET position = 0")
    address = f"http://127.0.0.1:{door.getsockname()[1]}"
    clients = Clients(lambda: address, keeper.token(keeper.person()))
    sql(server.url, "DELETE FROM fact")
    sql(server.url, "DELETE FROM audit_log")
    with Proxy(lambda: server.place, speaks_sql=True) as proxy, ExitStack() as stack:
        url = through(proxy, server.url)
        for child in (nursery.start("serve", url=url, descriptor=door.fileno()), nursery.start("work", url=url)):
            stack.callback(child.kill)
        yield System(server, clients)


@contextmanager
def at_work(system: System) -> Iterator[None]:
    """Clients and jobs while the block runs; afterwards everything is compared."""
    with Lookout(lambda: system.server.url), system.clients:
        until(lambda: len(system.clients.history.answered_at) > 10, "the first answers")
        yield
    url = system.server.url
    until_at_rest(url)
    check(url, system.clients.history, system.called_for)


def back_within(system: System, began: float) -> tuple[float, float]:
    """How long after this instant the API answered, and a worker had done a job that was called for after it."""
    until(lambda: system.clients.answered_since(began), "an answer", 30)
    api = time.monotonic() - began
    name = system.call_for_job()
    until(lambda: system.is_done(name), "a job", 30)
    return api, time.monotonic() - began


def test_after_postgresql_was_killed_or_restarted_api_and_workers_are_back_within_ten_seconds(system: System) -> None:
    with at_work(system):
        for end in (OwnServer.kill, OwnServer.stop) * ROUNDS:
            for _ in range(20):
                system.call_for_job()
            end(system.server)
            system.server.start()
            api, worker = back_within(system, time.monotonic())
            assert api < BACK_SECONDS
            assert worker < BACK_SECONDS + 2


def test_on_a_full_disk_nothing_that_was_acknowledged_is_lost_and_with_room_all_goes_on(
    system: System, disk: tuple[Path, bool]
) -> None:
    if not disk[1]:
        pytest.skip("NOT TRIED: a small disk can be made by root alone")
    with at_work(system):
        with system.server.full_disk():
            said = len(system.server.said())
            until(lambda: _has_no_room(system.server, said), "the end of all room")
        if not system.server.is_alive():
            # As whoever runs it would: where even recovering has no room, PostgreSQL gives up.
            system.server.start()
        api, worker = back_within(system, time.monotonic())
        assert api < BACK_SECONDS
        assert worker < BACK_SECONDS + 2


def _has_no_room(server: OwnServer, said: int) -> bool:
    """Whether there were many failures for want of room, or PostgreSQL has come to its end for it."""
    # What room its files have left is used up.
    with suppress(psycopg.Error):
        sql(server.url, "SELECT pg_switch_wal()")
    return not server.is_alive() or server.said()[said:].count("No space left") > 20
