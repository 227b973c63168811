"""Failed sign-ins are told to those who watch the log, and say nothing about who has an account."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from resolvers.requests import failures
from tests.http.doorkeeper import Doorkeeper
from tests.identity.guests import Guest
from tests.support.clients import Client

Visitor = Callable[[], Client]
Newcomer = Callable[[], Guest]
WRONG = "not this one at all"


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """`told()` is what was logged about failed sign-ins so far."""
    caplog.set_level(logging.WARNING, "cairn.security")

    def records() -> list[dict[str, Any]]:
        return [vars(each)["fields"] for each in caplog.records if each.name == "cairn.security"]

    return records


def test_a_wrong_password_is_told_with_the_account_as_a_hash_be_there_one_or_not(
    newcomer: Newcomer, visitor: Visitor, told: Callable[[], list[dict[str, Any]]]
) -> None:
    there, nowhere = newcomer().email, "nowhere@example.org"
    for email in (there, there.upper(), nowhere):
        visitor().mutate("sessionStart", "session { id }", email=email, password=WRONG)
    first, again, other = told()
    assert first == again
    assert {**first, "account": ""} == {**other, "account": ""}
    assert (first["act"], first["code"], first["address"]) == ("session_start", "WRONG_CREDENTIALS", "127.0.0.1")
    assert first["account"] != other["account"]
    assert there not in str(told())


@pytest.mark.parametrize(
    ("mutation", "given", "code"),
    [
        ("sessionStartByLink", {"token": "nonsense"}, "LINK_EXPIRED"),
        ("accountConfirm", {"token": "nonsense"}, "LINK_EXPIRED"),
        ("sessionRefresh", {"refreshToken": "nonsense"}, "SESSION_OVER"),
    ],
)
def test_a_secret_that_is_not_good_is_told_and_the_secret_is_not(
    visitor: Visitor, told: Callable[[], list[dict[str, Any]]], mutation: str, given: dict[str, str], code: str
) -> None:
    visitor().refused(mutation, **given)
    (found,) = told()
    assert (found["code"], "nonsense" in str(found)) == (code, False)


def test_a_link_of_the_sign_in_page_that_is_not_good_is_told(
    visitor: Visitor, told: Callable[[], list[dict[str, Any]]]
) -> None:
    client = visitor()
    assert client.http.get(f"{client.url}/sign-in?token=nonsense").status_code == 400
    assert [each["act"] for each in told()] == ["session_start_by_link"]


def test_who_is_signed_in_and_gives_the_wrong_password_is_named(
    newcomer: Newcomer, told: Callable[[], list[dict[str, Any]]]
) -> None:
    guest = newcomer()
    guest.client.refused("accountPasswordChange", password=WRONG, newPassword="a quiet walk at night")
    assert [(each["user"], each["act"]) for each in told()] == [(guest.id, "account_password_change")]


def test_what_goes_well_and_what_is_merely_invalid_is_not_told(
    newcomer: Newcomer, doorkeeper: Doorkeeper, told: Callable[[], list[dict[str, Any]]]
) -> None:
    guest = newcomer()
    guest.sign_in()
    guest.client.refused("accountEmailChangeRequest", email="nonsense", password=guest.password)
    assert told() == []


def test_accounts_are_named_alike_by_all_processes_that_have_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    for key in ("a key of the house", "a key of the house", "another key of it"):
        monkeypatch.setattr(failures, "_key", b"")
        failures.use_key(key)
        names.append(failures._named("maya@example.org"))
    assert names[0] == names[1] != names[2]
