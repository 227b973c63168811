"""Whether a webhook is Stripe's: signatures of the scheme v1, as https://docs.stripe.com/webhooks describes them.

The header is `t=<Unix seconds>,v1=<hex>,…`; each v1 is the HMAC-SHA256 of `<t>.<body>` under one of the endpoint's
secrets. While a secret is rotated Stripe signs with both. Stripe's own library takes timestamps from the future: here
both sides are bounded.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

_LONGEST_HEADER = 2_000
_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BadSignature(Exception):
    """The header does not prove that this body was sent by Stripe just now; the message says what is wrong with it."""


def signed_at(body: bytes, header: str, secrets: Sequence[str]) -> int:
    """When this very body was signed, in Unix seconds; raises `BadSignature` unless one of the secrets did."""
    timestamp, signatures = _parsed(header)
    signed = f"{timestamp}.".encode() + body
    expected = [hmac.digest(secret.encode(), signed, hashlib.sha256).hex() for secret in secrets]
    # Every pair is compared, so that the time it takes says nothing about which of them fits.
    fits = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures]
    if not any(fits):
        raise BadSignature("No signature fits this body and our secrets.")
    return int(timestamp)


def require_recent(timestamp: int, now: float, tolerance: float) -> None:
    """Raises `BadSignature` unless what was signed then was signed within `tolerance` seconds of `now`."""
    if abs(now - timestamp) > tolerance:
        raise BadSignature(f"The timestamp is more than {tolerance:g} seconds away.")


def _parsed(header: str) -> tuple[str, list[str]]:
    """(timestamp as it was signed, signatures of the scheme v1); raises `BadSignature`."""
    parts = [part.strip().partition("=") for part in header[:_LONGEST_HEADER].split(",")]
    timestamps = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1" and _SIGNATURE.fullmatch(value)]
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]) or not signatures:
        raise BadSignature("The header is none of Stripe's.")
    return timestamps[0], signatures
