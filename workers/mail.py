"""Sending the mail that waits: right after a change was committed, and whenever some is due."""

from __future__ import annotations

import asyncio
import logging

import psycopg

from core.database import Database
from core.errors import RequestError
from core.rows import Row
from core.viewer import SERVICE
from core.writing import transaction
from gateways.mail import Mail, MailNotSent, Message
from resolvers import outbox
from resolvers.identity.mails import MailKind, Wish, compose

POLL_SECONDS = 5
log = logging.getLogger("cairn.mail")


class Postman:
    """Takes mail from the outbox to the gateway. Any number may be at it at once: each mail is taken by one."""

    def __init__(self, database: Database, gateway: Mail, app_url: str) -> None:
        self._database = database
        self._gateway = gateway
        self._app_url = app_url.rstrip("/")
        self._rounds: set[asyncio.Task[int]] = set()

    def nudge(self) -> None:
        """Sends what is due soon, without anybody waiting for it."""
        round_of_mail = asyncio.create_task(self._deliver_quietly())
        self._rounds.add(round_of_mail)
        round_of_mail.add_done_callback(self._rounds.discard)

    async def close(self) -> None:
        """Waits for what is being sent."""
        await asyncio.gather(*self._rounds, return_exceptions=True)

    async def deliver(self) -> int:
        """Sends all that is due; answers how many mails that was. What fails is tried again later."""
        sent = 0
        while (mail := await self._claim()) is not None:
            sent += await self._send(mail)
        return sent

    async def deliver_forever(self) -> None:
        """Sends what is due every few seconds, until cancelled."""
        while True:
            await self._deliver_quietly()
            await asyncio.sleep(POLL_SECONDS)

    async def _deliver_quietly(self) -> int:
        try:
            return await self.deliver()
        except (psycopg.Error, OSError, RequestError) as error:
            log.warning("mail waits for the database: %s", error)
            return 0

    async def _claim(self) -> Row | None:
        async with transaction(self._database, SERVICE) as tx:
            return await outbox.claim(tx)

    async def _send(self, mail: Row) -> bool:
        """Sends one mail that is ours; no connection is held while the mail server is spoken to."""
        message = mail.message or await self._composed(mail)
        if message is None:
            return False
        try:
            await self._gateway.send(Message(mail.id, mail.recipient, message["subject"], message["text"]))
        except MailNotSent as error:
            log.warning("mail %s was not sent (try %d): %s", mail.id, mail.attempts, error)
            async with transaction(self._database, SERVICE) as tx:
                await outbox.postpone(tx, mail.id, mail.attempts, str(error))
            return False
        async with transaction(self._database, SERVICE) as tx:
            await outbox.settle(tx, mail.id)
        return True

    async def _composed(self, mail: Row) -> dict[str, str] | None:
        """The mail's words, kept before they are sent; None, and the mail is done, when there is nothing to say."""
        async with transaction(self._database, SERVICE) as tx:
            words = await compose(tx, MailKind(mail.kind), Wish(mail.recipient, mail.details, self._app_url))
            if words is None:
                await outbox.settle(tx, mail.id)
                return None
            message = {"subject": words.subject, "text": words.text}
            await outbox.remember(tx, mail.id, message)
            return message
