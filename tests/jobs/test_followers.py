"""Who follows the log on our own side: nothing is lost between two releases, and nobody's locks hold up the order."""

from __future__ import annotations

import psycopg
import pytest

from core.events import Placed, on
from core.writing import Transaction
from models.curriculum import Theme
from models.events import ThemePublished, ThemeTrashed
from resolvers import events, followers
from tests.events.logs import as_service, positions, sql
from tests.jobs.crews import effects, mark, tools, until, until_idle
from tests.support.clients import People
from tests.webhooks.receivers import receiver
from tests.webhooks.senders import send, sending, webhook
from workers import running
from workers.running import Worker


@on(ThemeTrashed)
async def award(tx: Transaction, placed: Placed[ThemeTrashed]) -> None:
    """What only the new release knows."""
    await mark(tx, f"{placed.position:03}")


def _record(url: str, kind: type[ThemeTrashed] | type[ThemePublished], *themes: str) -> None:
    async def record(tx: Transaction) -> None:
        for each in themes:
            more = {"root_id": each} if kind is ThemeTrashed else {"revision": 1}
            events.record(tx, kind(subject_id=each, **more))

    as_service(url, record)


def test_a_worker_of_the_release_before_loses_nothing_of_what_only_the_new_one_knows(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    themes = [Theme.new_id() for _ in range(100)]
    monkeypatch.setattr(running, "REACTIONS", ())
    old = Worker(url, tools(), actors=())
    monkeypatch.setattr(running, "REACTIONS", (award,))
    new = Worker(url, tools(), actors=())
    new.start()
    try:
        _record(url, ThemeTrashed, *themes[:20])
        until(lambda: len(effects(url)) == 20)
    finally:
        new.stop()
    old.start()
    try:
        # Nobody but the old one is there: it gives places, and makes no job of what it does not know.
        _record(url, ThemeTrashed, *themes[20:60])
        until(lambda: len(positions(url)) == 60)
        newer = Worker(url, tools(), actors=())
        newer.start()
        try:
            for each in themes[60:]:
                _record(url, ThemeTrashed, each)
            until(lambda: len(effects(url)) >= 100)
            until_idle(url)
        finally:
            newer.stop()
    finally:
        old.stop()
    assert effects(url) == [f"{number:03}" for number in range(1, 101)]
    assert sql(url, "SELECT count(*) FROM job WHERE actor = 'on:award'") == [(100,)]


def test_a_new_reaction_begins_with_what_happens_from_then_on(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "REACTIONS", ())
    first = Worker(url, tools(), actors=())
    first.start()
    _record(url, ThemeTrashed, Theme.new_id())
    until(lambda: positions(url) == [1])
    first.stop()
    monkeypatch.setattr(running, "REACTIONS", (award,))
    second = Worker(url, tools(), actors=())
    second.start()
    try:
        _record(url, ThemeTrashed, Theme.new_id())
        until(lambda: effects(url))
        until_idle(url)
    finally:
        second.stop()
    assert effects(url) == ["002"]


def test_whoever_holds_what_webhooks_stand_in_does_not_hold_up_the_order(people: People, database_url: str) -> None:
    with receiver() as there:
        webhook(people.admin, there.url, query="subscription { contentPublished { subjectId } }")
        held, other = Theme.new_id(), Theme.new_id()
        _record(database_url, ThemePublished, held)
        send(database_url)
        before = len(positions(database_url))
        with sending(database_url), psycopg.connect(database_url) as someone:
            someone.execute("SELECT FROM webhook_lane FOR UPDATE")
            someone.execute("SELECT FROM webhook FOR UPDATE")
            _record(database_url, ThemePublished, held, other)
            until(lambda: len(positions(database_url)) == before + 2, seconds=2)
            someone.rollback()
            until(lambda: len(there.received) == 3)
    assert [each.sequence for each in there.received if each.headers["cairn-subject"] == held] == [1, 2]


def test_what_nobody_knows_any_more_keeps_the_log_for_a_month(url: str) -> None:
    sql(url, "INSERT INTO fact_counter (id, last_position) VALUES ('00000000-0000-800e-8000-000000000001', 9)")
    for name, position, days in (("gone", 3, 40), ("away", 3, 20), ("quiet", 9, 40)):
        sql(
            url,
            "INSERT INTO follower (id, name, position, updated_at)"
            " VALUES (gen_random_uuid(), %s, %s, now() - make_interval(days => %s))",
            name,
            position,
            days,
        )
    assert as_service(url, followers.forget) == 1
    assert sql(url, "SELECT name FROM follower ORDER BY name") == [("away",), ("quiet",)]
