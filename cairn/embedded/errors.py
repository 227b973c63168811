"""What can go wrong with the embedded PostgreSQL, each in words that say what to do next."""

from __future__ import annotations

import errno
from pathlib import Path

OUTSIDE_SERVER = "Or set DATABASE_URL to use a PostgreSQL 15 or newer of your own."


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot do what was asked; the message is meant for a person."""


class BinariesMissingError(EmbeddedPostgresError):
    """There are no PostgreSQL programs here that run on this machine."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The embedded PostgreSQL does not run on this machine: {reason}. "
            "Set DATABASE_URL to use a PostgreSQL 15 or newer of your own."
        )


class DataVersionError(EmbeddedPostgresError):
    """The data folder was written by another major version of PostgreSQL."""

    def __init__(self, data: Path, found: str, expected: int) -> None:
        super().__init__(
            f"The data in {data} was written by PostgreSQL {found}, and PostgreSQL {expected} cannot read it. "
            f"Delete {data.parent} to begin with an empty database (its contents are lost), or dump them with "
            f"PostgreSQL {found} first. {OUTSIDE_SERVER}"
        )


class DiskFullError(EmbeddedPostgresError):
    """The file system that holds the data folder has no room left."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"The disk that holds {folder} is full. Make room there and start again. {OUTSIDE_SERVER}")


class FolderInUseError(EmbeddedPostgresError):
    """Another process runs a server on the same folder; `holder` is its process id, None when it did not say."""

    def __init__(self, folder: Path, holder: int | None) -> None:
        self.holder = holder
        who = "Another process" if holder is None else f"Process {holder}"
        super().__init__(f"{who} already runs the database in {folder}. Stop it, or use another folder.")


class FolderUnusableError(EmbeddedPostgresError):
    """The folder cannot hold a database: not writable, or it belongs to somebody else."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"The database cannot live in {folder}: {reason}. {OUTSIDE_SERVER}")


class ServerStartError(EmbeddedPostgresError):
    """PostgreSQL was started and did not come up; `log` holds the last lines it wrote."""

    def __init__(self, what: str, log: str, log_file: Path) -> None:
        self.log = log
        lines = "\n".join(f"  {line}" for line in log.splitlines()) or "  (nothing)"
        super().__init__(f"{what} Its last words:\n{lines}\nThe whole log is in {log_file}.")


def explain_os_error(error: OSError, folder: Path) -> EmbeddedPostgresError:
    """Turn a failed file operation below `folder` into the error that tells a person what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(folder)
    return FolderUnusableError(folder, f"{error.strerror or error} ({error.filename or folder})")
