"""Server processes under measurement: started, found, weighed, and stopped."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60.0
ANNOUNCEMENT = "running on http://127.0.0.1:"
PROJECT = Path(__file__).resolve().parent.parent


class ServerFailed(Exception):
    """A server ended, or never said that it runs."""


@dataclass(frozen=True)
class Served:
    """One server process that answers on a port of its own."""

    pid: int
    port: int

    def peak_megabytes(self) -> float:
        """The most memory it ever had resident; on systems that do not keep that, what it has now."""
        status = Path(f"/proc/{self.pid}/status")
        if status.exists():
            peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            return int(peak.split()[1]) / 1024
        now = subprocess.run(["ps", "-o", "rss=", "-p", str(self.pid)], capture_output=True, text=True, check=True)
        return int(now.stdout) / 1024

    def resident_megabytes(self) -> float:
        """The memory it has resident now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def cpu_seconds(self) -> float | None:
        """The processor time it has used, where the system tells that finely enough."""
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.exists():
            return None
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[Served]:
    """Runs a server that announces its port; raises `ServerFailed` with what it said when it does not."""
    # A file, not a pipe: nobody empties a pipe while the server runs, and a full one would stop it.
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, cwd=folder, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            yield Served(process.pid, _announced_port(process, said.fileno()))
        finally:
            process.terminate()
            process.wait()


def _announced_port(process: subprocess.Popen[bytes], said: int) -> int:
    deadline = time.monotonic() + START_SECONDS
    while True:
        text = os.pread(said, 1 << 16, 0).decode(errors="replace")
        after = text.partition(ANNOUNCEMENT)[2]
        if "\n" in after:
            return int(after.split()[0])
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServerFailed(f"{process.args} did not start:\n{text}")
        time.sleep(0.05)
