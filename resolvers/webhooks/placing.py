"""From facts to deliveries: in the transaction that gives facts their places, so that each becomes exactly one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.database import Prepared, compiled
from core.rows import Row
from core.tables import id_type
from core.writing import Transaction
from models.webhooks import WebhookDelivery, WebhookLane, WebhookState
from resolvers.events import FACT
from resolvers.webhooks.visible import DELIVERY, LANE, WEBHOOK

# Heard by workers when there is something to send.
DUE = "cairn_webhooks"
_AT_ONCE = 500


async def take(tx: Transaction, placed: Sequence[Row]) -> int:
    """Makes a delivery of each of these facts for each webhook that is told of it; answers how many."""
    wanted = await tx.rows(_wanted(), {"fact_ids": [each.id for each in placed]}) if placed else []
    for start in range(0, len(wanted), _AT_ONCE):
        await _line_up(tx, wanted[start : start + _AT_ONCE])
    if wanted:
        tx.wake(DUE)
    return len(wanted)


@lru_cache(maxsize=1)
def _wanted() -> Prepared:
    """The facts once for each webhook that is told of them, in order. Those webhooks are not removed meanwhile."""
    about = sa.cast(WEBHOOK.c.about, ARRAY(sa.Text))
    is_about = sa.or_(
        sa.func.cardinality(WEBHOOK.c.about) == 0,
        sa.cast(FACT.c.subject_id, sa.Text) == sa.any_(about),
        FACT.c.payload["rootId"].astext == sa.any_(about),
    )
    told = sa.and_(FACT.c.type == sa.any_(WEBHOOK.c.events), is_about, WEBHOOK.c.state != WebhookState.DISABLED.value)
    return compiled(
        sa.select(
            WEBHOOK.c.id.label("webhook_id"),
            FACT.c.id,
            FACT.c.type,
            FACT.c.subject_id,
            FACT.c.position,
            FACT.c.created_at,
        )
        .select_from(sa.join(FACT, WEBHOOK, told))
        .where(FACT.c.id == sa.any_(sa.bindparam("fact_ids", type_=ARRAY(id_type()))))
        .order_by(FACT.c.position, WEBHOOK.c.id)
        .with_for_update(key_share=True, read=True, of=WEBHOOK)
    )


async def _line_up(tx: Transaction, wanted: Sequence[Row]) -> None:
    """Puts deliveries at the ends of their lanes. Whoever sends the last of a lane waits for this, or this for them."""
    numbers = Counter((each.webhook_id, each.subject_id) for each in wanted)
    ends = await lanes(tx, [{"webhook_id": w, "subject_id": s, "last_sequence": n} for (w, s), n in numbers.items()])
    next_of = {key: (lane.id, lane.last_sequence - numbers[key]) for key, lane in ends.items()}
    rows: list[dict[str, Any]] = []
    # Ids of one millisecond sort as they fall: by these, deliveries sort as their facts do.
    ids = sorted(WebhookDelivery.new_id() for _ in wanted)
    for delivery_id, each in zip(ids, wanted, strict=True):
        lane_id, before = next_of[each.webhook_id, each.subject_id]
        next_of[each.webhook_id, each.subject_id] = (lane_id, before + 1)
        rows.append(
            {
                "id": delivery_id,
                "webhook_id": each.webhook_id,
                "lane_id": lane_id,
                "fact_id": each.id,
                "type": each.type,
                "subject_id": each.subject_id,
                "position": each.position,
                "sequence": before + 1,
                "occurred_at": each.created_at,
            }
        )
    await tx.execute(insert(DELIVERY).values([{**_FRESH, **row} for row in rows]))


async def lanes(tx: Transaction, wanted: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Row]:
    """Makes lanes longer by `last_sequence`, or makes them; answers each, locked, with its new end."""
    made = [{"id": WebhookLane.new_id(), "next_at": sa.func.now(), "is_trial": False, **each} for each in wanted]
    statement = insert(LANE).values(sorted(made, key=lambda each: (each["webhook_id"], each["subject_id"])))
    longer = statement.on_conflict_do_update(
        index_elements=["webhook_id", "subject_id"],
        set_={
            "last_sequence": LANE.c.last_sequence + statement.excluded.last_sequence,
            "next_at": sa.func.coalesce(LANE.c.next_at, sa.func.now()),
        },
    )
    found = await tx.rows(longer.returning(LANE.c.id, LANE.c.webhook_id, LANE.c.subject_id, LANE.c.last_sequence))
    return {(each.webhook_id, each.subject_id): each for each in found}


_FRESH: dict[str, Any] = {"state": "pending", "attempts": 0, "max_attempts": 10}
