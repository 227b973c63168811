"""Jobs: what is to be done in the background, and when the clock asks for it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from core.jobs import DEFAULT_QUEUE, Priority
from core.policies import Calls, OwnRows, ServiceOnly, StaffRead, StaffWrite
from core.tables import Table, enum_column, id_column, instant_column, json_column


class JobState(StrEnum):
    """How a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    PARKED = "parked"
    CANCELLED = "cancelled"


class Job(Table, table=True):
    """One piece of background work, written with the change that calls for it."""

    __tablename__ = "job"
    __tag__ = 0x00B
    __policies__ = (
        OwnRows("requested_by"),
        Calls(
            (
                ("run_schedule", "content:publish"),
                ("regrade_assessment", "content:publish"),
                ("grade_attempt", "answer:grade"),
                ("import_olx", "content:import"),
                ("remove_rest_of_webhook", "webhooks:manage"),
                ("hurry_webhook", "webhooks:manage"),
            )
        ),
        StaffRead("jobs:manage"),
        StaffWrite("jobs:manage", commands=("UPDATE",)),
    )
    __table_args__ = (
        sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease"),
        sa.Index("ix_job_due", "queue", "priority", "run_at", postgresql_where=sa.text("state = 'queued'")),
        sa.Index("ix_job_lease", "lease_until", postgresql_where=sa.text("state = 'running'")),
        sa.Index("ix_job_parked", "queue", postgresql_where=sa.text("state = 'parked'")),
        sa.Index("ix_job_finished", "finished_at", postgresql_where=sa.text("finished_at IS NOT NULL")),
        sa.Index(
            "uq_job_unique_key",
            "unique_key",
            unique=True,
            postgresql_where=sa.text("state = 'queued' OR state = 'running'"),
        ),
        sa.Index(None, "requested_by", "id"),
        # Rows change a few times and are soon gone: room for that in each page, and cleaning up before it piles up.
        {
            "postgresql_with": {
                "fillfactor": 70,
                "autovacuum_vacuum_scale_factor": 0.02,
                "autovacuum_vacuum_threshold": 500,
            }
        },
    )

    id: str = id_column(primary=True)
    actor: str = Field(max_length=80, description="What kind of work it is.")
    arguments: dict[str, Any] = json_column(description="What it is about: ids and small values.")
    queue: str = Field(default=DEFAULT_QUEUE, max_length=40, description="Which workers do it.")
    priority: int = Field(default=Priority.NORMAL.value, description="What is due and lower is done first.")
    state: JobState = enum_column(JobState, JobState.QUEUED, description="How it stands.")
    run_at: datetime = instant_column(nullable=False, description="Not before this.")
    attempts: int = Field(default=0, ge=0, description="How often it was begun.")
    max_attempts: int = Field(default=5, ge=1, description="How often it may be begun before it is parked.")
    lease_until: datetime | None = instant_column(description="Until when the worker that does it is waited for.")
    lease_owner: str | None = Field(default=None, max_length=80, description="Which worker does it.")
    unique_key: str | None = Field(
        default=None, max_length=200, description="While it is unfinished there is no other with this key."
    )
    progress: int = Field(default=0, ge=0, le=100, description="How far it is, in percent.")
    note: str | None = Field(default=None, max_length=200, description="What it is at.")
    last_error: str | None = Field(default=None, max_length=2000, description="Why it failed the last time.")
    parked_reason: str | None = Field(default=None, max_length=2000, description="Why somebody has to look at it.")
    requested_by: str | None = id_column(nullable=True, description="Who called for it; none for the system.")
    acted_by: str | None = id_column(nullable=True, description="Who really did, where somebody acted as that person.")
    started_at: datetime | None = instant_column(description="When it was last begun.")
    finished_at: datetime | None = instant_column(description="When it was done or cancelled.")


class ScheduledJob(Table, table=True):
    """A kind of job that the clock asks for. Its row is the lock under which its jobs are made."""

    __tablename__ = "scheduled_job"
    __tag__ = 0x00C
    __policies__ = (ServiceOnly(),)
    __table_args__ = (sa.UniqueConstraint("name"),)

    id: str = id_column(primary=True)
    name: str = Field(max_length=80)
    schedule: str = Field(max_length=100)
    next_run_at: datetime = instant_column(nullable=False)


class JobOutcome(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    FAILED = "failed"
    PARKED = "parked"
    LOST = "lost"


class JobTally(Table, table=True):
    """How many attempts of one kind ended in one way since the beginning, and how long they took together.

    Workers add to it every few seconds, not with each job: many would wait for one row.
    """

    __tablename__ = "job_tally"
    __tag__ = 0x00F
    __policies__ = (ServiceOnly(),)
    __table_args__ = (sa.UniqueConstraint("queue", "actor", "outcome"),)

    id: str = id_column(primary=True)
    queue: str = Field(max_length=40)
    actor: str = Field(max_length=80)
    # Deliveries of webhooks are counted here too, and end in ways of their own.
    outcome: str = Field(max_length=40)
    number: int = Field(default=0, sa_type=sa.BigInteger, ge=0)
    seconds: float = Field(default=0, ge=0)
