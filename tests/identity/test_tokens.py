"""How secrets look, and that no two things are taken for each other."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from resolvers.identity.tokens import TokenKind, derived_token, kind_of, looks_like_token, new_token

# What is told to those who run secret scanners.
SCANNED = re.compile(r"cairn_(api|acc|ref|ses|one|imp|hok|inv)_[0-9A-Za-z]{49}")
kinds = st.sampled_from(TokenKind)


@given(kinds)
def test_every_secret_is_found_by_a_scanner_and_known_by_its_kind(kind: TokenKind) -> None:
    token = new_token(kind)
    assert SCANNED.fullmatch(token)
    assert [each for each in TokenKind if looks_like_token(token, each)] == [kind]


@given(kinds, st.data())
def test_a_secret_with_one_character_changed_is_none(kind: TokenKind, data: st.DataObject) -> None:
    token = new_token(kind)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda letter: letter != token[place]))
    assert kind_of(token[:place] + other + token[place + 1 :]) is not kind


@given(kinds)
def test_a_secret_of_one_kind_dressed_as_another_is_none(kind: TokenKind) -> None:
    token = new_token(kind)
    for other in set(TokenKind) - {kind}:
        assert kind_of(token.replace(f"_{kind}_", f"_{other}_")) is None


@given(st.text())
def test_a_text_is_no_secret(text: str) -> None:
    assert kind_of(text) is None


@given(kinds, st.text(), st.text(), st.text())
def test_what_follows_from_a_secret_follows_each_time_and_from_nothing_else(
    kind: TokenKind, secret: str, salt: str, other: str
) -> None:
    token = derived_token(kind, secret, salt)
    assert kind_of(token) is kind
    assert derived_token(kind, secret, salt) == token
    if other not in (secret, salt):
        assert token not in (derived_token(kind, other, salt), derived_token(kind, secret, other))
