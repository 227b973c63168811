"""Streams while everything around them is killed: each follower gets each event once, and in order.

Followers keep the cursor of the last event that they have, as the page for them says, and come back with it over one
transport or the other, to whichever of two APIs answers. The long form is a stream of 100,000 events.
"""

from __future__ import annotations

import os
import random
import socket as sockets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest
from websockets.exceptions import WebSocketException

from core.writing import Transaction
from models.curriculum import Course
from models.events import CourseCreated
from models.identity import Role
from resolvers import events as log
from tests.chaos.nursery import Child, Nursery
from tests.chaos.servers import OwnServer
from tests.events.logs import as_service, sql
from tests.http.doorkeeper import Doorkeeper
from tests.jobs.crews import until
from tests.subscriptions.sockets import events, signed_in
from tests.support.clients import Client, Data

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
MANY, AT_ONCE, FOLLOWERS = (100_000, 500, 4) if IS_LONG else (600, 100, 2)
# What happens to the system: each after a while of peace, in which something is told.
TROUBLES = ("kill the APIs", "kill a worker", "end backends", "restart PostgreSQL")
ROUNDS = 40 if IS_LONG else len(TROUBLES)
FOLLOW = "subscription($after: String) { events(types: [COURSE_CREATED], after: $after) { cursor fact { position } } }"
GONE = (OSError, WebSocketException, httpx.HTTPError, AssertionError, TimeoutError)


@dataclass
class Follower:
    """Follows the log from a cursor on, and comes back whenever its stream breaks. A context manager."""

    client: Client
    cursor: str
    last: int
    seen: list[int] = field(default_factory=list)
    came: Counter[str] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Follower:
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)

    @property
    def is_done(self) -> bool:
        """Whether it has the last event."""
        return self.seen[-1:] == [self.last]

    def _go_on(self) -> None:
        ways = (self._over_websocket, self._over_sse)
        while not self.is_done and not self._over.wait(0.05):
            way = ways[sum(self.came.values()) % 2]
            self.came[way.__name__.removeprefix("_over_")] += 1
            with suppress(*GONE):
                for event in way():
                    # Kept together, so that what comes after a break is neither missed nor taken twice.
                    self.cursor = event["cursor"]
                    self.seen.append(event["fact"]["position"])
                    if self.is_done or self._over.is_set():
                        break

    def _over_websocket(self) -> Iterator[Data]:
        with signed_in(self.client, open_timeout=10, close_timeout=1) as live:
            live.subscribe(FOLLOW, after=self.cursor)
            while True:
                yield live.answer()["events"]

    def _over_sse(self) -> Iterator[Data]:
        with events(self.client, FOLLOW, after=self.cursor) as stream:
            while True:
                yield stream.answer()["events"]


class System:
    """Two APIs behind one door, and two workers that place what happens."""

    def __init__(self, server: OwnServer, nursery: Nursery, door: sockets.socket) -> None:
        self.server, self._nursery, self._door = server, nursery, door
        self.apis, self.workers = [self._api() for _ in range(2)], [self._worker() for _ in range(2)]

    def _api(self) -> Child:
        return self._nursery.start("serve", url=self.server.url, descriptor=self._door.fileno())

    def _worker(self) -> Child:
        return self._nursery.start("work", url=self.server.url)

    def suffer(self, trouble: str, dice: random.Random) -> None:
        """Something goes wrong; what was killed starts again, as whoever supervises it would see to."""
        place = dice.randrange(2)
        if trouble == "kill the APIs":
            # One after the other, so that nobody's line is spared.
            for number in range(2):
                self.apis[number].kill()
                self.apis[number] = self._api()
        elif trouble == "kill a worker":
            self.workers[place].kill()
            self.workers[place] = self._worker()
        elif trouble == "end backends":
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user"
            sql(self.server.url, f"{ended} AND pid <> pg_backend_pid()")
        else:
            before = self.server.url
            self.server.kill()
            self.server.start()
            if self.server.url != before:
                # It listens elsewhere now.
                for child in (*self.apis, *self.workers):
                    child.kill()
                self.apis, self.workers = [self._api() for _ in range(2)], [self._worker() for _ in range(2)]

    def close(self) -> None:
        """Ends all of it."""
        for child in (*self.apis, *self.workers):
            child.kill()


def _record(url: str, number: int) -> bool:
    """Has something happen so many times, in one transaction; answers whether that was committed."""

    async def act(tx: Transaction) -> None:
        for _ in range(number):
            course = Course.new_id()
            log.record(tx, CourseCreated(subject_id=course, root_id=course))

    try:
        as_service(url, act)
    except (psycopg.Error, RuntimeError):
        return False
    return True


def test_whatever_is_killed_each_follower_gets_each_event_once_and_in_order(
    nursery: Nursery, door: sockets.socket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(6)
    server = OwnServer(tmp_path)
    keeper = Doorkeeper(server.url)
    person = keeper.person(Role.ADMIN)
    client = Client(f"http://127.0.0.1:{door.getsockname()[1]}", keeper.token(person, Role.ADMIN))
    system = System(server, nursery, door)
    try:
        assert _record(server.url, 1)
        placed = "SELECT 1 FROM fact WHERE position IS NULL"
        until(lambda: sql(server.url, placed) == [], "the placing of what was there before")
        first = client.ask("{ events(last: 1) { pageInfo { endCursor } } }")["events"]["pageInfo"]["endCursor"]
        ((before,),) = sql(server.url, "SELECT last_position FROM fact_counter")
        followers = [Follower(client, first, before + MANY) for _ in range(FOLLOWERS)]
        for each in followers:
            each.__enter__()
        written, rounds = 0, 0
        while written < MANY:
            if _record(server.url, AT_ONCE):
                written += AT_ONCE
            due = written * ROUNDS // MANY
            while rounds < due:
                seen = min(len(each.seen) for each in followers)
                until(lambda: min(len(each.seen) for each in followers) > seen, "something told")  # noqa: B023
                system.suffer(TROUBLES[rounds % len(TROUBLES)], dice)
                rounds += 1
        for each in followers:
            until(lambda: each.is_done, "the last event", 600 if IS_LONG else 60)  # noqa: B023
            each.__exit__()
        if IS_LONG:
            with capsys.disabled():
                came = [dict(each.came) for each in followers]
                print(f"\n{MANY} events to {FOLLOWERS} followers, {rounds} killings; they came {came}")
        for each in followers:
            assert each.seen == list(range(before + 1, before + MANY + 1))
            assert each.came.total() > 1
    finally:
        system.close()
        client.http.close()
        server.stop()
