"""Every command explains itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from cairn.cli import app

from .conftest import Cairn

COMMANDS = {
    "dev", "serve", "worker", "migrate", "import", "import olx", "import gift", "import moodle",
    "schema", "explain", "token", "token create", "user",
    "user create", "user grant", "user revoke", "audit", "audit head", "audit verify", "doctor", "documents",
    "documents manifest", "documents check",
    "jobs", "jobs list", "jobs retry", "jobs cancel", "jobs park",
    "schema check", "webhooks", "webhooks key", "webhooks list", "webhooks deliveries", "webhooks pause",
    "webhooks resume", "webhooks redeliver", "webhooks schema", "webhooks vectors", "webhooks rekey",
    "inbox", "inbox list", "inbox show", "inbox replay",
}  # fmt: skip


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """(words, command) of everything below a command."""
    for name, inner in getattr(command, "commands", {}).items():
        yield " ".join((*path, name)), inner
        yield from walk(inner, (*path, name))


FOUND = dict(walk(typer.main.get_command(app)))


def test_these_are_all_commands() -> None:
    assert set(FOUND) == COMMANDS


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_a_command_says_what_it_does_and_what_each_option_means(cairn: Cairn, words: str) -> None:
    outcome = cairn(*words.split(), "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert re.search(rf"Usage: .*{words} ", outcome.out)
    first = FOUND[words].help.split("\n")[0]
    assert first.endswith((".", ":"))
    assert len(first) > 20
    for parameter in FOUND[words].params:
        if parameter.name != "help":
            assert getattr(parameter, "help", None), f"cairn {words} does not explain {parameter.name}"


def test_the_program_without_a_command_lists_them(cairn: Cairn) -> None:
    outcome = cairn()
    assert all(words.split()[0] in outcome.out for words in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["token", "nonsense"], ["serve", "--nonsense"], ["serve", "--workers", "0"], ["import", "olx"]],
)
def test_a_command_that_there_is_not_is_a_mistake_and_no_crash(cairn: Cairn, arguments: list[str]) -> None:
    outcome = cairn(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Usage:" in outcome.err
    assert "Traceback" not in outcome.err
