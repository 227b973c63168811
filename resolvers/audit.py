"""The audit log: one entry per act, in the act's own transaction, sealed into a chain once it is committed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.chain import BEGINNING, link
from core.policies import PublicRead, StaffRead
from core.relations import Filter, Relation, Sort, equals
from core.rows import Row
from core.tables import Table, id_type, table_of
from core.viewer import Viewer
from core.watching import Change
from core.writing import Transaction
from models.audit import AuditLog, AuditSeal
from resolvers.identity import Origin

LOG, SEAL = table_of(AuditLog), table_of(AuditSeal)
WITHHELD = "(withheld)"
_LONGEST = 500
_NOWHERE = Origin()
# Whoever seals waits for whoever is at it: there is one chain.
_LOCK = 0x6175_6469
_AT_ONCE = 500

# What is visible -----------------------------------------------------------------------------------------------------


def _recorded_name(action: str) -> str:
    """What a mutation is called in the log, whether it is named as there or as in the API."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", action).lower()


ENTRIES = Relation(
    AuditLog,
    sorts={"NEWEST": Sort("id", descending=True)},
    filters={
        "actor": equals(LOG.c.actor_id),
        "acted_as": equals(LOG.c.acted_as_id),
        "subject": equals(LOG.c.subject_id),
        "action": Filter(lambda value: LOG.c.action == value, _recorded_name),
        "from": Filter(lambda value: LOG.c.created_at >= value),
        "to": Filter(lambda value: LOG.c.created_at < value),
    },
)
SEAL_OF_ENTRY = Relation(AuditSeal, "id")


# Actions -------------------------------------------------------------------------------------------------------------


async def record(
    tx: Transaction,
    action: str,
    subject_id: str | None,
    details: Mapping[str, Any],
    actor: Viewer | None = None,
    *,
    origin: Origin = _NOWHERE,
    noted: Mapping[str, Any] | None = None,
) -> None:
    """Appends who did what to what, and what became of it as far as the transaction watched.

    The actor is whose transaction it is, unless the service acts for somebody. `noted` is more that came of the act.
    """
    who = actor or tx.viewer
    before, after = _compared(await tx.changes(subject_id) if subject_id else [])
    entry = {
        "id": AuditLog.new_id(),
        "actor_id": who.actor_id or who.user_id,
        "acted_as_id": who.user_id if who.actor_id else None,
        "actor_kind": who.kind.value,
        "action": action,
        "subject_id": subject_id,
        "details": loggable(details),
        "before": before or None,
        "after": {**after, **loggable(noted or {})} or None,
        "request_id": origin.request_id,
        "ip": (origin.ip or "")[:45] or None,
    }
    await tx.insert(AuditLog, [entry])
    await tx.insert(AuditSeal, [{"id": entry["id"]}])


