"""What is secret does not get into a log, however it is written there; what is not stays as it was."""

from __future__ import annotations

import io
import logging
import re
import time
from collections.abc import Iterator

import pytest
from pydantic import HttpUrl, SecretStr

from cairn.settings import MailSettings, Settings
from core.redaction import HIDDEN, install, redacted, without_people
from gateways.mail import Mailbox
from resolvers.identity import TokenKind, new_token
from tests.identity.guests import Guest, Post
from tests.support.clients import Client
from tests.support.servers import RunningApplication

SECRET = "open-sesame-42"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is written to the log meanwhile, of whatever level, as text."""
    factory, root = logging.getLogRecordFactory(), logging.getLogger()
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    level, loud = root.level, [logging.getLogger(name) for name in ("httpx", "httpcore", "psycopg", "uvicorn")]
    levels = [each.level for each in loud]
    install()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for each in loud:
        each.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)
    for each, before in zip(loud, levels, strict=True):
        each.setLevel(before)
    logging.setLogRecordFactory(factory)


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://cairn:{SECRET}@db.example/cairn",
        f"redis://:{SECRET}@host:6379/0",
        f"host=db password={SECRET} dbname=cairn",
        f"host=db password='{SECRET} {SECRET}' dbname=cairn",
        f'{{"email": "m@example.org", "password": "{SECRET}"}}',
        f'{{"newPassword":"with \\"quotes\\" {SECRET}"}}',
        f"{{'password': '{SECRET}', 'x': 1}}",
        f"Authorization: Bearer {SECRET}",
        f"(b'authorization', b'Bearer {SECRET}')",
        f"('Authorization', 'Basic {SECRET}')",
        f"Cookie: __Host-cairn_session={SECRET}; other={SECRET}",
        f"(b'Set-Cookie', b'x={SECRET}; Path=/')",
        f"GET /sign-in?token={SECRET}&x=1",
        f'accountConfirm(input: {{token: "{SECRET}"}})',
        f"refreshToken={SECRET}",
        f"api_key: {SECRET}",
        f"eyJhbGciOiJSUzI1NiJ9.{SECRET}.{SECRET}",
        f"$argon2id$v=19$m=19456,t=2,p=1${SECRET}${SECRET}",
    ],
)
def test_a_secret_is_taken_out(text: str) -> None:
    assert SECRET not in redacted(text)
    assert HIDDEN in redacted(text)


@pytest.mark.parametrize("kind", TokenKind)
def test_every_kind_of_our_secrets_is_known_by_its_shape(kind: TokenKind) -> None:
    token = new_token(kind)
    assert redacted(f"found {token}.") == f"found cairn_{kind}_{HIDDEN}."
    assert redacted(f"cut off {token[:30]}") == f"cut off cairn_{kind}_{HIDDEN}"


@pytest.mark.parametrize(
    "text",
    [
        "request 3f2a failed",
        "The password is too short.",
        "mail 01a2 was not sent (try 1): No mail server is named",
        "http://127.0.0.1:8000/graphql",
        "max_tokens=10000",
        "postgresql://cairn@host:5432/cairn",
        "the cookie jar is empty",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    "address",
    ["https://hooks.slack.com/services/T0/B1/x2y3", "https://discord.com/api/webhooks/12/ab-c_d"],
)
def test_an_address_that_is_a_secret_itself_is_not_shown(address: str) -> None:
    assert redacted(f"POST {address} failed").endswith(f"/{HIDDEN} failed")


def test_what_is_kept_of_a_failure_names_nobody() -> None:
    refusal = "MailNotSent: 550 <anna.b+c@mail.example.org>: no such user (key (email)=(anna@example.org))"
    assert without_people(refusal) == "MailNotSent: 550 <[address]>: no such user (key (email)=([address]))"
    assert without_people("line 3 of a@b, at 10:00") == "line 3 of a@b, at 10:00"


def test_no_text_takes_long_to_clean() -> None:
    began = time.process_time()
    parts = (
        "password",
        "password='",
        "\\",
        "cookie: ",
        "://",
        "a.b-c+",
        "a://b",
        "authorization,",
        "eyJaaaaaaaaa.",
        "'",
    )
    for part in parts:
        redacted(part * 100_000)
    assert time.process_time() - began < 5


def test_records_are_cleaned_with_their_arguments_and_exceptions(log: io.StringIO) -> None:
    logger = logging.getLogger("anything.at.all")
    logger.info("connecting to %s", f"postgresql://cairn:{SECRET}@db/cairn")
    logger.info("a mapping %(password)s", {"password": "x"})
    try:
        raise RuntimeError(f"no route to redis://:{SECRET}@host/0")
    except RuntimeError:
        logger.exception("failed")
    logger.info("no arguments for %s")
    logger.info("100% sure")
    said = log.getvalue()
    assert SECRET not in said
    assert "no route to redis" in said
    assert "100% sure" in said


def test_a_line_about_a_request_is_cleaned_and_still_read_by_its_parts(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/sign-in?token={SECRET}"
    # A server that ran in this process before may have silenced it.
    for name in ("uvicorn", "uvicorn.access"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    access = logging.getLogger("uvicorn.access")
    access.setLevel(logging.INFO)
    access.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", path, "1.1", 303)
    assert log.getvalue().endswith('"GET /sign-in?token=[redacted] HTTP/1.1" 303\n')


def test_nobody_who_comes_in_leaves_a_secret_in_the_log(log: io.StringIO, fresh_database: str) -> None:
    mail = MailSettings(mailbox=True, app_url=HttpUrl("https://app.example"))
    house = RunningApplication(Settings(DATABASE_URL=SecretStr(fresh_database), mail=mail), works=("mail",))
    address = house.start()
    mailbox = house.parts.mail
    assert isinstance(mailbox, Mailbox)
    browser, app = Client(address), Client(address)
    guest = Guest(browser, Post(mailbox, house.settle), "maya@example.org", SECRET)
    guest.sign_up()
    tokens = guest.sign_in(app, kind="APP")
    app.do("sessionRefresh", "accessToken", refreshToken=tokens["refreshToken"])
    app.token = tokens["accessToken"]
    app.ask("{ viewer { kind } }")
    browser.do("accountPasswordResetRequest", "account { id }", email=guest.email)
    secret = guest.post.secret(guest.email, "reset-password")
    browser.do("accountPasswordReset", "account { id }", token=secret, password=f"{SECRET} anew")
    browser.http.get(f"{address}/sign-in", params={"token": secret})
    cookies = list(browser.http.cookies.values())
    for client in (browser, app):
        client.http.close()
    house.stop()
    said = log.getvalue()
    assert len(said.splitlines()) > 50
    assert cookies
    found = [each for each in (SECRET, secret, tokens["refreshToken"], tokens["accessToken"], *cookies) if each in said]
    assert found == []
    assert re.findall(r"cairn_(?:api|acc|ref|ses|one)_[0-9A-Za-z]", said) == []
