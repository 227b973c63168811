"""Running commands: in this process where they end by themselves, as programs of their own where they keep running."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from cairn.cli import main
from cairn.settings import PROJECT, settings

from .programs import Program, clean_environment

# Nobody listens there, and the answer comes at once.
UNREACHABLE = "postgresql://nobody:sesame@127.0.0.1:1/nothing"


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


Cairn = Callable[..., Outcome]
Start = Callable[..., Program]


@pytest.fixture
def cairn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cairn]:
    """`cairn("token", "create", DATABASE_URL=url)` runs a command with these variables and none else of ours."""

    def run(*arguments: str, **variables: str) -> Outcome:
        for name in set(os.environ) - set(clean_environment()):
            monkeypatch.delenv(name)
        for name, value in {"COLUMNS": "200", **variables}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["cairn", *arguments])
        settings.cache_clear()
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Outcome(code or 0, *capsys.readouterr())

    yield run
    settings.cache_clear()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start("worker", DATABASE_URL=url)` runs a command as a program of its own, which is killed in the end."""
    with ExitStack() as stack:
        yield lambda *arguments, cwd=PROJECT, **variables: stack.enter_context(
            Program(arguments, cwd, variables, tmp_path / f"said-{len(list(tmp_path.iterdir()))}.txt")
        )
