"""Commands as programs of their own: what they say, how they end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from cairn.embedded.processes import wait_until

# On a busy machine a program takes half a minute to start.
PATIENCE_SECONDS = 90


def clean_environment() -> dict[str, str]:
    """The environment of this process without anything that Cairn or PostgreSQL reads."""
    ours = ("CAIRN_", "PG")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "PORT") and not name.startswith(ours)
    }


class Program:
    """A running `cairn` command; as a context manager it is killed when the block ends."""

    def __init__(self, arguments: Sequence[str], cwd: Path, variables: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("w") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cairn", *arguments],
                cwd=cwd,
                env={**clean_environment(), "COLUMNS": "200", **variables},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def said(self) -> str:
        """Everything it said so far, on either stream."""
        return self._log.read_text()

    def says(self, pattern: str, *, times: int = 1) -> re.Match[str]:
        """Waits until it has said something so many times; answers the last. Fails when it ends before."""
        expression = re.compile(pattern)
        found: list[re.Match[str]] = []

        def look() -> bool:
            ended = self._process.poll() is not None
            found[:] = expression.finditer(self.said)
            return len(found) >= times or ended

        wait_until(look, PATIENCE_SECONDS)
        assert len(found) >= times, f"{pattern} was not said, but:\n{self.said}"
        return found[times - 1]

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to this one process."""
        self._process.send_signal(number)

    def end(self, number: signal.Signals, seconds: float = PATIENCE_SECONDS) -> int:
        """Sends a signal and waits for the end; answers the exit code."""
        self.send(number)
        return self._process.wait(seconds)

    def wait(self) -> int:
        """Waits for it to end by itself; answers the exit code."""
        return self._process.wait(PATIENCE_SECONDS)
