"""What a hook takes from a body: just what its mapping names, of the kind it names, and never a failure of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import DomainError, SeveralErrors
from models.inbox import InboundKind, InboundOnce, InboundValue
from resolvers.inbox.hooks import _mapping
from resolvers.inbox.mapping import Misfit, found_at, key_of, values_of

A_FEW = settings(max_examples=60, deadline=None, derandomize=True)
bodies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
pointers = st.lists(st.text(max_size=3), min_size=1, max_size=4).map(
    lambda parts: "".join("/" + part.replace("\0", "").replace("~", "~0").replace("/", "~1") for part in parts)
)


def value(path: str, kind: InboundKind, *, is_required: bool = True) -> InboundValue:
    return InboundValue(name="it", path=path, kind=kind, is_required=is_required)


@A_FEW
@given(body=bodies, path=pointers)
def test_looking_something_up_never_fails(body: Any, path: str) -> None:
    found_at(body, path)


@A_FEW
@given(body=st.dictionaries(st.text(max_size=3), bodies), path=pointers, kind=st.sampled_from(InboundKind))
def test_whatever_a_body_holds_the_fact_holds_a_small_plain_value_or_the_body_does_not_fit(
    body: Any, path: str, kind: InboundKind
) -> None:
    try:
        found = values_of(body, [value(path, kind)])
    except Misfit:
        return
    assert len(json.dumps(found, allow_nan=False)) < 150
    assert isinstance(found["it"], str | int | float | bool)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (InboundKind.WORD, ["a", "PROJ-12", "a.b/c:d_e"], ["", "two words", "me@home.org", "é", "x" * 101, 1, "a\n"]),
        (InboundKind.INTEGER, [0, -5, 2**53], [2**53 + 1, 1.0, True, "1", float("nan")]),
        (InboundKind.NUMBER, [0, 1.5, -2], [True, "1", float("inf"), float("nan"), 2**60]),
        (InboundKind.BOOLEAN, [True, False], [0, 1, "true"]),
        (InboundKind.INSTANT, ["2026-01-01T00:00:00Z", "2026-01-01T02:00+02:00"], ["2026-01-01T00:00:00", "soon", 5]),
    ],
)  # fmt: skip
def test_a_value_is_of_its_kind(kind: InboundKind, good: list[Any], bad: list[Any]) -> None:
    assert len([values_of({"x": each}, [value("/x", kind)]) for each in good]) == len(good)
    for each in bad:
        with pytest.raises(Misfit, match="At /x"):
            values_of({"x": each}, [value("/x", kind)])


def test_what_is_missing_is_left_out_or_does_not_fit() -> None:
    assert values_of({"x": None}, [value("/x", InboundKind.WORD, is_required=False)]) == {}
    with pytest.raises(Misfit, match="there is nothing"):
        values_of({}, [value("/x", InboundKind.WORD)])


@A_FEW
@given(body=bodies, once=st.sampled_from(InboundOnce), delivery=st.none() | st.text())
def test_a_key_is_a_hash_that_says_nothing_or_none(body: Any, once: InboundOnce, delivery: str | None) -> None:
    key = key_of(body, once, "/a", "/b", delivery)
    assert key is None or len(key) == 64
    assert key == key_of(body, once, "/a", "/b", delivery)


def test_what_counts_once() -> None:
    def key(once: InboundOnce, person: Any, event: Any, delivery: str | None = None) -> str | None:
        return key_of({"person": person, "event": event}, once, "/person", "/event", delivery)

    event, both = InboundOnce.EVENT, InboundOnce.PERSON_AND_EVENT
    assert key(event, "a", "1") == key(event, "b", "1") != key(event, "a", "2")
    assert key(both, "a", "1") == key(both, "A ", "1") != key(both, "b", "1")
    assert key(InboundOnce.PERSON, "a", "1") == key(InboundOnce.PERSON, "a", "2")
    assert key(event, "a", "x") != key(event, "a", "X")
    assert key(event, "a", 1) != key(event, "a", True)
    # What does not say what makes it the same is new each time.
    assert key(event, "a", None) is None
    assert key(both, None, "1") is None
    assert key(InboundOnce.DELIVERY, "a", "1") is None
    assert key(InboundOnce.DELIVERY, "a", "1", "d") == key(InboundOnce.DELIVERY, "b", "2", "d")


@A_FEW
@given(mapping=st.lists(st.fixed_dictionaries({"name": st.text(), "path": st.text(), "kind": st.text()}), max_size=30))
def test_any_mapping_is_right_or_refused_in_words(mapping: list[dict[str, str]]) -> None:
    try:
        made = _mapping(mapping)
    except (DomainError, SeveralErrors):
        return
    assert len(made) == len(mapping) <= 20
