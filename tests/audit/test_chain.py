"""The chain: every entry gets its place, and whoever rewrites the log as the owner is found out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from core.database import Database
from core.viewer import SERVICE
from core.writing import transaction
from models.audit import AuditLog
from resolvers import audit
from tests.commands.conftest import UNREACHABLE, Cairn, cairn
from workers.sealing import seal_all

__all__ = ["cairn"]
Owner = psycopg.Connection[Any]
ENTRIES = 6


@pytest.fixture
def owner(fresh_database: str) -> Iterator[Owner]:
    """The owner of a database of one test alone, who may do anything."""
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        yield connection


def act(url: str, times: int = ENTRIES, *, sealed: bool = True) -> None:
    """Somebody acts, so many times, and a worker comes by."""

    async def run() -> None:
        async with _opened(url) as database:
            for number in range(times):
                async with transaction(database, SERVICE) as tx:
                    await audit.record(tx, "act", None, {"number": number, "nested": {"b": 1.5, "a": ["ü", None]}})
            if sealed:
                await seal_all(database)

    asyncio.run(run())


class _opened(Database):
    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=4)

    async def __aenter__(self) -> Database:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def chain(owner: Owner) -> list[tuple[int, str, str]]:
    """(number, entry, hash) of every link."""
    rows = owner.execute("SELECT number, id::text, hash FROM audit_seal WHERE hash IS NOT NULL ORDER BY number")
    return rows.fetchall()


def test_committed_entries_get_their_place_in_order_and_without_gaps(owner: Owner, fresh_database: str) -> None:
    act(fresh_database)
    links = chain(owner)
    entries = [row[0] for row in owner.execute("SELECT id::text FROM audit_log ORDER BY id").fetchall()]
    assert [(number, entry) for number, entry, _ in links] == list(enumerate(entries, 1))
    assert len({found for *_, found in links}) == ENTRIES


def test_a_log_that_nobody_touched_is_whole(cairn: Cairn, fresh_database: str) -> None:
    act(fresh_database)
    act(fresh_database, 2, sealed=False)
    outcome = cairn("audit", "verify", DATABASE_URL=fresh_database)
    assert (outcome.code, outcome.out) == (0, "")
    assert f"{ENTRIES} links, and 2 entries not sealed yet" in outcome.err


def test_an_empty_log_is_whole(cairn: Cairn, fresh_database: str) -> None:
    outcome = cairn("audit", "verify", DATABASE_URL=fresh_database)
    assert (outcome.code, "0 links" in outcome.err) == (0, True)


def test_the_head_is_printed_alone_after_all_that_waits_was_sealed(
    cairn: Cairn, owner: Owner, fresh_database: str
) -> None:
    act(fresh_database, sealed=False)
    outcome = cairn("audit", "head", DATABASE_URL=fresh_database)
    number, _, found = chain(owner)[-1]
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{number}:{found}\n", "")
    assert number == ENTRIES


# What an owner might do to the third of six entries, and what is said about it. {third} and so on are their ids.
TAMPERING = {
    "a changed action": ("UPDATE audit_log SET action = 'other' WHERE id = '{third}'", "Link 3: the entry {third}"),
    "a changed detail": (
        "UPDATE audit_log SET details = jsonb_set(details, '{{number}}', '7') WHERE id = '{third}'",
        "Link 3: the entry {third}",
    ),
    "another instant": (
        "UPDATE audit_log SET created_at = created_at + interval '1 microsecond' WHERE id = '{third}'",
        "Link 3: the entry {third}",
    ),
    "another actor": (
        "UPDATE audit_log SET actor_id = gen_random_uuid() WHERE id = '{third}'",
        "Link 3: the entry {third}",
    ),
    "a removed entry": ("DELETE FROM audit_log WHERE id = '{third}'", "Link 3: the entry {third} was removed"),
    "a removed entry and its seal": (
        "DELETE FROM audit_log WHERE id = '{third}'; DELETE FROM audit_seal WHERE id = '{third}'",
        "Link 3 is missing",
    ),
    "a removed entry, and the others moved up": (
        "DELETE FROM audit_log WHERE id = '{third}'; DELETE FROM audit_seal WHERE id = '{third}';"
        "UPDATE audit_seal SET number = number - 1 WHERE number = 4; UPDATE audit_seal SET number = 4 WHERE number = 5;"
        "UPDATE audit_seal SET number = 5 WHERE number = 6",
        "Link 3: the entry {fourth}",
    ),
    "an inserted entry": (
        "INSERT INTO audit_log (id, actor_kind, action, details) VALUES ('{new}', 'service', 'act', '{{}}')",
        "The entry {new} was inserted by other means",
    ),
    "an inserted entry with a seal": (
        "INSERT INTO audit_log (id, actor_kind, action, details) VALUES ('{new}', 'service', 'act', '{{}}');"
        "INSERT INTO audit_seal (id, number, hash) VALUES ('{new}', 7, repeat('a', 64))",
        "Link 7: the entry {new}",
    ),
    "two entries in each other's place": (
        "UPDATE audit_seal SET number = 9 WHERE number = 3; UPDATE audit_seal SET number = 3 WHERE number = 4;"
        "UPDATE audit_seal SET number = 4 WHERE number = 9",
        "Link 3: the entry {fourth}",
    ),
    "two entries with each other's words": (
        "UPDATE audit_log SET details = CASE details->>'number' WHEN '2' THEN details || '{{\"number\": 3}}'"
        " ELSE details || '{{\"number\": 2}}' END WHERE details->>'number' IN ('2', '3')",
        "Link 3: the entry {third}",
    ),
    "a seal of somebody's own": (
        "UPDATE audit_seal SET hash = repeat('b', 64) WHERE number = 3",
        "Link 3: the entry {third}",
    ),
}


@pytest.mark.parametrize(("tampering", "told"), TAMPERING.values(), ids=TAMPERING)
def test_whoever_rewrites_the_log_is_found_out_and_the_first_broken_link_named(
    cairn: Cairn, owner: Owner, fresh_database: str, tampering: str, told: str
) -> None:
    act(fresh_database)
    links = chain(owner)
    names = {"third": links[2][1], "fourth": links[3][1], "new": AuditLog.new_id()}
    owner.execute(tampering.format(**names).encode())
    outcome = cairn("audit", "verify", DATABASE_URL=fresh_database)
    assert outcome.code == 1
    assert told.format(**names) in " ".join(outcome.err.split())


def test_an_entry_that_was_removed_before_it_was_sealed_is_missed(
    cairn: Cairn, owner: Owner, fresh_database: str
) -> None:
    act(fresh_database, sealed=False)
    owner.execute("DELETE FROM audit_log WHERE details->>'number' = '2'")
    act(fresh_database, 1)
    outcome = cairn("audit", "verify", DATABASE_URL=fresh_database)
    assert (outcome.code, "was removed before it was sealed" in outcome.err) == (1, True)


def test_a_chain_that_was_cut_off_or_made_anew_does_not_lead_through_the_head_that_was_kept(
    cairn: Cairn, owner: Owner, fresh_database: str
) -> None:
    act(fresh_database)
    kept = cairn("audit", "head", DATABASE_URL=fresh_database).out.strip()
    act(fresh_database, 2)
    assert cairn("audit", "verify", "--head", kept, DATABASE_URL=fresh_database).code == 0
    owner.execute("DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_seal WHERE number > 4)")
    owner.execute("DELETE FROM audit_seal WHERE number > 4")
    assert cairn("audit", "verify", DATABASE_URL=fresh_database).code == 0
    outcome = cairn("audit", "verify", "--head", kept, DATABASE_URL=fresh_database)
    assert (outcome.code, "ends at link 4" in outcome.err) == (1, True)
    owner.execute("UPDATE audit_log SET action = 'other'")
    owner.execute("UPDATE audit_seal SET number = NULL, hash = NULL")
    act(fresh_database, 4)
    assert cairn("audit", "verify", DATABASE_URL=fresh_database).code == 0
    outcome = cairn("audit", "verify", "--head", kept, DATABASE_URL=fresh_database)
    assert (outcome.code, f"Link {ENTRIES}" in outcome.err) == (1, True)


@pytest.mark.parametrize("head", ["nonsense", "7", "7:abc", ":" + "a" * 64])
def test_a_head_that_is_none_is_refused_before_anything_is_asked(cairn: Cairn, head: str) -> None:
    outcome = cairn("audit", "verify", "--head", head, DATABASE_URL=UNREACHABLE)
    assert outcome.code == 2


def test_many_who_act_and_many_who_seal_make_one_chain(cairn: Cairn, owner: Owner, fresh_database: str) -> None:
    async def crowd() -> None:
        async with _opened(fresh_database) as database:

            async def one(number: int) -> None:
                async with transaction(database, SERVICE) as tx:
                    await audit.record(tx, "act", None, {"number": number})
                await seal_all(database)

            await asyncio.gather(*(one(number) for number in range(40)))

    asyncio.run(crowd())
    assert [number for number, *_ in chain(owner)] == list(range(1, 41))
    assert cairn("audit", "verify", DATABASE_URL=fresh_database).code == 0


def test_what_is_rolled_back_has_no_place_in_the_chain_and_leaves_no_gap(owner: Owner, fresh_database: str) -> None:
    async def run() -> None:
        async with _opened(fresh_database) as database:
            for number in range(4):
                with suppress(RuntimeError):
                    async with transaction(database, SERVICE) as tx:
                        await audit.record(tx, "act", None, {"number": number})
                        if number % 2:
                            raise RuntimeError
            await seal_all(database)

    asyncio.run(run())
    assert [number for number, *_ in chain(owner)] == [1, 2]


def test_sealing_that_breaks_off_is_done_again(owner: Owner, fresh_database: str) -> None:
    act(fresh_database, sealed=False)

    async def broken_off() -> None:
        async with _opened(fresh_database) as database:
            with suppress(RuntimeError):
                async with transaction(database, SERVICE) as tx:
                    assert await audit.seal(tx, at_once=4) == 4
                    raise RuntimeError
            async with transaction(database, SERVICE) as tx:
                assert await audit.seal(tx, at_once=4) == 4

    asyncio.run(broken_off())
    assert [number for number, *_ in chain(owner)] == [1, 2, 3, 4]


def test_a_seal_once_made_is_made_for_good_even_for_the_service(owner: Owner, fresh_database: str) -> None:
    act(fresh_database)
    owner.execute("SET ROLE cairn_service")
    assert owner.execute("UPDATE audit_seal SET hash = repeat('c', 64), number = 99 WHERE number = 3").rowcount == 0
    for statement in ("DELETE FROM audit_seal", "UPDATE audit_seal SET id = id", "UPDATE audit_log SET action = 'x'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute(statement.encode())
