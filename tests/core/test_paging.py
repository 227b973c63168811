"""Cursors lead back to where they were made, and nothing else leads anywhere."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as some

from core.errors import RequestError
from core.paging import DEFAULT_PAGE, MAX_PAGE, Page, decode_cursor, encode_cursor, page, require_key
from core.tables import id_type

TEXTS = some.text(some.characters(exclude_categories=["Cs"]))
JSON: some.SearchStrategy[Any] = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(TEXTS, inner, max_size=3),
)
ID = "0199f3a2-4b5c-8001-9d3e-5f6a7b8c9d0e"


@given(TEXTS, TEXTS, TEXTS)
def test_a_cursor_gives_back_what_it_was_made_of(name: str, key: str, row_id: str) -> None:
    assert decode_cursor(encode_cursor(name, key, row_id), name) == (key, row_id)


@given(TEXTS, TEXTS)
def test_a_cursor_is_made_of_letters_that_need_no_escaping_in_an_address(name: str, key: str) -> None:
    assert encode_cursor(name, key, ID).replace("-", "").replace("_", "").isalnum()


@given(TEXTS)
def test_any_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(RequestError):
        decode_cursor(text, "list")


@given(JSON)
def test_any_other_content_of_a_cursor_is_refused(content: Any) -> None:
    forged = base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")
    with pytest.raises(RequestError):
        decode_cursor(forged, "list")


@given(some.binary(max_size=60))
def test_any_bytes_in_a_cursor_are_refused(content: bytes) -> None:
    with pytest.raises(RequestError):
        decode_cursor(base64.urlsafe_b64encode(content).decode(), "list")


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(RequestError, match="another list"):
        decode_cursor(encode_cursor("courses TITLE_ASC", "key", ID), "courses TITLE_DESC")


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (sa.Integer(), "7"),
        (sa.Integer(), "-2147483647"),
        (sa.BigInteger(), "9223372036854775807"),
        (sa.String(), "words, ' and %"),
        (sa.TIMESTAMP(timezone=True), "2026-01-31 12:00:00.123456+00"),
        (sa.TIMESTAMP(timezone=True), "2026-01-31 12:00:00+05:30"),
        (id_type(), ID),
    ],
)
def test_a_key_that_the_column_can_have_is_accepted(kind: Any, key: str) -> None:
    require_key(Page(1, (key, ID)), kind)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (sa.Integer(), "words"),
        (sa.Integer(), "2147483648"),
        (sa.BigInteger(), "9223372036854775808"),
        (sa.Integer(), "٣"),
        (sa.Integer(), "1 OR 1=1"),
        (sa.String(), "NUL \0"),
        (sa.TIMESTAMP(timezone=True), "now"),
        (sa.TIMESTAMP(timezone=True), "2026-02-31 12:00:00+00"),
        (sa.TIMESTAMP(timezone=True), "2026-01-31 12:00:00+00; --"),
        (id_type(), "1"),
    ],
)
def test_a_key_that_the_column_cannot_have_is_refused_before_any_sql_runs(kind: Any, key: str) -> None:
    with pytest.raises(RequestError, match="not one of ours"):
        require_key(Page(1, (key, ID)), kind)


@given(TEXTS)
def test_a_cursor_without_an_id_is_refused_before_any_sql_runs(row_id: str) -> None:
    with pytest.raises(RequestError):
        require_key(Page(1, ("key", row_id)), sa.String())


def test_without_a_size_a_page_has_the_usual_one() -> None:
    assert page(None, None, None, None, "list") == Page(DEFAULT_PAGE)


@given(some.integers(0, MAX_PAGE))
def test_a_page_is_of_the_size_that_was_asked_for_in_either_direction(size: int) -> None:
    assert page(size, None, None, None, "list") == Page(size)
    assert page(None, None, size, None, "list") == Page(size, backward=True)


@given(some.integers().filter(lambda size: not 0 <= size <= MAX_PAGE))
def test_a_size_out_of_bounds_is_refused_by_the_name_of_its_argument(size: int) -> None:
    with pytest.raises(RequestError, match="first"):
        page(size, None, None, None, "list")
    with pytest.raises(RequestError, match="last"):
        page(None, None, size, None, "list")


@pytest.mark.parametrize(
    ("first", "after", "last", "before"),
    [(1, None, 1, None), (None, "a", None, "b"), (None, "a", 1, None), (1, None, None, "b"), (1, "a", 1, "b")],
)
def test_both_directions_at_once_are_refused(
    first: int | None, after: str | None, last: int | None, before: str | None
) -> None:
    with pytest.raises(RequestError):
        page(first, after, last, before, "list")
