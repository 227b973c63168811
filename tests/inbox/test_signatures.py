"""Stripe's signatures: what Stripe's own library signs is taken, and nothing else, and nothing from the future."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe import SignatureVerificationError, WebhookSignature

from gateways.stripe import BadSignature, require_recent, signed_at
from tests.inbox.senders import OLD_SECRET, SECRET, signed

A_FEW = settings(max_examples=40, deadline=None, derandomize=True)
NOW = 1_800_000_000
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def is_taken(body: bytes, header: str, secrets: list[str] | None = None, now: float = NOW) -> bool:
    try:
        require_recent(signed_at(body, header, [SECRET] if secrets is None else secrets), now, 300)
    except BadSignature:
        return False
    return True


@A_FEW
@given(body=texts, secret=st.text(st.characters(codec="ascii"), min_size=1))
def test_what_stripes_library_signs_is_taken(body: str, secret: str) -> None:
    assert is_taken(body.encode(), signed(body, secret, NOW), [secret])


@A_FEW
@given(body=texts, other=texts, header=texts)
def test_nothing_else_is_taken(body: str, other: str, header: str) -> None:
    good = signed(body, SECRET, NOW)
    assert is_taken(other.encode(), good) == (other == body)
    assert not is_taken(body.encode(), header)
    assert not is_taken(body.encode(), good, ["another secret"])
    assert not is_taken(body.encode(), good.replace("v1=", "v0="))


@A_FEW
@given(age=st.integers(-1000, 1000))
def test_both_sides_of_time_are_bounded_although_the_library_bounds_one(age: int) -> None:
    now = int(time.time())
    header = signed("{}", SECRET, now - age)
    assert is_taken(b"{}", header, now=now) == (abs(age) <= 300)
    if age < -400:
        assert WebhookSignature.verify_header("{}", header, SECRET, 300)


def test_while_a_secret_is_rotated_either_will_do() -> None:
    old, new = signed("{}", OLD_SECRET, NOW), signed("{}", SECRET, NOW)
    assert is_taken(b"{}", old, [SECRET, OLD_SECRET])
    assert is_taken(b"{}", f"{old},{new.partition(',')[2]}", [SECRET])


@pytest.mark.parametrize(
    "spoilt",
    [
        "", "t=", "v1=", "t=1", "{signature}", "t=now,{signature}", "t=-1,{signature}", "t=1_8,{signature}",
        "t=1800000000,t=1800000001,{signature}", "T=1800000000,{signature}", "t=1800000000;{signature}",
        "t=1800000000,v1=", "t=1800000000,v1=é", "t=1800000000," + "v1=00," * 1000 + "{signature}",
    ],
)  # fmt: skip
def test_a_header_that_is_none_is_refused_and_no_more(spoilt: str) -> None:
    signature = signed("{}", SECRET, NOW).partition(",")[2]
    assert not is_taken(b"{}", spoilt.replace("{signature}", signature))


def test_the_library_and_we_agree_on_a_header_of_several_signatures() -> None:
    header = f"t={int(time.time())},v1={'0' * 64},v1={signed('{}', SECRET).partition('v1=')[2]},v0=x"
    now = time.time()
    assert is_taken(b"{}", header, now=now)
    assert WebhookSignature.verify_header("{}", header, SECRET, 300)
    with pytest.raises(SignatureVerificationError):
        WebhookSignature.verify_header("{} ", header, SECRET, 300)
    assert not is_taken(b"{} ", header, now=now)
