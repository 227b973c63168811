"""Processes that are there at once: forked from one that has imported everything.

    python -m tests.chaos.nursery        # takes a line of JSON for each child, and answers its number

What is forked ends with the nursery, also when that is killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from cairn import garbage
from cairn.settings import PROJECT
from tests.jobs.crews import until

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Child:
    """A process that may be killed."""

    pid: int

    def kill(self) -> None:
        """Ends it, however it stands."""
        self.send(signal.SIGKILL)
        self.wait()

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, seconds: float = 40) -> None:
        """Waits for its end."""
        until(lambda: not self.is_alive(), f"the end of process {self.pid}", seconds)

    def is_alive(self) -> bool:
        """Whether it is there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


class Nursery:
    """Makes processes. Use it as a context manager."""

    def __init__(self, listening: tuple[int, ...] = ()) -> None:
        self._listening = listening

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("CAIRN_TEST_LOUD") else subprocess.DEVNULL,
            text=True,
            pass_fds=self._listening,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(self, what: str, **options: Any) -> Child:
        """A process that does this, see `tests.chaos.hands`.

        `dies_at` is where it kills itself; `clock` how far ahead its clock
        is, in seconds, or between which two it jumps.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"what": what, **options}) + "\n")
        self._process.stdin.flush()
        return Child(int(self._process.stdout.readline()))


def _raise(order: dict[str, Any]) -> NoReturn:
    """Is the child, from its first moment to its last."""
    from tests.chaos import clocks, failpoints, hands

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    code = 1
    try:
        what, dies_at = order.pop("what"), order.pop("dies_at", None)
        clock = order.pop("clock", None)
        if dies_at is not None:
            failpoints.install(dies_at)
        if clock is not None:
            clocks.Wrong(*clock).install()
        hands.WORK[what](**order)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    """Forks a child per line, until there are no more lines; then all are ended."""
    from tests.chaos import clocks, failpoints, hands

    del clocks, failpoints, hands
    # What no child looks through, none has to copy.
    garbage.keep()
    # Those that end are gone at once.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    children = []
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _raise(json.loads(line))
        children.append(pid)
        print(pid, flush=True)
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
