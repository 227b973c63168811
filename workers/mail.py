"""Sending the mail that waits."""

from __future__ import annotations

from core.viewer import SERVICE
from core.writing import Transaction, transaction
from gateways.mail import Message
from resolvers import outbox
from resolvers.identity.mails import MailKind, Wish, compose
from workers.actors import Work, actor


async def _sent(work: Work, mail_id: str) -> None:
    """Sends the mail, while no connection is held. One that goes out twice has the same words and the same id."""
    async with transaction(work.database, SERVICE) as tx:
        message = await _composed(tx, mail_id, work.tools.app_url)
    if message is not None:
        await work.tools.mail.send(message)


async def _composed(tx: Transaction, mail_id: str, app_url: str) -> Message | None:
    """The mail's words, kept before they are sent; None when it is out already or there is nothing to say."""
    mail = await outbox.find(tx, mail_id)
    if mail is None:
        return None
    message = mail.message
    if message is None:
        words = await compose(tx, MailKind(mail.kind), Wish(mail.recipient, mail.details, app_url, mail.created_at))
        if words is None:
            return None
        message = {"subject": words.subject, "text": words.text}
        if not await outbox.remember(tx, mail_id, message):
            return None
    return Message(mail_id, mail.recipient, message["subject"], message["text"])


@actor(outbox.DELIVER, prepare=_sent)
async def deliver_mail(work: Work, mail_id: str) -> None:
    """Notes that the mail is out."""
    await outbox.settle(work.tx, mail_id)
