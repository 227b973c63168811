"""Mail: over a real mail server, from a table that many send from at once, repeated when it did not go out."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from core.writing import Transaction
from gateways.mail import Mailbox, MailNotSent, Message, NoMail, Smtp
from resolvers import outbox
from resolvers.identity.mails import MailKind
from tests.events.logs import as_service, sql
from tests.identity.guests import Guest, Post
from tests.jobs.crews import until, working
from tests.support.clients import Client
from tests.support.servers import RunningApplication
from workers.mail import deliver_mail

MESSAGE = Message("01a2", "Zoë <script> <zoe@example.org>", "Grüße", "Ein Link: https://app.example/confirm#token=x\n")
PLAIN = Message("01a2", "zoe@example.org", "Grüße & more", "Ein Link: https://app.example/confirm#token=x\n")


class Server:
    """A mail server on this machine that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refusal = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Takes a mail, or refuses it."""
        if self.refusal:
            return self.refusal
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        self.recipients += envelope.rcpt_tos
        return "250 Taken"


class AnyPort(Controller):
    """On whatever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def server() -> Iterator[tuple[Server, Smtp]]:
    """A real mail server, and the gateway to it."""
    handler = Server()
    controller = AnyPort(handler, hostname="127.0.0.1", port=0)
    controller.start()
    yield handler, Smtp(f"smtp://127.0.0.1:{controller.port}", "Cairn <cairn@example.com>")
    controller.stop()


def deliver(url: str, gateway: Any, workers: int = 1) -> None:
    """Has the mail that is due taken to the gateway."""
    due = "SELECT 1 FROM job WHERE state IN ('queued', 'running') AND run_at <= now()"
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(working(url, deliver_mail, mail=gateway))
        until(lambda: sql(url, due) == [], "the delivery")


def ask(url: str, recipients: Sequence[str]) -> None:
    """Asks for a mail to each recipient, in one transaction."""

    async def enqueue(tx: Transaction) -> None:
        for each in recipients:
            await outbox.enqueue(tx, MailKind.PASSWORD_CHANGED, each, {})

    as_service(url, enqueue)


def test_a_mail_arrives_over_smtp_as_it_was_written(server: tuple[Server, Smtp]) -> None:
    handler, gateway = server
    asyncio.run(gateway.send(PLAIN))
    (mail,) = handler.mails
    assert handler.recipients == ["zoe@example.org"]
    assert (mail["Subject"], mail["From"], mail["To"]) == (PLAIN.subject, gateway.sender, PLAIN.recipient)
    assert mail["Message-ID"] == "<01a2@example.com>"
    assert mail.get_content().splitlines() == PLAIN.text.splitlines()


@pytest.mark.parametrize("recipient", ["a@b.example\r\nBcc: c@d.example", "not an address", MESSAGE.recipient])
def test_an_address_that_would_write_headers_of_its_own_is_not_sent_to(
    server: tuple[Server, Smtp], recipient: str
) -> None:
    handler, gateway = server
    with pytest.raises(MailNotSent):
        asyncio.run(gateway.send(Message("1", recipient, "s", "t")))
    assert handler.mails == []


def test_where_tls_is_insisted_on_a_server_without_it_gets_nothing(server: tuple[Server, Smtp]) -> None:
    handler, gateway = server
    with pytest.raises(MailNotSent):
        asyncio.run(Smtp(gateway.url.replace("smtp://", "smtp+tls://"), gateway.sender).send(PLAIN))
    assert handler.mails == []


def test_a_password_of_the_mail_server_is_not_shown() -> None:
    assert "secret" not in repr(Smtp("smtp://user:secret@host", "a@b.example"))


def test_what_a_mutation_asks_for_reaches_the_mail_server(fresh_database: str, server: tuple[Server, Smtp]) -> None:
    handler, gateway = server
    ask(fresh_database, ["one@example.org"])
    deliver(fresh_database, gateway)
    assert handler.recipients == ["one@example.org"]
    assert sql(fresh_database, "SELECT message, details, done_at IS NULL FROM outgoing_mail") == [(None, {}, False)]


