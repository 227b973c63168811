"""The folder of one server: what lies where in it, who owns it, and the lock that keeps two starts apart."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cairn.embedded.accounts import ROOT, Account
from cairn.embedded.errors import FolderInUseError, FolderUnusableError, explain_os_error

SOCKET_PREFIX = "cairn-pg-"
SOCKET_NAME = ".s.PGSQL.5432"
# The address of a UNIX socket has room for this many bytes: 108 on Linux, 104 on macOS, the closing zero included.
SOCKET_PATH_LIMIT = 103


@dataclass(frozen=True)
class Folder:
    """The places below one folder; `keeper` is the user that owns what we write there."""

    path: Path
    keeper: int

    @property
    def data(self) -> Path:
        """PostgreSQL's own files, complete as soon as this exists."""
        return self.path / "data"

    @property
    def draft(self) -> Path:
        """PostgreSQL's own files while they are being made."""
        return self.path / "data.new"

    @property
    def log(self) -> Path:
        """What the server says; its older half lies beside it as `server.log.1`."""
        return self.path / "server.log"

    @property
    def password(self) -> Path:
        """The password of the one user, in the clear, for the keeper's eyes."""
        return self.path / "password"

    @property
    def service(self) -> Path:
        """How to connect, as libpq reads it from PGSERVICEFILE."""
        return self.path / "service.conf"

    def write_private(self, place: Path, text: str) -> None:
        """Write a file that only the keeper can read, in one step."""
        descriptor, draft = tempfile.mkstemp(dir=self.path, prefix=f"{place.name}.")
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            self._give_to_keeper(Path(draft))
        Path(draft).replace(place)

    def lock(self) -> IO[str]:
        """Take the folder for this process; closing the answer gives it back, and so does the end of the process.

        Raises FolderInUseError when another process has it, FolderUnusableError when it cannot be written.
        """
        try:
            file = os.fdopen(os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+")
        except OSError as error:
            raise explain_os_error(error, self.path) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip()
            file.close()
            raise FolderInUseError(self.path, int(holder) if holder.isdigit() else None) from None
        self._give_to_keeper(self.path / "lock")
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file

    def new_password(self) -> str:
        """Make a random password and keep it; text that needs no quoting anywhere."""
        password = secrets.token_urlsafe(24)
        self.write_private(self.password, password)
        return password

    def read_password(self) -> str:
        """The password kept here. Raises FolderUnusableError when it is gone."""
        try:
            return self.password.read_text().strip()
        except OSError as error:
            reason = f"its password file cannot be read ({error.strerror}); delete the folder to begin anew"
            raise FolderUnusableError(self.path, reason) from None

    def _give_to_keeper(self, place: Path) -> None:
        if os.geteuid() == ROOT:
            os.chown(place, self.keeper, -1, follow_symlinks=False)


def open_folder(path: Path) -> Folder:
    """Make the folder with what is missing above it, for its owner alone; what was there before stays untouched.

    Made by root in somebody's clone, the new folders belong to that somebody, who can then go on without root.
    Raises FolderUnusableError when it cannot be made, DiskFullError when there is no room.
    """
    path = path.expanduser().absolute()
    try:
        missing = [place for place in (path, *path.parents) if not place.exists()]
        keeper = path.stat().st_uid if not missing else missing[-1].parent.stat().st_uid
        for place in reversed(missing):
            place.mkdir(mode=0o700 if place == path else 0o777, exist_ok=True)
            if os.geteuid() == ROOT:
                os.chown(place, keeper, -1)
    except OSError as error:
        raise explain_os_error(error, path) from None
    return Folder(path.resolve(), keeper)


def hand_over(place: Path, account: Account) -> None:
    """Give our own data folder and all in it to `account`; done by root alone."""
    if os.geteuid() != ROOT or place.stat().st_uid == account.uid:
        return
    for parent, folders, files in os.walk(place):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, account.uid, account.gid, follow_symlinks=False)
    os.chown(place, account.uid, account.gid)


def make_socket_folder(account: Account) -> Path:
    """Make a private folder for the server's socket, short of name and within reach of `account`.

    Raises FolderUnusableError when no temporary folder allows that.
    """
    tried = list(dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]))  # noqa: S108 - mkdtemp makes it safe
    for base in tried:
        with contextlib.suppress(OSError):
            if account.can_enter(Path(base)) and _leaves_room_for_socket(base):
                place = Path(tempfile.mkdtemp(dir=base, prefix=SOCKET_PREFIX))
                if account.is_other:
                    os.chown(place, account.uid, account.gid)
                return place
    raise FolderUnusableError(Path(tried[0]), f"no place for the server's socket in {', '.join(tried)}")


def remove_stale_socket_folder(folder: Folder) -> None:
    """Remove the socket folder of the last run, whose name it left in the service file, if that run could not."""
    with contextlib.suppress(OSError):
        named = re.search(r"^host=(.+)$", folder.service.read_text(), re.MULTILINE)
        place = Path(named[1]) if named else None
        if place and place.name.startswith(SOCKET_PREFIX) and place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)


def _leaves_room_for_socket(base: str) -> bool:
    longest = os.path.join(os.path.realpath(base), SOCKET_PREFIX + "x" * 8, SOCKET_NAME)
    return len(os.fsencode(longest)) <= SOCKET_PATH_LIMIT
