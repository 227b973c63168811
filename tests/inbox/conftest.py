"""An application that takes Stripe's events, and a worker that handles what comes in."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr

from cairn.settings import InboxSettings, Settings
from tests.inbox.senders import OLD_SECRET, SECRET, Sender
from tests.support.clients import People
from tests.support.servers import RunningApplication


@pytest.fixture(scope="session")
def receiving(database_url: str) -> Iterator[str]:
    """The address of an application with Stripe's secrets, over this worker's database."""
    inbox = InboxSettings(stripe_secrets=(SecretStr(SECRET), SecretStr(OLD_SECRET)), max_body_bytes=5_000)
    running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), inbox=inbox), works=("inbox",))
    yield running.start()
    running.stop()


@pytest.fixture
def sender(receiving: str, database_url: str, people: People) -> Iterator[Sender]:
    """Somebody who sends us things; nothing has come in before."""
    with httpx.Client(base_url=receiving, timeout=60, verify=False) as http:
        found = Sender(http, database_url)
        yield found
        # Nobody is still at it when the next test empties the tables.
        found.settle()
