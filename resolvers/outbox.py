"""Mail on its way out: asked for in the transaction of a change, sent once that is committed.

What a mail says is found out when its turn comes, not when it is asked for. So the request that asks does the same work
whether or not there is anybody to write to, and nobody can tell from it who has an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.outbox import OutgoingMail

# Longer than any mail server is waited for: who holds a mail for longer has died on it.
LEASE = timedelta(minutes=2)
FIRST_RETRY = timedelta(seconds=15)
MOST_ATTEMPTS = 12
KEPT_FOR = timedelta(days=1)


async def enqueue(tx: Transaction, kind: str, recipient: str, details: Mapping[str, Any]) -> None:
    """Asks for a mail of this kind; it goes out after the commit."""
    wish = {
        "id": OutgoingMail.new_id(),
        "kind": kind,
        "recipient": recipient,
        "details": dict(details),
        "due_at": sa.func.now(),
    }
    await tx.insert(OutgoingMail, [wish])


async def claim(tx: Transaction) -> Row | None:
    """The mail whose turn it is, ours alone until the lease is over; None when there is none.

    Others that look at the same time get another one, or none.
    """
    table = table_of(OutgoingMail)
    due = (
        sa.select(table.c.id)
        .where(table.c.done_at.is_(None), table.c.due_at <= sa.func.now(), table.c.attempts < MOST_ATTEMPTS)
        .order_by(table.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return await tx.row(
        sa.update(table)
        .where(table.c.id == due)
        .values(due_at=sa.func.now() + LEASE, attempts=table.c.attempts + 1)
        .returning(table.c.id, table.c.kind, table.c.recipient, table.c.details, table.c.message, table.c.attempts)
    )


async def remember(tx: Transaction, mail_id: str, message: Mapping[str, str]) -> None:
    """Keeps what the mail says, before it is sent: should sending have to be repeated, the same words go out."""
    table = table_of(OutgoingMail)
    await tx.execute(sa.update(table).where(table.c.id == mail_id).values(message=dict(message)))


async def settle(tx: Transaction, mail_id: str) -> None:
    """Notes that the mail is out, or that there was nothing to say, and forgets what it said."""
    table = table_of(OutgoingMail)
    await tx.execute(
        sa.update(table)
        .where(table.c.id == mail_id)
        .values(done_at=sa.func.now(), message=sa.null(), details={}, last_error=None)
    )


async def postpone(tx: Transaction, mail_id: str, attempts: int, error: str) -> None:
    """Tries again later, each time after twice as long, until it has been tried often enough."""
    table = table_of(OutgoingMail)
    later = FIRST_RETRY * 2 ** min(attempts - 1, 10)
    await tx.execute(
        sa.update(table)
        .where(table.c.id == mail_id, table.c.done_at.is_(None))
        .values(due_at=sa.func.now() + later, last_error=error[:500])
    )


async def delete_old(tx: Transaction) -> int:
    """Removes mails that have been out for a day; answers how many."""
    table = table_of(OutgoingMail)
    return await tx.execute(sa.delete(table).where(table.c.done_at < sa.func.now() - KEPT_FOR))
