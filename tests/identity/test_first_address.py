"""People of another issuer who have no address here set one, by a mail that they confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pydantic import HttpUrl, SecretStr

from cairn.settings import IssuerSettings, MailSettings, Settings
from gateways.mail import Mailbox
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import PASSWORD, Guest, Post, code, who
from tests.identity.issuers import AUDIENCE, OidcServer
from tests.support.clients import Client, Data
from tests.support.servers import RunningApplication, cloned

Come = Callable[[str], Client]
Newcomer = Callable[[], Guest]


@pytest.fixture(scope="module")
def issuer() -> Iterator[OidcServer]:
    """An issuer that the house trusts."""
    server = OidcServer().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def place(database_server: tuple[str, str]) -> Iterator[str]:
    """A database of this house's own: mail is sent by whichever house comes first."""
    with cloned(*database_server) as url:
        yield url


@pytest.fixture(scope="module")
def running(place: str, issuer: OidcServer) -> Iterator[tuple[str, RunningApplication]]:
    """(address, running application) with a mailbox, and with an issuer."""
    mail = MailSettings(mailbox=True, app_url=HttpUrl("https://app.example"))
    issuers = (IssuerSettings(issuer=issuer.url, audience=AUDIENCE),)
    made = RunningApplication(Settings(DATABASE_URL=SecretStr(place), mail=mail, issuers=issuers), works=("mail",))
    yield made.start(), made
    made.stop()


@pytest.fixture
def letters(running: tuple[str, RunningApplication]) -> Post:
    """The mail that this house has sent since the test began."""
    mailbox = running[1].parts.mail
    assert isinstance(mailbox, Mailbox)
    mailbox.kept.clear()
    return Post(mailbox, running[1].settle)


@pytest.fixture
def come(running: tuple[str, RunningApplication], issuer: OidcServer) -> Iterator[Come]:
    """`come("maya")` is somebody whom the issuer calls so, and of whom it says no address."""
    clients: list[Client] = []

    def made(subject: str) -> Client:
        clients.append(Client(running[0], issuer.token(sub=subject)))
        return clients[-1]

    yield made
    for client in clients:
        client.http.close()


def ask_for(client: Client, email: str, **more: str) -> Data:
    """The payload of asking for an address."""
    return client.mutate("accountEmailChangeRequest", "account { id }", email=email, **more)


def confirm(client: Client, token: str) -> Data:
    """The payload of confirming an address, by somebody whose browser is not signed in."""
    stranger = Client(client.url, None, client.http)
    return stranger.mutate("accountEmailChangeConfirm", "account { id }", token=token)


def test_an_address_is_theirs_once_it_is_confirmed_and_lets_them_in_by_a_link(come: Come, letters: Post) -> None:
    client = come("first")
    assert code(ask_for(client, "first@example.org")) is None
    assert who(client)["account"]["email"] is None
    assert code(confirm(client, letters.secret("first@example.org", "change-email"))) is None
    assert who(client)["account"]["email"] == "first@example.org"
    stranger = Client(client.url, None, client.http)
    stranger.do("accountSignInLinkRequest", "__typename", email="first@example.org")
    link = letters.secret("first@example.org", "sign-in")
    assert code(stranger.mutate("sessionStartByLink", "session { id }", token=link)) is None


def test_whoever_has_an_address_does_not_get_another_without_a_password(come: Come, letters: Post) -> None:
    client = come("second")
    for address in ("one@example.org", "two@example.org"):
        ask_for(client, address)
    one, two = (letters.secret(each, "change-email") for each in ("one@example.org", "two@example.org"))
    assert code(confirm(client, one)) is None
    assert code(confirm(client, two)) == "LINK_EXPIRED"
    refusal = client.refused("accountEmailChangeRequest", email="three@example.org")
    assert (refusal["code"], refusal["path"]) == ("REQUIRED", ["password"])
    assert code(ask_for(client, "three@example.org", password="not this one at all")) == "WRONG_CREDENTIALS"


def test_a_mail_that_was_late_does_not_take_the_place_of_an_address(come: Come, letters: Post, place: str) -> None:
    client = come("late")
    ask_for(client, "late@example.org")
    token = letters.secret("late@example.org", "change-email")
    person = who(client)["id"]
    Doorkeeper(place).sql('UPDATE "user" SET email = %s WHERE id = %s', "early@example.org", person)
    assert code(confirm(client, token)) == "LINK_EXPIRED"
    assert who(client)["account"]["email"] == "early@example.org"


def test_whoever_has_a_password_gives_it(newcomer: Newcomer) -> None:
    guest = newcomer()
    assert guest.client.refused("accountEmailChangeRequest", email="new@example.org")["path"] == ["password"]
    assert code(ask_for(guest.client, "new@example.org", password=PASSWORD)) is None


def test_who_has_not_said_yet_who_they_are_claims_their_account_instead(visitor: Callable[[], Client]) -> None:
    client = visitor()
    client.do("accountStartAnonymously", "account { id }")
    assert client.refused("accountEmailChangeRequest", email="new@example.org")["path"] == ["password"]
