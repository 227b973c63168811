"""The project's files, as git knows them or would."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path

from cairn.settings import PROJECT

ROOMS = ("cairn", "core", "gateways", "graph", "migrations", "models", "resolvers", "workers")
TEXTS = {".py", ".md", ".toml", ".txt", ".json", ".yaml", ".ts", ".tsx", ".css", ".html", ".graphql", ".mako", ""}


@lru_cache(maxsize=1)
def files() -> tuple[Path, ...]:
    """Every file that is tracked or could be, relative to the project."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    paths = [Path(name) for name in listed.split("\0") if name]
    return tuple(sorted(path for path in set(paths) if (PROJECT / path).is_file()))


def text(path: Path) -> str:
    """What a file of the project says."""
    return (PROJECT / path).read_text(encoding="utf-8")


def modules() -> list[Path]:
    """The Python files of the rooms, migrations themselves aside."""
    inside = [path for path in files() if path.suffix == ".py" and path.parts[0] in ROOMS]
    return [path for path in inside if path.parts[:2] != ("migrations", "versions")]


def pages() -> list[Path]:
    """The Markdown pages."""
    return [path for path in files() if path.suffix == ".md" and "node_modules" not in path.parts]
