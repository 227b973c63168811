"""The audit log in the API: who did what to what, for those who may read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

import models.audit as models
from graph.fields import column, computed, entity, related_one
from graph.paging import Connection, connection
from graph.scalars import JSON
from models.identity import Scope
from resolvers import audit


@entity(models.AuditSeal)
class AuditSeal:
    """The place of an entry in the chain of the audit log."""

    hash: str | None

    @computed(("number",), "Its place, from 1 and without gaps, as a decimal number.")
    def number(self: Any) -> str | None:
        """As text: there may come to be more than an Int can count."""
        return None if self.number is None else str(self.number)


@entity(models.AuditLog)
class AuditEntry:
    """One act of somebody, as it was written down with what they did."""

    id: strawberry.ID = column("The entry's own id.")
    created_at: datetime = column("When it happened.")
    actor_id: strawberry.ID | None
    acted_as_id: strawberry.ID | None
    actor_kind: str
    action: str
    subject_id: strawberry.ID | None
    details: JSON
    before: JSON | None
    after: JSON | None
    request_id: str | None
    ip: str | None
    seal: AuditSeal | None = related_one(
        audit.SEAL_OF_ENTRY,
        "Its place in the chain; empty until a worker has sealed it, a moment after it was written.",
    )


@strawberry.input(description="Which entries; those that meet all that is given.")
class AuditFilter:
    """The filters of `resolvers.audit.ENTRIES`."""

    actor: strawberry.ID | None = strawberry.field(description="Acted by this person.", default=None)
    acted_as: strawberry.ID | None = strawberry.field(description="Acted as this person by somebody.", default=None)
    subject: strawberry.ID | None = strawberry.field(description="About this object.", default=None)
    action: str | None = strawberry.field(description="This mutation, such as coursePublish.", default=None)
    from_: datetime | None = strawberry.field(name="from", description="From this instant on.", default=None)
    to: datetime | None = strawberry.field(description="Before this instant.", default=None)


@strawberry.type
class AuditQuery:
    """Root fields of the audit log."""

    audit_log: Connection[AuditEntry] = connection(
        audit.ENTRIES, "Who did what to what, newest first.", filter=AuditFilter, scope=Scope.AUDIT_READ
    )
