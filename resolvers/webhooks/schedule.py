"""When a delivery is tried again: ten tries over some 75 hours, as Standard Webhooks proposes."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# What is waited before the second try, the third, and so on.
PAUSES = tuple(
    timedelta(**each)
    for each in (
        {"seconds": 5}, {"minutes": 5}, {"minutes": 30}, {"hours": 2}, {"hours": 5}, {"hours": 10}, {"hours": 14},
        {"hours": 20}, {"hours": 24},
    )
)  # fmt: skip
TRIES = len(PAUSES) + 1
# A receiver may ask for more time, within reason.
LONGEST_WISH = timedelta(hours=24)
_SPREAD = 0.1
# More than passes between two tries of one delivery, whatever the receiver wishes.
LONGEST_PAUSE = PAUSES[-1] * (1 + _SPREAD) + timedelta(hours=3)
# Statuses with which a receiver may say when to come again.
_ASKING = (429, 503)


def pause_after(tried: int, wish: timedelta | None = None) -> timedelta:
    """How long to wait after so many tries, never quite the same; and never shorter than the receiver wishes."""
    usual = PAUSES[min(max(tried, 1), len(PAUSES)) - 1]
    spread = usual * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - nobody has to be unable to guess it
    return max(spread, wish or timedelta())


def wish_of(status: int, headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """What `Retry-After` asks for, in seconds or as a date, a day at most; None where it does not count.

    A date is one by the receiver's clock, where the answer says what that shows.
    """
    retry_after = headers.get("retry-after")
    if status not in _ASKING or retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=min(int(text[:12]), 10**9)), LONGEST_WISH)
    instant = _instant(text)
    if instant is None:
        return None
    return min(max(instant - (_instant(headers.get("date", "")) or now), timedelta()), LONGEST_WISH)


def _instant(text: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
