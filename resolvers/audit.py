"""The audit log: one entry per act, in the act's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.viewer import Viewer
from core.writing import Transaction
from models.audit import AuditLog


async def record(
    tx: Transaction,
    action: str,
    subject_id: str | None,
    details: Mapping[str, Any],
    actor: Viewer | None = None,
) -> None:
    """Appends who did what to what. The actor is whose transaction it is, unless the service acts for somebody."""
    who = actor or tx.viewer
    entry = {
        "id": AuditLog.new_id(),
        "actor_id": who.user_id,
        "actor_kind": who.kind.value,
        "action": action,
        "subject_id": subject_id,
        "details": dict(details),
    }
    await tx.insert(AuditLog, [entry])
