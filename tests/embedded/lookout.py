"""Looking at a server from outside: through SQL, and through what the operating system shows of it."""

import os
from pathlib import Path

import psycopg
import pytest

from cairn.embedded import EmbeddedPostgres

IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can drop privileges")
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")


def ask(server: EmbeddedPostgres, query: str, database: str = "cairn") -> object:
    """The first value of the first row."""
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def postmaster_of(folder: Path) -> int:
    """The process id of the server that runs on a folder."""
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def is_running(pid: int) -> bool:
    """Whether a process exists and is not just waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def parent_of(pid: int) -> int:
    """The process id of a process's parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def owner_of(pid: int) -> int:
    """The user that a process acts as."""
    return Path(f"/proc/{pid}").stat().st_uid
