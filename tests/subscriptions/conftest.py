"""More applications on the same database, with settings of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from cairn.settings import Settings
from tests.support.servers import RunningApplication

Serve = Callable[..., str]


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
