"""Clients without manners, and an application that a test may harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from cairn.settings import Settings
from tests.support.servers import RunningApplication

from .doorkeeper import Doorkeeper

Serve = Callable[..., str]


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    """A plain HTTP client of the running application; it keeps cookies and does not follow redirects."""
    with httpx.Client(base_url=address, timeout=60, verify=False) as client:
        yield client


@pytest.fixture
def doorkeeper(database_url: str) -> Iterator[Doorkeeper]:
    """Whoever hands out credentials and takes them back, on the running application's database."""
    with Doorkeeper(database_url).closing_time() as keeper:
        yield keeper


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(url, **settings)` starts one more application on a database and answers its address."""
    with ExitStack() as stack:

        def start(url: str, **settings: Any) -> str:
            running = RunningApplication(Settings(DATABASE_URL=SecretStr(url), **settings))
            address = running.start()
            stack.callback(running.stop)
            return address

        yield start
