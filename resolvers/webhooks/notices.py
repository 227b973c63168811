"""Telling the owner of a webhook that it has stopped."""

from __future__ import annotations

import sqlalchemy as sa

from core.rows import Row
from core.tables import table_of
from core.writing import Transaction
from models.identity import User, UserStatus
from resolvers import outbox
from resolvers.identity.mails import MailKind


async def tell_owner(tx: Transaction, webhook: Row, reason: str) -> None:
    """Asks for a mail to the owner, if they have an address that is theirs."""
    user = table_of(User)
    known = (user.c.id == webhook.owner_id, user.c.status == UserStatus.ACTIVE.value, user.c.email.is_not(None))
    found = await tx.row(sa.select(user.c.email).where(*known))
    if found is not None:
        told = {"name": webhook.name, "url": webhook.url, "reason": reason}
        await outbox.enqueue(tx, MailKind.WEBHOOK_STOPPED, found.email, told)
