"""Calling for imports: so many of one person wait at once, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from core.errors import DomainError
from core.writing import Transaction
from models.jobs import JobState
from resolvers import jobs
from resolvers.importing import IMPORT

_UNDER_WAY = (JobState.QUEUED.value, JobState.RUNNING.value)


async def call_for(tx: Transaction, arguments: Mapping[str, Any], most: int) -> str:
    """Calls for the import of a file; answers the id of the job. Raises `DomainError` where the person has that many
    on their way already, however many of them come at once.
    """
    person = tx.viewer.user_id
    key = sa.func.hashtextextended(f"import {person}", 0)
    await tx.rows(sa.select(sa.func.pg_advisory_xact_lock(key)))
    mine = (jobs.JOB.c.requested_by == person, jobs.JOB.c.actor == IMPORT.name)
    under_way = sa.or_(*(jobs.JOB.c.state == each for each in _UNDER_WAY))
    found = await tx.row(sa.select(sa.func.count().label("number")).where(*mine, under_way))
    if person is not None and found is not None and found.number >= most:
        raise DomainError(f"{most} files of yours wait already. Send this one later.", "TOO_MANY_IMPORTS")
    return str(await jobs.enqueue(tx, IMPORT, arguments))