def test_a_mail_that_was_refused_is_sent_later_and_with_the_same_words(
    fresh_database: str, server: tuple[Server, Smtp]
) -> None:
    handler, gateway = server
    wish = outbox.enqueue
    as_service(fresh_database, lambda tx: wish(tx, MailKind.CONFIRM_ACCOUNT, "new@example.org", {"secret_hash": "x"}))
    handler.refusal = "451 Come back later"
    deliver(fresh_database, gateway)
    ((attempts, error),) = sql(fresh_database, "SELECT attempts, last_error FROM job")
    ((kept,),) = sql(fresh_database, "SELECT message->>'text' FROM outgoing_mail")
    assert (attempts, "Come back later" in error) == (1, True)
    handler.refusal = ""
    sql(fresh_database, "UPDATE job SET run_at = now()")
    deliver(fresh_database, gateway)
    assert handler.mails[0].get_content().splitlines() == kept.splitlines()
    assert sql(fresh_database, "SELECT message, details FROM outgoing_mail") == [(None, {})]


def test_a_worker_that_wakes_up_after_another_has_sent_a_mail_does_not_bring_its_words_back(
    fresh_database: str,
) -> None:
    ask(fresh_database, ["one@example.org"])

    async def overtaken(tx: Transaction) -> bool:
        ((mail_id,),) = sql(fresh_database, "SELECT id::text FROM outgoing_mail")
        # It was found, and then somebody else was faster.
        assert await outbox.find(tx, mail_id) is not None
        sql(fresh_database, "UPDATE outgoing_mail SET done_at = now(), message = NULL, details = '{}'")
        return await outbox.remember(tx, mail_id, {"subject": "s", "text": "a link"})

    assert as_service(fresh_database, overtaken) is False
    assert sql(fresh_database, "SELECT message FROM outgoing_mail") == [(None,)]


def test_where_no_mail_server_is_named_the_job_says_so(fresh_database: str) -> None:
    ask(fresh_database, ["never@example.org"])
    deliver(fresh_database, NoMail())
    ((error,),) = sql(fresh_database, "SELECT last_error FROM job")
    assert "CAIRN_MAIL__URL" in error


def test_several_workers_send_each_mail_once(fresh_database: str) -> None:
    recipients = [f"r{number:02}@example.org" for number in range(40)]
    ask(fresh_database, recipients)
    mailbox = Mailbox()
    deliver(fresh_database, mailbox, workers=2)
    assert sorted(each.recipient for each in mailbox.kept) == recipients


def test_a_refused_mutation_asks_for_no_mail(visitor: Callable[[], Client], post: Post) -> None:
    document = """mutation { accountCreate(input: { email: "no@example.org", password: "a quiet walk at noon",
        displayName: "" }) { errors { code } } }"""
    assert visitor().ask(document)["accountCreate"]["errors"] == [{"code": "INVALID"}]
    assert post.mails("no@example.org") == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200), ("127.0.0.1", 200), ("[::1]:8000", 200), ("192.168.1.7:8000", 200),
        ("cairn.localhost", 200), ("evil.example", 421), ("evil.example:8000", 421), ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
    ],
)  # fmt: skip
def test_the_mailbox_is_not_shown_under_a_name_that_somebody_has_point_here(
    house: tuple[str, RunningApplication], host: str, status: int
) -> None:
    for accept in ("text/html", "application/json"):
        answer = httpx.get(f"{house[0]}/mailbox", headers={"host": host, "accept": accept})
        assert answer.status_code == status, answer.text


def test_the_mailbox_page_shows_what_was_sent_and_runs_nothing(
    visitor: Callable[[], Client], post: Post, house: tuple[str, RunningApplication]
) -> None:
    guest = Guest(visitor(), post, "o'neill&co@example.org")
    guest.ask_for_account()
    token = post.secret(guest.email, "confirm")
    page = httpx.get(f"{house[0]}/mailbox")
    assert f'href="https://app.example/confirm#token={token}"' in page.text
    assert "o&#x27;neill&amp;co@example.org" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    (mail,) = httpx.get(f"{house[0]}/mailbox", headers={"accept": "application/json"}).json()
    assert (mail["recipient"], mail["subject"]) == (guest.email, "Confirm your address")


def test_without_a_mailbox_there_is_no_such_page(address: str) -> None:
    assert httpx.get(f"{address}/mailbox").status_code == 404
