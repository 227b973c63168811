"""Servers that a killed supervisor left behind: finding those of one data folder, and ending them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

POLL = 0.02
PROGRAMS = ("postgres", "initdb")
STEPS = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until `condition` holds, for at most `seconds`. Returns whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def end_servers_in(folder: Path) -> bool:
    """End every PostgreSQL process that works in `folder`, politely at first. Returns whether there was one.

    The caller holds the lock of the folder, so whatever still runs there was left behind. Committed data survives
    each of the steps.
    """
    if not _servers_in(folder):
        return False
    for number, patience in STEPS:
        targets = _servers_in(folder)
        if number == signal.SIGINT:
            # Only the postmaster understands a shutdown; to its children an interrupt means something else.
            targets = [pid for pid in targets if pid == _postmaster(folder)]
        if _send(number, targets) and wait_until(lambda: not _servers_in(folder), patience):
            break
    return True


def _send(number: signal.Signals, targets: list[int]) -> bool:
    for pid in targets:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    return bool(targets)


def _postmaster(folder: Path) -> int | None:
    try:
        return int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _servers_in(folder: Path) -> list[int]:
    if not folder.exists():
        return []
    if sys.platform.startswith("linux"):
        return _by_working_directory(folder)
    return _by_command_line(folder)


def _by_working_directory(folder: Path) -> list[int]:
    place = folder.stat()
    found = []
    for process in Path("/proc").iterdir():
        # Processes come and go while we look, and those of other users do not show where they work.
        with contextlib.suppress(OSError):
            if process.name.isdigit() and (process / "comm").read_text().strip() in PROGRAMS:
                here = (process / "cwd").stat()
                if (here.st_dev, here.st_ino) == (place.st_dev, place.st_ino):
                    found.append(int(process.name))
    return found


def _by_command_line(folder: Path) -> list[int]:
    ps, pid = shutil.which("ps"), _postmaster(folder)
    if ps is None or pid is None:
        return []
    command = [ps, "-ww", "-o", "args=", "-p", str(pid)]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
    return [pid] if "postgres" in listing.stdout and str(folder) in listing.stdout else []
