"""Senders that are killed in the middle: every fact arrives, in order, with the id that it always had."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from cairn.settings import PROJECT
from core.writing import Transaction
from models.curriculum import Theme
from models.events import ThemePublished
from resolvers import events
from tests.events.logs import as_service, sql
from tests.jobs.crews import until
from tests.support.clients import People
from tests.webhooks.receivers import FAILED, TAKEN, Received, Reply, receiver
from tests.webhooks.senders import sending, time_passes, until_sent, webhook

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
THEMES, EACH, KILLS = (50, 120, 40) if IS_LONG else (8, 10, 1)


@contextmanager
def hands(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A sender that may be killed."""
    command = [sys.executable, "-m", "tests.webhooks.hands", url]
    process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _happen(url: str, themes: list[str], number: int) -> None:
    """So many facts about each of these themes, as their own transactions would tell them."""

    async def record(tx: Transaction) -> None:
        for place in range(number):
            for theme in themes:
                events.record(tx, ThemePublished(subject_id=theme, revision=place + 1))

    as_service(url, record)


def test_senders_that_are_killed_lose_nothing_and_keep_ids_and_order(people: People, database_url: str) -> None:
    dice = random.Random(6)

    def moody(_received: Received) -> Reply:
        time.sleep(dice.random() * 0.01)
        return FAILED if dice.random() < 0.05 else TAKEN

    with receiver(moody) as there:
        webhook(people.admin, there.url, query="subscription { contentPublished { subjectId } }")
        themes = [Theme.new_id() for _ in range(THEMES)]
        for _ in range(KILLS):
            # However fast they are, there is something to send when they are killed.
            _happen(database_url, themes, EACH // KILLS)
            with hands(database_url) as process:
                before = len(there.received)
                until(lambda: len(there.received) > before + 5, "some sending")  # noqa: B023
                time.sleep(dice.random() * 0.1)
                process.kill()
                process.wait()
            time_passes(database_url, leases=True)
        there.behave = lambda _received: TAKEN
        with sending(database_url), sending(database_url):
            until(lambda: sql(database_url, "SELECT 1 FROM fact WHERE position IS NULL") == [], "the placing")
            time_passes(database_url)
            until_sent(database_url)
    _is_whole(database_url, there.received)


def _is_whole(url: str, received: list[Received]) -> None:
    """Every fact was delivered, under one id, and first arrived in the order in which it happened to its object."""
    assert sql(url, "SELECT state, count(*) FROM webhook_delivery GROUP BY state") == [("delivered", THEMES * EACH)]
    ids: dict[str, set[str]] = defaultdict(set)
    firsts: dict[str, list[int]] = defaultdict(list)
    for each in received:
        ids[each.headers["cairn-fact"]].add(each.id)
        if each.sequence not in firsts[each.headers["cairn-subject"]]:
            firsts[each.headers["cairn-subject"]].append(each.sequence)
    assert len(ids) == THEMES * EACH
    assert all(len(each) == 1 for each in ids.values())
    assert all(each == list(range(1, EACH + 1)) for each in firsts.values())
    # Each attempt is in the log, those of the killed too.
    logged = "SELECT count(*) FROM delivery_attempt a WHERE a.delivery_id = d.id"
    assert sql(url, f"SELECT 1 FROM webhook_delivery d WHERE attempts <> ({logged})") == []
