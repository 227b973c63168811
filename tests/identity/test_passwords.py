"""New passwords and new addresses: who may set them, what ends with them, and who is told."""

from __future__ import annotations

import asyncio
import time
import unicodedata
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from resolvers.identity import passwords
from tests.identity.guests import PASSWORD, Guest, Post, code, who
from tests.support.clients import Client

Visitor = Callable[[], Client]
Newcomer = Callable[[], Guest]
NEW = "rain on the old tin roof"


def test_a_reset_sets_the_password_and_ends_every_session(newcomer: Newcomer, visitor: Visitor, post: Post) -> None:
    guest, browser = newcomer(), visitor()
    browser.do("accountPasswordResetRequest", "account { id }", email=guest.email)
    token = post.secret(guest.email, "reset-password")
    browser.do("accountPasswordReset", "account { id }", token=token, password=NEW)
    assert who(guest.client)["kind"] == "ANONYMOUS"
    assert code(guest.sign_in(browser)) == "WRONG_CREDENTIALS"
    guest.password = NEW
    assert code(guest.sign_in(browser)) is None
    assert "was changed" in post.newest(guest.email).subject


def test_one_reset_makes_every_other_link_worthless(newcomer: Newcomer, visitor: Visitor, post: Post) -> None:
    guest, browser = newcomer(), visitor()
    tokens = []
    for _ in range(2):
        browser.do("accountPasswordResetRequest", "account { id }", email=guest.email)
        tokens.append(post.secret(guest.email, "reset-password"))
    assert code(browser.mutate("accountPasswordReset", "account { id }", token=tokens[1], password=NEW)) is None
    assert (
        code(browser.mutate("accountPasswordReset", "account { id }", token=tokens[0], password=NEW)) == "LINK_EXPIRED"
    )


def test_a_weak_password_does_not_use_the_link_up(newcomer: Newcomer, visitor: Visitor, post: Post) -> None:
    guest, browser = newcomer(), visitor()
    browser.do("accountPasswordResetRequest", "account { id }", email=guest.email)
    token = post.secret(guest.email, "reset-password")
    assert code(browser.mutate("accountPasswordReset", "account { id }", token=token, password="short")) == "TOO_WEAK"
    assert code(browser.mutate("accountPasswordReset", "account { id }", token=token, password=NEW)) is None


def test_a_change_takes_the_old_password_and_ends_the_other_sessions(newcomer: Newcomer, visitor: Visitor) -> None:
    guest, other = newcomer(), visitor()
    guest.sign_in(other)
    wrong = guest.client.mutate("accountPasswordChange", "account { id }", password="not this one", newPassword=NEW)
    assert (code(wrong), wrong["errors"][0]["path"]) == ("WRONG_CREDENTIALS", ["password"])
    guest.client.do("accountPasswordChange", "account { id }", password=PASSWORD, newPassword=NEW)
    assert (who(guest.client)["kind"], who(other)["kind"]) == ("USER", "ANONYMOUS")


def test_a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told(newcomer: Newcomer, post: Post) -> None:
    guest = newcomer()
    guest.client.do("accountEmailChangeRequest", "account { id }", email="moved@example.org", password=PASSWORD)
    assert who(guest.client)["account"]["email"] == guest.email
    guest.client.do(
        "accountEmailChangeConfirm", "account { id }", token=post.secret("moved@example.org", "change-email")
    )
    assert who(guest.client)["account"]["email"] == "moved@example.org"
    assert "address was changed" in post.newest(guest.email).subject


def test_an_address_that_is_taken_is_told_to_its_owner_alone(newcomer: Newcomer, post: Post) -> None:
    guest, owner = newcomer(), newcomer()
    payload = guest.client.do("accountEmailChangeRequest", "account { id }", email=owner.email, password=PASSWORD)
    assert payload["errors"] == []
    assert "in use already" in post.newest(owner.email).subject


def test_links_to_the_old_address_are_worth_nothing_once_it_was_changed(
    newcomer: Newcomer, visitor: Visitor, post: Post
) -> None:
    guest = newcomer()
    guest.client.do("accountSignInLinkRequest", "account { id }", email=guest.email)
    old = post.secret(guest.email, "sign-in")
    guest.client.do("accountEmailChangeRequest", "account { id }", email="anew@example.org", password=PASSWORD)
    guest.client.do(
        "accountEmailChangeConfirm", "account { id }", token=post.secret("anew@example.org", "change-email")
    )
    assert code(visitor().mutate("sessionStartByLink", "session { id }", token=old)) == "LINK_EXPIRED"


@given(st.text(max_size=300))
def test_a_password_is_accepted_by_its_length_and_variety_alone(text: str) -> None:
    same = unicodedata.normalize("NFKC", text)
    good = 10 <= len(same) <= 200 and len(set(same)) >= 5
    with nullcontext() if good else pytest.raises(InvalidInput) as refused:
        passwords.check(text)
    assert refused is None or refused.value.path == ("password",)


MARKS = "a" + "\u0300" * 250_000 + "\u0323" * 250_000


def test_a_password_of_marks_upon_marks_is_refused_at_once() -> None:
    before = time.process_time()
    with pytest.raises(InvalidInput, match="at most 200"):
        passwords.check(MARKS)
    assert time.process_time() - before < 0.05


def test_trying_a_password_of_marks_upon_marks_takes_what_any_other_takes() -> None:
    kept = asyncio.run(passwords.hashed(PASSWORD))
    before = time.process_time()
    assert not asyncio.run(passwords.matches(MARKS, kept))
    assert time.process_time() - before < 0.5


def test_a_password_is_not_known_by_its_beginning() -> None:
    long = "0123456789" * 80
    kept = asyncio.run(passwords.hashed(long))
    assert asyncio.run(passwords.matches(long, kept))
    assert not asyncio.run(passwords.matches(long + "0", kept))
