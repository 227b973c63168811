"""Everything at once and at random, for a while: clients and jobs under load, and something always going wrong.

For how many seconds says CAIRN_TEST_STORM_SECONDS, shared by the brokers that are there: 600 in the long form.
"""

from __future__ import annotations

import itertools
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from core.errors import RequestError
from core.jobs import JobKind
from core.writing import Transaction
from resolvers import jobs
from tests.chaos.checker import TWO_LEASES, Clients, Lookout, check
from tests.chaos.hands import LATER, TOIL
from tests.chaos.nursery import Child, Nursery
from tests.chaos.proxy import Proxy, detour, through
from tests.chaos.servers import OwnServer, small_disk
from tests.chaos.test_messages import lose_everything
from tests.chaos.waiting import until_at_rest
from tests.events.logs import as_service, sql
from tests.http.doorkeeper import Doorkeeper
from tests.jobs.test_brokers import BROKERS, _answers, _empty

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
SECONDS = float(os.environ.get("CAIRN_TEST_STORM_SECONDS", 600 if IS_LONG else 2))
THERE = {"postgres": "postgres"} | {name: url for name, (url, port) in BROKERS.items() if IS_LONG and _answers(port)}
Wanted = list[tuple[JobKind, dict[str, str], None]]
ENOUGH = 200
YEAR = 365 * 86_400
# Two workers, the first always far ahead, the second jumping between far behind and now.
CLOCKS = ((YEAR, YEAR), (-YEAR, 0))


@dataclass
class Caller:
    """Calls for jobs, now and for later, and knows which calls were acknowledged. A context manager."""

    url: Callable[[], str]
    acknowledged: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Caller:
        self._thread = threading.Thread(target=self._go_on)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _go_on(self) -> None:
        for number in itertools.count():
            if self._over.wait(0.05):
                return
            if self._is_behind():
                continue
            due = datetime.now(UTC) + timedelta(seconds=number % 4)
            names = [f"job {number}.{each}" for each in range(8)]
            wanted = [(TOIL, {"name": name}, None) for name in names]
            late = [(LATER, {"name": f"{name} later", "due": due.isoformat()}, None) for name in names[:2]]
            with suppress(psycopg.Error, RuntimeError, RequestError):
                as_service(self.url(), lambda tx: _called_for(tx, wanted, late, due))  # noqa: B023
                self.acknowledged.update(names, (f"{name} later" for name in names[:2]))

    def _is_behind(self) -> bool:
        """Whether the workers have enough to do: a job that waits for its turn is not stuck."""
        with suppress(psycopg.Error, RuntimeError):
            return sql(self.url(), "SELECT count(*) > %s FROM job WHERE state IN ('queued', 'running')", ENOUGH)[0][0]
        return True


async def _called_for(tx: Transaction, wanted: Wanted, late: Wanted, due: datetime) -> None:
    await jobs.enqueue_all(tx, wanted)
    await jobs.enqueue_all(tx, late, due)


