"""The process between us and PostgreSQL: it starts a program, keeps its log, and stops it when we are gone.

Run as a script by a bare interpreter (`python -I -S guard.py ORDER`), so that it can use nothing but the standard
library. It exists because nothing else covers every way to die: a pipe on standard input tells it that its parent
has ended, however that happened and whichever thread had started it, and the kernel tells the server when the guard
itself is killed. It is also the only place where privileges are dropped: a fresh process with one thread, so
that the steps between fork and exec are safe to write in Python.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import sys
import time
from dataclasses import asdict, dataclass
from typing import NoReturn

# How long a fast shutdown may take before the server is told to drop everything, and then before it is killed.
PATIENCE = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
PR_SET_PDEATHSIG = 1
TICK = 1.0


@dataclass(frozen=True)
class Order:
    """What the guard is asked to run."""

    command: list[str]
    """Absolute path of the program, and its arguments."""
    folder: str
    """Its working directory, entered before privileges are dropped."""
    uid: int
    gid: int
    log: str
    """The file that gets its output; moved aside to `<log>.1` when it grows past `log_limit`."""
    log_owner: int
    log_limit: int
    """Bytes."""
    parent: int
    """Process id of whoever gave the order."""
    discard: str
    """A folder to remove once the program has ended; empty for none."""

    def to_json(self) -> str:
        """Write the order as the one argument of the script."""
        return json.dumps(asdict(self))


class BoundedLog:
    """A log file that never grows past its limit: one old part is kept beside it."""

    def __init__(self, path: str, owner: int, limit: int) -> None:
        self.path, self.owner, self.limit = path, owner, limit
        self.open()

    def open(self) -> None:
        """Open the file for appending, readable by its owner alone."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self.file = os.open(self.path, flags, 0o600)
        if os.geteuid() == 0:
            os.fchown(self.file, self.owner, -1)
        self.size = os.fstat(self.file).st_size

    def write(self, text: bytes) -> None:
        """Append; what a full disk cannot take is dropped, for the server must not wait for its log."""
        try:
            if self.size > self.limit:
                os.close(self.file)
                os.replace(self.path, f"{self.path}.1")
                self.open()
            self.size += os.write(self.file, text)
        except OSError:
            return

    def write_from(self, source: int) -> bool:
        """Append what `source` has to say now; False when it has ended."""
        text = os.read(source, 65536)
        self.write(text)
        return bool(text)

    def drain(self, source: int) -> None:
        """Append the rest of `source`, without waiting for children of the server that still hold its other end."""
        os.set_blocking(source, False)
        with contextlib.suppress(BlockingIOError):
            while self.write_from(source):
                pass


class Shutdown:
    """The steps from a polite request to a kill, each with its deadline."""

    def __init__(self, server: int) -> None:
        self.server = server
        self.steps = iter(PATIENCE)
        self.deadline: float | None = None

    def begin(self) -> None:
        """Ask the server to stop, once."""
        if self.deadline is None:
            self.advance()

    def advance(self) -> None:
        """Take the next step once the last one had its time; does nothing before `begin`."""
        number, patience = next(self.steps, (signal.SIGKILL, TICK))
        self.deadline = time.monotonic() + patience
        os.kill(self.server, number)

    def press_on(self) -> None:
        """Take the next step if the last one had its time."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            self.advance()


def become(order: Order, output: int, guard: int) -> NoReturn:
    """Turn this freshly forked process into the ordered program; ends it when that fails."""
    try:
        # Entered as we are, before privileges go: the folders above may be closed to the server's user.
        os.chdir(order.folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        if order.uid != os.geteuid():
            os.setgroups([])
            os.setgid(order.gid)
            os.setuid(order.uid)
        die_with(guard)
        os.umask(0o077)
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        os.execve(order.command[0], order.command, environment)  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(2, f"could not start {order.command[0]}: {error}\n".encode())
    os._exit(127)


def die_with(guard: int) -> None:
    """Ask the kernel (Linux only) to stop this process fast and cleanly when the guard is killed."""
    if not sys.platform.startswith("linux"):
        return
    # After the change of user, which resets it; before exec, which keeps it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    if os.getppid() != guard:
        os._exit(127)


def watch(order: Order, server: int, output: int) -> int:
    """Keep the log until the server ends; begin its shutdown when the parent is gone. Returns its exit status."""
    lifeline = sys.stdin.fileno()
    log = BoundedLog(order.log, order.log_owner, order.log_limit)
    shutdown = Shutdown(server)
    bell = wake_on_signals(shutdown)
    sources = {lifeline, output, bell}
    while True:
        readable, _, _ = select.select(list(sources), [], [], TICK)
        if output in readable and not log.write_from(output):
            sources.discard(output)
        # Anything on the lifeline, its end included, means stop. The parent may also have left a copy of the
        # other end with a child of its own; then only our own parentage tells that it has gone.
        if lifeline in readable or os.getppid() != order.parent:
            sources.discard(lifeline)
            shutdown.begin()
        shutdown.press_on()
        if bell in readable:
            os.read(bell, 64)
        ended, status = os.waitpid(server, os.WNOHANG)
        if ended:
            log.drain(output)
            return os.waitstatus_to_exitcode(status)


def wake_on_signals(shutdown: Shutdown) -> int:
    """Treat a polite signal as a request to stop. Returns a pipe that becomes readable on these and on SIGCHLD."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: shutdown.begin())
    return reader


def main(argument: str) -> int:
    """Carry out one order. Returns the program's exit status, or 128 + the signal that ended it."""
    order = Order(**json.loads(argument))
    guard = os.getpid()
    output, writer = os.pipe()
    server = os.fork()
    if server == 0:
        become(order, writer, guard)
    os.close(writer)
    try:
        status = watch(order, server, output)
    finally:
        if order.discard:
            shutil.rmtree(order.discard, ignore_errors=True)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
