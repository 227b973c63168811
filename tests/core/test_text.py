"""One spelling for texts that look alike, however they were made."""

from __future__ import annotations

import sys
import time
import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import _long_runs, unified

FORMS: tuple[Literal["NFC", "NFKC", "NFKD"], ...] = ("NFC", "NFKC", "NFKD")
# Marks of two classes out of order, and what becomes such marks once it is taken apart.
CRUEL = {
    "marks": "a" + "\u0300" * 125_000 + "\u0323" * 125_000,
    "alternating marks": "a" + "\u0300\u0323" * 125_000,
    "marks of half the width": "\uff76" + "\uff9e\u0300" * 125_000,
    "marks that are two": "a" + "\u0f73\u0300" * 125_000,
    "runs just short of long ones": ("a" + "\u0300\u0323" * 31) * 4_000,
    "letters with marks of their own": "\u1f82" * 250_000,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", CRUEL.values(), ids=CRUEL)
def test_no_text_takes_long_to_spell_in_one_way(text: str, form: Literal["NFC", "NFKC", "NFKD"]) -> None:
    _long_runs()
    before = time.process_time()
    unified(text, form)
    assert time.process_time() - before < 0.5


@pytest.mark.parametrize("form", FORMS)
@given(st.lists(st.text(max_size=40), max_size=60).map(" ".join))
def test_texts_of_any_language_are_spelt_as_unicode_says(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> None:
    assert unified(text, form) == unicodedata.normalize(form, text)


def test_every_mark_that_there_is_is_known_as_one() -> None:
    marks = {each for each in map(chr, range(sys.maxunicode + 1)) if unicodedata.combining(each)}
    assert [f"U+{ord(each):04X}" for each in marks if not _long_runs().fullmatch(each * 64)] == []
