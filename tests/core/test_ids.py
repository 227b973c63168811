"""Ids say when they were made and what they belong to, and nothing else passes for one."""

from __future__ import annotations

import time
import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from core import ids
from core.ids import MAX_TAG, new_id, tag_of

TAGS = some.integers(0, MAX_TAG)
INSTANTS = some.integers(0, 2**48 - 1)


def _made_at(monkeypatch: pytest.MonkeyPatch, tag: int, milliseconds: int) -> str:
    monkeypatch.setattr(ids, "now_ms", lambda: milliseconds)
    return new_id(tag)


@given(TAGS)
def test_an_id_tells_the_tag_it_was_made_with(tag: int) -> None:
    assert tag_of(new_id(tag)) == tag


@given(TAGS)
def test_an_id_is_a_uuid_of_version_8_in_its_usual_form(tag: int) -> None:
    text = new_id(tag)
    found = uuid.UUID(text)
    assert (found.version, found.variant) == (8, uuid.RFC_4122)
    assert str(found) == text


@given(TAGS, TAGS, INSTANTS, INSTANTS)
def test_ids_sort_by_the_time_they_were_made_whatever_they_belong_to(one: int, other: int, a: int, b: int) -> None:
    assume(a < b)
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert _made_at(monkeypatch, one, a) < _made_at(monkeypatch, other, b)


@given(TAGS, INSTANTS)
def test_an_id_begins_with_its_time_in_milliseconds(tag: int, milliseconds: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert uuid.UUID(_made_at(monkeypatch, tag, milliseconds)).int >> 80 == milliseconds


def test_an_id_is_of_now() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_id(1)).int >> 80
    assert before <= made <= time.time_ns() // 1_000_000


def test_ids_of_one_millisecond_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len({_made_at(monkeypatch, 1, 1) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("tag", [-1, MAX_TAG + 1])
def test_a_tag_that_does_not_fit_is_refused(tag: int) -> None:
    with pytest.raises(ValueError, match=str(tag)):
        new_id(tag)


@given(some.text())
def test_any_text_that_is_no_id_has_no_tag(text: str) -> None:
    assert tag_of(text) is None


@given(some.uuids())
def test_a_uuid_of_another_version_has_no_tag(other: uuid.UUID) -> None:
    assume(other.version != 8)
    assert tag_of(str(other)) is None


@given(TAGS, some.integers(0, 35), some.sampled_from("0123456789abcdefABCDEF-{}g \0"))
def test_a_changed_id_is_another_id_or_none(tag: int, place: int, letter: str) -> None:
    made = new_id(tag)
    changed = made[:place] + letter + made[place + 1 :]
    found = tag_of(changed)
    assert found is None or str(uuid.UUID(changed)) == changed


@pytest.mark.parametrize("spelling", ["{{{0}}}", "urn:uuid:{0}", " {0}", "{0}\n", "{0}-"])
def test_other_spellings_of_an_id_are_refused(spelling: str) -> None:
    assert tag_of(spelling.format(new_id(1))) is None


def test_an_id_in_capitals_or_without_hyphens_is_refused() -> None:
    made = new_id(0xABC)
    assert tag_of(made.upper()) is None
    assert tag_of(made.replace("-", "")) is None


@pytest.mark.parametrize("nothing", [None, 1, b"", object()])
def test_what_is_no_text_has_no_tag(nothing: object) -> None:
    assert tag_of(nothing) is None  # type: ignore[arg-type]
