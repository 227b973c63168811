"""A PostgreSQL of one's own, to be killed, stopped and started, on a disk that can be full."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cairn.embedded import EmbeddedPostgres
from migrations import running
from tests.chaos.proxy import Place, postgres_at
from tests.jobs.crews import prepared, until

_DISK_BYTES, _DISK_BYTES_A_SECOND = 300_000_000, 500_000
_PIECE = bytes(4096)
_NAME = "chaos"


class OwnServer:
    """A server with one migrated database. It keeps what it says it has kept: nothing is switched off for speed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = EmbeddedPostgres(folder / "postgres")
        self._server.start()
        self._server.create_database_if_missing(_NAME)
        running.upgrade(self.url)
        prepared(self.url)

    @property
    def url(self) -> str:
        """How to get to the database now; another after each start."""
        return self._server.url(_NAME)

    @property
    def place(self) -> Place:
        """Where the server listens now."""
        return postgres_at(self.url)

    def kill(self) -> None:
        """Ends it in the middle of whatever it does."""
        pid = (self._folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
        os.kill(int(pid), signal.SIGKILL)
        until(lambda: not self._server.alive(), "the end of the server")

    def stop(self) -> None:
        """Ends it in good order."""
        self._server.stop()

    def start(self) -> None:
        """Starts it again; does nothing while it runs."""
        self._server.start()

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._server.alive()

    def said(self) -> str:
        """All that it has said so far."""
        return (self._folder / "postgres" / "server.log").read_text()

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """While the block runs not a byte more fits on its disk: what is given back is filled at once."""
        over = threading.Event()
        filler = self._folder / "filler"

        def fill() -> None:
            with filler.open("wb", buffering=0) as file:
                while not over.wait(0.005):
                    with suppress(OSError):
                        while True:
                            file.write(_PIECE)

        thread = threading.Thread(target=fill)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            filler.unlink()


@contextmanager
def small_disk(folder: Path, seconds: float = 0) -> Iterator[bool]:
    """Makes a folder a disk of its own, in memory; answers whether that could be done, which takes root on Linux.

    What a storm of so many seconds writes has room in it.
    """
    folder.mkdir()
    size = _DISK_BYTES + int(seconds * _DISK_BYTES_A_SECOND)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "none", str(folder)]
    try:
        is_mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        is_mounted = False
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)