class Storm:
    """An API and two workers, and all that may happen to them."""

    def __init__(
        self,
        server: OwnServer,
        nursery: Nursery,
        door: socket.socket,
        wire: Proxy,
        broker_url: str,
        broker_line: Proxy | None,
        is_small: bool,
    ) -> None:
        self._server, self._nursery, self._door = server, nursery, door
        self._wire, self._broker_url, self._broker_line = wire, broker_url, broker_line
        self._dice = random.Random()
        self.seen: Counter[str] = Counter()
        self._url = through(wire, server.url)
        self._crew = [self._worker(clock) for clock in CLOCKS]
        self._api = self._nursery.start("serve", url=self._url, descriptor=door.fileno())
        often = [self.kill_worker, self.kill_api, self.cut, self.lose_commits, self.end_backends]
        seldom = [self.silence, self.slow, self.kill_postgres, self.stop_postgres]
        if is_small:
            seldom.append(self.fill_disk)
        if broker_line is not None:
            often += [self.lose_messages, self.cut_broker]
            seldom.append(self.silence_broker)
        self._troubles = often * 4 + seldom

    def _worker(self, clock: tuple[float, float]) -> Child:
        url = self._broker_url if self._broker_line is None else detour(self._broker_line, self._broker_url)
        return self._nursery.start("work", url=self._url, broker_url=url, clock=clock)

    def rage(self, seconds: float) -> None:
        """Something goes wrong every second or two, until the time is over."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            trouble = self._dice.choice(self._troubles)
            self.seen[trouble.__name__] += 1
            trouble()
            self._check_crew()
            time.sleep(self._dice.uniform(0.2, 2))

    def _check_crew(self) -> None:
        """What has died of it starts again, as whoever supervises it would see to."""
        for place, clock in enumerate(CLOCKS):
            if not self._crew[place].is_alive():
                self.seen["worker started again"] += 1
                self._crew[place] = self._worker(clock)
        if not self._api.is_alive():
            self._api = self._nursery.start("serve", url=self._url, descriptor=self._door.fileno())

    def calm(self) -> None:
        """All is there again."""
        self._server.start()
        self._check_crew()

    def close(self) -> None:
        """Ends them."""
        for child in (*self._crew, self._api):
            child.kill()

    # What may happen -------------------------------------------------------------------------------------------------

    def kill_worker(self) -> None:
        self._dice.choice(self._crew).kill()

    def kill_api(self) -> None:
        self._api.kill()

    def cut(self) -> None:
        self._wire.cut()

    def lose_commits(self) -> None:
        self._wire.commits_to_lose += self._dice.randint(1, 5)

    def end_backends(self) -> None:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND random() < 0.5"
        with suppress(psycopg.Error):
            sql(self._server.url, f"{ended} AND pid <> pg_backend_pid()")

    def silence(self) -> None:
        self._wire.silence()
        time.sleep(self._dice.uniform(0.5, 6))
        self._wire.flow()

    def slow(self) -> None:
        self._wire.delay = 0.01
        time.sleep(2)
        self._wire.delay = 0

    def kill_postgres(self) -> None:
        self._server.kill()
        time.sleep(self._dice.uniform(0, 3))
        self._server.start()

    def stop_postgres(self) -> None:
        self._server.stop()
        time.sleep(self._dice.uniform(0, 3))
        self._server.start()

    def fill_disk(self) -> None:
        with self._server.full_disk():
            time.sleep(2)
        self._server.start()

    def lose_messages(self) -> None:
        lose_everything(self._broker_url)

    def cut_broker(self) -> None:
        assert self._broker_line is not None
        self._broker_line.cut()

    def silence_broker(self) -> None:
        assert self._broker_line is not None
        self._broker_line.silence()
        time.sleep(self._dice.uniform(0.5, 6))
        self._broker_line.flow()


@contextmanager
def between(name: str, broker_url: str) -> Iterator[Proxy | None]:
    """What is between workers and their broker, emptied before; nothing where PostgreSQL is the broker."""
    if name == "postgres":
        yield None
        return
    _empty(broker_url)
    with Proxy(lambda: ("127.0.0.1", BROKERS[name][1])) as proxy:
        yield proxy


@pytest.mark.parametrize("name", THERE)
def test_whatever_happens_nothing_is_lost_and_nothing_happens_twice(
    name: str, nursery: Nursery, door: socket.socket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        is_small = stack.enter_context(small_disk(tmp_path / "disk", SECONDS / len(THERE)))
        server = OwnServer(tmp_path / "disk")
        stack.callback(server.stop)
        keeper = Doorkeeper(server.url)
        token = keeper.token(keeper.person())
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        wire = stack.enter_context(Proxy(lambda: server.place, speaks_sql=True))
        broker_line = stack.enter_context(between(name, THERE[name]))
        storm = Storm(server, nursery, door, wire, THERE[name], broker_line, is_small)
        stack.callback(storm.close)
        clients = Clients(lambda: address, token)
        with Lookout(lambda: server.url) as lookout, clients, Caller(lambda: server.url) as caller:
            storm.rage(SECONDS / len(THERE))
            storm.calm()
        until_at_rest(server.url)
        there = Counter(
            name
            for (name,) in sql(
                server.url, "SELECT arguments->>'name' FROM job WHERE queue = 'default' AND actor IN ('toil', 'later')"
            )
        )
        if IS_LONG:
            with capsys.disabled():
                print(f"\n{name}: {dict(storm.seen)}")
                print(
                    f"{dict(clients.history.counts())} answers, {len(there)} jobs, {wire.commits_lost} COMMITs unheard"
                )
                print(f"a job was stuck for {lookout.longest:.1f} s at most, and overdue for {lookout.overdue:.1f} s:")
                print(lookout.most_stuck)
        assert caller.acknowledged <= set(there)
        check(server.url, clients.history, there)
        assert lookout.longest < TWO_LEASES, lookout.most_stuck
