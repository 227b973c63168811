"""The log forgets what is old: nothing that somebody still needs, and never without whoever follows being told."""

from __future__ import annotations

from typing import Any

import pytest

from core.jobs import JobKind
from core.writing import Transaction
from models.curriculum import Theme
from models.events import ThemeTrashed
from resolvers import events, followers, jobs
from tests.events.logs import age, as_service, forget, place, positions, sql
from tests.subscriptions.sockets import signed_in
from tests.support import factories
from tests.support.clients import People
from tests.webhooks.receivers import receiver
from tests.webhooks.senders import send, standing, webhook

FOLLOW = "subscription($after: String) { events(after: $after) { fact { position } } }"
READ = """query($after: String, $before: String, $last: Int) {
    events(after: $after, before: $before, last: $last) { nodes { position } } }"""


def happen(url: str, number: int) -> None:
    """So many facts, at their places."""
    theme_id = Theme.new_id()

    async def act(tx: Transaction) -> None:
        for _ in range(number):
            events.record(tx, ThemeTrashed(subject_id=theme_id, root_id=theme_id))

    as_service(url, act)
    while sql(url, "SELECT 1 FROM fact WHERE position IS NULL"):
        place(url)


def cursors(people: People) -> list[str]:
    """The cursors of all facts in the log."""
    edges: list[dict[str, Any]] = people.admin.ask("{ events(first: 100) { edges { cursor } } }")["events"]["edges"]
    return [each["cursor"] for each in edges]


def react_later(url: str, position: int) -> None:
    """A reaction to the fact at this place was parked, and somebody will look at it."""
    ((fact_id,),) = sql(url, "SELECT id::text FROM fact WHERE position = %s", position)

    async def park(tx: Transaction) -> None:
        await jobs.park(tx, str(await jobs.enqueue(tx, JobKind("on:notice"), {"fact_id": fact_id})), "to be looked at")

    as_service(url, park)


def test_who_left_off_at_a_fact_that_was_spared_is_told_that_others_behind_it_are_gone(
    people: People, database_url: str
) -> None:
    happen(database_url, 6)
    spared, gone, last_gone, stays = (cursors(people)[place - 1] for place in (2, 3, 4, 5))
    react_later(database_url, 2)
    age(database_url, 31, until=4)
    forget(database_url)
    assert positions(database_url) == [2, 5, 6]
    for cursor in (spared, gone, last_gone):
        with signed_in(people.admin) as client:
            client.subscribe(FOLLOW, after=cursor)
            assert client.refusal() == "CURSOR_EXPIRED"
    with signed_in(people.admin) as client:
        client.subscribe(FOLLOW, after=stays)
        assert client.answer()["events"]["fact"]["position"] == 6


def test_who_reads_the_log_page_by_page_is_told_too(people: People, database_url: str) -> None:
    happen(database_url, 6)
    spared, gone, last_gone = (cursors(people)[place - 1] for place in (2, 3, 4))
    react_later(database_url, 2)
    age(database_url, 31, until=4)
    forget(database_url)
    for cursor in (spared, gone):
        assert people.admin.fails(READ, after=cursor) == "CURSOR_EXPIRED"
    # Who has seen all that was forgotten has missed nothing, and who reads backwards comes to where the log begins.
    assert people.admin.ask(READ, after=last_gone)["events"]["nodes"] == [{"position": 5}, {"position": 6}]
    assert people.admin.ask(READ, before=last_gone, last=5)["events"]["nodes"] == [{"position": 2}]


def test_a_follower_whom_the_forgetting_overtakes_is_told(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(database_url, 6)
    first = cursors(people)[0]
    stands = events.require_stands

    async def stands_and_then_night_falls(*given: Any) -> None:
        await stands(*given)
        sql(database_url, "DELETE FROM fact WHERE position <= 4")
        sql(database_url, "UPDATE fact_counter SET forgotten = 4")

    monkeypatch.setattr(events, "require_stands", stands_and_then_night_falls)
    with signed_in(people.admin) as client:
        client.subscribe(FOLLOW, after=first)
        assert client.refusal() == "CURSOR_EXPIRED"


def test_what_a_webhook_is_still_to_be_told_is_not_forgotten(people: People, database_url: str) -> None:
    with receiver() as there:
        hook, _ = webhook(people.admin, there.url)
        people.admin.do("webhookPause", "__typename", id=hook)
        theme = factories.theme(people.editor, publish=True)
        send(database_url)
        age(database_url, 31, until=1_000)
        forget(database_url)
        assert sql(database_url, "SELECT type FROM fact WHERE position IS NOT NULL") == [("theme.published",)]
        people.admin.do("webhookResume", "__typename", id=hook)
        send(database_url)
        assert [each.headers["cairn-subject"] for each in there.received] == [theme]
        assert standing(database_url) == ["delivered"]
        age(database_url, 31, until=1_000)
        forget(database_url)
    assert sql(database_url, "SELECT 1 FROM fact WHERE type = 'theme.published'") == []


def test_however_much_there_is_it_is_forgotten_piece_by_piece(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LOOKED_AT", 3)
    happen(database_url, 20)
    react_later(database_url, 1)
    react_later(database_url, 8)
    age(database_url, 31, until=17)
    forget(database_url)
    assert positions(database_url) == [1, 8, 18, 19, 20]
    sql(database_url, "UPDATE job SET state = 'cancelled', finished_at = now()")
    forget(database_url)
    assert positions(database_url) == [18, 19, 20]
    assert sql(database_url, "SELECT forgotten FROM fact_counter") == [(17,)]


def test_a_fact_that_a_clock_put_into_the_future_keeps_nothing_from_being_forgotten(fresh_database: str) -> None:
    happen(fresh_database, 6)
    age(fresh_database, 31, until=4)
    age(fresh_database, -1_000, until=2)
    forget(fresh_database)
    assert positions(fresh_database) == [5, 6]


def test_where_the_clock_went_back_nothing_is_forgotten(fresh_database: str) -> None:
    happen(fresh_database, 3)
    age(fresh_database, -1_000, until=3)
    forget(fresh_database)
    assert positions(fresh_database) == [1, 2, 3]


def test_a_log_of_billions_is_still_read_page_by_page(people: People, database_url: str) -> None:
    happen(database_url, 2)
    sql(database_url, "UPDATE fact SET position = position + 5000000000")
    first = cursors(people)[0]
    assert people.admin.ask(READ, after=first)["events"]["nodes"] == [{"position": 5_000_000_002}]


def test_what_a_follower_has_still_to_follow_stays_unless_nobody_has_known_it_for_a_month(
    people: People, database_url: str
) -> None:
    happen(database_url, 6)
    as_service(database_url, lambda tx: followers.settle(tx, ["on:lagging"]))
    sql(database_url, "UPDATE follower SET position = 3")
    age(database_url, 40, until=5)
    forget(database_url)
    assert positions(database_url) == [4, 5, 6]
    sql(database_url, "UPDATE follower SET updated_at = now() - interval '31 days'")
    forget(database_url)
    assert positions(database_url) == [6]
    assert sql(database_url, "SELECT 1 FROM follower") == []
