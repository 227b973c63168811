"""One order without gaps, whoever commits when and whatever is killed."""

from __future__ import annotations

import threading

import psycopg
import pytest

from core.writing import Transaction
from models.curriculum import Theme
from models.events import ThemeTrashed, ThemeUpdated
from resolvers import events
from tests.events.logs import age, as_service, forget, place, positions, sql
from tests.jobs.crews import until

_HELD_UP = """SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND strpos(query, 'SET position') > 0"""


async def _three(tx: Transaction) -> None:
    for _ in range(3):
        record(tx)


def record(tx: Transaction) -> None:
    """A fact about nothing in particular."""
    theme_id = Theme.new_id()
    events.record(tx, ThemeTrashed(subject_id=theme_id, root_id=theme_id))


def test_facts_are_placed_in_the_order_of_their_recording(fresh_database: str) -> None:
    for _ in range(4):
        as_service(fresh_database, _three)
    assert [place(fresh_database, 5) for _ in range(4)] == [0, 5, 5, 2], "the counter is made by the first round"
    assert sql(fresh_database, "SELECT position FROM fact ORDER BY recorded") == [(each,) for each in range(1, 13)]


def test_a_fact_that_commits_late_gets_a_later_place_and_leaves_no_gap(fresh_database: str) -> None:
    place(fresh_database)
    insert = """INSERT INTO fact (id, type, version, subject_id, actor_kind, payload)
        VALUES (gen_random_uuid(), 'theme.trashed', 1, gen_random_uuid(), 'service', '{}') RETURNING id::text"""
    with psycopg.connect(fresh_database) as late:
        (late_id,) = late.execute(insert).fetchone() or ()
        as_service(fresh_database, _three)
        assert place(fresh_database) == 3
        late.commit()
    assert place(fresh_database) == 1
    assert sql(fresh_database, "SELECT position FROM fact WHERE id = %s", late_id) == [(4,)]


def test_many_relays_at_once_place_every_fact_once_and_without_gaps(fresh_database: str) -> None:
    for _ in range(20):
        as_service(fresh_database, _three)
    relays = [threading.Thread(target=lambda: [place(fresh_database, 7) for _ in range(12)]) for _ in range(4)]
    for relay in relays:
        relay.start()
    for relay in relays:
        relay.join()
    while place(fresh_database, 7):
        pass
    assert positions(fresh_database) == list(range(1, 61))


def test_a_relay_that_is_killed_among_its_facts_has_done_nothing(fresh_database: str) -> None:
    place(fresh_database)
    as_service(fresh_database, _three)
    placed: list[int] = []
    relay = threading.Thread(target=lambda: placed.append(place(fresh_database)))
    with psycopg.connect(fresh_database) as someone:
        # It comes to the last of them, and no further.
        someone.execute("SELECT FROM fact ORDER BY recorded DESC LIMIT 1 FOR UPDATE")
        relay.start()
        until(lambda: sql(fresh_database, _HELD_UP))
        ((killed,),) = sql(fresh_database, _HELD_UP)
        sql(fresh_database, "SELECT pg_terminate_backend(%s)", killed)
        # It tries again, on another connection.
        until(lambda: sql(fresh_database, _HELD_UP) not in ([], [(killed,)]))
        assert positions(fresh_database) == []
        assert sql(fresh_database, "SELECT last_position FROM fact_counter") == [(0,)]
    relay.join()
    assert placed == [3]
    assert positions(fresh_database) == [1, 2, 3]
    assert sql(fresh_database, "SELECT last_position FROM fact_counter") == [(3,)]


def test_what_is_old_goes_and_its_places_are_not_given_again(fresh_database: str) -> None:
    place(fresh_database)
    as_service(fresh_database, _three)
    place(fresh_database)
    age(fresh_database, 31, until=2)
    forget(fresh_database)
    assert positions(fresh_database) == [3]
    as_service(fresh_database, _three)
    place(fresh_database)
    assert positions(fresh_database) == [3, 4, 5, 6]


def test_a_change_that_is_rolled_back_leaves_no_fact(fresh_database: str) -> None:
    async def fail(tx: Transaction) -> None:
        record(tx)
        raise LookupError

    with pytest.raises(LookupError):
        as_service(fresh_database, fail)
    assert sql(fresh_database, "SELECT count(*) FROM fact") == [(0,)]


def test_facts_go_out_together_with_the_commit_and_say_what_they_said(fresh_database: str) -> None:
    theme_id, quoted = Theme.new_id(), "title\", \\{}'NULL"
    seen: list[str] = []

    async def act(tx: Transaction) -> None:
        tx.database.on_statement = seen.append
        events.record(tx, ThemeUpdated(subject_id=theme_id, root_id=theme_id, revision=2, fields=[quoted, "ö"]))
        events.record(tx, ThemeTrashed(subject_id=theme_id, root_id=theme_id), actor=theme_id)
        assert seen == []
        await tx.finish()

    as_service(fresh_database, act)
    assert len(seen) == 1, "all facts of an act are one statement"
    said = "SELECT type, payload->'fields', actor_id::text, acted_as_id FROM fact ORDER BY recorded"
    assert sql(fresh_database, said) == [
        ("theme.updated", [quoted, "ö"], None, None),
        ("theme.trashed", None, theme_id, None),
    ]
