"""A PostgreSQL server of our own for one folder: made on first use, started, stopped, and mended after a crash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from cairn.embedded import guard
from cairn.embedded.accounts import Account, server_account
from cairn.embedded.binaries import Binaries, find_binaries, readable_by
from cairn.embedded.errors import (
    DataVersionError,
    DiskFullError,
    FolderUnusableError,
    ServerStartError,
    explain_os_error,
)
from cairn.embedded.folder import (
    Folder,
    hand_over,
    make_socket_folder,
    open_folder,
    remove_stale_socket_folder,
)
from cairn.embedded.processes import end_servers_in, wait_until

USER = "cairn"
PORT = 5432  # Part of the socket's name only: the server listens on no network port.
NEW_DATA_BYTES = 100_000_000
LOG_LIMIT_BYTES = 2_000_000
INITDB_SECONDS = 120.0
# Long enough to replay the log of a crash on a slow disk.
START_SECONDS = 120.0
# The guard's own patience with the server, and a little more.
STOP_SECONDS = 55.0
NO_ROOM = ("No space left on device", "Disk quota exceeded")
INITDB_OPTIONS = (
    f"--username={USER}",
    "--auth-local=scram-sha-256",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_wal_size": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "logging_collector": "off",
}
# For what may be lost, such as the databases of tests, where many applications share one server.
FAST_AND_LOOSE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "400"}


class EmbeddedPostgres:
    """The server of one folder. Use it as a context manager, or call `start` and `stop`.

    It listens on a private UNIX socket only, and no other start can use the same folder meanwhile. It ends with
    the process that started it, also when that is killed. Every failure is an EmbeddedPostgresError whose message
    tells a person what to do.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        """Name the folder that holds the data, made by `start` when absent.

        With `durable=False` a crash of the machine may lose everything: for tests, which it makes faster.
        """
        self._path = folder
        self._durable = durable
        self._lock: IO[str] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._socket: Path | None = None
        self._password = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Bring the server up and wait until it answers; does nothing when it runs already.

        Raises a kind of EmbeddedPostgresError when it cannot.
        """
        if self.alive():
            return
        self.stop()
        folder = open_folder(self._path)
        self._lock = folder.lock()
        try:
            self._bring_up(folder)
        except OSError as error:
            self.stop()
            raise explain_os_error(error, folder.path) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut the server down cleanly and give the folder back; does nothing when it does not run."""
        if self._guard is not None:
            _dismiss(self._guard)
            self._guard = None
        if self._socket is not None:
            # The guard did that already, unless the server never came so far as to have one.
            shutil.rmtree(self._socket, ignore_errors=True)
            self._socket = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def alive(self) -> bool:
        """Whether the server runs."""
        return self._guard is not None and self._guard.poll() is None

    def url(self, database: str = "cairn") -> str:
        """Tell how to connect to `database` as the superuser: a libpq URL with the socket's folder and the password."""
        if self._socket is None:
            raise RuntimeError("the embedded PostgreSQL has not been started")
        host = quote(str(self._socket), safe="")
        return f"postgresql://{USER}:{self._password}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def create_database_if_missing(self, name: str = "cairn") -> bool:
        """Create the database `name` unless it is there. Returns whether it was created."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                return False
            try:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            except psycopg.errors.DuplicateDatabase:
                return False
            return True

    def _bring_up(self, folder: Folder) -> None:
        binaries = find_binaries()
        account = server_account(folder.keeper, folder.data)
        binaries = readable_by(account, binaries)
        _clear_leftovers(folder)
        if folder.data.exists():
            _check_data(folder, account, binaries)
        else:
            self._make_data(folder, account, binaries)
        self._password = folder.read_password()
        self._socket = make_socket_folder(account)
        self._launch(folder, account, binaries)

    def _make_data(self, folder: Folder, account: Account, binaries: Binaries) -> None:
        if shutil.disk_usage(folder.path).free < NEW_DATA_BYTES:
            raise DiskFullError(folder.path)
        folder.draft.mkdir(mode=0o700)
        hand_over(folder.draft, account)
        desk = make_socket_folder(account)
        paper = _note_for(account, desk / "password", folder.new_password())
        command = [str(binaries.initdb), "-D", _as_seen_inside(folder.draft), f"--pwfile={paper}", *INITDB_OPTIONS]
        if not self._durable:
            command.append("--no-sync")
        said_before = _size(folder.log)
        process = self._guard = _under_guard(folder, command, folder.draft, account, desk)
        if not wait_until(lambda: process.poll() is not None, INITDB_SECONDS) or process.returncode != 0:
            raise _explain_log(folder, said_before, "PostgreSQL could not make its data folder.")
        _dismiss(process)
        # Only complete data gets its real name, so that an interrupted start leaves nothing to mend.
        folder.draft.rename(folder.data)

    def _launch(self, folder: Folder, account: Account, binaries: Binaries) -> None:
        assert self._socket is not None
        settings = {**SETTINGS, **({} if self._durable else FAST_AND_LOOSE), "unix_socket_directories": self._socket}
        options = [f"--{name}={value}" for name, value in settings.items()]
        folder.write_private(folder.service, self._service_text())
        said_before = _size(folder.log)
        command = [str(binaries.postgres), "-D", _as_seen_inside(folder.data), *options]
        self._guard = _under_guard(folder, command, folder.data, account, self._socket)
        in_time = wait_until(lambda: not self.alive() or _is_ready(folder.data), START_SECONDS)
        if not self.alive():
            raise _explain_log(folder, said_before, "PostgreSQL ended while it was starting.")
        if not in_time:
            raise _explain_log(folder, said_before, f"PostgreSQL was not ready within {START_SECONDS:.0f} seconds.")
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=10).close()
        except psycopg.OperationalError as error:
            what = f"PostgreSQL is up and does not let us in ({error})."
            raise _explain_log(folder, said_before, what) from None

    def _service_text(self) -> str:
        return f"[cairn]\nhost={self._socket}\nport={PORT}\nuser={USER}\npassword={self._password}\ndbname=cairn\n"


def _clear_leftovers(folder: Folder) -> None:
    """Put the folder in order after a run that could not: its server, its pid file, its socket, half-made data."""
    end_servers_in(folder.draft)
    end_servers_in(folder.data)
    if sys.platform.startswith("linux"):
        # Nobody works in there any more, so the file is stale; its number may by now be somebody else's process,
        # which would keep PostgreSQL from starting.
        (folder.data / "postmaster.pid").unlink(missing_ok=True)
    remove_stale_socket_folder(folder)
    if folder.draft.exists():
        shutil.rmtree(folder.draft)


def _note_for(account: Account, place: Path, text: str) -> Path:
    """Write a file for `account` alone, in a folder that it owns and could tamper with."""
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        if account.is_other:
            os.fchown(file.fileno(), account.uid, account.gid)
    return place


def _check_data(folder: Folder, account: Account, binaries: Binaries) -> None:
    hand_over(folder.data, account)
    if folder.data.stat().st_uid != account.uid:
        reason = "its data belongs to another user, probably because root made it; start as root again, or delete it"
        raise FolderUnusableError(folder.path, reason)
    found = (folder.data / "PG_VERSION").read_text().strip()
    if found != str(binaries.major):
        raise DataVersionError(folder.data, found, binaries.major)


def _under_guard(
    folder: Folder, command: Sequence[str], inside: Path, account: Account, discard: Path
) -> subprocess.Popen[bytes]:
    order = guard.Order(
        command=list(command),
        folder=str(inside),
        uid=account.uid,
        gid=account.gid,
        log=str(folder.log),
        log_owner=folder.keeper,
        log_limit=LOG_LIMIT_BYTES,
        parent=os.getpid(),
        discard=str(discard),
    )
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-I", "-S", guard.__file__, order.to_json()],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        # A session of its own: Ctrl-C in the terminal is for us, and we stop the server when we are ready.
        start_new_session=True,
    )


def _dismiss(process: subprocess.Popen[bytes]) -> None:
    """Tell a guard to stop its program, and wait until both have ended."""
    assert process.stdin is not None
    try:
        process.stdin.write(b"stop")
        process.stdin.close()
    except BrokenPipeError:
        pass
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _as_seen_inside(data: Path) -> str:
    """How the server shall name its data folder, in which it is started.

    On Linux by way of its own working directory: this link leads there even for a user that may not enter the
    folders above, and however long or odd their names are.
    """
    link = Path("/proc/self/cwd")
    return str(link) if link.is_symlink() else str(data)


def _is_ready(data: Path) -> bool:
    """Whether the server has said in its pid file that it takes connections."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _explain_log(folder: Folder, said_before: int, what: str) -> DiskFullError | ServerStartError:
    """Make the error for a server that did not come up, from what it wrote since the log was `said_before` bytes."""
    whole = folder.log.read_bytes() if folder.log.exists() else b""
    text = whole[said_before if len(whole) >= said_before else 0 :].decode(errors="replace")
    if any(words in text for words in NO_ROOM):
        return DiskFullError(folder.path)
    return ServerStartError(what, "\n".join(text.splitlines()[-15:]), folder.log)
