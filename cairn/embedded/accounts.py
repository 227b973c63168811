"""Under which user of the operating system the server runs, and what that user can reach."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

ROOT = 0
# Known on every Unix even where the user database does not list it.
NOBODY = 65534


@dataclass(frozen=True)
class Account:
    """A user and its main group, by number."""

    uid: int
    gid: int

    @classmethod
    def current(cls) -> Account:
        """The user that this process acts as."""
        return cls(os.geteuid(), os.getegid())

    @classmethod
    def of(cls, uid: int) -> Account:
        """The user with this number, in its main group, or in the group of nobody when the machine has no entry."""
        try:
            return cls(uid, pwd.getpwuid(uid).pw_gid)
        except KeyError:
            return cls(uid, NOBODY)

    @property
    def is_other(self) -> bool:
        """Whether a program must drop privileges to act as this user."""
        return self.uid != os.geteuid()

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may walk down to `folder` and read it, judged by the bits of every folder on the way."""
        if not self.is_other:
            return os.access(folder, os.R_OK | os.X_OK)
        folder = folder.resolve()
        return self._has(folder, 0o5) and all(self._has(parent, 0o1) for parent in folder.parents)

    def _has(self, path: Path, bits: int) -> bool:
        facts = path.stat()
        shift = 6 if facts.st_uid == self.uid else 3 if facts.st_gid == self.gid else 0
        return stat.S_IMODE(facts.st_mode) >> shift & bits == bits


def server_account(keeper: int, data: Path) -> Account:
    """Choose who runs the server, given the owner of the folder and where the data is, or will be.

    PostgreSQL refuses to run as root, so root hands over: to whoever owns the data already, else to the owner of
    the clone, who then can go on without root, else to the machine's PostgreSQL user, else to nobody.
    """
    if os.geteuid() != ROOT:
        return Account.current()
    if data.exists() and data.stat().st_uid != ROOT:
        return Account.of(data.stat().st_uid)
    # initdb insists on a user with a name, which the owner of a folder shared with a container may not have there.
    if keeper != ROOT and _has_name(keeper):
        return Account.of(keeper)
    return Account.of(_least_privileged())


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False


def _least_privileged() -> int:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return NOBODY