def loggable(value: Any) -> Any:
    """Anything as JSON for the log, long texts shortened."""
    if isinstance(value, Mapping):
        return {str(name): loggable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [loggable(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def withheld(model: type[Table]) -> frozenset[str]:
    """The columns whose values never stand in the log: what is personal, and all of what no staff may read."""
    is_open = any(isinstance(shape, StaffRead | PublicRead) for shape in model.__policies__)
    return frozenset(model.__personal__ if is_open else table_of(model).c.keys()) - {"id", "revision"}


def without_withheld(model: type[Table], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a model's columns, those that are not for the log blotted out."""
    hidden = withheld(model)
    return {name: WITHHELD if name in hidden and value is not None else value for name, value in values.items()}


def _compared(changes: Sequence[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for change in changes:
        if change.stage == "live":
            # Live rows are copies of draft ones: what counts is whether they are there.
            before["is_live"], after["is_live"] = change.before is not None, change.after is not None
            continue
        before |= loggable(without_withheld(change.model, change.before or {}))
        after |= loggable(without_withheld(change.model, change.after or {}))
    return before, after


# The chain -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Head:
    """The newest link of the chain. `number` is 0 where nothing is sealed yet."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


async def seal(tx: Transaction, at_once: int = _AT_ONCE) -> int:
    """Puts committed entries that wait, oldest first, at the end of the chain; answers how many. Safe to repeat.

    Done in a transaction of its own: whoever acts waits for no place in the chain, and what breaks off is done again.
    """
    await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    last = await head(tx)
    number, previous = last.number, last.hash
    waiting = await tx.rows(
        sa.select(LOG).join(SEAL, SEAL.c.id == LOG.c.id).where(SEAL.c.hash.is_(None)).order_by(LOG.c.id).limit(at_once)
    )
    ids, numbers, hashes = [], [], []
    for entry in waiting:
        number, previous = number + 1, link(previous, vars(entry))
        ids.append(entry.id)
        numbers.append(number)
        hashes.append(previous)
    if waiting:
        given = (
            sa.func.unnest(
                sa.bindparam("ids", type_=ARRAY(id_type())),
                sa.bindparam("numbers", type_=ARRAY(sa.BigInteger)),
                sa.bindparam("hashes", type_=ARRAY(sa.Text)),
            )
            .table_valued("id", "number", "hash", name="given")
            .render_derived()
        )
        await tx.execute(
            sa.update(SEAL)
            .where(SEAL.c.id == sa.cast(given.c.id, id_type()), SEAL.c.hash.is_(None))
            .values(number=given.c.number, hash=given.c.hash),
            {"ids": ids, "numbers": numbers, "hashes": hashes},
        )
    return len(waiting)


async def head(tx: Transaction) -> Head:
    """The newest link: kept elsewhere, it proves later that nothing before it was touched."""
    last = await tx.row(
        sa.select(SEAL.c.number, SEAL.c.hash).where(SEAL.c.number.is_not(None)).order_by(SEAL.c.number.desc()).limit(1)
    )
    return Head(0, BEGINNING) if last is None else Head(last.number, last.hash)


async def waiting(tx: Transaction) -> int:
    """How many entries are not sealed yet."""
    found = await tx.row(sa.select(sa.func.count().label("number")).select_from(SEAL).where(SEAL.c.hash.is_(None)))
    assert found is not None
    return int(found.number)


class Broken(Exception):
    """The chain is broken; the message names the first link that does not hold."""


async def verify(tx: Transaction, kept: Head | None = None) -> AsyncIterator[tuple[int, int]]:
    """Walks the chain and then all entries; tells (how many were looked at, of how many). Raises `Broken`.

    `kept` is a head that was kept elsewhere: the chain must still lead through it.
    """
    until = (await head(tx)).number
    total = await tx.row(sa.select(sa.func.count().label("all")).select_from(LOG))
    assert total is not None
    number, previous, done, whole = 0, BEGINNING, 0, until + total.all
    while number < until:
        links = await _links(tx, number)
        for each in links:
            number += 1
            _check_link(each, number, previous)
            previous = each.seal_hash
            _check_kept(kept, number, previous)
        if not links:
            raise Broken(f"Link {number + 1} is missing.")
        done += len(links)
        yield done, whole
    if kept is not None and kept.number > until:
        raise Broken(f"The chain ends at link {until}: what follows up to link {kept.number} is missing.")
    await _check_waiting(tx)
    async for count in _entries_without_seal(tx):
        yield done + count, whole


async def _links(tx: Transaction, after: int) -> list[Row]:
    found = (LOG.c.id.is_not(None)).label("seal_found")
    seal_id, number = SEAL.c.id.label("seal_id"), SEAL.c.number.label("seal_number")
    return await tx.rows(
        sa.select(LOG, seal_id, number, SEAL.c.hash.label("seal_hash"), found)
        .select_from(SEAL.outerjoin(LOG, LOG.c.id == SEAL.c.id))
        .where(SEAL.c.number > after)
        .order_by(SEAL.c.number)
        .limit(_AT_ONCE)
    )


def _check_link(each: Row, number: int, previous: str) -> None:
    if each.seal_number != number:
        raise Broken(f"Link {number} is missing.")
    if not each.seal_found:
        raise Broken(f"Link {number}: the entry {each.seal_id} was removed.")
    if link(previous, {column.name: getattr(each, column.name) for column in LOG.c}) != each.seal_hash:
        raise Broken(f"Link {number}: the entry {each.seal_id} was changed, or does not belong here.")


def _check_kept(kept: Head | None, number: int, found: str) -> None:
    if kept is not None and kept.number == number and kept.hash != found:
        raise Broken(f"Link {number}: the chain up to here is not the one whose head was kept.")


async def _check_waiting(tx: Transaction) -> None:
    """Entries that were removed before they were sealed have left an empty seal."""
    lost = await tx.row(
        sa.select(SEAL.c.id)
        .where(SEAL.c.hash.is_(None), ~sa.exists().where(LOG.c.id == SEAL.c.id))
        .order_by(SEAL.c.id)
        .limit(1)
    )
    if lost is not None:
        raise Broken(f"The entry {lost.id} was removed before it was sealed.")


async def _entries_without_seal(tx: Transaction) -> AsyncIterator[int]:
    """Walks all entries; every one had a seal, empty at first, from the moment it was written."""
    count, after = 0, "00000000-0000-0000-0000-000000000000"
    while True:
        rows = await tx.rows(
            sa.select(LOG.c.id, SEAL.c.id.label("seal_id"))
            .select_from(LOG.outerjoin(SEAL, SEAL.c.id == LOG.c.id))
            .where(LOG.c.id > after)
            .order_by(LOG.c.id)
            .limit(_AT_ONCE)
        )
        for each in rows:
            if each.seal_id is None:
                raise Broken(f"The entry {each.id} was inserted by other means: it has no seal.")
        if not rows:
            return
        count, after = count + len(rows), rows[-1].id
        yield count
