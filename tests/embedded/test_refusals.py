"""When the embedded PostgreSQL cannot run, it says why and what to do, as one kind of error."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cairn.embedded import (
    BinariesMissingError,
    DataVersionError,
    DiskFullError,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    FolderInUseError,
    FolderUnusableError,
    ServerStartError,
)

from .lookout import IS_ROOT, ask

Start = Callable[..., EmbeddedPostgres]


def test_a_second_start_on_the_same_folder_is_told_who_has_it(folder: Path, start: Start) -> None:
    first = start(folder)
    with pytest.raises(
        FolderInUseError, match=f"Process {os.getpid()} already runs the database in {folder}"
    ) as caught:
        EmbeddedPostgres(folder).start()
    assert caught.value.holder == os.getpid()
    assert ask(first, "select 1") == 1


def test_data_of_another_major_version_is_left_alone(folder: Path) -> None:
    (folder / "data" / "PG_VERSION").write_text("16\n")
    with pytest.raises(DataVersionError, match=r"written by PostgreSQL 16, and PostgreSQL 18 cannot read it\. Delete"):
        EmbeddedPostgres(folder).start()
    assert (folder / "data" / "base").is_dir()


def test_a_server_that_does_not_come_up_is_quoted(folder: Path) -> None:
    with (folder / "data" / "postgresql.auto.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(ServerStartError, match="no_such_setting") as caught:
        EmbeddedPostgres(folder).start()
    assert str(folder / "server.log") in str(caught.value)


def test_a_failed_start_gives_the_folder_back(folder: Path, start: Start) -> None:
    settings = folder / "data" / "postgresql.auto.conf"
    good = settings.read_text()
    settings.write_text("no_such_setting = 1\n")
    server = EmbeddedPostgres(folder, durable=False)
    with pytest.raises(ServerStartError):
        server.start()
    assert not server.alive()
    settings.write_text(good)
    assert ask(start(folder), "select 1") == 1


def test_a_password_that_does_not_fit_the_data_is_reported(folder: Path) -> None:
    (folder / "password").write_text("another")
    with pytest.raises(ServerStartError, match="does not let us in"):
        EmbeddedPostgres(folder).start()


def test_a_lost_password_is_reported(folder: Path) -> None:
    (folder / "password").unlink()
    with pytest.raises(FolderUnusableError, match="password file cannot be read"):
        EmbeddedPostgres(folder).start()


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnusableError, match=r"Not a directory.* set DATABASE_URL"):
        EmbeddedPostgres(tmp_path / "file" / "postgres").start()


def test_a_machine_without_the_programs_is_told_to_bring_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cairn.embedded.binaries.PACKAGE", "no_such_package")
    with pytest.raises(BinariesMissingError, match=r"not installed\. Set DATABASE_URL"):
        EmbeddedPostgres(tmp_path / "postgres").start()


def test_programs_for_another_machine_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "site" / "foreign_pgserver" / "pginstall18" / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").write_bytes(b"\x7fELF for some other machine")
    (programs / "postgres").chmod(0o755)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr("cairn.embedded.binaries.PACKAGE", "foreign_pgserver")
    with pytest.raises(BinariesMissingError, match=r"cannot be run .*Exec format error.*Set DATABASE_URL"):
        EmbeddedPostgres(tmp_path / "postgres").start()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a disk of a given size."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(size: str) -> Path:
        if not IS_ROOT or not shutil.which("mount"):
            pytest.skip("only root can mount a small disk")
        answer = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "cairn-test", place], capture_output=True
        )
        if answer.returncode != 0:
            pytest.skip(f"this machine lets nobody mount a small disk: {answer.stderr.decode().strip()}")
        return place

    yield mount
    if os.path.ismount(place):
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_disk_too_small_for_a_database_is_reported_before_it_is_filled(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("30m")
    with pytest.raises(DiskFullError, match=f"The disk that holds {disk}/postgres is full. Make room"):
        EmbeddedPostgres(disk / "postgres").start()


def test_a_disk_that_filled_up_since_is_reported(small_disk: Callable[[str], Path], made_folder: Path) -> None:
    disk = small_disk("150m")
    shutil.copytree(made_folder, disk / "postgres")
    with (disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(1_000_000)):
            pass
    with pytest.raises(DiskFullError, match="set DATABASE_URL"):
        EmbeddedPostgres(disk / "postgres").start()


def test_every_refusal_can_be_caught_as_one_kind() -> None:
    kinds = {BinariesMissingError, DataVersionError, DiskFullError, FolderInUseError, FolderUnusableError}
    assert all(issubclass(kind, EmbeddedPostgresError) for kind in kinds | {ServerStartError})
