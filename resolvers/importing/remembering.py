"""What an import leaves behind: the base of the next merge, and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.clock import now
from core.writing import Transaction
from models.importing import ExternalRef, ImportIssue, ImportJob, ImportStatus
from resolvers.importing.issues import Issue
from resolvers.importing.planning import Planned
from resolvers.importing.running import Import
from resolvers.importing.standing import REF

# A statement holds at most 65,535 parameters.
_ROWS_AT_ONCE = 1000
_MAX_PLACE, _MAX_REASON = 1000, 4000


@dataclass(frozen=True)
class Report:
    """What an import did: `counts` by act and kind ("created lesson"), `issues` those of the reader first."""

    course_id: str
    is_new: bool
    counts: Counter[str]
    issues: Sequence[Issue]


async def remember(running: Import) -> None:
    """Keeps what this import brought, where that is not what the last one brought."""
    children: dict[str | None, list[str]] = {}
    for node in running.plan.nodes:
        children.setdefault(node.parent, []).append(node.external_id)
    fresh = []
    for node in running.plan.nodes:
        if running.is_left_out(node):
            continue
        ref = running.before.refs.get(node.external_id)
        imported = _imported(running, node, children.get(node.external_id, []))
        if ref is None:
            row = {"source": running.plan.source, "external_id": node.external_id, "local_id": running.id_of(node)}
            fresh.append({"id": ExternalRef.new_id(), **row, "imported": imported})
        elif (imported, running.id_of(node)) != (ref.imported, ref.local_id):
            await _update(running.tx, ref.id, imported, running.id_of(node))
    await _insert(running.tx, ExternalRef, fresh)
    for name, ref in running.before.refs.items():
        if name not in running.ids and name in running.withdrawn and not ref.imported["is_withdrawn"]:
            await _update(running.tx, ref.id, {**ref.imported, "is_withdrawn": True}, ref.local_id)


def _imported(running: Import, node: Planned, children: list[str]) -> dict[str, Any]:
    """The base of the next merge: what the export says now, but for what an import could not even weigh.

    The values of what was in the trash, and the parent of what could not move into the trash, wait as they were.
    """
    ref = running.before.refs.get(node.external_id)
    brought = {"format": node.format, "values": node.values, "parent": node.parent}
    if ref is not None and running.before.is_trashed(running.id_of(node)):
        brought = {name: ref.imported[name] for name in brought}
    elif ref is not None and running.id_of(node) in running.places.postponed:
        brought["parent"] = ref.imported["parent"]
    return {
        "kind": node.word,
        "place": node.place,
        **brought,
        "children": children,
        "is_withdrawn": node.external_id in running.withdrawn,
    }


async def store_report(
    tx: Transaction, source: str, report: Report, read: Mapping[str, int], ids: Mapping[str, str]
) -> None:
    """Keeps the report as an import job; `ids` are our objects by their outside ids."""
    job = {
        "id": ImportJob.new_id(),
        "source": source,
        "status": ImportStatus.DONE.value,
        "root_id": report.course_id,
        "counts": {"read": dict(read), "done": dict(report.counts)},
        "finished_at": now(),
    }
    await tx.insert(ImportJob, [job])
    rows = [
        {
            "id": ImportIssue.new_id(),
            "job_id": job["id"],
            "severity": each.severity,
            "code": each.code,
            "place": each.place[:_MAX_PLACE],
            "reason": each.reason[:_MAX_REASON],
            "excerpt": each.excerpt,
            "local_id": ids.get(each.external_id or ""),
        }
        for each in report.issues
    ]
    await _insert(tx, ImportIssue, rows)


async def _insert(tx: Transaction, model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        await tx.insert(model, rows[start : start + _ROWS_AT_ONCE])


async def _update(tx: Transaction, ref_id: str, imported: dict[str, Any], local_id: str) -> None:
    await tx.execute(
        sa.update(REF).where(REF.c.id == ref_id).values(imported=imported, local_id=local_id, updated_at=sa.func.now())
    )
