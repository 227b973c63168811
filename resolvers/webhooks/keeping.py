"""What is kept of webhooks, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from core.writing import Transaction
from resolvers.webhooks.sending import ACTIVE, PARKED, PENDING
from resolvers.webhooks.visible import DELIVERY, LANE, SECRET, WEBHOOK, array_of


def waits_for(fact_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """That a webhook is still to be told of this fact."""
    return sa.exists().where(DELIVERY.c.state == PENDING, DELIVERY.c.fact_id == fact_id)


async def delete_old(tx: Transaction, days: int, most: int = 2_000) -> int:
    """Removes deliveries that were finished so many days ago, and parks what waited that long for a webhook that is
    stopped: whoever resumes it then sees what it was not told, and can have it sent.

    At most so many; answers how many. Secrets that sign no more go along with them.
    """
    limit = sa.func.now() - timedelta(days=days)
    finished = sa.select(DELIVERY.c.id).where(DELIVERY.c.finished_at < limit).limit(most)
    gone = await tx.execute(sa.delete(DELIVERY).where(DELIVERY.c.id.in_(finished)))
    # Whoever resumes one of these waits, or was first.
    stopped = (
        sa.select(WEBHOOK.c.id)
        .where(WEBHOOK.c.state != ACTIVE, WEBHOOK.c.updated_at < limit)
        .with_for_update(key_share=True, read=True)
    )
    webhook_ids = array_of([each.id for each in await tx.rows(stopped)])
    overdue = (
        sa.select(DELIVERY.c.id)
        .where(DELIVERY.c.webhook_id == sa.any_(webhook_ids), DELIVERY.c.state == PENDING)
        .where(DELIVERY.c.created_at < limit)
        .limit(most)
    )
    given_up = {"state": PARKED, "reason": f"The webhook was stopped for {days} days.", "next_at": None}
    gone += await tx.execute(
        sa.update(DELIVERY)
        .where(DELIVERY.c.id.in_(overdue), DELIVERY.c.state == PENDING)
        .values(**given_up, finished_at=sa.func.now(), updated_at=sa.func.now())
    )
    newer = SECRET.alias("newer")
    newest = sa.select(newer.c.id).where(newer.c.webhook_id == SECRET.c.webhook_id)
    overlapped = newest.where(newer.c.created_at > SECRET.c.created_at, newer.c.overlap_until < sa.func.now())
    await tx.execute(sa.delete(SECRET).where(overlapped.exists()))
    used = sa.select(DELIVERY.c.id).where(DELIVERY.c.lane_id == LANE.c.id).exists()
    await tx.execute(sa.delete(LANE).where(LANE.c.is_trial, LANE.c.created_at < limit, ~used))
    return gone


async def delete_rest(tx: Transaction, webhook_id: str, most: int = 2_000) -> int:
    """Removes what a webhook that is gone has left behind, at most so much; answers how much that was."""
    if await tx.row(sa.select(WEBHOOK.c.id).where(WEBHOOK.c.id == webhook_id)) is not None:
        return 0
    gone = await tx.execute(_delete_some(DELIVERY, DELIVERY.c.webhook_id == webhook_id, most))
    return gone or await tx.execute(_delete_some(LANE, LANE.c.webhook_id == webhook_id, most))


async def left_behind(tx: Transaction) -> list[str]:
    """The ids of webhooks that are gone while something of them is there."""
    there = sa.select(WEBHOOK.c.id).where(WEBHOOK.c.id == LANE.c.webhook_id).exists()
    return [each.webhook_id for each in await tx.rows(sa.select(LANE.c.webhook_id).where(~there).distinct())]


def _delete_some(table: sa.Table, which: sa.ColumnElement[bool], most: int) -> sa.Delete:
    return sa.delete(table).where(table.c.id.in_(sa.select(table.c.id).where(which).limit(most)))
