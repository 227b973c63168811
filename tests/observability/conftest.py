"""An application that tells what it does, and somebody who listens."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from cairn.embedded.processes import wait_until
from cairn.observability import logs
from cairn.settings import LogSettings, Settings
from tests.support.clients import Client
from tests.support.servers import RunningApplication

SECONDS = 15
Serve = Callable[..., Client]


class Written:
    """What was logged, as JSON or as text."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        """All of it."""
        return self.stream.getvalue()

    def records(self, logger: str = "cairn.operations") -> list[dict[str, Any]]:
        """The records of one logger."""
        found = [json.loads(line) for line in self.text.splitlines()]
        return [each for each in found if each["logger"] == logger]

    def record(self, logger: str = "cairn.operations") -> dict[str, Any]:
        """The only record of one logger; an answer may be here before it is written."""
        assert wait_until(lambda: bool(self.records(logger)), SECONDS), self.text
        (found,) = self.records(logger)
        return found


@pytest.fixture
def written() -> Iterator[Callable[..., Written]]:
    """`written(format="json")` sets logging up as a process does, but into memory."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def listen(**settings: Any) -> Written:
        made = Written()
        logs.set_up(LogSettings(**{"format": "json", **settings}), made.stream)
        return made

    yield listen
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def serve(database_url: str) -> Iterator[Serve]:
    """`serve(token, log=…, metrics=…)` starts one more application on this worker's database; answers its client."""
    with ExitStack() as stack:

        def start(token: str | None = None, **settings: Any) -> Client:
            running = RunningApplication(Settings(DATABASE_URL=SecretStr(database_url), **settings))
            client = Client(running.start(), token)
            stack.callback(running.stop)
            stack.callback(client.http.close)
            return client

        yield start
