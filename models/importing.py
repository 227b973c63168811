"""Importing: which outside object became which of ours, what each import did, and what it could not place."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from core.policies import StaffRead, StaffWrite
from core.tables import Table, enum_column, id_column, instant_column, json_column
from models.identity import Scope


class ImportStatus(StrEnum):
    """How an import ended."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class IssueSeverity(StrEnum):
    """How much an import issue matters."""

    INFO = "info"
    WARNING = "warning"
    CONFLICT = "conflict"
    ERROR = "error"


class ExternalRef(Table, table=True):
    """The tie between an outside object and ours, with the values the last import wrote (the base of a merge)."""

    __tablename__ = "external_ref"
    __tag__ = 0x040
    __policies__ = (StaffRead(Scope.CONTENT_IMPORT), StaffWrite(Scope.CONTENT_IMPORT))
    __table_args__ = (sa.UniqueConstraint("source", "external_id"), sa.Index(None, "local_id"))

    id: str = id_column(primary=True)
    source: str = Field(max_length=300, description="The outside system and course.")
    external_id: str = Field(max_length=300)
    local_id: str = id_column()
    imported: dict[str, Any] = json_column(description="Field to the value that the last import wrote.")


class ImportJob(Table, table=True):
    """One run of an importer."""

    __tablename__ = "import_job"
    __tag__ = 0x041
    __policies__ = (StaffRead(Scope.CONTENT_IMPORT), StaffWrite(Scope.CONTENT_IMPORT, commands=("INSERT", "UPDATE")))
    __table_args__ = (sa.Index(None, "source", "id"),)

    id: str = id_column(primary=True)
    source: str = Field(max_length=300)
    status: ImportStatus = enum_column(ImportStatus, ImportStatus.RUNNING)
    root_id: str | None = id_column(nullable=True, description="The course that was made or updated.")
    counts: dict[str, Any] = json_column(description="What was read, created, updated, kept and trashed.")
    finished_at: datetime | None = instant_column()


class ImportIssue(Table, table=True):
    """Something an import could not place, or would not overwrite."""

    __tablename__ = "import_issue"
    __tag__ = 0x042
    __policies__ = (StaffRead(Scope.CONTENT_IMPORT), StaffWrite(Scope.CONTENT_IMPORT, commands=("INSERT",)))
    __table_args__ = (
        sa.ForeignKeyConstraint(["job_id"], ["import_job.id"], ondelete="CASCADE"),
        sa.Index(None, "job_id", "id"),
    )

    id: str = id_column(primary=True)
    job_id: str = id_column()
    severity: IssueSeverity = enum_column(IssueSeverity, IssueSeverity.WARNING)
    code: str = Field(max_length=80)
    place: str = Field(max_length=1000, description="Where in the outside course.")
    reason: str = Field(max_length=4000, description="What happened, in plain words.")
    excerpt: str | None = Field(default=None, description="The source that had no home, shortened.")
    local_id: str | None = id_column(nullable=True, description="Our object concerned, where there is one.")
