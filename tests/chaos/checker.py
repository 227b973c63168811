"""What clients were told, compared with what stands in the database: nothing lost, nothing twice, nothing invented."""

from __future__ import annotations

import itertools
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

import httpx
import psycopg

from core.writing import Transaction
from resolvers import audit
from resolvers.jobs import LEASE
from tests.events.logs import as_service, sql

CREATE = "mutation($title: String!) { themeCreate(input: {title: $title}) { theme { id } errors { code } } }"
_TOO_LONG = "x" * 5_000
_PAUSE_SECONDS = 0.05
TWO_LEASES = 2 * LEASE.total_seconds()


class Told(Enum):
    """What a client was told of what it wanted."""

    DONE = "done"
    REFUSED = "refused"
    NOTHING = "nothing"


@dataclass
class History:
    """What was wanted, and what was told of it, by title."""

    told: dict[str, Told] = field(default_factory=dict)
    answered_at: list[float] = field(default_factory=list)

    def counts(self) -> Counter[str]:
        """How many were told what."""
        return Counter(each.value for each in self.told.values())


class Clients:
    """Several clients who make themes one after the other, and ask again when they were told nothing, or give up.

    Use it as a context manager: they go on until its end.
    """

    def __init__(self, address: Callable[[], str], token: str, number: int = 4) -> None:
        self._address, self._token = address, token
        self._numbers = itertools.count(1)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._go_on, args=(each,)) for each in range(number)]
        self.history = History()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def answered_since(self, instant: float) -> bool:
        """Whether anybody was told that something was done, after this instant."""
        return any(each > instant for each in self.history.answered_at[-50:])

    def _go_on(self, number: int) -> None:
        dice = random.Random(number)
        with httpx.Client(timeout=15, verify=False) as http:
            while not self._over.is_set():
                title = f"Theme {next(self._numbers)}"
                wish = title + _TOO_LONG if dice.random() < 0.1 else title
                key, told = secrets.token_hex(16), Told.NOTHING
                # Some give up after the first time: they will never know.
                for _ in range(dice.choice((1, 8))):
                    told = self._ask(http, key, wish)
                    if told is not Told.NOTHING or self._over.is_set():
                        break
                    self._over.wait(_PAUSE_SECONDS)
                self.history.told[title] = told

    def _ask(self, http: httpx.Client, key: str, title: str) -> Told:
        headers = {"authorization": f"Bearer {self._token}", "idempotency-key": key}
        body = {"query": CREATE, "variables": {"title": title}}
        try:
            answer = http.post(f"{self._address()}/graphql", json=body, headers=headers)
            found = answer.json()["data"]["themeCreate"]
        except (httpx.TransportError, ValueError, KeyError, TypeError):
            return Told.NOTHING
        if found is None:
            return Told.NOTHING
        if found["errors"]:
            # One that somebody else holds up is not refused for good.
            return Told.NOTHING if found["errors"][0]["code"] == "BUSY" else Told.REFUSED
        self.history.answered_at.append(time.monotonic())
        return Told.DONE


class Lookout:
    """Looks every so often how long jobs have been stuck. Use it as a context manager.

    A job is stuck from when it could be begun, or was last told of to a broker, or its lease has run out; not while it
    waits for more urgent ones.
    """

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        # Seconds: how long a job was stuck, and how long one was due, at the most; and how the most stuck one stood.
        self.longest = self.overdue = 0.0
        self.most_stuck = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            try:
                found = sql(self._url(), _STUCK)
            except (psycopg.Error, RuntimeError):
                continue
            for stuck, overdue, stands in found:
                self.overdue = max(self.overdue, float(overdue))
                if stuck > self.longest:
                    self.longest, self.most_stuck = float(stuck), f"{stands}, at {time.strftime('%X')}"


# The job that has been stuck for longest, for how long, and for how long one has been due.
_STUCK = """
SELECT extract(epoch FROM stuck), extract(epoch FROM max(overdue) OVER ()), stands FROM (
  SELECT now() - CASE state WHEN 'running' THEN lease_until ELSE run_at END AS stuck,
    now() - CASE state WHEN 'running' THEN lease_until ELSE run_at END AS overdue,
    concat_ws(' ', actor, state, 'attempt', attempts, 'of', lease_owner, last_error,
      '; beside it', count(*) OVER (PARTITION BY state), state) AS stands
  FROM job WHERE state IN ('queued', 'running') AND NOT EXISTS (
    SELECT FROM job AS first WHERE first.queue = job.queue AND first.state = 'queued' AND job.state = 'queued'
      AND first.priority < job.priority AND first.run_at <= now())) AS unfinished
ORDER BY stuck DESC LIMIT 1
"""


def check(url: str, history: History, jobs: dict[str, int]) -> None:
    """Compares. `jobs` are the names of the jobs that were called for, each with how often its mark must be there."""
    _writes(url, history)
    _facts(url)
    _marks(url, jobs)
    as_service(url, _walk)
    assert sql(url, "SELECT state, count(*) FROM job WHERE state <> 'done' GROUP BY state") == []


def _writes(url: str, history: History) -> None:
    """What was told done is there once, what was refused is not there, what nobody heard of is there at most once."""
    there = Counter(title for (title,) in sql(url, "SELECT title FROM theme"))
    acts = Counter(subject for (subject,) in sql(url, "SELECT subject_id FROM audit_log WHERE action = 'theme_create'"))
    for title, told in history.told.items():
        number = there.pop(title, 0)
        if told is Told.DONE:
            assert number == 1, f"{title} was acknowledged and is there {number} times"
        elif told is Told.REFUSED:
            assert number == 0, f"{title} was refused and is there"
        else:
            assert number <= 1, f"{title} is there {number} times"
    assert there == {}, "nobody asked for these"
    assert set(acts.values()) <= {1}
    assert len(acts) == sql(url, "SELECT count(*) FROM theme")[0][0]


def _facts(url: str) -> None:
    """Every fact has one place in an order without gaps, and every theme its fact."""
    places = [place for (place,) in sql(url, "SELECT position FROM fact ORDER BY position")]
    assert places == list(range(1, len(places) + 1))
    made = Counter(theme for (theme,) in sql(url, "SELECT subject_id FROM fact WHERE type = 'theme.created'"))
    assert made == Counter(theme for (theme,) in sql(url, "SELECT id FROM theme"))


def _marks(url: str, jobs: dict[str, int]) -> None:
    """Every job and every reaction has left its mark, once, and none too early."""
    marks = Counter(name for (name,) in sql(url, "SELECT name FROM effect"))
    noticed = Counter(f"noticed {theme}" for (theme,) in sql(url, "SELECT id FROM theme"))
    wanted = noticed + Counter(jobs)
    assert marks == wanted, f"missing: {wanted - marks}; too many: {marks - wanted}"


async def _walk(tx: Transaction) -> None:
    async for _ in audit.verify(tx):
        pass
