"""Mail on its way out: asked for in the transaction of a change, sent by a job once that is committed.

What a mail says is found out when its turn comes, not when it is asked for. So the request that asks does the same work
whether or not there is anybody to write to, and nobody can tell from it who has an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from core.jobs import JobKind, Priority
from core.removing import remove_some
from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.outbox import OutgoingMail
from resolvers import jobs

# A mail server may be away for hours.
DELIVER = JobKind("deliver_mail", queue="mail", priority=Priority.HIGH, max_attempts=12)
KEPT_FOR = timedelta(days=1)


async def enqueue(tx: Transaction, kind: str, recipient: str, details: Mapping[str, Any]) -> None:
    """Asks for a mail of this kind; it goes out after the commit."""
    mail_id = OutgoingMail.new_id()
    await tx.insert(OutgoingMail, [{"id": mail_id, "kind": kind, "recipient": recipient, "details": dict(details)}])
    await jobs.enqueue(tx, DELIVER, {"mail_id": mail_id})


async def find(tx: Transaction, mail_id: str) -> Row | None:
    """A mail that is still to go out."""
    table = table_of(OutgoingMail)
    return await tx.row(sa.select(table).where(table.c.id == mail_id, table.c.done_at.is_(None)))


async def remember(tx: Transaction, mail_id: str, message: Mapping[str, str]) -> bool:
    """Keeps what the mail says, before it is sent: should sending have to be repeated, the same words go out.

    False, and nothing is kept, where it is out already.
    """
    table = table_of(OutgoingMail)
    waiting = sa.update(table).where(table.c.id == mail_id, table.c.done_at.is_(None))
    return bool(await tx.execute(waiting.values(message=dict(message))))


async def settle(tx: Transaction, mail_id: str) -> None:
    """Notes that the mail is out, or that there was nothing to say, and forgets what it said."""
    table = table_of(OutgoingMail)
    await tx.execute(
        sa.update(table)
        .where(table.c.id == mail_id, table.c.done_at.is_(None))
        .values(done_at=sa.func.now(), message=sa.null(), details={})
    )


async def delete_old(tx: Transaction) -> int:
    """Removes mails that have been out for a day; answers how many."""
    return await remove_some(tx, OutgoingMail, table_of(OutgoingMail).c.done_at < sa.func.now() - KEPT_FOR)
