"""Guests: people with an address and a password, and the mail that they get."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gateways.mail import Mailbox, Message
from tests.support.clients import Client, Data

PASSWORD = "a quiet walk at noon"
TOKENS = "accessToken refreshToken accessExpiresAt"
WHO = "{ viewer { kind id name account { id email isAnonymous } } }"


@dataclass
class Post:
    """The mail that was sent."""

    mailbox: Mailbox
    settle: Callable[[], None]

    def mails(self, recipient: str) -> list[Message]:
        """All mails to an address so far, oldest first; those on their way are waited for."""
        self.settle()
        return [each for each in self.mailbox.kept if each.recipient.lower() == recipient.lower()]

    def newest(self, recipient: str) -> Message:
        """The newest mail to an address."""
        return self.mails(recipient)[-1]

    def secret(self, recipient: str, page: str) -> str:
        """The secret in the link of the newest mail to an address, which must lead to this page of the front end."""
        return self.secret_of(self.newest(recipient), page)

    def secret_of(self, mail: Message, page: str = r"[\w-]+") -> str:
        """The secret in the link of a mail."""
        found = re.search(rf"https://app\.example/{page}#token=(\S+)", mail.text)
        assert found, mail.text
        return found[1]


@dataclass
class Guest:
    """Somebody with a browser, an address and a password."""

    client: Client
    post: Post
    email: str
    password: str = PASSWORD
    name: str = "Guest"

    def ask_for_account(self) -> Data:
        """Asks for an account; answers the payload."""
        return self.client.do(
            "accountCreate", "account { id }", email=self.email, password=self.password, displayName=self.name
        )

    def sign_up(self) -> str:
        """Makes the account and is signed in; answers the id."""
        self.ask_for_account()
        token = self.post.secret(self.email, "confirm")
        made = self.client.do("accountConfirm", "account { id } hasPassword", token=token, password=self.password)
        assert made["hasPassword"] is True
        user_id: str = made["account"]["id"]
        return user_id

    def sign_in(self, client: Client | None = None, **more: str) -> Data:
        """Signs in with the password; answers the payload, whatever its outcome."""
        chosen = client or self.client
        return chosen.mutate(
            "sessionStart", f"session {{ id }} {TOKENS}", email=self.email, password=self.password, **more
        )

    @property
    def id(self) -> str:
        """The id of the person, as long as they are signed in."""
        user_id: str = who(self.client)["id"]
        return user_id


def who(client: Client) -> Data:
    """Whom the house takes a client for."""
    viewer: Data = client.ask(WHO)["viewer"]
    return viewer


def code(payload: Data) -> str | None:
    """The code of the one user error of a payload, or None."""
    assert len(payload["errors"]) <= 1, payload
    return payload["errors"][0]["code"] if payload["errors"] else None
