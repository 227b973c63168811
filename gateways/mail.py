"""Mail to the outside world: over SMTP, into a mailbox in memory, or nowhere with a reason."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections import deque
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

from core.clock import now

_TIMEOUT_SECONDS = 30


class MailNotSent(Exception):
    """The mail did not go out. It may be tried again."""


@dataclass(frozen=True)
class Message:
    """A mail. The same `id` stands for the same mail: mail programs show one that arrives twice only once."""

    id: str
    recipient: str
    subject: str
    text: str


class Mail(Protocol):
    """Somebody who takes mail to its recipient."""

    async def send(self, message: Message) -> None:
        """Hands the mail over; raises `MailNotSent` when that did not work."""


@dataclass(frozen=True)
class Smtp:
    """A mail server: `smtp://` speaks TLS where the server offers it, `smtps://` from the first byte.

    On `smtp+tls://` a server that does not offer TLS is refused.
    """

    url: str = field(repr=False)
    sender: str

    async def send(self, message: Message) -> None:
        """Hands the mail to the server, in a thread, within half a minute."""
        try:
            await asyncio.to_thread(self._send, message)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise MailNotSent(f"{type(error).__name__}: {error}") from error

    def _send(self, message: Message) -> None:
        parts = urlsplit(self.url)
        host, context = parts.hostname or "localhost", ssl.create_default_context()
        server: smtplib.SMTP
        if parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=_TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=_TIMEOUT_SECONDS)
        with server:
            server.ehlo()
            if parts.scheme == "smtp+tls" or (parts.scheme == "smtp" and server.has_extn("starttls")):
                server.starttls(context=context)
                server.ehlo()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(written(message, self.sender))


@dataclass
class Mailbox:
    """A mailbox in memory, which keeps the newest mails: for development, where somebody looks into it."""

    kept: deque[Message] = field(default_factory=lambda: deque(maxlen=100))

    async def send(self, message: Message) -> None:
        """Keeps the mail."""
        self.kept.append(message)


class NoMail:
    """What stands in where no mail server is named: nothing goes out, and the reason is written down."""

    async def send(self, message: Message) -> None:
        """Refuses."""
        raise MailNotSent("No mail server is named: set CAIRN_MAIL__URL.")


def written(message: Message, sender: str) -> EmailMessage:
    """The mail as it goes over the wire; raises `ValueError` for an address or a subject that cannot be written."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = Address(addr_spec=message.recipient)
    made["Subject"] = message.subject
    made["Date"] = format_datetime(now())
    made["Message-ID"] = f"<{message.id}@{_domain(sender)}>"
    # Answers of machines (out of office) are of no use to a machine.
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(message.text)
    return made


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].rstrip(">").strip() or "localhost"
