"""Wrong settings and a database that is away: one plain sentence that names the variable, and exit code 1."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from .conftest import UNREACHABLE, Cairn, Start

COMMANDS = ["serve", "worker", "migrate", "migrate --check", "token create", "import olx ."]
WRONG = {
    "DATABASE_URL": "nonsense",
    "PORT": "many",
    "CAIRN_BROKER": "carrier pigeons",
    "CAIRN_HTTP__PUBLIC_URL": "here",
    "CAIRN_HTTP__MAX_BODY_BYTES": "1 MB",
    "CAIRN_GRAPHQL__INTROSPECTION": "perhaps",
    "CAIRN_DATABASE__POOL_SIZE": "1",
    "CAIRN_DATABASE": "8",
}


@pytest.fixture
def taken_port() -> Iterator[str]:
    """A port of this machine that is in use."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("variable", ["DATABASE_URL", "CAIRN_HTTP__MAX_BODY_BYTES"])
def test_no_command_starts_with_a_wrong_setting(cairn: Cairn, words: str, variable: str) -> None:
    outcome = cairn(*words.split(), **{"DATABASE_URL": UNREACHABLE, variable: WRONG[variable]})
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert outcome.err.startswith(f"cairn: The setting {variable} is not right: ")


@pytest.mark.parametrize("variable", WRONG)
def test_the_variable_is_named_as_it_is_set(cairn: Cairn, variable: str) -> None:
    outcome = cairn("worker", **{"DATABASE_URL": UNREACHABLE, variable: WRONG[variable]})
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert f" {variable} is " in outcome.err
    assert "docs/settings.md" in outcome.err


def test_several_mistakes_are_told_at_once(cairn: Cairn) -> None:
    outcome = cairn("worker", DATABASE_URL=UNREACHABLE, CAIRN_BROKER="x", CAIRN_HTTP__MAX_JSON_DEPTH="0")
    lines = outcome.err.splitlines()
    assert ["CAIRN_BROKER" in lines[0], "CAIRN_HTTP__MAX_JSON_DEPTH" in lines[1], len(lines)] == [True, True, 2]


@pytest.mark.parametrize("variables", [{}, {"DATABASE_URL": ""}], ids=["unset", "empty"])
def test_serving_needs_a_database(cairn: Cairn, variables: dict[str, str]) -> None:
    outcome = cairn("serve", **variables)
    assert (outcome.code, outcome.err) == (
        1,
        "cairn: The setting DATABASE_URL is not right: It must be set. See docs/settings.md.\n",
    )


@pytest.mark.parametrize("words", COMMANDS)
def test_a_database_that_is_away_is_told_plainly(cairn: Cairn, words: str) -> None:
    outcome = cairn(*words.split(), DATABASE_URL=UNREACHABLE, PORT="0")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert outcome.err.startswith("cairn: The database does not answer: ")
    assert "sesame" not in outcome.err


@pytest.mark.parametrize(
    ("url", "reason"),
    [("dbname=nowhere_at_all", "nowhere_at_all"), ("user=nobody_at_all", "nobody_at_all")],
)
def test_a_database_that_does_not_let_us_in_is_told_plainly(
    cairn: Cairn, database_url: str, url: str, reason: str
) -> None:
    outcome = cairn("migrate", DATABASE_URL=f"{database_url} {url}")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert reason in outcome.err


@pytest.mark.parametrize(
    "url",
    ["postgresql://us:sesame@host:port/x", "postgresql://us:ses%zzame@host/sesame", "host=x sesame", "http://sesame"],
)
def test_a_password_is_never_repeated(cairn: Cairn, url: str) -> None:
    outcome = cairn("worker", DATABASE_URL=url)
    assert outcome.code == 1
    assert "sesame" not in outcome.err


def test_every_mistake_of_dev_is_told_plainly(start: Start, taken_port: str) -> None:
    mistakes = {
        "The setting PORT is not right: Input should be a valid integer": {"PORT": "many"},
        "The setting PORT is not right: Input should be less": {"PORT": "65536"},
        f"Port {taken_port} is not to be had: Address already in use": {"PORT": taken_port},
        "CAIRN_HTTP__HOST must be an address": {"CAIRN_HTTP__HOST": "not/an/address"},
        "The setting CAIRN_BROKER is not right": {"CAIRN_BROKER": "pigeons"},
        "The database does not answer": {},
    }
    programs = {words: start("dev", DATABASE_URL=UNREACHABLE, **more) for words, more in mistakes.items()}
    for words, program in programs.items():
        assert program.wait() == 1
        assert program.said.count("\n") == 1, program.said
        assert program.said.startswith(f"cairn: {words}")


def test_a_taken_port_is_told_plainly_when_serving(cairn: Cairn, taken_port: str) -> None:
    outcome = cairn("serve", DATABASE_URL=UNREACHABLE, PORT=taken_port)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert outcome.err.startswith(f"cairn: Port {taken_port} is not to be had: Address already in use.")
