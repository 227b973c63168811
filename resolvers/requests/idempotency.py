"""Idempotency keys: an act that is asked for twice under one key is done once, and answered twice.

What an act came to is written down in its own transaction. So it cannot be done without being known, nor known without
being done, whatever happens between any two lines; and whoever comes with the same key meanwhile waits for that
transaction to end, on the one row that both of them need.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from psycopg import errors as pg
from sqlalchemy.dialects.postgresql import insert

from core.errors import RequestError
from core.removing import remove_some
from core.rows import Row
from core.tables import table_of
from core.viewer import Viewer
from core.writing import Transaction
from models.requests import IdempotencyKey


class KeyReused(RequestError):
    """The key was used before, for something else."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request.", "IDEMPOTENCY_KEY_REUSED")


class KeyInUse(RequestError):
    """The same request is being dealt with, and takes longer than one may wait."""

    def __init__(self) -> None:
        super().__init__("The same request is being dealt with. Try again in a moment.", "IDEMPOTENCY_KEY_IN_USE")


@dataclass(frozen=True)
class Key:
    """A key that a client chose for a request: a hash of it, and one of what was asked, and with which rights.

    `address` says among whose keys it is one while nobody is signed in; `kept_for` how long it is remembered.
    """

    key_hash: str
    fingerprint: str
    address: str
    kept_for: timedelta

    def owner(self, viewer: Viewer) -> str:
        """Among whose keys this is one. The same key of somebody else is another key."""
        return viewer.user_id or f"address:{self.address}"


# Batches -------------------------------------------------------------------------------------------------------------


async def answered(tx: Transaction, key: Key, viewer: Viewer) -> bytes | None:
    """The answer that was given under this key; raises `KeyReused` when that was to another question."""
    table = table_of(IdempotencyKey)
    found = await tx.row(sa.select(table.c.fingerprint, table.c.answer).where(_is(key, viewer)))
    return None if found is None else _checked(found, key).answer


# Actions -------------------------------------------------------------------------------------------------------------


async def begin(tx: Transaction, key: Key, viewer: Viewer, field: str) -> dict[str, Any] | None:
    """What this field of the request came to before; None when it is to be done now, in this transaction.

    From here to the end of the transaction nobody else gets past this line with the same key. Raises `KeyReused`, or
    `KeyInUse` when somebody else is at it for too long.
    """
    row: dict[str, Any] = {
        "id": IdempotencyKey.new_id(),
        "user_id": viewer.user_id,
        "owner": key.owner(viewer),
        "key_hash": key.key_hash,
        "fingerprint": key.fingerprint,
        "outcomes": {},
        "expires_at": sa.func.now() + key.kept_for,
    }
    table = table_of(IdempotencyKey)
    statement = insert(table).values(**row)
    statement = statement.on_conflict_do_update(
        index_elements=["owner", "key_hash"], set_={"updated_at": sa.func.now()}
    )
    try:
        found = await tx.row(statement.returning(table.c.fingerprint, table.c.outcomes))
    except (pg.LockNotAvailable, pg.QueryCanceled) as error:
        raise KeyInUse() from error
    assert found is not None
    outcome: dict[str, Any] | None = _checked(found, key).outcomes.get(field)
    return outcome


async def finish(tx: Transaction, key: Key, viewer: Viewer, field: str, outcome: Mapping[str, Any]) -> None:
    """Writes down what a field came to, in the transaction that did it."""
    table = table_of(IdempotencyKey)
    added = table.c.outcomes.concat(sa.func.jsonb_build_object(field, sa.cast(dict(outcome), table.c.outcomes.type)))
    await tx.execute(sa.update(table).where(_is(key, viewer)).values(outcomes=added))


async def keep(tx: Transaction, key: Key, viewer: Viewer, answer: bytes) -> bytes:
    """Keeps the whole answer, and answers the one that is kept: the first, should two have been made at once."""
    table = table_of(IdempotencyKey)
    kept = sa.func.coalesce(table.c.answer, answer)
    statement = sa.update(table).where(_is(key, viewer)).values(answer=kept).returning(table.c.answer)
    found = await tx.row(statement)
    return answer if found is None else bytes(found.answer)


async def delete_old(tx: Transaction) -> int:
    """Removes keys whose time is over; answers how many."""
    return await remove_some(tx, IdempotencyKey, table_of(IdempotencyKey).c.expires_at < sa.func.now())


def _is(key: Key, viewer: Viewer) -> sa.ColumnElement[bool]:
    table = table_of(IdempotencyKey)
    return sa.and_(table.c.owner == key.owner(viewer), table.c.key_hash == key.key_hash)


def _checked(found: Row, key: Key) -> Row:
    if found.fingerprint != key.fingerprint:
        raise KeyReused()
    return found
