"""The audit log: one entry per act, in the act's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.writing import Transaction
from models.audit import AuditLog


async def record(tx: Transaction, action: str, subject_id: str | None, details: Mapping[str, Any]) -> None:
    """Appends who did what to what."""
    entry = {
        "id": AuditLog.new_id(),
        "actor_id": tx.viewer.user_id,
        "actor_kind": tx.viewer.kind.value,
        "action": action,
        "subject_id": subject_id,
        "details": dict(details),
    }
    await tx.insert(AuditLog, [entry])
