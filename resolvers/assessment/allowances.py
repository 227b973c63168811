"""What one person may beyond what all may: more time for each attempt, more attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.tables import table_of
from core.writing import Transaction
from models.grading import Accommodation

ACCOMMODATION = table_of(Accommodation)


@dataclass(frozen=True)
class Allowance:
    """More time and more attempts; nothing of either for most people."""

    extra_minutes: int = 0
    extra_percent: int = 0
    extra_attempts: int = 0

    def attempts(self, maximum: int | None) -> int | None:
        """How many attempts there are where all have so many; None for as many as one likes."""
        return None if maximum is None else maximum + self.extra_attempts

    def minutes(self, limit: int | None) -> int | None:
        """How long an attempt may take where all have so long, in whole minutes, rounded up; None for no limit."""
        if limit is None:
            return None
        return limit + self.extra_minutes - (-limit * self.extra_percent // 100)


async def allowance_of(tx: Transaction, user_id: str, assessment_id: str) -> Allowance:
    """What somebody may beyond what all may, at one assessment."""
    found = await tx.row(
        sa.select(ACCOMMODATION.c.extra_minutes, ACCOMMODATION.c.extra_percent, ACCOMMODATION.c.extra_attempts).where(
            ACCOMMODATION.c.user_id == user_id, ACCOMMODATION.c.assessment_id == assessment_id
        )
    )
    return Allowance() if found is None else Allowance(**vars(found))


def deadline(started_at: Any, minutes: int | None, closes_at: datetime | None) -> Any:
    """SQL of the instant at which an attempt ends: when its time is up, or when all closes, whichever is first."""
    time_is_up = sa.null() if minutes is None else started_at + sa.func.make_interval(0, 0, 0, 0, 0, minutes)
    # LEAST takes no notice of nulls.
    instant = sa.TIMESTAMP(timezone=True)
    return sa.func.least(sa.cast(time_is_up, instant), sa.cast(sa.literal(closes_at, instant), instant), type_=instant)
